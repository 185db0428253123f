"""What networks that find objects share, on whatever they run."""

from __future__ import annotations

import copy
from collections.abc import Collection, Sequence
from typing import Any, cast

from torch import Tensor, nn
from torch_geometric.data import Data

from gaugenet.detection import BoxCode, Boxes, BoxTargets, Surface, surface_of
from gaugenet.group import Group
from gaugenet.models.network import Network
from gaugenet.nn.intertwiner import Intertwiner
from gaugenet.nn.layer_norm import LayerNorm
from gaugenet.nn.nonlinearity import GatedNonlinearity
from gaugenet.representation import Representation


class Detector(Network):
    """A network whose output ``(V, rep_out.dim)`` is boxes in a ``BoxCode``, one vote at each vertex.

    It learns from ``box_label (V,)``, ``box_offset (V, 2)``, ``box_angle (V,)`` and ``box_extent (V, 2)`` of the data,
    which ``set_targets`` makes of boxes, and counts vertices by ``area_0``. Lengths are over the ``scale`` of the
    surface, as input fields are: it finds the same boxes on a mesh of any size.
    """

    code: BoxCode

    def code_boxes(
        self, names: Sequence[str], unit: float, half_turns: Collection[int], group: Group | str = "SO2"
    ) -> None:
        """Set what the output means."""
        self.code = BoxCode(len(names), unit, half_turns, group)
        self.label_names, self.rep_out = tuple(names), self.code.rep
        self.config |= {"label_names": list(names), "unit": unit, "half_turns": list(self.code.half_turns)}

    def box_head(self, seen: Representation, hidden: Representation) -> nn.Module:
        """Return a gated pointwise network from features that are seen to the output."""
        gate = GatedNonlinearity(hidden)
        return nn.Sequential(
            LayerNorm(seen), Intertwiner(seen, gate.rep_in), gate, Intertwiner(gate.rep_out, self.rep_out)
        )

    def loss(self, data: Data) -> tuple[Tensor, float]:
        """Return the loss and the share of right classes (``BoxCode.loss``).

        Raises:
            ValueError: for data without targets.
        """
        found = {name: getattr(data, f"box_{name}", None) for name in BoxTargets.__dataclass_fields__}
        missing = [name for name, value in found.items() if value is None]
        if missing:
            raise ValueError(f"the data has no boxes to learn (box_{missing[0]}): apply set_targets(data, boxes)")
        return self.code.loss(self(data), BoxTargets(**cast(dict[str, Tensor], found)), data.area_0)

    def detect(self, data: Data, surface: Surface | None = None, **settings: Any) -> Boxes:
        """Return the boxes of one scene, surest first; settings are those of ``BoxCode.detect``.

        Args:
            data: what the network runs on. surface: of the bundle, where it is known already.
        """
        output = self.evaluated(data)
        return self.code.detect(output, data if surface is None else surface, **settings)


def set_targets(data: Data, boxes: Boxes, surface: Surface | None = None) -> Data:
    """Return a copy of a bundle with what a ``Detector`` learns of boxes on it, on the device of the bundle."""
    surface = surface_of(data if surface is None else surface)
    data = copy.copy(data)
    targets = BoxTargets.of(boxes, surface).over(surface.scale)
    for name in BoxTargets.__dataclass_fields__:
        data[f"box_{name}"] = getattr(targets, name).to(data.pos.device)
    return data
