"""Input fields that describe a surface whatever its position, orientation and size."""

from __future__ import annotations

import warnings

import numpy as np
import torch
from torch_geometric.data import Data
from torch_geometric.transforms import BaseTransform

from gaugenet.bundle.smooth_basis import smooth_basis
from gaugenet.mesh.clean import clean_mesh
from gaugenet.mesh.curvature import curvature
from gaugenet.mesh.geometry import face_areas
from gaugenet.mesh.laplacian import laplacian_spectrum
from gaugenet.mesh.mesh import Mesh, MeshWarning
from gaugenet.representation import Representation

# Smooth functions among which the eigenfunctions of larger meshes are sought, and from how many vertices to each it
# is quicker to do so.
_FUNCTIONS = 500
_SMALL = 6.0
# Vertices whose signature is computed at once: 50 MB at 96 eigenfunctions.
_ROWS = 65536


class InputFields(BaseTransform):
    """Add the features ``x (V, rep.dim)`` from which a network starts, and their representation as ``x_rep``.

    All lengths are taken relative to the square root of the surface's area.

    * heat kernel signature (Sun et al. 2009) at ``hks`` times: log(4 pi t K_t(v, v)), 0 on a flat plane; order 0;
    * mean and Gaussian curvature, compressed by asinh; order 0;
    * trace-free second fundamental form, its length compressed by asinh; order 2;
    * unless ``position`` is off: distance from the centroid and height over it along the normal (order 0), and the
      direction away from it in the tangent plane (order 1); these follow rigid motions but not bending;
    * with ``coordinates``: pos relative to the centroid; order 0, and so neither invariant nor equivariant in space.

    Reads pos, face and the ``frame`` that ``FrameBundle`` adds.

    Args:
        hks: number of times, spaced evenly in their logarithm over ``times`` (area = 1). eigenfunctions: used for it.
        position, coordinates: whether to add these fields.
    """

    def __init__(
        self,
        hks: int = 16,
        eigenfunctions: int = 96,
        times: tuple[float, float] = (3e-3, 1.0),
        position: bool = True,
        coordinates: bool = False,
    ) -> None:
        self.hks, self.eigenfunctions, self.times = hks, eigenfunctions, (times[0], times[1])
        self.position, self.coordinates = position, coordinates
        invariant = hks + 2 + 2 * position + 3 * coordinates
        self.rep = Representation(((invariant, 0), (1, 1), (1, 2)) if position else ((invariant, 0), (1, 2)))

    def forward(self, data: Data) -> Data:
        if getattr(data, "frame", None) is None:
            raise ValueError("InputFields needs vertex frames (no frame): apply gaugenet.FrameBundle first")
        pos, face = data.pos.detach().cpu().numpy().astype(np.float64), data.face.detach().cpu().numpy().T
        frame = data.frame.detach().cpu().numpy()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", MeshWarning)  # FrameBundle has already said it
            mesh = clean_mesh(pos, face)
        area = data.area_0.detach().cpu().numpy()
        scale = np.sqrt(area.sum())
        curved = curvature(mesh.pos, mesh.face, frame)
        invariant = [
            heat_kernel_signature(mesh, self.hks, self.eigenfunctions, self.times),
            np.arcsinh(curved.mean * scale / 10)[:, None],
            np.arcsinh(curved.gaussian * scale**2 / 100)[:, None],
        ]
        tangent = [_compress(curved.deviator * scale / 10)]
        offset = (pos - (pos * area[:, None]).sum(0) / area.sum()) / scale
        if self.position:
            local = np.einsum("vab,vb->va", frame, offset)
            invariant += [np.linalg.norm(offset, axis=1)[:, None], local[:, 2:]]
            tangent.insert(0, local[:, :2])
        if self.coordinates:
            invariant.append(offset)
        data.x = torch.from_numpy(np.concatenate(invariant + tangent, axis=1)).to(data.pos.device)
        data.x_rep = str(self.rep)
        return data

    def __repr__(self) -> str:
        settings = ("hks", "eigenfunctions", "times", "position", "coordinates")
        return f"InputFields({', '.join(f'{name}={getattr(self, name)!r}' for name in settings)})"


def heat_kernel_signature(mesh: Mesh, count: int, eigenfunctions: int, times: tuple[float, float]) -> np.ndarray:
    """Return log(4 pi t K_t(v, v)) ``(V, count)`` at times spaced evenly in their logarithm, in units of the area.

    K_t(v, v) = sum_k exp(-lambda_k t) phi_k(v)^2 over the first eigenfunctions (Sun et al. 2009, eq. 4); the factor
    makes a flat plane 0. The sum fades out as 1 - (lambda / lambda_max)^4: cut hard, it would depend on how the solver
    turns equal eigenvalues of a symmetric shape. Vertices without area get 0.

    On meshes of more than some 3,000 vertices the eigenfunctions are sought among a few hundred smooth functions
    (Nasikun, Brandt & Hildebrandt 2018), in time proportional to V.
    """
    functions = max(_FUNCTIONS, 5 * eigenfunctions)
    basis = smooth_basis(mesh, functions) if len(mesh.pos) > _SMALL * functions else None
    value, function = laplacian_spectrum(mesh.pos, mesh.face, eigenfunctions, basis)
    total = float(face_areas(mesh.pos, mesh.face).sum())
    t = np.logspace(np.log10(times[0]), np.log10(times[1]), count)
    fade = 1.0 - (value / max(value[-1], np.finfo(float).tiny)) ** 4
    share = total * fade[:, None] * np.exp(-np.outer(value * total, t)) * (4 * np.pi * t)
    heat = np.empty((len(function), count))
    for rows in np.array_split(np.arange(len(function)), 1 + len(function) // _ROWS):
        heat[rows] = function[rows] ** 2 @ share
    return np.where(heat > 0, np.log(np.maximum(heat, 1e-6)), 0.0)


def _compress(vector: np.ndarray) -> np.ndarray:
    length = np.linalg.norm(vector, axis=1, keepdims=True)
    return vector * np.arcsinh(length) / np.maximum(length, 1e-12)
