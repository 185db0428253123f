"""Smoothing by heat flow, and gradients: closed forms, conservation, surfaces with gaps."""

import numpy as np
import pytest
import surfaces

from gaugenet.mesh.geometry import vertex_areas
from gaugenet.mesh.laplacian import smoothed, vertex_gradient


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
