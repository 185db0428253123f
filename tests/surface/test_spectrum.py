"""Vibrations sought among few smooth functions: close to the true ones, and following the shape alone."""

import numpy as np
import pytest
import surfaces

from gaugenet.mesh.signatures import heat_kernel_signature
from gaugenet.surface import spectrum
from gaugenet.surface.mesh_surface import MeshSurface


def signature(mesh):
    return heat_kernel_signature(*spectrum.surface_spectrum(MeshSurface(mesh), 60), 16, (3e-3, 1.0))


def reduced_and_exact(mesh, monkeypatch, functions):
    exact = signature(mesh)
    monkeypatch.setattr(spectrum, "_FUNCTIONS", functions)
    monkeypatch.setattr(spectrum, "_SMALL", 0.0)
    return signature(mesh), exact


@pytest.mark.parametrize(("functions", "bound"), [(300, 0.025), (900, 0.012)])
def test_reduced_signature_is_close(functions, bound, monkeypatch):
    """To the one from true eigenfunctions, measured by the spread of each channel; with more functions closer."""
    reduced, exact = reduced_and_exact(surfaces.biped(), monkeypatch, functions)
    error = np.sqrt(np.square(reduced - exact).mean(axis=0)) / exact.std(axis=0)
    assert error.max() < 4 * bound
    assert error.mean() < bound


def test_reduced_signature_does_not_depend_on_numbering_pose_and_size(monkeypatch):
    mesh = surfaces.biped()
    moved, number = surfaces.moved(mesh)
    reduced, _ = reduced_and_exact(mesh, monkeypatch, 300)
    there = signature(moved)
    assert np.abs(there[number] - reduced).max() < 1e-7
    assert np.array_equal(there, signature(moved))


@pytest.mark.parametrize("name", ["known/two_spheres.ply", "broken/isolated_vertex.off", "broken/zero_area_face.off"])
def test_reduced_signature_of_awkward_meshes(name, monkeypatch):
    """Few vertices, several components, isolated vertices: as many functions as vertices lose nothing."""
    reduced, exact = reduced_and_exact(surfaces.read(name), monkeypatch, 10**4)
    assert np.abs(reduced - exact).max() < 1e-5
