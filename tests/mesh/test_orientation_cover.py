"""The orientation cover: oriented, manifold, twice the surface, connected exactly over surfaces with one side."""

import numpy as np
import pytest
import surfaces

from gaugenet.mesh.mesh import Mesh
from gaugenet.mesh.orientation_cover import mirror_half_edge, orientation_cover
from gaugenet.mesh.topology import find_topology

ONE_SIDED = {"moebius": surfaces.moebius, "klein": surfaces.klein_bottle, "projective": surfaces.projective_plane}
TWO_SIDED = {
    "sphere": lambda: surfaces.uneven_sphere(80),
    "disc": lambda: surfaces.flat_disc(4),
    "torus": surfaces.torus,
}
EVERY = pytest.mark.parametrize("name", [*ONE_SIDED, *TWO_SIDED])


def made(name):
    return {**ONE_SIDED, **TWO_SIDED}[name]()


@EVERY
def test_cover_is_an_oriented_surface(name):
    base = surfaces.scrambled(made(name))
    cover = orientation_cover(base)
    below, above = find_topology(base.pos, base.face), find_topology(cover.pos, cover.face)
    start, end = cover.face, np.roll(cover.face, -1, axis=1)
    ways = set(zip(start.ravel().tolist(), end.ravel().tolist()))
    assert len(ways) == start.size  # no edge is traversed twice the same way
    assert above.manifold
    assert above.orientable
    assert above.euler_characteristic == 2 * below.euler_characteristic
    assert above.components == (1 if name in ONE_SIDED else 2)
    assert above.vertices == 2 * below.vertices


@EVERY
def test_it_lies_over_the_mesh(name):
    base = surfaces.scrambled(made(name))
    cover, size, count = orientation_cover(base), len(base.pos), len(base.face)
    assert np.array_equal(cover.face[:count] % size, base.face)
    assert np.array_equal(cover.face[count:] % size, base.face[:, [0, 2, 1]])
    assert np.array_equal(cover.pos, base.pos[np.arange(2 * size) % size])
    # The first face at a vertex is as given over the vertex itself.
    first = np.unique(base.face, return_index=True)[1]
    assert (cover.face[:count].ravel()[first] < size).all()
    # Changing sides is a symmetry: faces go to faces, the other way round.
    swapped = (cover.face + size) % (2 * size)
    assert {tuple(sorted(f)) for f in swapped.tolist()} == {tuple(sorted(f)) for f in cover.face.tolist()}


@EVERY
def test_mirrored_half_edges(name):
    base = surfaces.scrambled(made(name))
    cover, size, count = orientation_cover(base), len(base.pos), len(base.face)
    h = np.arange(6 * count)
    start, end = cover.face.ravel(), np.roll(cover.face, -1, axis=1).ravel()
    back = mirror_half_edge(h, count)
    assert np.array_equal(mirror_half_edge(back, count), h)
    assert np.array_equal(start[back], (end + size) % (2 * size))
    assert np.array_equal(end[back], (start + size) % (2 * size))


def test_an_isolated_vertex_stays_isolated():
    moebius = surfaces.moebius()
    base = Mesh(np.concatenate([moebius.pos, np.ones((1, 3))]), moebius.face, moebius.kept, orientable=False)
    cover = orientation_cover(base)
    lonely = np.bincount(cover.face.ravel(), minlength=len(cover.pos)) == 0
    assert np.flatnonzero(lonely).tolist() == [len(moebius.pos), 2 * len(moebius.pos) + 1]
