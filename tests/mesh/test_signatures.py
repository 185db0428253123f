"""Signatures of heat and waves: closed forms on the plane and the sphere, isometries, symmetries."""

import numpy as np
import pytest
import surfaces

from gaugenet.mesh.geometry import vertex_areas
from gaugenet.mesh.signatures import heat_kernel_signature, wave_kernel_signature
from gaugenet.surface.mesh_surface import MeshSurface
from gaugenet.surface.spectrum import surface_spectrum


def test_the_plane_has_no_signature():
    """log(4 pi t K_t) = 0 away from the boundary, at times short against the way there."""
    disc = surfaces.flat_disc(24)
    signature = heat_kernel_signature(*surface_spectrum(MeshSurface(disc), 150), 3, (5e-3, 1e-2))
    inside = np.linalg.norm(disc.pos, axis=1) < 0.5
    assert np.abs(signature[inside]).max() < 0.05
    rim = np.linalg.norm(disc.pos, axis=1) > 0.999
    assert signature[rim].min() > 0.4  # at the boundary heat is reflected: up to twice as much stays, log 2


def test_signature_of_the_sphere():
    """K_t = sum_l (2 l + 1) exp(-l (l + 1) t) / 4 pi on the unit sphere, the same everywhere."""
    sphere = surfaces.icosphere(4)
    times = np.logspace(-2, 0, 4)  # in units of the area 4 pi
    l = np.arange(60)[:, None]
    t = 4 * np.pi * times
    exact = np.log(t * ((2 * l + 1) * np.exp(-l * (l + 1) * t)).sum(axis=0))
    signature = heat_kernel_signature(*surface_spectrum(MeshSurface(sphere), 96), 4, (1e-2, 1.0))
    assert np.abs(signature - exact).max() < 0.02
    assert np.ptp(signature, axis=0).max() < 0.01


def test_signature_of_a_large_sphere():
    """The same where eigenfunctions are sought among smooth functions, to a few hundredths of a unit of log."""
    sphere = surfaces.icosphere(5)
    times = np.logspace(-2, 0, 4)
    l = np.arange(60)[:, None]
    t = 4 * np.pi * times
    exact = np.log(t * ((2 * l + 1) * np.exp(-l * (l + 1) * t)).sum(axis=0))
    signature = heat_kernel_signature(*surface_spectrum(MeshSurface(sphere), 96), 4, (1e-2, 1.0))
    assert np.abs(signature - exact).max() < 0.03
    assert np.abs(signature - exact).max() > 1e-4  # the mesh is large enough to take this way


def test_waves_of_the_sphere_are_the_same_everywhere():
    """W = 1 by the addition theorem: squares of the harmonics of a degree sum to a constant."""
    waves = wave_kernel_signature(*surface_spectrum(MeshSurface(surfaces.icosphere(4)), 96), 8)
    assert np.abs(waves).max() < 0.05


def test_waves_are_one_on_average():
    """Eigenfunctions are orthonormal: what is more in one place is less elsewhere."""
    mesh = surfaces.biped()
    area = vertex_areas(mesh.pos, mesh.face)
    waves = 1.1 * np.exp(wave_kernel_signature(*surface_spectrum(MeshSurface(mesh), 96), 8)) - 0.1
    assert area @ waves / area.sum() == pytest.approx(np.ones(8), abs=1e-6)
    assert waves.min() > -1e-9 and waves.std(axis=0).min() > 0.1


def test_waves_of_one_energy_see_one_vibration():
    """Of two eigenvalues far apart the signature at either shows the square of its own function."""
    value, function = np.array([0.0, 4.0, 500.0, 1e6]), np.random.default_rng(0).normal(size=(50, 4))
    low, high = wave_kernel_signature(value, function, 30)[:, [0, -1]].T
    assert low == pytest.approx(np.log((function[:, 1] ** 2 + 0.1) / 1.1))
    assert high == pytest.approx(np.log((function[:, 2] ** 2 + 0.1) / 1.1))


@pytest.mark.parametrize("spectrum", [([0.0], [[1.0]]), ([0.0, 0.0], [[1.0, 0.0], [0.0, 1.0]])], ids=str)
def test_nothing_that_moves_has_a_finite_signature(spectrum):
    waves = wave_kernel_signature(*(np.array(part) for part in spectrum), 3)
    assert np.isfinite(waves).all() and np.ptp(waves) == 0
