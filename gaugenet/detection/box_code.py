"""How a network writes boxes at the vertices of a bundle."""

from __future__ import annotations

import math
from collections.abc import Collection
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional
from torch_geometric.data import Data

from gaugenet.detection.boxes import Boxes
from gaugenet.detection.coordinates import recentred, surface_of
from gaugenet.detection.suppression import suppress
from gaugenet.detection.surface import Surface
from gaugenet.detection.targets import BoxTargets
from gaugenet.group import Group
from gaugenet.representation import Representation

# Errors are squared below this, in units.
_SMOOTH = 0.1
# The share of the area over which the loss is taken at least, where next to none answers.
_LEAST = 1e-2
# Groups whose frames can write any direction.
_GROUPS = ("SO2", "O2")
# Logarithms of half lengths over their unit are not read beyond this.
_LARGEST = 5.0


class BoxCode:
    """Boxes of L classes as numbers of an equivariant field at each vertex: ``"(3 + L)x0 + 2x1 + 1x2"``, 0e in O(2).

    Invariants: a logit of whether the vertex answers for a box, logits of the classes, and the logarithms of both half
    lengths over the unit. Of order 1: the offset to the centre over the unit, which the exponential map turns into a
    vote, and the direction; of order 2: the direction doubled, for classes that a half turn leaves the same. Under a
    change of gauge or an isometry the numbers change as the boxes do (Gerken et al. 2021, on object detection).

    Args:
        classes: L. unit: half length of a usual box [scale of the surface]. half_turns: labels with that symmetry.
        group: of the frames, SO2 or O2.

    Raises:
        ValueError: for no class, a unit that is not positive, labels beyond the classes, and other groups.
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
        """Return what is to be made small, and the share of the area of answering vertices with the right class.

        Where no vertex answers, no class is wrong: the share is 1.

        The focal loss of the first logit (Lin et al. 2017), and where a vertex answers for a box the cross entropy of
        its class, the norms of the errors of offset and half lengths, and 1 - cos of that of the direction; all by
        area, over the area of the vertices that answer, or 1 % of all if they have less.

        Args:
            output: ``(V, rep.dim)``. targets: ``(V,)``, lengths over the scale of the surface. area: ``(V,)``.
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
        """Return the boxes ``(N,)`` that vertices ``(N,)`` of an output ``(V, rep.dim)`` vote for [scale].

        Lengths are over the ``scale`` of the surface, which in a homogeneous space is 1.

        Raises:
            ValueError: for an output with NaN or infinity.
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
        """Return what the surest vertices of a scene vote for, surest first, with lengths as of ``boxes``.

        Args:
            output: ``(V, rep.dim)``. score: least one. most: largest number of votes, of which each object has as many
                as it has vertices: fewer, and one object may take them all.
        """
        voted = self.boxes(output.detach().cpu(), torch.arange(len(output)))
        order = torch.argsort(-voted.score, stable=True)[:most]
        return voted[order[voted.score[order] >= score]]

    def detect(self, output: Tensor, data: Data | Surface, iou: float = 0.5, **candidates: Any) -> Boxes:
        """Return the boxes of one scene, surest first, after non-maximum suppression along the surface.

        Args:
            output: ``(V, rep.dim)``. data: the bundle. iou: of ``suppress``. candidates: settings of these.
        """
        surface = surface_of(data)
        found = recentred(self.candidates(output, **candidates).scaled(surface.scale), surface)
        return found[suppress(found, surface, iou)]

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
