"""What networks share that tell whole shapes or fields apart, on whatever they run."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn
from torch_geometric.data import Data

from gaugenet.models.comparison import Comparison, compare_labels
from gaugenet.models.network import Network, label_tuple
from gaugenet.representation import Representation


class Classifier(Network):
    """A network whose output is scores ``(B, L)`` of B shapes or fields."""

    def class_head(self, names: Sequence[str], numbers: int, hidden: int) -> nn.Sequential:
        """Set what the output means, and return a small network from ``numbers`` invariants to it.

        Raises:
            ValueError: for no names, and a width ``hidden`` below 1.
        """
        where = type(self).__name__
        if hidden < 1:
            raise ValueError(f"{where} expects hidden >= 1, got {hidden}")
        self.label_names = label_tuple(names, where)
        self.config |= {"label_names": list(names), "hidden": hidden}
        self.rep_out = Representation.invariants(len(names), self.rep_in.group)
        return nn.Sequential(
            nn.Linear(numbers, hidden), nn.SiLU(), nn.Dropout(self.config["dropout"]), nn.Linear(hidden, len(names))
        )

    def compared(self, data: Data) -> Comparison:
        """Return the scores beside the classes ``y (B,)``."""
        return compare_labels(self(data), data, "shape")

    def classify(self, data: Data) -> Tensor:
        """Return the class ``(B,)`` of each; it indexes ``label_names``."""
        return self.evaluated(data).argmax(dim=1)
