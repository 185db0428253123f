"""What networks share that label the points of a grid of the sphere."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor
from torch_geometric.data import Data

from gaugenet.models.comparison import Comparison, compare_labels
from gaugenet.models.grid_net import GridNet
from gaugenet.models.network import label_tuple
from gaugenet.representation import Representation


class GridSegmenter(GridNet):
    """A network whose output is scores ``(B V, L)`` at the points of B fields."""

    def name_labels(self, names: Sequence[str]) -> None:
        """Set what the output means."""
        self.label_names = label_tuple(names, type(self).__name__)
        self.config |= {"label_names": list(names)}
        self.rep_out = Representation.invariants(len(names))

    def compared(self, data: Data) -> Comparison:
        """Return the scores beside the labels ``vertex_label (B V,)``, which count by the area of their points."""
        compared = compare_labels(self(data), data, "vertex")
        fields = len(compared.target) // self.grid.size
        weight = self.grid.weight.to(compared.target.device).repeat(fields)
        return compared._replace(weight=weight, shapes=fields)

    def segment(self, data: Data) -> Tensor:
        """Return the label ``(B V,)`` of each point; it indexes ``label_names``."""
        return self.labels(self.evaluated(data), data)
