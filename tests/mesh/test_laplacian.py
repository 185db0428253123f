"""The Laplacian: identities of finite elements, spectra in closed form; smoothing by heat flow, and gradients."""

import numpy as np
import pytest
import surfaces

from gaugenet.mesh.geometry import face_areas, vertex_areas
from gaugenet.mesh.laplacian import cotangent_laplacian, laplacian_spectrum, smoothed, vertex_gradient

MESHES = {
    "icosphere": lambda: surfaces.icosphere(2),
    "disc": surfaces.flat_disc,
    "cylinder": surfaces.cylinder,
    "biped": surfaces.biped,
    "isolated vertex": lambda: surfaces.read("broken/isolated_vertex.off"),
}


@pytest.fixture(params=MESHES)
def mesh(request):
    return MESHES[request.param]()


def test_constants_are_harmonic_and_the_matrix_is_its_own_adjoint(mesh):
    laplacian = cotangent_laplacian(mesh.pos, mesh.face)
    assert np.abs(laplacian @ np.ones(len(mesh.pos))).max() < 1e-12
    rng = np.random.default_rng(0)
    f, g = rng.normal(size=(2, len(mesh.pos)))
    assert f @ (laplacian @ g) == pytest.approx((laplacian @ f) @ g, rel=1e-12)
    assert f @ (laplacian @ f) > 0


@pytest.mark.parametrize("gradient", [[1.0, 0.0], [0.3, -2.0]])
def test_energy_of_a_linear_function_in_the_plane(gradient):
    """<f, L f> = area |grad f|^2, exactly; and L f = 0 at interior vertices."""
    disc = surfaces.flat_disc()
    laplacian = cotangent_laplacian(disc.pos, disc.face)
    f = disc.pos[:, :2] @ gradient
    assert f @ (laplacian @ f) == pytest.approx(
        face_areas(disc.pos, disc.face).sum() * np.square(gradient).sum(), rel=1e-12
    )
    interior = np.linalg.norm(disc.pos, axis=1) < 0.99
    assert np.abs((laplacian @ f)[interior]).max() < 1e-12


def test_energy_does_not_depend_on_scale():
    mesh = surfaces.biped()
    difference = cotangent_laplacian(7.0 * mesh.pos, mesh.face) - cotangent_laplacian(mesh.pos, mesh.face)
    assert np.abs(difference.data).max() < 1e-9


def test_energy_of_the_positions_is_twice_the_area(mesh):
    """sum of <x, L x> over the three coordinates, exactly (Pinkall & Polthier 1993); other weights miss it."""
    twice = 2 * face_areas(mesh.pos, mesh.face).sum()
    laplacian = cotangent_laplacian(mesh.pos, mesh.face)
    assert np.einsum("va,va->", mesh.pos, laplacian @ mesh.pos) == pytest.approx(twice, rel=1e-9)
    laplacian.data[:] = np.sign(laplacian.data)
    assert np.einsum("va,va->", mesh.pos, laplacian @ mesh.pos) != pytest.approx(twice, rel=1e-2)


def relative_errors(subdivisions, degree):
    sphere = surfaces.icosphere(subdivisions)
    values, _ = laplacian_spectrum(sphere.pos, sphere.face, (degree + 1) ** 2)
    exact = np.concatenate([np.full(2 * l + 1, l * (l + 1.0)) for l in range(degree + 1)])
    return np.abs(values - exact)[1:] / exact[1:]


def test_spectrum_of_the_sphere():
    """Eigenvalues l (l + 1), each 2 l + 1 times; the error falls with the square of the edge length."""
    coarse, fine = relative_errors(3, 6), relative_errors(4, 6)
    assert coarse.max() < 0.065
    assert fine.max() < 0.018
    assert np.log2(coarse.max() / fine.max()) > 1.8


def test_spectrum_of_the_flat_disc():
    """Neumann: squares of the zeros of J_n': 1.84118 twice, 3.05424 twice, 3.83171."""
    disc = surfaces.flat_disc(24)
    values, _ = laplacian_spectrum(disc.pos, disc.face, 6)
    assert np.sqrt(values[1:]) == pytest.approx([1.84118, 1.84118, 3.05424, 3.05424, 3.83171], rel=6e-3)


@pytest.mark.parametrize("count", [20, 300])
def test_eigenfunctions_are_orthonormal_solutions(count):
    """By the sparse solver and by the dense one, with areas as masses."""
    mesh = surfaces.uneven_sphere(400)
    values, functions = laplacian_spectrum(mesh.pos, mesh.face, count)
    area = vertex_areas(mesh.pos, mesh.face)
    assert functions.shape == (400, count)
    assert (np.diff(values) >= -1e-9).all()
    assert np.abs(functions.T @ (area[:, None] * functions) - np.eye(count)).max() < 1e-8
    rest = cotangent_laplacian(mesh.pos, mesh.face) @ functions - area[:, None] * functions * values
    assert np.abs(rest).max() < 1e-8
    assert np.abs(functions[:, 0] - functions[0, 0]).max() < 1e-8


def test_solvers_agree():
    mesh = surfaces.uneven_sphere(400)
    sparse, dense = (laplacian_spectrum(mesh.pos, mesh.face, count)[0][:20] for count in (20, 300))
    assert sparse == pytest.approx(dense, rel=1e-9, abs=1e-9)


