"""The transform that turns a mesh into its frame bundle."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch_geometric.data import Data

from gaugenet.bundle.bundle import BundleSettings
from gaugenet.bundle.direction_field import (
    curvature_directions,
    curvature_field,
    given_directions,
    references,
    singularities,
    smooth_directions,
)
from gaugenet.group import Group
from gaugenet.io.mesh_data import MeshData
from gaugenet.surface.surface import Surface
from gaugenet.transforms.bundle_transform import BundleTransform
from gaugenet.transforms.gauge import reduce_group
from gaugenet.transforms.shape import mesh_surface, point_surface


class FrameBundle(BundleTransform):
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
    * ``group``: the structure group K, by which frames may be changed. With reflections also ``flip_l (E,)`` and
      ``pool_flip_l (P,)``, bool: transport is R(transport) F^flip with F = diag(1, -1);
    * where K is finite: ``singularity (F,)``, N times the index of the direction field in each face, and ``rest (1,)``,
      the root mean square of what the field turns along an edge [rad].

    The connection is the discrete Levi-Civita one; discs are geodesic. An unclean mesh is cleaned with a warning or
    refused (``gaugenet.mesh.clean_mesh``); its vertices and faces keep their numbers. One-sided surfaces, such as the
    Klein bottle, need a group with reflections.

    The data keeps the surface, cleaned and unfolded, for other transforms and for boxes; copies share it, files and
    batches leave it out, and it is made again where ``pos`` or ``face`` have changed.

    Finite groups (C_N, D_N, trivial) need frames that are fixed up to K, along a direction field with N directions at
    each vertex. Features are then transported by the element of K nearest to the transport.

    Data without faces is a point cloud: the bundle is that of local tangent planes, with ``normal (V, 3)`` of the data,
    or, for groups with reflections, with estimated planes, whose sides do not matter.

    Args:
        radius: Radius of the discs [mesh unit].
        neighbours: Or the mean number of vertices in them. With neither, the 1-ring.
        levels: Falling numbers of vertices of coarser levels.
        level_neighbours: Mean number of vertices in their discs.
        method: "geodesic" (default) or "vector_heat" (a slow cross-check of the discs at level 0).
        group: K: "SO2" (default), "O2", "trivial", or a finite one such as "C4", "D4".
        field: What fixes frames of a finite group: "smooth" (default), the smoothest field of N directions;
            "curvature", along the principal directions, for even N; or the key of vectors ``(V, 3)`` in the data.

    Raises:
        ValueError: For settings that contradict each other, and for meshes without clean geometry.
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
        self.group = Group(group)
        super().__init__(BundleSettings(radius, neighbours, levels, level_neighbours, method), self.group.reflections)
        rotations = self.group.rotations
        if field is not None and rotations is None:
            raise ValueError(f'FrameBundle fixes frames by a field only for finite groups, got "{field}" with {group}')
        if field == "curvature" and rotations is not None and rotations % 2:
            raise ValueError(
                f"principal directions fix frames up to half turns, got {group}: use C2, D2 or another even N"
            )
        self.field = field or (None if rotations is None else "smooth")

    @property
    def vectors(self) -> str | None:
        """Key of the vectors ``(V, 3)`` in the data along which frames are fixed, where they are."""
        return None if self.field in ("smooth", "curvature") else self.field

    def surface(self, data: Data) -> Surface:
        """Return the surface of a mesh or a point cloud.

        Args:
            data: With ``pos (V, 3)``, and ``face (3, F)`` or ``normal (V, 3)``.

        Raises:
            ValueError: For a point cloud without normals where frames have sides, and for data without a clean surface.
        """
        if data.face is not None:
            return mesh_surface(data, self.reflections, warn=True)
        if self.settings.method != "geodesic":
            raise ValueError(f'method "{self.settings.method}" needs faces: leave the method out for point clouds')
        if getattr(data, "normal", None) is None and not self.reflections:
            raise ValueError(
                f"a point cloud without normals has no sides, so that frames are fixed up to reflections, got group "
                f'{self.group}: use FrameBundle(group="O2"), or give data.normal (V, 3)'
            )
        return point_surface(data)

    def forward(self, data: Data) -> MeshData:
        """Add the bundle to a mesh or a point cloud, and fix its frames for finite groups.

        Args:
            data: With ``pos (V, 3)``; it is changed. Calling the transform changes a shallow copy.
        """
        out = super().forward(data)
        return out if self.field is None else self._reduced(out)

    def _reduced(self, data: MeshData) -> MeshData:
        """Fix the frames along the direction field, up to the elements of the finite group."""
        rotations, surface = self.group.rotations, None if data.face is None else mesh_surface(data)
        assert rotations is not None and self.field is not None
        if self.vectors is not None:
            vector = getattr(data, self.vectors, None)
            if vector is None:
                raise ValueError(
                    f'FrameBundle(field="{self.field}") needs vectors data.{self.field} (V, 3), got none: set them, or '
                    'use field "smooth" or "curvature"'
                )
            angle = given_directions(data.frame.cpu().numpy(), vector.detach().cpu().numpy())
        elif surface is None:
            raise ValueError(f'FrameBundle(field="{self.field}") needs faces: name a vector field for point clouds')
        elif self.field == "smooth":
            angle = smooth_directions(surface, rotations, references(surface, rotations))
        else:
            angle = curvature_directions(surface, curvature_field(surface))
        if surface is not None:
            index = np.zeros(data.face.shape[1], dtype=np.int64)
            index[surface.mesh.kept] = singularities(surface, angle, rotations)
            data.singularity = torch.from_numpy(index).to(data.pos.device)
        return reduce_group(data, self.group, torch.from_numpy(angle).to(data.pos.device))

    def __repr__(self) -> str:
        size = self.settings
        extent = f"radius={size.radius}" if size.radius is not None else f"neighbours={size.neighbours}"
        group = "" if str(self.group) == "SO2" else f", group={str(self.group)!r}"
        field = "" if self.field is None else f", field={self.field!r}"
        return f"FrameBundle({extent}{size.levels_text}, method={size.method!r}{group}{field})"
