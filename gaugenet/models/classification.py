"""The network that classifies whole shapes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from torch import Tensor, nn
from torch_geometric.data import Data
from typing_extensions import Unpack

from gaugenet.models.comparison import Comparison, compare_labels
from gaugenet.models.gauge_trunk import GaugeSettings
from gaugenet.models.network import OLDER, Network, label_tuple
from gaugenet.models.trunk import Trunk
from gaugenet.models.unet import NO_LAYERS
from gaugenet.representation import Representation


class ClassificationNet(Network[Tensor]):
    """Classify whole shapes, or fields on the sphere: scores ``(B, L)``, invariant.

    A small network reads the invariants of the whole shape that the trunk offers. A shape is one example where a
    segmented one is thousands: the gauge trunk is small by default, and has no layers, so that its invariants are the
    distribution of the input fields over the surface.

    Args:
        label_names: Names of the classes.
        hidden: Width of the small network.
        trunk: What turns input fields into features, such as ``HarmonicTrunk()``; by default a ``GaugeTrunk``.
        settings: Arguments of ``GaugeTrunk``, by name, where ``trunk`` is not given; by default layers="none",
            levels=(1024, 256, 64), rep="12x0 + 6x1 + 6x2" and blocks=1.

    Raises:
        ValueError: If an argument is out of range.
    """

    trunk_settings: ClassVar[Mapping[str, Any]] = {
        "layers": NO_LAYERS,
        "levels": (1024, 256, 64),
        "rep": "12x0 + 6x1 + 6x2",
        "blocks": 1,
    }
    older: ClassVar[Mapping[str, str]] = {
        "head.0": "readout.standardize",
        "head.1": "head.0",
        "head.4": "head.3",
        **OLDER,
    }

    def __init__(
        self,
        label_names: Sequence[str],
        *,
        hidden: int = 64,
        trunk: Trunk | None = None,
        **settings: Unpack[GaugeSettings],
    ) -> None:
        super().__init__(self.chosen(trunk, settings))
        name = type(self).__name__
        if hidden < 1:
            raise ValueError(f"{name} expects hidden >= 1, got {hidden}")
        self.label_names = label_tuple(label_names, name)
        self.config |= {"label_names": list(label_names), "hidden": hidden}
        self.rep_out = Representation.invariants(len(label_names), self.trunk.group)
        self.readout = self.trunk.whole()
        enter, leave = nn.Linear(self.readout.width, hidden), nn.Linear(hidden, len(label_names))
        self.head = nn.Sequential(enter, nn.SiLU(), nn.Dropout(self.trunk.dropout), leave)

    def outputs(self, values: Tensor, data: Data) -> Tensor:
        """Return the scores ``(B, L)``.

        Args:
            values: ``(B, width)`` invariants of the shapes.
            data: What the network ran on.
        """
        return self.head(values)

    def compared(self, data: Data) -> Comparison:
        """Return the scores of ``data`` with its classes ``y (B,)``."""
        return compare_labels(self(data), data, "shape")

    def classify(self, data: Data) -> Tensor:
        """Return the class of each shape ``(B,)``, which indexes ``label_names``.

        Args:
            data: A shape, or what ``transform`` made of one or several.
        """
        return self.evaluated(data).argmax(dim=1)
