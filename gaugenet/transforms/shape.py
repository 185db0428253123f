"""The surface of the shape in PyG data, made once and kept with the data while its shape stays the same."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import NamedTuple, TypeVar

import numpy as np
import torch
from torch import Tensor
from torch_geometric.data import Data

from gaugenet.homogeneous import HomogeneousSpace
from gaugenet.io.mesh_data import SURFACE, MeshData
from gaugenet.mesh.clean import clean_mesh
from gaugenet.mesh.connectivity import components
from gaugenet.mesh.mesh import MeshWarning
from gaugenet.surface.mesh_surface import MeshSurface
from gaugenet.surface.point_surface import PointSurface
from gaugenet.surface.space_surface import SpaceSurface
from gaugenet.surface.surface import Surface

Made = TypeVar("Made", bound=Surface)


class _Kept(NamedTuple):
    """A surface, what kind of surface it is, and copies of the tensors from which it was made."""

    surface: Surface
    kind: str
    source: tuple[Tensor | None, ...]


def mesh_surface(data: Data, one_sided: bool = True, warn: bool = False) -> MeshSurface:
    """Return the surface of the mesh in data, cleaned when it is made.

    Args:
        data: With ``pos (V, 3)`` and ``face (3, F)``.
        one_sided: Whether surfaces that cannot be oriented, such as the Klein bottle, are accepted.
        warn: Whether to warn of what cleaning changed and of separate components, when the surface is made.

    Raises:
        ValueError: For meshes without clean geometry (``clean_mesh``).
    """

    def make() -> MeshSurface:
        with warnings.catch_warnings():
            if not warn:
                warnings.simplefilter("ignore", MeshWarning)
            mesh = clean_mesh(pos, face, one_sided=one_sided)
            corners = np.stack([mesh.face, np.roll(mesh.face, 1, axis=1)], axis=-1).reshape(-1, 2)
            parts = len(np.unique(components(corners, len(mesh.pos))[mesh.face[:, 0]]))
            if parts > 1:
                text = f"mesh has {parts} components: features do not pass between them"
                warnings.warn(text, MeshWarning, stacklevel=4)
            return MeshSurface(mesh)

    pos, face = data.pos.detach().cpu().numpy(), data.face.detach().cpu().numpy().T
    surface = _kept(data, "mesh", (data.pos, data.face), make)
    if not (one_sided or surface.mesh.orientable):
        clean_mesh(pos, face)  # reports what cannot be oriented
    return surface


def point_surface(data: Data) -> PointSurface:
    """Return the surface of the point cloud in data.

    Args:
        data: With ``pos (V, 3)``, and ``normal (V, 3)`` where the sides of the surface are known.

    Raises:
        ValueError: For points and normals that make no surface.
    """
    pos, normal = data.pos.detach().cpu().numpy(), data.get("normal")
    at = None if normal is None else normal.detach().cpu().numpy()
    return _kept(data, "points", (data.pos, normal), lambda: PointSurface(pos, at))


def space_surface(data: Data, space: HomogeneousSpace, area: Tensor | None = None) -> SpaceSurface:
    """Return the surface of the sample of a homogeneous space in data.

    Args:
        data: With ``pos (V, 3)``, and ``face (3, F)`` or ``area (V,)``.
        space: The space.
        area: ``(V,)`` areas of the points; by default those of the data, or else of its triangles.

    Raises:
        ValueError: For points, triangles and areas that make no sample of the space.
    """
    area = data.get("area") if area is None else area
    return _kept(data, str(space), (data.pos, data.face, area), lambda: SpaceSurface(space, data.pos, data.face, area))


def forget(data: Data) -> None:
    """Drop the surface that data keeps, for data that stay in memory.

    Args:
        data: Any data.
    """
    data.__dict__.pop(SURFACE, None)


def _kept(data: Data, kind: str, source: tuple[Tensor | None, ...], make: Callable[[], Made]) -> Made:
    """Return the surface that data keeps if it is of a kind and from equal tensors, else a new one."""
    source = tuple(None if one is None else one.detach().cpu() for one in source)
    kept: _Kept | None = data.__dict__.get(SURFACE)
    if kept is not None and kept.kind == kind and all(map(_equal, kept.source, source)):
        return kept.surface  # type: ignore[return-value]
    surface = make()
    if isinstance(data, MeshData) and data.get("batch") is None:
        copies = tuple(None if one is None else one.clone() for one in source)
        data.__dict__[SURFACE] = _Kept(surface, kind, copies)
    return surface


def _equal(one: Tensor | None, other: Tensor | None) -> bool:
    return one is other or (one is not None and other is not None and torch.equal(one, other))
