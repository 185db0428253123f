"""The transform that adds the spectrum of the connection Laplacian to a bundle."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch_geometric.data import Data
from torch_geometric.transforms import BaseTransform

from gaugenet.bundle.connection_laplacian import connection_spectrum
from gaugenet.group import Group
from gaugenet.io.mesh_data import MeshData
from gaugenet.transforms.gauge import group_on, transport


class ConnectionSpectrum(BaseTransform):
    """Add the slowest modes of the connection Laplacian of each irrep, in which ``Diffusion`` runs.

    For a level l and each irrep, named as in representations ("0", "1", "0o", ...),

    * ``eigenvalue_1_l (1, K)`` ascending [1 / mesh unit squared];
    * ``eigenfield_1_l (V_l, size, K)`` orthonormal for the areas, sum_i a_i <phi_k(i), phi_m(i)> = delta_km.

    Each column of an eigenfield is a field of the irrep: ``change_gauge`` rewrites it. Components of a surface have
    their own modes; where a mesh has fewer than K, zeros follow, so that meshes of all sizes have as many. Where the
    K-th eigenvalue is a multiple one, as on symmetric shapes, it is arbitrary which of its fields are kept.

    Reads what ``FrameBundle`` adds to a single mesh.

    Args:
        orders: Orders of the irreps; those that the group does not have are left out.
        count: K, even, since fields of SO(2) come in pairs.
        level: Level l.
        group: Group of the irreps: by default that of the bundle, or a larger one, for layers of that.

    Raises:
        ValueError: For settings out of range, data without such a level, or a bundle that is not of the group.
    """

    __call__: Callable[..., MeshData]

    def __init__(
        self, orders: Sequence[int] = (0, 1, 2), count: int = 64, level: int = 0, group: str | None = None
    ) -> None:
        if count < 2 or count % 2:
            raise ValueError(f"ConnectionSpectrum expects an even positive count, got {count}")
        if not orders or min(orders) < 0:
            raise ValueError(f"ConnectionSpectrum expects orders >= 0, got {tuple(orders)}")
        if level < 0:
            raise ValueError(f"ConnectionSpectrum expects a level >= 0, got {level}")
        self.orders, self.count, self.level = tuple(orders), count, level
        self.group = None if group is None else Group(group)

    def forward(self, data: Data) -> Data:
        """Add eigenvalues and eigenfields to a bundle.

        Args:
            data: Single bundle; it is changed. Calling the transform changes a shallow copy.
        """
        level, group = self.level, group_on(data, self.group, "ConnectionSpectrum")
        if getattr(data, f"stiffness_{level}", None) is None:
            raise ValueError(
                f"ConnectionSpectrum needs a bundle with level {level} (no stiffness_{level}): apply "
                "gaugenet.FrameBundle first, with enough levels"
            )
        edges, area = data[f"edge_index_{level}"], data[f"area_{level}"]
        at, stiffness = transport(data, level), data[f"stiffness_{level}"].cpu().numpy()
        for irrep in group.irreps(max(self.orders)):
            if irrep.order in self.orders:
                rho = irrep.matrix(at).cpu().numpy()
                value, field = connection_spectrum(edges.cpu().numpy(), stiffness, rho, area.cpu().numpy(), self.count)
                data[f"eigenvalue_{irrep}_{level}"] = torch.from_numpy(value)[None].to(area.device)
                data[f"eigenfield_{irrep}_{level}"] = torch.from_numpy(field).to(area.device)
        return data

    def __repr__(self) -> str:
        group = "" if self.group is None else f", group={str(self.group)!r}"
        return f"ConnectionSpectrum(orders={self.orders}, count={self.count}, level={self.level}{group})"
