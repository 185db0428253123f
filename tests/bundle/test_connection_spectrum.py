"""Stiffness weights and modes of the connection Laplacian: symmetry, closed forms, a dense reference, components."""

import numpy as np
import pytest
import scipy.linalg
import surfaces

from gaugenet.bundle.connection_laplacian import connection_spectrum, section_laplacian
from gaugenet.surface.stiffness import kernel_stiffness

SURFACES = {
    "sphere": lambda **settings: surfaces.bundle(surfaces.uneven_sphere(150), **settings),
    "disc": lambda **settings: surfaces.bundle(surfaces.flat_disc(6), **settings),
    "klein bottle": lambda **settings: surfaces.bundle(surfaces.klein_bottle(), **settings),
    "points": lambda **settings: surfaces.point_bundle(surfaces.uneven_sphere(150).pos, **settings),
}


def rho_of(edges, order):
    """What transport does to a pair of an order."""
    cos, sin = np.cos(order * edges.transport), np.sin(order * edges.transport)
    sign = np.ones(len(cos)) if edges.flip is None else 1 - 2.0 * edges.flip
    return np.stack([cos, -sign * sin, sin, sign * cos], axis=1).reshape(-1, 2, 2)


def dense(edges, stiffness, rho, area):
    """Eigenvalues by a dense solver."""
    half = np.repeat(area, rho.shape[1]) ** -0.5
    return np.linalg.eigvalsh(
        section_laplacian(edges.index, stiffness, rho, len(area)).toarray() * np.outer(half, half)
    )


def sphere_eigenvalues(order, count):
    """l (l + 1) - n^2 of l = n, n + 1, ..., 2 l + 1 times as complex numbers, so twice as many of pairs."""
    found = []
    for degree in range(order, order + count):
        found += [degree * (degree + 1) - order**2] * ((2 * degree + 1) * (2 if order else 1))
    return np.array(found[:count], dtype=float)


@pytest.mark.parametrize("neighbours", [None, 10])
@pytest.mark.parametrize("name", SURFACES)
def test_weights_are_symmetric_and_not_negative(name, neighbours):
    bundle = SURFACES[name](neighbours=neighbours, levels=(40,), level_neighbours=8)
    for stage in (bundle, *bundle.levels):
        source, target = stage.edges.index
        matrix = np.zeros((len(stage.area), len(stage.area)))
        matrix[target, source] = stage.stiffness
        assert np.array_equal(matrix, matrix.T)
        assert (stage.stiffness > 0).all()


@pytest.mark.parametrize("name", SURFACES)
def test_weights_do_not_depend_on_the_unit_of_length(name):
    """In two dimensions the energy of a function has no unit."""
    bundle = SURFACES[name](neighbours=10)
    edges = type(bundle.edges)(bundle.edges.index, 1e3 * bundle.edges.log, bundle.edges.transport)
    other = kernel_stiffness(edges, 1e6 * bundle.area, 1e3 * bundle.radius)
    assert other == pytest.approx(bundle.stiffness, rel=1e-12)


@pytest.mark.parametrize("order", [0, 1, 2])
@pytest.mark.parametrize(
    ("size", "stage", "bound"),
    [(642, "ring", 0.02), (2562, "ring", 0.005), (642, "discs", 0.06), (2562, "discs", 0.02), (2562, "level", 0.08)],
)
def test_the_sphere(order, size, stage, bound):
    """The mean error of the first eigenvalues above 0; without transport those of order n are those of order 0."""
    settings = {"ring": {}, "discs": {"neighbours": 30}, "level": {"levels": (512,)}}[stage]
    bundle = surfaces.bundle(surfaces.uneven_sphere(size), **settings)
    at = bundle.levels[0] if stage == "level" else bundle
    rho = np.ones((len(at.stiffness), 1, 1)) if order == 0 else rho_of(at.edges, order)
    count = 30 if order else 16
    value = connection_spectrum(at.edges.index, at.stiffness, rho, at.area, count)[0]
    expected = sphere_eigenvalues(order, count)
    some = expected > 0
    assert np.abs(value[some] / expected[some] - 1).mean() < bound
    assert (np.abs(value[~some]) < 1e-6).all()
    if order:
        flat = connection_spectrum(at.edges.index, at.stiffness, np.abs(np.eye(2)) + 0 * rho, at.area, 30)[0]
        assert np.abs(flat / expected - 1).mean() > 0.2


