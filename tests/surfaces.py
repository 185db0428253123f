"""Surfaces whose geometry is known in closed form, and what several tests make of meshes."""

import functools
import warnings
from pathlib import Path

import numpy as np
import scipy.spatial
import torch
import trimesh

from gaugenet.bundle.bundle import Bundle, BundleSettings, build_bundle
from gaugenet.io.mesh_data import MeshData
from gaugenet.io.mesh_file import read_mesh
from gaugenet.mesh.clean import clean_mesh
from gaugenet.mesh.mesh import Mesh, MeshWarning
from gaugenet.surface.edges import BundleEdges
from gaugenet.surface.mesh_surface import MeshSurface
from gaugenet.surface.point_surface import PointSurface

MESHES = Path(__file__).parents[1] / "meshes"

# Settings of InputFields that leave out what looks far: quick to compute.
NEAR = {"wks": 0, "rays": False, "distances": False}


def mesh(pos, face) -> Mesh:
    """Clean a mesh without a word."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", MeshWarning)
        return clean_mesh(np.asarray(pos, dtype=np.float64), np.asarray(face, dtype=np.int64))


def read(name: str) -> Mesh:
    """Read a mesh of the folder meshes/ and clean it."""
    data = read_mesh(MESHES / name)
    return mesh(data.pos.numpy(), data.face.numpy().T)


def bundle(one: Mesh, **settings) -> Bundle:
    """Build the bundle of a clean mesh."""
    return build_bundle(MeshSurface(one), BundleSettings(**settings))


def point_bundle(pos: np.ndarray, normal: np.ndarray | None = None, **settings) -> Bundle:
    """Build the bundle of a point cloud."""
    return build_bundle(PointSurface(pos, normal), BundleSettings(**settings))


def with_ring(one: Mesh, edges: BundleEdges) -> MeshSurface:
    """Return the surface of a mesh with other edges as its 1-ring."""
    surface = MeshSurface(one)
    surface.ring = edges
    return surface


def data_of(surface: Mesh) -> MeshData:
    """Return PyG data of a mesh."""
    return MeshData(pos=torch.from_numpy(surface.pos.copy()), face=torch.from_numpy(surface.face.T.copy()))


@functools.cache
def icosphere(subdivisions: int) -> Mesh:
    """The unit sphere, V = 10 * 4^n + 2."""
    sphere = trimesh.creation.icosphere(subdivisions)
    return mesh(sphere.vertices, sphere.faces)


@functools.cache
def uneven_sphere(count: int, seed: int = 0) -> Mesh:
    """The unit sphere with random vertices, far apart but without symmetry: a convex hull, Lloyd-relaxed a little."""
    pos = np.random.default_rng(seed).normal(size=(count, 3))
    for _ in range(8):
        pos /= np.linalg.norm(pos, axis=1, keepdims=True)
        face = scipy.spatial.ConvexHull(pos).simplices
        ends = np.concatenate([face, face[:, [1, 2, 0]], face[:, [2, 0, 1]]])[:, :2]
        ends = np.concatenate([ends, ends[:, ::-1]])
        total = np.stack([np.bincount(ends[:, 0], pos[ends[:, 1], axis], count) for axis in range(3)], axis=1)
        pos = pos + total / np.bincount(ends[:, 0], minlength=count)[:, None]
    pos /= np.linalg.norm(pos, axis=1, keepdims=True)
    face = scipy.spatial.ConvexHull(pos).simplices
    outward = np.einsum("fa,fa->f", np.cross(*(pos[face[:, k]] - pos[face[:, 0]] for k in (1, 2))), pos[face[:, 0]])
    return mesh(pos, np.where((outward > 0)[:, None], face, face[:, [0, 2, 1]]))


@functools.cache
def flat_disc(rings: int = 12, seed: int = 0) -> Mesh:
    """The unit disc in the plane z = 0, normals up, with uneven triangles and a round boundary."""
    rng = np.random.default_rng(seed)
    points = [np.zeros((1, 2))]
    for ring in range(1, rings + 1):
        phi = 2 * np.pi * (np.arange(6 * ring) + 0.5 * (ring % 2)) / (6 * ring)
        circle = ring / rings * np.stack([np.cos(phi), np.sin(phi)], axis=1)
        points.append(circle + (ring < rings) * rng.uniform(-0.3, 0.3, circle.shape) / rings)
    plane = np.concatenate(points)
    face = scipy.spatial.Delaunay(plane).simplices
    a, b, c = (plane[face[:, k]] for k in range(3))
    twice = (b[:, 0] - a[:, 0]) * (c[:, 1] - a[:, 1]) - (b[:, 1] - a[:, 1]) * (c[:, 0] - a[:, 0])
    keep = np.abs(twice) > 1e-9
    face = np.where((twice > 0)[:, None], face, face[:, [0, 2, 1]])[keep]
    return mesh(np.c_[plane, np.zeros(len(plane))], face)


def grid(rows: int, columns: int, wrap_rows: bool, wrap_columns: bool) -> np.ndarray:
    """Faces (F, 3) of a grid of rows x columns vertices; row and column count up along the axes u and v of e1 x e2."""
    u, v = np.meshgrid(np.arange(rows - (not wrap_rows)), np.arange(columns - (not wrap_columns)), indexing="ij")
    u, v = u.ravel(), v.ravel()
    a, b = u * columns + v, (u + 1) % rows * columns + v
    c, d = (u + 1) % rows * columns + (v + 1) % columns, u * columns + (v + 1) % columns
    even = ((u + v) % 2 == 0)[:, None]
    first = np.where(even, np.stack([a, b, c], 1), np.stack([a, b, d], 1))
    second = np.where(even, np.stack([a, c, d], 1), np.stack([b, c, d], 1))
    return np.concatenate([first, second])


@functools.cache
def cylinder(around: int = 32, along: int = 13, radius: float = 1.0, height: float = 2.0) -> Mesh:
    """An open cylinder about the z axis, normals outwards; vertex u * along + v at angle u and height v."""
    phi, z = np.meshgrid(2 * np.pi * np.arange(around) / around, np.linspace(0, height, along), indexing="ij")
    pos = np.stack([radius * np.cos(phi), radius * np.sin(phi), z], axis=-1).reshape(-1, 3)
    return mesh(pos, grid(around, along, True, False))


@functools.cache
def torus(around: int = 48, across: int = 24, major: float = 1.0, minor: float = 0.4) -> Mesh:
    """A torus about the z axis, normals outwards; vertex u * across + v at angles u (around z) and v (of the tube)."""
    phi, psi = np.meshgrid(
        2 * np.pi * np.arange(around) / around, 2 * np.pi * np.arange(across) / across, indexing="ij"
    )
    ring = major + minor * np.cos(psi)
    pos = np.stack([ring * np.cos(phi), ring * np.sin(phi), minor * np.sin(psi)], axis=-1).reshape(-1, 3)
    return mesh(pos, grid(around, across, True, True))


@functools.cache
def biped() -> Mesh:
    """A creature without any symmetry, about 1500 vertices."""
    return read("creatures/biped_01.ply")


def sphere_log(pos: np.ndarray, frame: np.ndarray, index: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Exact radius, angle and transport of edges j -> i (2, E) on the unit sphere, along great circles."""
    source, target = index
    p, q = pos[target], pos[source]
    radius = np.arctan2(np.linalg.norm(np.cross(p, q), axis=1), (p * q).sum(axis=1))
    cosine = (p * q).sum(axis=1, keepdims=True)
    # Tangent vectors: i looks towards j, and j towards i. The frames of a mesh are tangent only nearly.
    here = np.arctan2(*(((q - cosine * p) * frame[target, axis]).sum(axis=1) for axis in (1, 0)))
    there = np.arctan2(*(((p - cosine * q) * frame[source, axis]).sum(axis=1) for axis in (1, 0)))
    return radius, here, np.angle(np.exp(1j * (here - there + np.pi)))


