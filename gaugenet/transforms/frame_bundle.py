"""The transform that turns a mesh into its frame bundle."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np
import torch
from torch_geometric.data import Data
from torch_geometric.transforms import BaseTransform

from gaugenet.bundle.direction_field import curvature_directions, given_directions, smooth_directions
from gaugenet.bundle.frame_bundle import METHODS, Bundle, build_bundle, mesh_edges
from gaugenet.bundle.intrinsic_fields import curvature_field, references
from gaugenet.bundle.point_cloud import build_point_bundle
from gaugenet.bundle.singularities import singularities
from gaugenet.group import Group
from gaugenet.io.mesh_data import MeshData
from gaugenet.mesh.clean import clean_mesh
from gaugenet.mesh.connectivity import components
from gaugenet.mesh.mesh import Mesh, MeshWarning
from gaugenet.transforms.bundle_arrays import with_bundle
from gaugenet.transforms.reduction import reduce_group


class FrameBundle(BaseTransform):
    """Add frames, neighbourhoods, log maps, transport and areas to a mesh; usable as ``pre_transform``.

    Reads ``pos (V, 3)`` and ``face (3, F)``; adds, in float64,

    * ``frame (V, 3, 3)``: rows e1, e2, n;
    * for the mesh itself (l = 0) and each coarser level l: ``edge_index_l (2, E)`` sources and targets, sorted by
      target; ``log_l (E, 2)``: radius [mesh unit] and angle [rad] of the source in the frame of the target;
      ``transport_l (E,)`` [rad] from the source's frame to the target's; ``weight_l (E,)`` quadrature weights that sum
      to 1 at each target; ``stiffness_l (E,)`` weights of the connection Laplacian, s_ij = s_ji >= 0: cotangent weights
      on the 1-ring of a mesh, a kernel on discs; ``area_l (V_l,)`` [mesh unit squared]; ``radius_l (1,)`` of the kernel
      [mesh unit];
    * for l >= 1: ``sample_index_l (V_l,)`` which vertices of the mesh the level has; ``pool_index_l (2, P)``,
      ``pool_transport_l``, ``pool_weight_l``: the map from level l - 1;
    * ``max_degree``, ``level_sizes``: lists, for each level the largest number of neighbours, and the number of
      vertices; layers need them without asking a GPU;
    * ``group``: the structure group K, by what frames may be changed. With reflections also ``flip_l (E,)`` and
      ``pool_flip_l (P,)``, bool: transport is R(transport) F^flip with F = diag(1, -1);
    * where K is finite: ``singularity (F,)``, N times the index of the direction field in each face, and ``rest (1,)``,
      the root mean square of what the field turns along an edge [rad].

    The connection is the discrete Levi-Civita one; discs are geodesic. An unclean mesh is cleaned with a warning or
    refused (``gaugenet.mesh.clean_mesh``); its vertices and faces keep their numbers. One-sided surfaces, such as the
    Klein bottle, need a group with reflections.

    Finite groups (C_N, D_N, trivial) need frames that are fixed up to K: along a direction field with N directions at
    each vertex. Features then move by the element of K nearest to the transport.

    Data without faces is a point cloud: the bundle is that of local tangent planes, with ``normal (V, 3)`` of the data,
    or, for groups with reflections, with estimated planes, whose sides do not matter.

    Args:
        radius: of the discs [mesh unit]. neighbours: or the mean number of vertices in them. With neither, the 1-ring.
        levels: falling numbers of vertices of coarser levels. level_neighbours: mean number in their discs.
        method: "geodesic" (default) or "vector_heat" (a slow cross-check of the discs at level 0).
        group: K: "SO2" (default), "O2", "trivial", or a finite one such as "C4", "D4".
        field: what fixes frames of a finite group: "smooth" (default), the smoothest field of N directions;
            "curvature", along the principal directions, for even N; or the key of vectors ``(V, 3)`` in the data.

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
        group: str = "SO2",
        field: str | None = None,
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
        self.group = Group(group)
        rotations = self.group.rotations
        if field is not None and rotations is None:
            raise ValueError(f'FrameBundle fixes frames by a field for finite groups alone, got "{field}" with {group}')
        if field == "curvature" and rotations is not None and rotations % 2:
            raise ValueError(
                f"principal directions fix frames up to half turns, got {group}: use C2, D2 or another even N"
            )
        self.field = field or (None if rotations is None else "smooth")

    @property
    def vectors(self) -> str | None:
        """Key of the vectors ``(V, 3)`` in the data along which frames are fixed, where they are."""
        return None if self.field in ("smooth", "curvature") else self.field

    def forward(self, data: Data) -> MeshData:
        if data.pos is None:
            raise ValueError("FrameBundle needs pos (V, 3): read the data with gaugenet.read_mesh")
        mesh, bundle = (None, self._of_points(data)) if data.face is None else self._of_mesh(data)
        out = with_bundle(data, bundle, self.group.reflections)
        return out if self.field is None else self._reduced(out, mesh)

    def _of_mesh(self, data: Data) -> tuple[Mesh, Bundle]:
        pos, face = data.pos.detach().cpu().numpy(), data.face.detach().cpu().numpy().T
        mesh = clean_mesh(pos, face, one_sided=self.group.reflections)
        corners = np.stack([mesh.face, np.roll(mesh.face, 1, axis=1)], axis=-1).reshape(-1, 2)
        parts = len(np.unique(components(corners, len(mesh.pos))[mesh.face[:, 0]]))
        if parts > 1:
            warnings.warn(f"mesh has {parts} components: features do not pass between them", MeshWarning, stacklevel=3)
        settings = (self.radius, self.neighbours, self.levels, self.level_neighbours, self.method)
        return mesh, build_bundle(mesh, *settings)

    def _of_points(self, data: Data) -> Bundle:
        if self.method != "geodesic":
            raise ValueError(f'FrameBundle(method="{self.method}") needs faces: leave the method out for point clouds')
        normal = getattr(data, "normal", None)
        if normal is None and not self.group.reflections:
            raise ValueError(
                f"a point cloud without normals has no sides, so that frames are fixed up to reflections, got group "
                f'{self.group}: use FrameBundle(group="O2"), or give data.normal (V, 3)'
            )
        normal = None if normal is None else normal.detach().cpu().numpy()
        settings = (self.radius, self.neighbours, self.levels, self.level_neighbours)
        return build_point_bundle(data.pos.detach().cpu().numpy(), normal, *settings)

    def _reduced(self, data: MeshData, mesh: Mesh | None) -> MeshData:
        """Fix the frames along the direction field, up to the elements of the finite group."""
        rotations, frame = self.group.rotations, data.frame.cpu().numpy()
        assert rotations is not None and self.field is not None
        edges = None if mesh is None else mesh_edges(mesh)
        if self.vectors is not None:
            vector = getattr(data, self.vectors, None)
            if vector is None:
                raise ValueError(
                    f'FrameBundle(field="{self.field}") needs vectors data.{self.field} (V, 3), got none: set them, or '
                    'use field "smooth" or "curvature"'
                )
            angle = given_directions(frame, vector.detach().cpu().numpy())
        elif mesh is None or edges is None:
            raise ValueError(f'FrameBundle(field="{self.field}") needs faces: name a vector field for point clouds')
        elif self.field == "smooth":
            angle = smooth_directions(mesh, edges, rotations, references(mesh, frame, rotations))
        else:
            angle = curvature_directions(mesh, edges, curvature_field(mesh, frame))
        if mesh is not None and edges is not None:
            index = np.zeros(data.face.shape[1], dtype=np.int64)
            index[mesh.kept] = singularities(mesh, edges, angle, rotations)
            data.singularity = torch.from_numpy(index).to(data.pos.device)
        return reduce_group(data, self.group, torch.from_numpy(angle).to(data.pos.device))  # type: ignore[no-any-return]

    def __repr__(self) -> str:
        extent = f"radius={self.radius}" if self.radius is not None else f"neighbours={self.neighbours}"
        levels = f", levels={self.levels}, level_neighbours={self.level_neighbours}" if self.levels else ""
        group = "" if str(self.group) == "SO2" else f", group={str(self.group)!r}"
        field = "" if self.field is None else f", field={self.field!r}"
        return f"FrameBundle({extent}{levels}, method={self.method!r}{group}{field})"
