"""The smooth, local basis: it sums to 1, is what its formula says, and catches the slowest vibrations."""

import numpy as np
import pytest
import surfaces

from gaugenet.mesh.geometry import vertex_areas
from gaugenet.mesh.laplacian import laplacian_spectrum
from gaugenet.surface import spectrum
from gaugenet.surface import spectrum as module
from gaugenet.surface.connection import levi_civita
from gaugenet.surface.discs import geodesic_discs
from gaugenet.surface.mesh_surface import MeshSurface
from gaugenet.surface.unfolding import Unfolding

MESHES = {
    "biped": surfaces.biped,
    "disc": surfaces.flat_disc,
    "torus": surfaces.torus,
    "two spheres": lambda: surfaces.read("known/two_spheres.ply"),
    "isolated vertex": lambda: surfaces.read("broken/isolated_vertex.off"),
    "tetrahedron": lambda: surfaces.mesh(np.eye(4)[:, :3], [[0, 1, 2], [0, 2, 3], [0, 3, 1], [1, 3, 2]]),
}


def smooth_basis(mesh, count, threads=None):
    return spectrum.smooth_basis(MeshSurface(mesh), count, threads)


def reference(mesh, count):
    """The same from geodesic discs, which do not settle vertices but improve them for as long as they can."""
    unfolding = Unfolding.build(mesh, levi_civita(mesh))
    samples = MeshSurface(mesh).farthest_points(count)
    radius = 3.0 * samples.reach[-1]
    discs = geodesic_discs(unfolding, samples.vertex, radius, np.ones(len(mesh.pos), dtype=bool))
    distance = np.full((len(mesh.pos), len(mesh.pos)), radius)
    distance[discs.index[0], discs.index[1]] = discs.log[:, 0]
    np.fill_diagonal(distance, 0.0)
    q = distance[:, samples.vertex] / radius
    weight = 1 - 3 * q**2 + 2 * q**3
    return weight / weight.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("count", [1, 3, 40, 10**6])
@pytest.mark.parametrize("name", MESHES)
def test_partition_of_unity(name, count):
    mesh = MESHES[name]()
    basis = smooth_basis(mesh, count)
    used = vertex_areas(mesh.pos, mesh.face) > 0
    assert basis.shape[0] == len(mesh.pos) and basis.shape[1] >= min(count, int(used.sum()))
    assert (basis.data >= 0).all()
    total = np.asarray(basis.sum(axis=1)).ravel()
    assert np.abs(total - used).max() < 1e-12


@pytest.mark.parametrize("surface", [surfaces.biped, surfaces.flat_disc, lambda: surfaces.uneven_sphere(700)])
def test_agrees_with_geodesic_discs(surface):
    """Where the straight line to a sample bends around the corner of a face the two may differ a little."""
    difference = np.abs(smooth_basis(surface(), 60).toarray() - reference(surface(), 60))
    assert difference.max() < 0.03
    assert difference.mean() < 1e-4


def test_functions_are_local_and_stay_on_their_component():
    mesh = surfaces.read("known/two_spheres.ply")
    overlap = smooth_basis(mesh, 200)
    assert overlap.nnz < 25 * len(mesh.pos)
    side = np.asarray(mesh.pos[:, 0] > mesh.pos[mesh.face].mean(axis=(0, 1))[0])
    on_either = [np.asarray(overlap[part].sum(axis=0)).ravel() > 0 for part in (side, ~side)]
    assert not (on_either[0] & on_either[1]).any()


def test_numbering_pose_and_size_do_not_matter():
    mesh = surfaces.biped()
    moved, number = surfaces.moved(mesh)
    here = smooth_basis(mesh, 80)
    there = smooth_basis(moved, 80)
    assert np.abs((here - there[number]).toarray()).max() < 1e-9


def test_threads_do_not_matter():
    one, many = (smooth_basis(surfaces.biped(), 200, threads) for threads in (1, 3))
    assert np.array_equal(one.data, many.data) and np.array_equal(one.indices, many.indices)


def errors(degree, count):
    """Relative errors of eigenvalues l (l + 1) of the sphere, l = 1 .. degree."""
    sphere = surfaces.icosphere(4)
    values, functions = laplacian_spectrum(sphere.pos, sphere.face, (degree + 1) ** 2, smooth_basis(sphere, count))
    area = vertex_areas(sphere.pos, sphere.face)
    assert np.abs(functions.T @ (area[:, None] * functions) - np.eye(len(values))).max() < 1e-8
    exact = np.concatenate([np.full(2 * l + 1, l * (l + 1.0)) for l in range(degree + 1)])
    return values[1:] / exact[1:] - 1


def test_spectrum_of_the_sphere():
    """Rayleigh and Ritz: eigenvalues come from above, and the closer the more functions there are."""
    few, many = errors(5, 200), errors(5, 600)
    assert few.max() < 0.035 and many.max() < 0.015
    sphere = surfaces.icosphere(4)
    exact, _ = laplacian_spectrum(sphere.pos, sphere.face, 36)
    values, _ = laplacian_spectrum(sphere.pos, sphere.face, 36, smooth_basis(sphere, 200))
    assert (values >= exact - 1e-9).all()


def test_functions_that_hardly_overlap_give_a_poor_spectrum(monkeypatch):
    monkeypatch.setattr(module, "_OVERLAP", 1.3)
    assert errors(5, 200).max() > 0.2


@pytest.mark.parametrize("name", MESHES)
def test_all_functions_span_everything(name):
    """With a function for every vertex the spectrum is that of the mesh."""
    mesh = MESHES[name]()
    basis = smooth_basis(mesh, 10**6)
    exact, _ = laplacian_spectrum(mesh.pos, mesh.face, 12)
    values, _ = laplacian_spectrum(mesh.pos, mesh.face, 12, basis)
    assert values == pytest.approx(exact, rel=1e-7, abs=1e-7 * exact.max())


def test_two_solvers_agree():
    """A large part of the spectrum is found by the dense solver, a small one by Lanczos."""
    mesh = surfaces.torus(80, 40)
    basis = smooth_basis(mesh, 1300)
    few, many = (laplacian_spectrum(mesh.pos, mesh.face, count, basis)[0] for count in (30, 500))
    assert few == pytest.approx(many[:30], rel=1e-8, abs=1e-8)