def test_the_kernel_converges_at_second_order():
    """A first eigenvalue of functions, 6, on discs of 30: four times the vertices, a quarter of the error."""
    errors = []
    for subdivisions in (2, 3, 4):
        bundle = surfaces.bundle(surfaces.icosphere(subdivisions), neighbours=30)
        rho = np.ones((len(bundle.stiffness), 1, 1))
        value = connection_spectrum(bundle.edges.index, bundle.stiffness, rho, bundle.area, 10)[0]
        errors.append(abs(value[4:9].mean() / 6 - 1))
    assert errors[0] / errors[1] > 3 and errors[1] / errors[2] > 3


@pytest.mark.parametrize("count", [20, 64, 400])
@pytest.mark.parametrize("kind", ["functions", "pairs"])
@pytest.mark.parametrize("name", SURFACES)
def test_modes_are_those_of_a_dense_solver(name, kind, count):
    """Eigenvalues, orthonormal eigenfields, zeros where there are no more; reflected pairs as well as complex ones."""
    bundle = SURFACES[name](neighbours=10)
    edges, area = bundle.edges, bundle.area
    rho = np.ones((len(area) and len(bundle.stiffness), 1, 1)) if kind == "functions" else rho_of(edges, 2)
    value, field = connection_spectrum(edges.index, bundle.stiffness, rho, area, count)
    size = rho.shape[1]
    there = min(count, size * len(area))
    assert value.shape == (count,) and field.shape == (len(area), size, count)
    scale = dense(edges, bundle.stiffness, rho, area)[there - 1]
    assert np.abs(value[:there] - dense(edges, bundle.stiffness, rho, area)[:there]).max() < 1e-9 * scale
    assert (value[there:] == 0).all() and (field[:, :, there:] == 0).all()
    flat, mass = field.reshape(-1, count), np.repeat(area, size)[:, None]
    assert np.abs(flat.T @ (mass * flat) - np.diag(np.arange(count) < there)).max() < 1e-10
    matrix = section_laplacian(edges.index, bundle.stiffness, rho, len(area))
    assert np.abs(matrix @ flat - mass * flat * value).max() < 1e-9 * np.abs(mass * flat * scale).max()


@pytest.mark.parametrize("order", [0, 1, 3])
def test_no_copy_of_a_multiple_eigenvalue_is_missed(order):
    """The icosphere has multiple ones; complex solvers leave their vectors askew, unless that is put right."""
    bundle = surfaces.bundle(surfaces.icosphere(3))
    rho = np.ones((len(bundle.stiffness), 1, 1)) if order == 0 else rho_of(bundle.edges, order)
    value, field = connection_spectrum(bundle.edges.index, bundle.stiffness, rho, bundle.area, 64)
    assert value == pytest.approx(dense(bundle.edges, bundle.stiffness, rho, bundle.area)[:64], abs=1e-9)
    flat = field.reshape(-1, 64)
    assert np.abs(flat.T @ (bundle.area.repeat(rho.shape[1])[:, None] * flat) - np.eye(64)).max() < 1e-10


def test_components_have_modes_of_their_own():
    """Two equal spheres: every eigenvalue twice, every eigenfield on one of them; constants on each."""
    mesh = surfaces.read("known/two_spheres.ply")
    bundle = surfaces.bundle(mesh)
    rho = np.ones((len(bundle.stiffness), 1, 1))
    value, field = connection_spectrum(bundle.edges.index, bundle.stiffness, rho, bundle.area, 12)
    matrix = section_laplacian(bundle.edges.index, bundle.stiffness, rho, len(bundle.area)).toarray()
    expected = scipy.linalg.eigh(matrix, np.diag(bundle.area), eigvals_only=True)[:12]
    assert value == pytest.approx(expected, abs=1e-9 * expected[-1])
    assert (value[:2] < 1e-9).all() and value[2] > 0.1
    on = [np.abs(field[part, 0]).max(axis=0) > 0 for part in np.split(np.arange(len(field)), 2)]
    assert (on[0] ^ on[1]).all()


def test_vertices_without_faces_take_no_part():
    mesh = surfaces.read("broken/isolated_vertex.off")
    bundle = surfaces.bundle(mesh)
    rho = rho_of(bundle.edges, 1)
    value, field = connection_spectrum(bundle.edges.index, bundle.stiffness, rho, bundle.area, 60)
    used = np.unique(mesh.face)
    assert (np.delete(field, used, axis=0) == 0).all() and np.isfinite(field).all()
    assert (np.abs(field).sum(axis=(0, 1)) > 0).sum() == 2 * len(used)
    assert (np.diff(value[: 2 * len(used)]) >= 0).all()


def test_it_is_repeatable():
    bundle = surfaces.bundle(surfaces.uneven_sphere(642))
    one, other = (
        connection_spectrum(bundle.edges.index, bundle.stiffness, rho_of(bundle.edges, 1), bundle.area, 16)
        for _ in range(2)
    )
    assert np.array_equal(one[0], other[0]) and np.array_equal(one[1], other[1])
