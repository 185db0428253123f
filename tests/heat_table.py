"""Fields and surfaces on which the flow of heat is known, for the layers that follow it."""

import functools
import math

import numpy as np
import scipy.spatial
import surfaces
import torch

from gaugenet.bundle.connection_laplacian import section_laplacian
from gaugenet.transforms.connection_spectrum import ConnectionSpectrum
from gaugenet.transforms.frame_bundle import FrameBundle
from gaugenet.transforms.gauge import transport

# Of orders 0, 1, 2: eigenvalues l (l + 1) - n^2 on the unit sphere of what xyz, of degree l = 3, gives rise to.
DECAY = {0: 12.0, 1: 11.0, 2: 8.0}


@functools.cache
def sphere(size: int, seed: int = 0, neighbours: int | None = None, count: int = 64):
    """The bundle of an uneven unit sphere with its spectrum."""
    data = FrameBundle(neighbours=neighbours)(surfaces.data_of(surfaces.uneven_sphere(size, seed)))
    return ConnectionSpectrum(count=count)(data)


def harmonic(data, order: int) -> torch.Tensor:
    """xyz on the sphere, its gradient, or the trace-free part of its second derivatives: ``(V, 1)`` or ``(V, 2)``."""
    x, y, z = data.pos.T
    e1, e2 = data.frame[:, 0], data.frame[:, 1]
    if order == 0:
        return (x * y * z)[:, None]
    if order == 1:
        return (data.frame[:, :2] @ torch.stack([y * z, z * x, x * y], 1)[..., None])[..., 0]
    zero = torch.zeros_like(x)
    hessian = torch.stack([zero, z, y, z, zero, x, y, x, zero], 1).view(-1, 3, 3)
    one, two, mixed = (torch.einsum("va,vab,vb->v", a, hessian, b) for a, b in ((e1, e1), (e2, e2), (e1, e2)))
    return torch.stack([(one - two) / 2, mixed], 1)


def at_time(layer, time: float):
    """The layer in double precision with one time for all copies, in units of the area of the shape."""
    layer = layer.double()
    with torch.no_grad():
        layer.time.log_time.fill_(math.log(time * 1e3) if time else -math.inf)
    return layer


def dense_laplacian(data, irrep, level: int = 0) -> np.ndarray:
    """The connection Laplacian ``(size V, size V)`` as a plain matrix, components of a vertex side by side."""
    rho = irrep.matrix(transport(data, level)).numpy()
    size = len(data[f"area_{level}"])
    stiffness = data[f"stiffness_{level}"].numpy()
    return section_laplacian(data[f"edge_index_{level}"].numpy(), stiffness, rho, size).toarray()


def side_by_side(x: torch.Tensor, size: int) -> np.ndarray:
    """Features of one block ``(V, size * C)`` as ``(V * size, C)``."""
    return x.detach().unflatten(1, (size, -1)).flatten(0, 1).numpy()


def in_space(data, x: torch.Tensor) -> np.ndarray:
    """A function, or a field of order 1 as vectors of space."""
    return (x if x.shape[1] == 1 else torch.einsum("va,vab->vb", x, data.frame[:, :2])).detach().numpy()


def seen_from(pos: np.ndarray, values: np.ndarray, point: np.ndarray, near: int = 9) -> np.ndarray:
    """Values ``(V, C)`` at points of the unit sphere: of the plane that fits them best at the nearest vertices."""
    index = scipy.spatial.cKDTree(pos).query(point, k=near)[1]
    way = pos[index] - point[:, None]
    axis = np.linalg.svd(point[:, None])[2][:, 1:]  # two directions across each point
    design = np.concatenate([np.ones((*index.shape, 1)), np.einsum("pka,pba->pkb", way, axis)], axis=2)
    return np.einsum("pk,pkc->pc", np.linalg.pinv(design)[:, 0], values[index])
