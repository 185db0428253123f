"""The network that finds objects, and its targets."""

from __future__ import annotations

import copy
from collections.abc import Collection, Sequence
from typing import Any, cast

from torch import Tensor
from torch_geometric.data import Data
from typing_extensions import Unpack

from gaugenet.detection import BoxCode, Boxes, BoxTargets, Surface, surface_of
from gaugenet.models.gauge_trunk import GaugeSettings
from gaugenet.models.network import Network, label_tuple
from gaugenet.models.trunk import Trunk


class DetectionNet(Network[Tensor]):
    """Find objects on a surface as oriented boxes: an equivariant field ``(V, rep_out.dim)``, one vote at each vertex.

    It learns from ``box_label (V,)``, ``box_offset (V, 2)``, ``box_angle (V,)`` and ``box_extent (V, 2)`` of the data,
    which ``set_targets`` computes from boxes, and weights vertices by ``area_0``. Lengths are over the ``scale`` of the
    surface, as input fields are: it finds the same boxes on a mesh of any size.

    Args:
        label_names: Names of the classes.
        unit: Half length of a usual box [scale of the surface]: over the root of the area of a mesh, on the sphere in
            rad.
        half_turns: Labels of classes that a half turn leaves the same.
        trunk: What turns input fields into features, such as ``HarmonicTrunk()``; by default a ``GaugeTrunk``.
        settings: Arguments of ``GaugeTrunk``, by name, where ``trunk`` is not given.

    Attributes:
        code: How the output is read as boxes.

    Raises:
        ValueError: If an argument is out of range, or the trunk is polynomial.
    """

    counts_labels = False

    def __init__(
        self,
        label_names: Sequence[str],
        unit: float,
        half_turns: Collection[int] = (),
        *,
        trunk: Trunk | None = None,
        **settings: Unpack[GaugeSettings],
    ) -> None:
        names = label_tuple(label_names, type(self).__name__)
        super().__init__(self.chosen(trunk, settings))
        self._refuse_polynomial()
        self.code = BoxCode(len(names), unit, half_turns, self.trunk.group)
        self.label_names, self.rep_out = names, self.code.rep
        self.config |= {"label_names": list(names), "unit": unit, "half_turns": list(self.code.half_turns)}
        self.readout = self.trunk.field(self.rep_out)

    def loss(self, data: Data, label_smoothing: float = 0.0) -> tuple[Tensor, float]:
        """Return the loss and the share of correct classes (``BoxCode.loss``).

        Args:
            data: Data with targets, made by ``set_targets``.
            label_smoothing: Has no effect here.

        Raises:
            ValueError: For data without targets.
        """
        found = {name: getattr(data, f"box_{name}", None) for name in BoxTargets.__dataclass_fields__}
        missing = [name for name, value in found.items() if value is None]
        if missing:
            raise ValueError(f"the data has no boxes to learn (box_{missing[0]}): apply set_targets(data, boxes)")
        return self.code.loss(self(data), BoxTargets(**cast(dict[str, Tensor], found)), data.area_0)

    def detect(self, data: Data, surface: Surface | None = None, **settings: Any) -> Boxes:
        """Return the boxes of one scene, the highest score first.

        Args:
            data: What the network runs on.
            surface: Of the bundle, where it is known already.
            settings: Arguments of ``BoxCode.detect``.
        """
        output = self.evaluated(data)
        return self.code.detect(output, data if surface is None else surface, **settings)


def set_targets(data: Data, boxes: Boxes, surface: Surface | None = None) -> Data:
    """Return a copy of a bundle with what a ``DetectionNet`` learns from, on the device of the bundle.

    Args:
        data: The bundle.
        boxes: The boxes on it.
        surface: Of the bundle, where it is known already.
    """
    surface = surface_of(data if surface is None else surface)
    data = copy.copy(data)
    targets = BoxTargets.of(boxes, surface).over(surface.scale)
    for name in BoxTargets.__dataclass_fields__:
        data[f"box_{name}"] = getattr(targets, name).to(data.pos.device)
    return data
