"""The vector heat method as a second opinion: independent of the discs, and close to them."""

import sys

import numpy as np
import pytest
import surfaces

from gaugenet.bundle.connection import levi_civita
from gaugenet.bundle.edges import BundleEdges
from gaugenet.bundle.frame_bundle import build_bundle
from gaugenet.bundle.geodesic import geodesic_discs
from gaugenet.bundle.unfolding import Unfolding
from gaugenet.bundle.vector_heat import vector_heat_discs


@pytest.mark.parametrize(
    ("make", "radius", "bound"),
    [
        (lambda: surfaces.icosphere(3), 0.5, (0.02, 0.03, 0.03)),
        (lambda: surfaces.torus(36, 18), 0.35, (0.02, 0.06, 0.06)),
        (surfaces.biped, 0.12, (0.02, 0.06, 0.06)),
    ],
    ids=["icosphere", "torus", "biped"],
)
def test_the_two_methods_agree(make, radius, bound):
    """Medians of the differences in radius (over the disc's), direction and transport."""
    mesh = make()
    connection = levi_civita(mesh)
    centres = np.sort(np.random.default_rng(0).choice(len(mesh.pos), 12, replace=False))
    wanted = np.ones(len(mesh.pos), dtype=bool)
    edges = geodesic_discs(Unfolding.build(mesh, connection), centres, radius, wanted)
    other = vector_heat_discs(mesh, connection, edges)
    assert np.array_equal(edges.index, other.index)
    difference = (
        np.abs(edges.log[:, 0] - other.log[:, 0]) / radius,
        surfaces.turned(edges.log[:, 1] - other.log[:, 1]),
        surfaces.turned(edges.transport - other.transport),
    )
    assert (np.median(difference, axis=1) < bound).all()
    # A reflected or swapped convention would be far off.
    assert np.median(surfaces.turned(edges.log[:, 1] + other.log[:, 1])) > 0.3
    assert np.median(surfaces.turned(edges.transport + other.transport)) > 0.3


def test_it_is_a_method_of_the_bundle():
    mesh = surfaces.icosphere(2)
    ours, theirs = (build_bundle(mesh, radius=0.6, method=method) for method in ("geodesic", "vector_heat"))
    assert np.array_equal(ours.edges.index, theirs.edges.index)
    assert not np.array_equal(ours.edges.log, theirs.edges.log)
    assert ours.edges.log[:, 0] == pytest.approx(theirs.edges.log[:, 0], rel=0.1)


def test_components_keep_to_themselves():
    mesh = surfaces.read("known/two_spheres.ply")
    ours, theirs = (build_bundle(mesh, radius=0.5, method=method) for method in ("geodesic", "vector_heat"))
    assert ours.edges.log[:, 0] == pytest.approx(theirs.edges.log[:, 0], abs=0.02)
    assert surfaces.turned(ours.edges.transport - theirs.edges.transport).max() < 0.02


def test_answers_that_are_not_finite_are_refused():
    """Such as those between components."""
    mesh = surfaces.read("known/two_spheres.ply")
    other = mesh.pos[:, 0] > 1.25
    j, i = np.flatnonzero(other)[:1], np.flatnonzero(~other)[:1]
    edges = BundleEdges(np.stack([j, i]), np.zeros((1, 2)), np.zeros(1))
    with pytest.raises(ValueError, match="split the mesh into components"):
        vector_heat_discs(mesh, levi_civita(mesh), edges)


def test_isolated_vertices_pass():
    bundle = build_bundle(surfaces.read("broken/isolated_vertex.off"), radius=2.0, method="vector_heat")
    assert np.isfinite(bundle.edges.log).all()


def test_without_potpourri3d_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "potpourri3d", None)
    with pytest.raises(ImportError, match=r'needs potpourri3d, .*: pip install "gaugenet\[vector-heat\]"'):
        build_bundle(surfaces.icosphere(1), radius=0.6, method="vector_heat")