def test_spectrum_is_repeatable_and_scales():
    mesh = surfaces.biped()
    values, functions = laplacian_spectrum(mesh.pos, mesh.face, 24)
    again, same = laplacian_spectrum(mesh.pos, mesh.face, 24)
    assert np.array_equal(values, again) and np.array_equal(functions, same)
    scaled, _ = laplacian_spectrum(10 * mesh.pos, mesh.face, 24)
    assert 100 * scaled == pytest.approx(values, rel=1e-7, abs=1e-7)


def test_vertices_without_area_take_no_part():
    mesh = surfaces.read("broken/isolated_vertex.off")
    values, functions = laplacian_spectrum(mesh.pos, mesh.face, 99)
    assert functions.shape == (19, 18)
    assert (functions[18] == 0).all()
    assert values[1] > 0


def test_each_component_has_its_constant():
    mesh = surfaces.read("known/two_spheres.ply")
    values, _ = laplacian_spectrum(mesh.pos, mesh.face, 4)
    assert values[:2] == pytest.approx([0, 0], abs=1e-9)
    assert values[2] > 1


def test_a_sliver_does_not_swamp_its_neighbours():
    pos = np.array([[0.0, 0, 0], [1, 0, 0], [0.5, 1e-7, 0], [0.5, 1, 0], [0.5, -1, 0]])
    face = np.array([[0, 1, 2], [0, 2, 3], [2, 1, 3], [1, 0, 4]])
    laplacian = cotangent_laplacian(pos, face)
    assert np.abs(laplacian.toarray()).max() <= 2e4
    assert np.abs(laplacian @ np.ones(5)).max() < 1e-9


def test_a_harmonic_of_the_sphere_shrinks():
    """z has the eigenvalue 2: one implicit step over the time t takes it to z / (1 + 2 t), t in units of 4 pi."""
    sphere = surfaces.icosphere(4)
    z = sphere.pos[:, 2]
    for time in (1e-3, 1e-2):
        u = smoothed(sphere, z, np.ones(len(z)), time)
        assert np.abs(u - z / (1 + 2 * time * 4 * np.pi)).max() < 2e-3


@pytest.mark.parametrize("mesh", [surfaces.biped(), surfaces.flat_disc(), surfaces.torus()], ids=str)
def test_mean_is_kept_and_noise_is_not(mesh):
    area = vertex_areas(mesh.pos, mesh.face)
    noise = np.random.default_rng(0).normal(size=len(mesh.pos))
    u = smoothed(mesh, noise, np.ones(len(noise)), 1e-2)
    assert area @ u == pytest.approx(area @ noise, abs=1e-6 * area.sum())
    assert u.std() < 0.2
    assert smoothed(mesh, noise, np.ones(len(noise)), 0.0) == pytest.approx(noise)


def test_gaps_are_filled_from_around():
    """A linear function goes on across a hole in what is known; what stands there does not matter."""
    disc = surfaces.flat_disc(24)
    x = disc.pos[:, 0]
    hole = np.linalg.norm(disc.pos - [0.4, 0, 0], axis=1) < 0.2
    u, other = (smoothed(disc, np.where(hole, junk, x), np.where(hole, 0.0, 1.0), 1e-4) for junk in (0.0, 1e3))
    assert np.array_equal(u, other)
    assert np.abs(u - x)[hole].max() < 0.05
    assert np.abs(smoothed(disc, np.where(hole, 0.0, x), np.ones(len(x)), 1e-4) - x)[hole].max() > 0.2


def test_nothing_known_and_isolated_vertices():
    lonely = surfaces.read("broken/isolated_vertex.off")
    known, value = np.ones(len(lonely.pos)), np.full(len(lonely.pos), 3.0)
    assert smoothed(lonely, value, known, 1e-3) == pytest.approx(value)
    assert not smoothed(lonely, value, 0 * known, 1e-3).any()
    value[vertex_areas(lonely.pos, lonely.face) == 0] = 7.0
    assert smoothed(lonely, value, known, 1e-3) == pytest.approx(np.full(len(value), 3.0))


def test_gradient_of_a_linear_function():
    """Exact in a plane, boundary and slivers included; its tangential part on the sphere, to first order."""
    slope = np.array([2.0, -1.0, 0.0])
    for stretch in (1.0, 1e-4):
        disc = surfaces.flat_disc()
        mesh = surfaces.mesh(disc.pos * [1, stretch, 1], disc.face)
        assert vertex_gradient(mesh, mesh.pos @ slope) == pytest.approx(np.tile(slope, (len(mesh.pos), 1)), abs=1e-9)
    error = []
    for level in (2, 3, 4):
        sphere = surfaces.icosphere(level)
        exact = slope - (sphere.pos @ slope)[:, None] * sphere.pos
        error.append(np.abs(vertex_gradient(sphere, sphere.pos @ slope) - exact).max())
    assert error[0] > 1.8 * error[1] > 3.2 * error[2]


def test_gradient_of_a_constant_and_at_isolated_vertices():
    lonely = surfaces.read("broken/isolated_vertex.off")
    assert np.abs(vertex_gradient(lonely, np.ones(len(lonely.pos)))).max() < 1e-12
    alone = vertex_areas(lonely.pos, lonely.face) == 0
    assert not vertex_gradient(lonely, lonely.pos[:, 0])[alone].any()
