"""Input fields that describe a surface whatever its position, orientation and size."""

from __future__ import annotations

import warnings

import numpy as np
import torch
from torch_geometric.data import Data
from torch_geometric.transforms import BaseTransform

from gaugenet.bundle.sheets import like_normals, vertex_curvature
from gaugenet.bundle.smooth_basis import smooth_basis
from gaugenet.data.gauge import unbatched
from gaugenet.group import Elements, Group, Irrep
from gaugenet.mesh.clean import clean_mesh
from gaugenet.mesh.geometry import face_areas
from gaugenet.mesh.laplacian import laplacian_spectrum
from gaugenet.mesh.mesh import Mesh, MeshWarning
from gaugenet.representation import Representation
from gaugenet.representation.decomposition import restrict

# Smooth functions among which the eigenfunctions of larger meshes are sought, and from how many vertices to each it
# is quicker to do so.
_FUNCTIONS = 500
_SMALL = 6.0
# Vertices whose signature is computed at once: 50 MB at 96 eigenfunctions.
_ROWS = 65536


class InputFields(BaseTransform):
    """Add the features ``x (V, rep.dim)`` from which a network starts, and their representation as ``x_rep``.

    All lengths are taken relative to the square root of the surface's area.

    * heat kernel signature (Sun et al. 2009) at ``hks`` times: log(4 pi t K_t(v, v)), 0 on a flat plane; invariant;
    * Gaussian curvature, compressed by asinh; invariant; mean curvature likewise, which changes sign with the normal;
    * trace-free second fundamental form, its length compressed by asinh; order 2;
    * unless ``position`` is off: distance from the centroid (invariant) and height over it along the normal, and the
      direction away from it in the tangent plane (order 1); these follow rigid motions but not bending;
    * with ``coordinates``: pos relative to the centroid; invariant, and so neither invariant nor equivariant in space.

    For groups with reflections it matters what normals are. With ``oriented`` they point outwards whatever the frames
    do: mean curvature and height are invariant, and a shape and its mirror image have the same fields. Without, as on
    one-sided surfaces, they belong to the frames: mean curvature and height are odd ("0o"), the second fundamental form
    is that of the frame's own side, and a surface turned inside out has the same fields.

    Reads pos, face and the ``frame`` that ``FrameBundle`` adds.

    Args:
        hks: number of times, spaced evenly in their logarithm over ``times`` (area = 1). eigenfunctions: used for it.
        position, coordinates: whether to add these fields.
        group: structure group of the bundle. oriented: what normals are, see above.
    """

    def __init__(
        self,
        hks: int = 16,
        eigenfunctions: int = 96,
        times: tuple[float, float] = (3e-3, 1.0),
        position: bool = True,
        coordinates: bool = False,
        group: str = "SO2",
        oriented: bool = True,
    ) -> None:
        self.hks, self.eigenfunctions, self.times = hks, eigenfunctions, (times[0], times[1])
        self.position, self.coordinates = position, coordinates
        self.group, self.oriented = Group(group), oriented
        full = Group("O2" if self.group.reflections else "SO2")
        even = odd = full.trivial_irrep
        if full.reflections and not oriented:
            odd = full.irrep(0, "o")
        terms = [(hks, even), (1, odd), (1, even)]
        terms += [(1, even), (1, odd)] if position else []
        terms += [(3, even)] if coordinates else []
        terms += [(1, full.irrep(1))] if position else []
        self._full = _joined(Representation([*terms, (1, full.irrep(2))], full))
        self._restriction = None if self.group.rotations is None else restrict(self._full, self.group)
        self.rep = self._full if self._restriction is None else self._restriction.rep

    def forward(self, data: Data) -> Data:
        if getattr(data, "frame", None) is None:
            raise ValueError("InputFields needs vertex frames (no frame): apply gaugenet.FrameBundle first")
        if data.face is None:
            raise ValueError("InputFields needs face (3, F), got a point cloud: give it features of its own")
        bundle_group = Group(unbatched(getattr(data, "group", "SO2")))
        if not bundle_group <= self.group:
            raise ValueError(
                f'InputFields(group="{self.group}") needs a bundle of {self.group}, got one of {bundle_group}: name '
                "the same group for both"
            )
        pos, face = data.pos.detach().cpu().numpy().astype(np.float64), data.face.detach().cpu().numpy().T
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", MeshWarning)  # FrameBundle has already said it
            mesh = clean_mesh(pos, face, one_sided=self.group.reflections)
        if self.group.reflections and self.oriented and not mesh.orientable:
            raise ValueError(
                "InputFields(oriented=True) needs a surface with two sides, got a mesh that is not orientable: use "
                "InputFields(oriented=False), or --one-sided on the command line"
            )
        area = data.area_0.detach().cpu().numpy()
        # Fields are written in frames whose normals are those of the mesh, then in the frames of the bundle.
        frame, mirrored = like_normals(data.frame.detach().cpu().numpy(), mesh)
        x = torch.from_numpy(self._fields(mesh, frame, area))
        x = self._full.act(x, Elements(torch.zeros(len(x), dtype=torch.float64), torch.from_numpy(mirrored)))
        if self._restriction is not None:
            x = x @ self._restriction.basis.T
        data.x = x.to(data.pos.device)
        data.x_rep = str(self.rep)
        return data

    def _fields(self, mesh: Mesh, frame: np.ndarray, area: np.ndarray) -> np.ndarray:
        scale = np.sqrt(area.sum())
        curved = vertex_curvature(mesh, frame)
        fields = [
            heat_kernel_signature(mesh, self.hks, self.eigenfunctions, self.times),
            np.arcsinh(curved.mean * scale / 10)[:, None],
            np.arcsinh(curved.gaussian * scale**2 / 100)[:, None],
        ]
        tangent = [_compress(curved.deviator * scale / 10)]
        if self.group.reflections and not self.oriented:
            tangent[0] = tangent[0][:, ::-1] * [-1, 1]  # i z: a reflection turns the normal round, too
        offset = (mesh.pos - (mesh.pos * area[:, None]).sum(0) / area.sum()) / scale
        if self.position:
            local = np.einsum("vab,vb->va", frame, offset)
            fields += [np.linalg.norm(offset, axis=1)[:, None], local[:, 2:]]
            tangent.insert(0, local[:, :2])
        if self.coordinates:
            fields.append(offset)
        return np.concatenate(fields + tangent, axis=1)

    def __repr__(self) -> str:
        settings = ("hks", "eigenfunctions", "times", "position", "coordinates")
        text = ", ".join(f"{name}={getattr(self, name)!r}" for name in settings)
        group = "" if str(self.group) == "SO2" else f", group={str(self.group)!r}, oriented={self.oriented}"
        return f"InputFields({text}{group})"


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


def _joined(rep: Representation) -> Representation:
    """Return the representation with neighbouring blocks of one irrep as one block."""
    terms: list[tuple[int, Irrep]] = []
    for multiplicity, irrep in rep.terms:
        if terms and terms[-1][1] == irrep:
            multiplicity += terms.pop()[0]
        terms.append((multiplicity, irrep))
    return Representation(terms, rep.group)
