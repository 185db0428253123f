"""Smoothing functions on a surface, and filling in where they are not known."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sparse
import scipy.sparse.linalg

from gaugenet.mesh.geometry import vertex_areas
from gaugenet.mesh.laplacian import cotangent_laplacian
from gaugenet.mesh.mesh import Mesh

# Confidence with which a vertex without a value takes the mean.
_FLOOR = 1e-3


def smoothed(mesh: Mesh, value: np.ndarray, confidence: np.ndarray, time: float) -> np.ndarray:
    """Return the function u ``(V,)`` that is near the values where they are certain, and smooth.

    (M W + t A L) u = M W f with lumped masses M, confidences W and the area A: of certain values a step of heat flow
    over the time t A, so that features smaller than sqrt(t A) fade. Where nothing is known, u is continued from
    around; far from everything known, and at isolated vertices, it is the mean of the known, or 0 if there is none.

    Args:
        value: ``(V,)`` f. confidence: ``(V,)`` 0 to 1. time: t, in units of the area.
    """
    mass = vertex_areas(mesh.pos, mesh.face)
    known = mass * confidence
    mean = float((known * value).sum() / known.sum()) if known.sum() > 0 else 0.0
    weight = np.where(mass > 0, mass * np.maximum(confidence, _FLOOR), mass.sum())
    source = known * (value - mean)
    matrix = sparse.diags(weight) + time * mass.sum() * cotangent_laplacian(mesh.pos, mesh.face)
    half = 1.0 / np.sqrt(matrix.diagonal())
    scaled = (sparse.diags(half) @ matrix @ sparse.diags(half)).tocsr()
    solution, _ = scipy.sparse.linalg.cg(scaled, half * source, rtol=1e-10)
    return mean + half * solution
