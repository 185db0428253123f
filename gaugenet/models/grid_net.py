"""What networks share that read fields on a grid of the sphere."""

from __future__ import annotations

from torch import Tensor
from torch_geometric.data import Data

from gaugenet.models.network import Network
from gaugenet.representation import Representation
from gaugenet.sphere import SphereGrid


class GridNet(Network):
    """A network that reads fields ``x`` at the points of its ``grid``, in the frames (e_theta, e_phi).

    Args:
        inputs: representation of the input fields. band_limit: of their grid, equiangular, 2L x 2L points.
    """

    def __init__(self, inputs: str, band_limit: int) -> None:
        super().__init__()
        self.config = {"inputs": inputs, "band_limit": band_limit}
        self.rep_in, self.grid = Representation(inputs), SphereGrid(band_limit)

    def inputs(self, data: Data) -> Tensor:
        """Return the fields ``(B, V, rep_in.dim)`` of ``data.x (B V, rep_in.dim)``, in the precision of the weights.

        Raises:
            ValueError: for fields of another size.
        """
        x, size = getattr(data, "x", None), self.grid.size
        if x is None or x.ndim != 2 or x.shape[0] % size or not x.shape[0]:
            raise ValueError(
                f"{type(self).__name__} needs data.x ({size} B, {self.rep_in.dim}), B fields at the points of "
                f"{self.grid}, got {None if x is None else tuple(x.shape)}: sample them at net.grid.points"
            )
        self.rep_in.check(x, type(self).__name__)
        return x.unflatten(0, (-1, size)).to(next(self.parameters()).dtype)
