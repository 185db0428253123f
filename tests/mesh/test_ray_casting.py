"""Rays against every triangle, one after the other; and rays that must not slip through."""

import numpy as np
import pytest
import surfaces
import trimesh

from gaugenet.mesh.mesh import Mesh
from gaugenet.mesh.ray_casting import RayCaster, first_hit


def cleaned(data) -> Mesh:
    return surfaces.mesh(data.pos.numpy(), data.face.numpy().T)


MESHES = {
    "biped": surfaces.biped,
    "sphere": lambda: surfaces.uneven_sphere(300),
    "disc": surfaces.flat_disc,
    "torus": surfaces.torus,
    "moebius": surfaces.moebius,
    "klein bottle": surfaces.klein_bottle,
    "needles": lambda: cleaned(surfaces.needle()),
    "dirty": lambda: cleaned(surfaces.dirty_sphere()),
    "two spheres": lambda: surfaces.read("known/two_spheres.ply"),
    "triangle": lambda: surfaces.mesh(np.eye(3), [[0, 1, 2]]),
    "piled": lambda: surfaces.mesh(np.tile(np.eye(3), (9, 1)), np.arange(27).reshape(9, 3)),
}


def brute_force(mesh, origin, direction, start):
    """Distance (R,) to the nearest face by solving origin + t direction = a + u (b - a) + v (c - a) for all of them."""
    a, b, c = (mesh.pos[mesh.face[:, k]] for k in range(3))
    best = np.full(len(origin), np.inf)
    for r in range(len(origin)):
        matrix = np.stack([np.broadcast_to(-direction[r], a.shape), b - a, c - a], axis=2)
        flat = np.abs(np.linalg.det(matrix)) < 1e-9 * np.linalg.norm(np.cross(b - a, c - a), axis=1)
        t, u, v = np.linalg.solve(np.where(flat[:, None, None], np.eye(3), matrix), (origin[r] - a)[:, :, None])[
            ..., 0
        ].T
        hit = ~flat & (u >= 0) & (v >= 0) & (u + v <= 1) & (t > start)
        best[r] = t[hit].min(initial=np.inf)
    return best


def cast(caster, origin, direction, start=0.0):
    """Distance (R,) to what each ray meets first and its place among triangles; infinite and -1 where it is nothing."""
    stack, entry = np.empty(caster.depth + 2, np.int32), np.empty(caster.depth + 2)
    hits = [first_hit(*o, *d, start, np.inf, stack, entry, caster) for o, d in zip(origin, direction)]
    distance, place = zip(*hits, strict=True)
    return np.array(distance), np.array(place)


def rays_of(mesh, count=400):
    """Half of them from anywhere around, half from the middle of faces, in directions of unit length."""
    rng = np.random.default_rng(0)
    low, high = mesh.pos[mesh.face].min(axis=(0, 1)), mesh.pos[mesh.face].max(axis=(0, 1))
    origin = rng.uniform(low - 0.2, high + 0.2, (count, 3))
    origin[::2] = mesh.pos[mesh.face[rng.integers(len(mesh.face), size=len(origin[::2]))]].mean(axis=1)
    target = rng.uniform(low, high, (count, 3))
    direction = target - origin
    return origin, direction / np.linalg.norm(direction, axis=1, keepdims=True)


def gap(one, other):
    """Largest difference of distances, infinite where one has a hit and the other has not."""
    same = np.isinf(one) & np.isinf(other)
    return np.where(same, 0.0, np.abs(np.where(same, 0.0, one) - np.where(same, 0.0, other))).max()


