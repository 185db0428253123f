"""Boxes as numbers at the vertices of a bundle: the output of a network, and its training targets."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torch.nn import functional
from torch_geometric.data import Data

from gaugenet.detection.boxes import Boxes
from gaugenet.detection.charts import Charts, Coordinates
from gaugenet.detection.coordinates import charts_of, coordinates, recentred
from gaugenet.detection.overlap import suppress
from gaugenet.group import Group
from gaugenet.representation import Representation

# Errors are squared below this, over the unit.
_SMOOTH = 0.1
# Least share of the area by which the loss is divided, where few vertices answer.
_LEAST = 1e-2
# The part of a box, along and across, whose vertices answer for it.
_CORE = 0.5
# Groups whose frames can write any direction.
_GROUPS = ("SO2", "O2")
# Logarithms of half lengths over the unit are clamped to this.
_LARGEST = 5.0


@dataclass(frozen=True)
class BoxTargets:
    """The box that each vertex answers for, written at that vertex.

    Attributes:
        label: ``(V,)`` int64 class, -1 where there is none.
        offset: ``(V, 2)`` to the centre, in the frame of the vertex [mesh unit].
        angle: ``(V,)`` of the direction there [rad].
        extent: ``(V, 2)`` half lengths [mesh unit].
    """

    label: Tensor
    offset: Tensor
    angle: Tensor
    extent: Tensor

    def over(self, length: float) -> BoxTargets:
        """Return the same with lengths divided by another, as a ``BoxCode`` reads them over the scale of a charts.

        Args:
            length: Length to divide by [mesh unit].
        """
        return replace(self, offset=self.offset / length, extent=self.extent / length)

    @staticmethod
    def of(boxes: Boxes, data: Data | Charts, scene: Tensor | None = None, scenes: int = 1) -> BoxTargets:
        """Let vertices in the inner half of a box, and the one next to its centre, answer for it; the smallest first.

        Args:
            boxes: N boxes of one scene, or of several on copies of one bundle.
            data: The bundle, or its charts.
            scene: ``(N,)`` number of the scene of each box.
            scenes: Number B of scenes; targets are then ``(B V,)``, as those of a batch.
        """
        charts = charts_of(data)
        boxes = charts.recentred(charts.checked(boxes))
        scene = torch.zeros_like(boxes.label) if scene is None else scene
        at = coordinates(boxes, charts)
        core = (at.xy.abs() <= _CORE * boxes.extent[at.box]).all(1) | (at.vertex == boxes.vertex[at.box])
        # Rows of the smallest box come last, and stay.
        row = core.nonzero()[:, 0]
        row = row[torch.argsort(-boxes.extent.prod(1)[at.box[row]], stable=True)]
        slot = scene[at.box[row]] * charts.size + at.vertex[row]
        last = torch.full((scenes * charts.size,), -1).scatter_reduce(0, slot, torch.arange(len(row)), "amax")
        known = last >= 0
        row = row[last[known]]
        seen = charts.seen_from(boxes, Coordinates(at.box[row], at.vertex[row], at.xy[row]))
        label, angle = torch.full_like(last, -1), torch.zeros(len(last), dtype=torch.float64)
        offset, extent = torch.zeros(2, len(last), 2, dtype=torch.float64)
        label[known], offset[known], angle[known], extent[known] = seen.label, seen.offset, seen.angle, seen.extent
        return BoxTargets(label, offset, angle, extent)


class BoxCode:
    """Boxes of L classes as numbers of an equivariant field at each vertex: ``"(3 + L)x0 + 2x1 + 1x2"``, 0e in O(2).

    Invariants: a logit of whether the vertex answers for a box, logits of the classes, and the logarithms of both half
    lengths over the unit. Of order 1: the offset to the centre over the unit, which the exponential map turns into a
    vote, and the direction; of order 2: the direction doubled, for classes that a half turn leaves the same. Under a
    change of gauge or an isometry the numbers change as the boxes do (Gerken et al. 2021, on object detection).

    Args:
        classes: L.
        unit: Half length of a usual box, over the scale of the surface.
        half_turns: Labels of classes that a half turn leaves the same.
        group: Group of the frames, SO2 or O2.

    Raises:
        ValueError: For no class, a unit that is not positive, labels beyond the classes, and other groups.
    """

    def __init__(self, classes: int, unit: float, half_turns: Collection[int] = (), group: Group | str = "SO2") -> None:
        if classes < 1:
            raise ValueError(f"BoxCode expects classes >= 1, got {classes}")
        if not 0 < unit < math.inf:
            raise ValueError(f"BoxCode expects a unit > 0, got {unit}: take half the length of a usual box")
        if any(label not in range(classes) for label in half_turns):
            raise ValueError(f"BoxCode expects half_turns among the labels 0..{classes - 1}, got {sorted(half_turns)}")
        if str(group) not in _GROUPS:
            raise ValueError(f"BoxCode expects a group of {', '.join(_GROUPS)}, got {group}: boxes turn by any angle")
        self.classes, self.unit, self.half_turns = classes, unit, tuple(sorted(half_turns))
        self.rep = Representation.invariants(3 + classes, group) + Representation("2x1 + 1x2", Group(group))

    def loss(self, output: Tensor, targets: BoxTargets, area: Tensor) -> tuple[Tensor, float]:
        """Return the loss, and the share of the area of answering vertices whose class is correct.

        Where no vertex answers, the share is 1.

        The focal loss of the first logit (Lin et al. 2017), and where a vertex answers for a box the cross entropy of
        its class, the norms of the errors of offset and half lengths, and 1 - cos of that of the direction; all by
        area, over the area of the vertices that answer, or 1 % of all if they have less.

        Args:
            output: ``(V, rep.dim)`` output of a network.
            targets: ``(V,)``, lengths over the scale of the surface.
            area: ``(V,)`` areas of the vertices.
        """
        answers = targets.label >= 0
        weight = area.to(output.dtype)
        weight = weight / (weight * answers).sum().clamp_min(_LEAST * weight.sum())
        sure = self._parts(output)[0]
        miss = functional.binary_cross_entropy_with_logits(sure, answers.to(sure.dtype), reduction="none")
        loss = (weight * miss * (1 - (-miss).exp()).square()).sum()
        label, some = targets.label[answers], weight[answers]
        _, classes, size, offset, direction, doubled = (part[answers] for part in self._parts(output))
        half = self._half(label)
        angle = targets.angle[answers] * torch.where(half, 2.0, 1.0)
        way = functional.normalize(torch.where(half[:, None], doubled, direction), dim=1, eps=1e-6)
        aim = torch.stack([angle.cos(), angle.sin()], dim=1).to(way.dtype)
        each = functional.cross_entropy(classes, label, reduction="none") + 1 - (way * aim).sum(1)
        for found, true in (
            (size, (targets.extent[answers] / self.unit).log()),
            (offset, targets.offset[answers] / self.unit),
        ):
            each = each + _length(found - true.to(found.dtype))
        right = float((some * (classes.argmax(1) == label)).sum() / some.sum().clamp_min(1e-12)) if len(some) else 1.0
        return loss + (some * each).sum(), right

    def boxes(self, output: Tensor, vertex: Tensor) -> Boxes:
        """Return the boxes that vertices vote for, with lengths over the ``scale`` of the surface.

        Args:
            output: ``(V, rep.dim)`` output of a network.
            vertex: ``(N,)`` vertices.

        Raises:
            ValueError: For an output with NaN or infinity.
        """
        if not bool(output.isfinite().all()):
            raise ValueError(
                "expected finite numbers as the output of a network, got NaN or infinity: look for them in its input "
                "fields, and train with a lower learning rate if its weights have them"
            )
        sure, classes, size, offset, direction, doubled = (part[vertex] for part in self._parts(output.double()))
        share, label = classes.softmax(1).max(1)
        half = self._half(label)
        once, twice = (torch.atan2(way[:, 1], way[:, 0]) for way in (direction, doubled))
        return Boxes(
            vertex,
            offset * self.unit,
            torch.where(half, 0.5 * twice, once),
            size.clamp(-_LARGEST, _LARGEST).exp() * self.unit,
            label,
            sure.sigmoid() * share,
        )

    def candidates(self, output: Tensor, score: float = 0.05, most: int = 1000) -> Boxes:
        """Return the votes of a scene with the highest scores, in order, with lengths as of ``boxes``.

        Args:
            output: ``(V, rep.dim)`` output of a network.
            score: Least score.
            most: Largest number of votes. An object has up to a vote a vertex: with few votes, one object may take all.
        """
        voted = self.boxes(output.detach().cpu(), torch.arange(len(output)))
        order = torch.argsort(-voted.score, stable=True)[:most]
        return voted[order[voted.score[order] >= score]]

    def detect(
        self, output: Tensor, data: Data | Charts, iou: float = 0.5, score: float = 0.05, most: int = 1000
    ) -> Boxes:
        """Return the boxes of one scene, highest score first, after non-maximum suppression along the surface.

        Args:
            output: ``(V, rep.dim)`` output of a network.
            data: The bundle, or its charts.
            iou: Of ``suppress``.
            score: Of ``candidates``.
            most: Of ``candidates``.
        """
        charts = charts_of(data)
        found = recentred(self.candidates(output, score, most).scaled(charts.scale), charts)
        return found[suppress(found, charts, iou)]

    def _half(self, label: Tensor) -> Tensor:
        return torch.isin(label, torch.tensor(self.half_turns, dtype=label.dtype, device=label.device))

    def _parts(self, output: Tensor) -> list[Tensor]:
        """Return the logit ``(V,)``, logits of classes ``(V, L)``, sizes, offsets and directions ``(V, 2)`` each."""
        invariant, vectors, doubled = self.rep.split(output)
        sure, classes, size = invariant.split([1, self.classes, 2], dim=1)
        return [sure[:, 0], classes, size, vectors[:, 0::2], vectors[:, 1::2], doubled]


def _length(error: Tensor) -> Tensor:
    """Return smoothed norms ``(N,)`` of errors ``(N, 2)``; of components the sum would depend on the frames."""
    return (error.square().sum(1) + _SMOOTH**2).sqrt() - _SMOOTH
