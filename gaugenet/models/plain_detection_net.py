"""The network that finds objects on the sphere and is not equivariant."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from torch import Tensor, nn
from torch_geometric.data import Data

from gaugenet.models.detector import Detector
from gaugenet.models.network import label_tuple
from gaugenet.models.plain_net import PlainNet


class PlainDetectionNet(PlainNet, Detector):
    """Find objects on the sphere by convolutions of an image of it, as oriented boxes: ``(B V, rep_out.dim)``.

    Boxes are written as those of ``SphericalDetectionNet``, in the frames (e_theta, e_phi).

    Args:
        label_names: names of the classes. unit: half length of a usual box [rad].
        half_turns: labels of classes that a half turn leaves the same. settings: of ``PlainNet``.
    """

    def __init__(
        self, label_names: Sequence[str], unit: float, half_turns: Collection[int] = (), **settings: Any
    ) -> None:
        super().__init__(**settings)
        self.code_boxes(label_tuple(label_names, "PlainDetectionNet"), unit, half_turns)
        self.head = nn.Linear(self.config["widths"][0], self.rep_out.dim)

    def forward(self, data: Data) -> Tensor:
        """Return the output at the points of B fields, ``data.x (B V, rep_in.dim)``."""
        return self.head(self.decode(self.encode(self.inputs(data)))).flatten(0, 1)