@pytest.mark.parametrize("name", MESHES)
def test_nearest_hit_is_that_of_all_triangles(name):
    mesh = MESHES[name]()
    origin, direction = rays_of(mesh)
    expected = brute_force(mesh, origin, direction, 1e-6)
    caster = RayCaster.build(mesh.pos, mesh.face)
    distance, place = cast(caster, origin, direction, 1e-6)
    assert gap(distance, expected) < 1e-6 * caster.extent
    assert (np.isinf(distance) == (place < 0)).all()
    assert np.isfinite(distance).any()
    # The point lies in the plane of the triangle that is said to be hit.
    hit = place >= 0
    corner, one, two, _ = np.split(caster.triangle[place[hit]], [3, 6, 9], axis=1)
    normal = np.cross(one, two)
    normal /= np.linalg.norm(normal, axis=1, keepdims=True)
    point = origin[hit] + distance[hit, None] * direction[hit]
    assert np.abs(((point - corner) * normal).sum(axis=1)).max() < 1e-7 * caster.extent


def test_boxes_too_small_are_found():
    """By a tenth, they hide faces that the reference hits."""
    mesh = surfaces.biped()
    origin, direction = rays_of(mesh)
    caster = RayCaster.build(mesh.pos, mesh.face)
    middle = (caster.box[:, :3] + caster.box[:, 3:]) / 2
    caster.box[:] = np.tile(middle, 2) + 0.9 * (caster.box - np.tile(middle, 2))
    distance, _ = cast(caster, origin, direction, 1e-6)
    assert gap(distance, brute_force(mesh, origin, direction, 1e-6)) == np.inf


def cube():
    box = trimesh.creation.box().subdivide().subdivide()
    return surfaces.mesh(box.vertices, box.faces)


def rays_at_edges(mesh, centre):
    """Rays to all vertices and to points of all edges, those on planes of symmetry and along the axes among them."""
    ends = np.concatenate([mesh.face[:, [0, 1]], mesh.face[:, [1, 2]], mesh.face[:, [2, 0]]])
    share = np.random.default_rng(0).uniform(size=(len(ends), 1))
    target = np.concatenate([mesh.pos, share * mesh.pos[ends[:, 0]] + (1 - share) * mesh.pos[ends[:, 1]]])
    return np.broadcast_to(centre, target.shape), target - centre


@pytest.mark.parametrize("centre", [[0, 0, 0], [0.25, 0, 0], [0.1, -0.2, 0.3]], ids=str)
@pytest.mark.parametrize("make", [cube, lambda: surfaces.icosphere(3)], ids=["cube", "sphere"])
def test_no_ray_slips_between_triangles(make, centre):
    mesh = make()
    caster = RayCaster.build(mesh.pos, mesh.face)
    distance, _ = cast(caster, *rays_at_edges(mesh, np.array(centre, dtype=float)), start=1e-6)
    assert distance.max() < 1 + 1e-6


def test_between_smaller_triangles_rays_do_slip():
    mesh = cube()
    caster = RayCaster.build(mesh.pos, mesh.face)
    caster.triangle[:, :3] += 1e-6 * (caster.triangle[:, 3:6] + caster.triangle[:, 6:9])
    caster.triangle[:, 3:9] *= 1 - 3e-6
    distance, _ = cast(caster, *rays_at_edges(mesh, np.array([0.1, -0.2, 0.3])))
    assert np.isinf(distance).any()


def test_rays_along_axes():
    """A plane of two triangles, hit at right angles from both sides, missed beside it and along it."""
    square = surfaces.mesh([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]], [[0, 1, 2], [0, 2, 3]])
    origin = np.array([[0.5, 0.5, 3], [0.5, 0.5, -2], [1.5, 0.5, 3], [-1, 0.5, 0], [0, 0, 1], [0.5, 0.5, 0]])
    direction = np.array([[0, 0, -1], [0, 0, 1], [0, 0, -1], [1, 0, 0], [0, 0, -2], [0, 0, 1]], dtype=float)
    distance, place = cast(RayCaster.build(square.pos, square.face), origin, direction)
    assert distance.tolist() == [3, 2, np.inf, np.inf, 0.5, np.inf]
    assert (place >= 0).tolist() == [True, True, False, False, True, False]
