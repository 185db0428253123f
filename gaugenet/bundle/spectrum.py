"""The slowest vibrations of a surface of any size."""

from __future__ import annotations

import numpy as np

from gaugenet.bundle.smooth_basis import smooth_basis
from gaugenet.mesh.geometry import face_areas
from gaugenet.mesh.laplacian import laplacian_spectrum
from gaugenet.mesh.mesh import Mesh

# Smooth functions among which the eigenfunctions of larger meshes are sought, and from how many vertices to each it
# is quicker to do so.
_FUNCTIONS = 500
_SMALL = 6.0


def surface_spectrum(mesh: Mesh, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the smallest eigenvalues ``(k,)`` and eigenfunctions ``(V, k)`` of the Laplacian, k <= ``count``.

    In units in which the area of the surface is 1. Functions are 0 at vertices without area.

    On meshes of more than some 3,000 vertices the eigenfunctions are sought among a few hundred smooth functions
    (Nasikun, Brandt & Hildebrandt 2018), in time proportional to V.
    """
    functions = max(_FUNCTIONS, 5 * count)
    basis = smooth_basis(mesh, functions) if len(mesh.pos) > _SMALL * functions else None
    value, function = laplacian_spectrum(mesh.pos, mesh.face, count, basis)
    area = float(face_areas(mesh.pos, mesh.face).sum())
    return value * area, function * np.sqrt(area)
