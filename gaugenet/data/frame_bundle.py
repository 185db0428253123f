"""The transform that turns a mesh into its frame bundle."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np
import torch
from torch_geometric.data import Data
from torch_geometric.transforms import BaseTransform

from gaugenet.bundle.frame_bundle import METHODS, build_bundle, quadrature_weights
from gaugenet.data.mesh_data import MeshData
from gaugenet.mesh.clean import clean_mesh
from gaugenet.mesh.connectivity import components
from gaugenet.mesh.mesh import MeshWarning


class FrameBundle(BaseTransform):
    """Add frames, neighbourhoods, log maps, transport and areas to a mesh; usable as ``pre_transform``.

    Reads ``pos (V, 3)`` and ``face (3, F)``; adds, in float64,

    * ``frame (V, 3, 3)``: rows e1, e2, n;
    * for the mesh itself (l = 0) and each coarser level l: ``edge_index_l (2, E)`` sources and targets, sorted by
      target; ``log_l (E, 2)``: radius [mesh unit] and angle [rad] of the source in the frame of the target;
      ``transport_l (E,)`` [rad] from the source's frame to the target's; ``weight_l (E,)`` quadrature weights that sum
      to 1 at each target; ``area_l (V_l,)`` [mesh unit squared]; ``radius_l (1,)`` of the kernel [mesh unit];
    * for l >= 1: ``sample_index_l (V_l,)`` which vertices of the mesh the level has; ``pool_index_l (2, P)``,
      ``pool_transport_l``, ``pool_weight_l``: the map from level l - 1;
    * ``max_degree``: a list, for each level the largest number of neighbours; layers need it without asking a GPU.

    The connection is the discrete Levi-Civita one; discs are geodesic. An unclean mesh is cleaned with a warning or
    refused (``gaugenet.mesh.clean_mesh``); its vertices and faces keep their numbers.

    Args:
        radius: of the discs [mesh unit]. neighbours: or the mean number of vertices in them. With neither, the 1-ring.
        levels: falling numbers of vertices of coarser levels. level_neighbours: mean number in their discs.
        method: "geodesic" (default) or "vector_heat" (a slow cross-check of the discs at level 0).

    Raises:
        ValueError: for settings that contradict each other, and for meshes without clean geometry.
    """

    def __init__(
        self,
        radius: float | None = None,
        neighbours: float | None = None,
        levels: Sequence[int] = (),
        level_neighbours: float = 30,
        method: str = "geodesic",
    ) -> None:
        if radius is not None and neighbours is not None:
            raise ValueError("FrameBundle takes a radius or a number of neighbours, got both: drop one")
        for name, value in (("radius", radius), ("neighbours", neighbours), ("level_neighbours", level_neighbours)):
            if value is not None and not (np.isfinite(value) and value > 0):
                raise ValueError(f"FrameBundle expects a positive {name}, got {value}")
        if method not in METHODS:
            raise ValueError(f'FrameBundle expects method {" or ".join(METHODS)}, got "{method}"')
        if any(count < 1 for count in levels) or list(levels) != sorted(set(levels), reverse=True):
            raise ValueError(f"FrameBundle expects falling positive numbers of vertices as levels, got {tuple(levels)}")
        self.radius, self.neighbours, self.levels = radius, neighbours, tuple(levels)
        self.level_neighbours, self.method = level_neighbours, method

    def forward(self, data: Data) -> MeshData:
        if data.pos is None or data.face is None:
            raise ValueError("FrameBundle needs pos (V, 3) and face (3, F): read the data with gaugenet.read_mesh")
        mesh = clean_mesh(data.pos.detach().cpu().numpy(), data.face.detach().cpu().numpy().T)
        corners = np.stack([mesh.face, np.roll(mesh.face, 1, axis=1)], axis=-1).reshape(-1, 2)
        parts = len(np.unique(components(corners, len(mesh.pos))[mesh.face[:, 0]]))
        if parts > 1:
            warnings.warn(f"mesh has {parts} components: features do not pass between them", MeshWarning, stacklevel=2)
        bundle = build_bundle(mesh, self.radius, self.neighbours, self.levels, self.level_neighbours, self.method)
        out = data if isinstance(data, MeshData) else MeshData(**data.to_dict())
        for key in [key for key in out.to_dict() if key[-1:].isdigit() and key.rstrip("0123456789") in _LEVEL_KEYS]:
            del out[key]
        added = {"frame": bundle.frame}
        finest = (bundle.edges, bundle.area, bundle.radius)
        stages = [finest, *((level.edges, level.area, level.radius) for level in bundle.levels)]
        for number, (edges, area, radius) in enumerate(stages):
            added |= {
                f"edge_index_{number}": edges.index,
                f"log_{number}": edges.log,
                f"transport_{number}": edges.transport,
                f"weight_{number}": quadrature_weights(edges, area),
                f"area_{number}": area,
                f"radius_{number}": np.array([radius]),
            }
        for number, level in enumerate(bundle.levels, start=1):
            added |= {
                f"sample_index_{number}": level.sample,
                f"pool_index_{number}": level.pooling.index,
                f"pool_transport_{number}": level.pooling.transport,
                f"pool_weight_{number}": level.pooling.weight,
            }
        out.max_degree = [int(np.bincount(edges.index[1], minlength=1).max(initial=1)) for edges, _, _ in stages]
        for key, value in added.items():
            out[key] = torch.from_numpy(np.ascontiguousarray(value)).to(data.pos.device)
        return out

    def __repr__(self) -> str:
        extent = f"radius={self.radius}" if self.radius is not None else f"neighbours={self.neighbours}"
        levels = f", levels={self.levels}, level_neighbours={self.level_neighbours}" if self.levels else ""
        return f"FrameBundle({extent}{levels}, method={self.method!r})"


_LEVEL_KEYS = frozenset(
    f"{name}_"
    for name in (
        "edge_index", "log", "transport", "weight", "area", "radius",
        "sample_index", "pool_index", "pool_transport", "pool_weight",
    )
)  # fmt: skip
