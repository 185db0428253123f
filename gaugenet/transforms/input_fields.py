"""Input fields that describe a surface whatever its position, orientation and size."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch_geometric.data import Data
from torch_geometric.transforms import BaseTransform

from gaugenet.group import Elements, Group, Irrep
from gaugenet.io.mesh_data import MeshData
from gaugenet.mesh.signatures import heat_kernel_signature, wave_kernel_signature
from gaugenet.representation import Representation
from gaugenet.representation.decomposition import restrict
from gaugenet.surface.mesh_surface import MeshSurface
from gaugenet.surface.spectrum import surface_spectrum
from gaugenet.transforms.gauge import group_on
from gaugenet.transforms.reach import distance_fields, ray_fields
from gaugenet.transforms.shape import mesh_surface


class InputFields(BaseTransform):
    """Add the features ``x (V, rep.dim)`` from which a network starts, and their representation as ``x_rep``.

    All lengths are taken relative to the square root of the surface's area.

    * heat kernel signature (Sun et al. 2009) at ``hks`` times: log(4 pi t K_t(v, v)), 0 on a flat plane; invariant;
    * Gaussian curvature, compressed by asinh; invariant; mean curvature likewise, which changes sign with the normal;
    * trace-free second fundamental form, its length compressed by asinh; order 2;
    * unless ``position`` is off: distance from the centroid (invariant) and height over it along the normal, and the
      direction away from it in the tangent plane (order 1); these follow rigid motions but not bending;
    * with ``coordinates``: pos relative to the centroid; invariant, and so neither invariant nor equivariant in space;
    * wave kernel signature (Aubry et al. 2011) at ``wks`` energies; invariant;
    * unless ``rays`` is off: log of the shape diameter (Shapira et al. 2008), the share of the outside that is visible
      (both invariant), and the gradient of the first (order 1);
    * unless ``distances`` is off: log of the mean distance along the surface (Hilaga et al. 2001), its excess over the
      smallest one of the component, standard deviation and maximum of the distance over its mean (all invariant), and
      the gradient of the mean (order 1).

    For groups with reflections the fields depend on what normals are. With ``oriented`` they point outwards whatever
    the frames are: mean curvature and height are invariant, and a shape and its mirror image have the same fields.
    Without, as on one-sided surfaces, they belong to the frames: mean curvature and height are odd ("0o"), the second
    fundamental form is that of the frame's own side, and a surface turned inside out has the same fields; the shape
    diameter is that of the side from which more rays hit something.

    Reads pos, face and the ``frame`` that ``FrameBundle`` adds, of a single mesh.

    Args:
        hks: Number of times of the heat kernel signature, spaced evenly in their logarithm.
        eigenfunctions: Number of eigenfunctions that both signatures use.
        times: First and last time, where the area is 1.
        position: Whether to add distance, height and direction from the centroid.
        coordinates: Whether to add positions in space.
        group: Structure group of the bundle.
        oriented: Whether normals point outwards, or belong to the frames, see above.
        wks: Number of energies of the wave kernel signature.
        rays: Whether to add the fields that rays find.
        distances: Whether to add the fields of distances along the surface.

    Raises:
        ValueError: For settings out of range, and for data that is no single mesh with a bundle of the group, or has
            one side where ``oriented`` needs two.
    """

    __call__: Callable[..., MeshData]

    def __init__(
        self,
        hks: int = 16,
        eigenfunctions: int = 96,
        times: Sequence[float] = (3e-3, 1.0),
        position: bool = True,
        coordinates: bool = False,
        group: str = "SO2",
        oriented: bool = True,
        wks: int = 16,
        rays: bool = True,
        distances: bool = True,
    ) -> None:
        if eigenfunctions < 1 or hks < 0 or wks < 0:
            raise ValueError(
                "InputFields expects eigenfunctions >= 1 and hks, wks >= 0, got "
                f"eigenfunctions={eigenfunctions}, hks={hks}, wks={wks}"
            )
        if len(times) != 2 or not 0 < times[0] <= times[1] < float("inf"):
            raise ValueError(f"InputFields expects two times, 0 < first <= last, got {tuple(times)}")
        self.hks, self.eigenfunctions, self.times = hks, eigenfunctions, (times[0], times[1])
        self.position, self.coordinates = position, coordinates
        self.wks, self.rays, self.distances = wks, rays, distances
        self.group, self.oriented = Group(group), oriented
        if not (oriented or self.group.reflections):
            raise ValueError(
                f'InputFields(oriented=False) needs a group with reflections, got {group}: use "O2" or another, or '
                "leave it out (--one-sided on the command line), for without reflections frames have sides"
            )
        full = Group("O2" if self.group.reflections else "SO2")
        even = odd = full.trivial_irrep
        if full.reflections and not oriented:
            odd = full.irrep(0, "o")
        terms = [(hks, even), (1, odd), (1, even)]
        terms += [(1, even), (1, odd)] if position else []
        terms += [(3 * coordinates + wks + 2 * rays + 4 * distances, even)]
        terms += [(int(position) + rays + distances, full.irrep(1)), (1, full.irrep(2))]
        self._full = _joined(Representation([term for term in terms if term[0]], full))
        self._restriction = None if self.group.rotations is None else restrict(self._full, self.group)
        self.rep = self._full if self._restriction is None else self._restriction.rep

    @property
    def settings(self) -> dict[str, Any]:
        """All arguments but the group, as plain values."""
        names = ("hks", "eigenfunctions", "times", "position", "coordinates", "wks", "rays", "distances", "oriented")
        return {name: list(self.times) if name == "times" else getattr(self, name) for name in names}

    def forward(self, data: Data) -> Data:
        """Add the fields to the bundle of a mesh.

        Args:
            data: Single bundle; it is changed. Calling the transform changes a shallow copy.
        """
        if getattr(data, "frame", None) is None:
            raise ValueError("InputFields needs vertex frames (no frame): apply gaugenet.FrameBundle first")
        if data.face is None:
            raise ValueError("InputFields needs face (3, F), got a point cloud: set its features x yourself")
        group_on(data, self.group, "InputFields")
        surface = mesh_surface(data, self.group.reflections)
        if self.group.reflections and self.oriented and not surface.mesh.orientable:
            raise ValueError(
                "InputFields(oriented=True) needs a surface with two sides, got a mesh that is not orientable: use "
                "InputFields(oriented=False), or --one-sided on the command line"
            )
        area = data.area_0.detach().cpu().numpy()
        # Fields are written in frames whose normals are those of the mesh, then in the frames of the bundle.
        frame, mirrored = surface.like_normals(data.frame.detach().cpu().numpy())
        x = torch.from_numpy(self._fields(surface, frame, area))
        x = self._full.act(x, Elements(torch.zeros(len(x), dtype=torch.float64), torch.from_numpy(mirrored)))
        if self._restriction is not None:
            x = x @ self._restriction.basis.T
        data.x = x.to(data.pos.device)
        data.x_rep = str(self.rep)
        return data

    def _fields(self, surface: MeshSurface, frame: np.ndarray, area: np.ndarray) -> np.ndarray:
        pos, scale = surface.pos, np.sqrt(area.sum())
        curved = surface.curvature(frame)
        spectrum = surface_spectrum(surface, self.eigenfunctions)
        invariant = [
            heat_kernel_signature(*spectrum, self.hks, self.times),
            np.arcsinh(curved.mean * scale / 10)[:, None],
            np.arcsinh(curved.gaussian * scale**2 / 100)[:, None],
        ]
        vectors = []  # in space; only the tangential part counts
        sided = self.oriented or not self.group.reflections
        deviator = _compress(curved.deviator * scale / 10)
        if not sided:
            deviator = deviator[:, ::-1] * [-1, 1]  # i z: a reflection reverses the normal, too
        offset = (pos - (pos * area[:, None]).sum(0) / area.sum()) / scale
        if self.position:
            invariant += [np.linalg.norm(offset, axis=1)[:, None], (frame[:, 2] * offset).sum(axis=1)[:, None]]
            vectors.append(offset)
        if self.coordinates:
            invariant.append(offset)
        if self.wks:
            invariant.append(wave_kernel_signature(*spectrum, self.wks))
        reaches = [ray_fields(surface.mesh, frame[:, 2], sided)] if self.rays else []
        reaches += [distance_fields(surface)] if self.distances else []
        invariant += [one for one, _ in reaches]
        vectors += [_compress(gradient) for _, gradient in reaches]
        # First components of all pairs come before second ones.
        pairs = [(frame[:, axis] * vector).sum(axis=1)[:, None] for axis in (0, 1) for vector in vectors]
        return np.concatenate([*invariant, *pairs, deviator], axis=1)

    def __repr__(self) -> str:
        text = ", ".join(f"{name}={getattr(self, name)!r}" for name in self.settings if name != "oriented")
        group = "" if str(self.group) == "SO2" else f", group={str(self.group)!r}, oriented={self.oriented}"
        return f"InputFields({text}{group})"


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