def plane_log(pos: np.ndarray, frame: np.ndarray, index: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Exact radius, angle and transport of edges j -> i (2, E) in a plane, along straight lines."""
    source, target = index
    way = pos[source] - pos[target]
    here = np.arctan2(*((way * frame[target, axis]).sum(axis=1) for axis in (1, 0)))
    transport = np.arctan2(*((frame[source, 0] * frame[target, axis]).sum(axis=1) for axis in (1, 0)))
    return np.linalg.norm(way, axis=1), here, transport


def turned(angle: np.ndarray) -> np.ndarray:
    """Absolute difference of angles from 0, whatever multiple of 2 pi they are written with."""
    return np.abs(np.angle(np.exp(1j * angle)))


def moved(one: Mesh) -> tuple[Mesh, np.ndarray]:
    """Return the mesh turned, shifted, a thousand times larger and renumbered, and the new number of each vertex."""
    rng = np.random.default_rng(0)
    turn = np.linalg.qr(rng.normal(size=(3, 3)))[0]
    turn *= np.linalg.det(turn)
    number = rng.permutation(len(one.pos))
    pos = np.empty_like(one.pos)
    pos[number] = 1e3 * (one.pos @ turn.T + [1, 2, -3])
    return mesh(pos, rng.permutation(number[one.face])), number


def dirty_sphere() -> MeshData:
    """A sphere as it should not be: faces flipped, doubled and flat, a fin on an edge, a vertex without a face."""
    clean = uneven_sphere(90)
    face = clean.face.copy()
    face[::7] = face[::7, ::-1]
    fin = np.array([[face[0, 0], face[0, 1], 90]])
    face = np.concatenate([face, face[3:5], [[0, 0, 1]], fin])
    pos = np.concatenate([clean.pos, [[0.0, 0.0, 3.0], [9.0, 9.0, 9.0]]])
    return MeshData(pos=torch.from_numpy(pos), face=torch.from_numpy(np.ascontiguousarray(face.T)))


def twisted_grid(rows: int, columns: int, wrap_columns: bool) -> np.ndarray:
    """Faces (F, 3) of a grid whose last row is joined to the first one back to front."""
    face = grid(rows + 1, columns, False, wrap_columns)
    u, v = np.divmod(face, columns)
    return np.where(u == rows, (columns - v) % columns if wrap_columns else columns - 1 - v, face)


@functools.cache
def moebius(around: int = 24, across: int = 5, width: float = 0.8) -> Mesh:
    """A Moebius strip about the z axis; vertex u * across + v at angle u and height v of the strip."""
    phi, t = np.meshgrid(2 * np.pi * np.arange(around) / around, width * np.linspace(-0.5, 0.5, across), indexing="ij")
    ring = 1 + t * np.cos(phi / 2)
    pos = np.stack([ring * np.cos(phi), ring * np.sin(phi), t * np.sin(phi / 2)], axis=-1).reshape(-1, 3)
    return one_sided_mesh(pos, twisted_grid(around, across, False))


@functools.cache
def klein_bottle(around: int = 30, across: int = 12) -> Mesh:
    """The Klein bottle as a figure eight that turns over on its way around the z axis; it crosses itself."""
    phi, psi = np.meshgrid(
        2 * np.pi * np.arange(around) / around, 2 * np.pi * np.arange(across) / across, indexing="ij"
    )
    x, y = np.sin(psi), np.sin(2 * psi)
    ring = 2 + np.cos(phi / 2) * x - np.sin(phi / 2) * y
    pos = np.stack([ring * np.cos(phi), ring * np.sin(phi), np.sin(phi / 2) * x + np.cos(phi / 2) * y], axis=-1)
    return one_sided_mesh(pos.reshape(-1, 3), twisted_grid(around, across, True))


@functools.cache
def projective_plane(subdivisions: int = 2) -> Mesh:
    """Opposite points of the sphere as one: (yz, zx, xy) + some of a map that tells its fold lines apart."""
    sphere = icosphere(subdivisions)
    pos, face = sphere.pos, sphere.face
    opposite = scipy.spatial.cKDTree(pos).query(-pos)[1]
    base = np.minimum(np.arange(len(pos)), opposite)
    used, rank = np.unique(base, return_inverse=True)
    face = rank[face]
    face = face[np.unique(np.sort(face, axis=1), axis=0, return_index=True)[1]]
    x, y, z = pos[used].T
    return one_sided_mesh(np.stack([y * z, z * x, x * y + 0.4 * (x**2 - y**2)], axis=1), face)


def one_sided_mesh(pos: np.ndarray, face: np.ndarray) -> Mesh:
    """Clean a mesh without a word, whether it has two sides or one."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", MeshWarning)
        return clean_mesh(pos, face, one_sided=True)


def scrambled(mesh: Mesh, seed: int = 0) -> Mesh:
    """The mesh with faces turned round at random, as if it could not be oriented."""
    flip = np.random.default_rng(seed).random(len(mesh.face)) < 0.5
    face = np.where(flip[:, None], mesh.face[:, [0, 2, 1]], mesh.face)
    return Mesh(mesh.pos, face, mesh.kept, orientable=False)


def needle() -> MeshData:
    """A sphere drawn out thirty times, and squeezed towards one end: triangles of all sizes, most of them slivers."""
    data = data_of(uneven_sphere(150))
    data.pos = data.pos * torch.tensor([1.0, 0.3, 30.0], dtype=torch.float64)
    data.pos[:, 2] = data.pos[:, 2].sign() * data.pos[:, 2].abs() ** 1.5
    return data
