"""Invariants of surfaces that everybody knows, and of complexes that are no surface."""

from dataclasses import asdict

import numpy as np
import pytest
import trimesh

from gaugenet.mesh.clean import clean_mesh
from gaugenet.mesh.topology import find_topology

TETRAHEDRON = np.array([[0, 2, 1], [0, 1, 3], [1, 2, 3], [0, 3, 2]])
CORNERS = np.array([[0.0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]])


def arrays(mesh):
    return np.array(mesh.vertices), np.array(mesh.faces)


def strip(n, twisted):
    """A closed strip of 2n faces: a cylinder, or a Möbius strip."""
    face = [[[i, i + 1, i + n], [i + 1, i + n + 1, i + n]] for i in range(n - 1)]
    last = [[n - 1, n, 2 * n - 1], [n, 0, 2 * n - 1]] if twisted else [[n - 1, 0, 2 * n - 1], [0, n, 2 * n - 1]]
    return np.random.default_rng(0).normal(size=(2 * n, 3)), np.array([*face, last]).reshape(-1, 3)


def union(*meshes):
    offset = np.cumsum([0] + [len(pos) for pos, _ in meshes])
    return np.concatenate([p for p, _ in meshes]), np.concatenate([f + o for (_, f), o in zip(meshes, offset)])


TORUS = arrays(trimesh.creation.torus(1.0, 0.3, 12, 8))
SPHERE = arrays(trimesh.creation.icosphere(2))
PIERCED = SPHERE[0], np.delete(SPHERE[1], [0, 200], axis=0)
# name: mesh, (components, boundary loops, Euler characteristic, genus, orientable, manifold)
SURFACES = {
    "tetrahedron": ((CORNERS, TETRAHEDRON), (1, 0, 2, 0, True, True)),
    "sphere": (SPHERE, (1, 0, 2, 0, True, True)),
    "torus": (TORUS, (1, 0, 0, 1, True, True)),
    "cylinder": (strip(7, False), (1, 2, 0, 0, True, True)),
    "moebius": (strip(7, True), (1, 1, 0, None, False, True)),
    "pierced sphere": (PIERCED, (1, 2, 0, 0, True, True)),
    "sphere and torus": (union(SPHERE, TORUS), (2, 0, 2, 1, True, True)),
    "two tori and a cylinder": (union(TORUS, TORUS, strip(5, False)), (3, 2, 0, 2, True, True)),
    "three pages": ((np.zeros((5, 3)), np.array([[0, 1, 2], [0, 1, 3], [0, 1, 4]])), (1, 1, 1, None, True, False)),
    "two fans": ((np.zeros((5, 3)), np.array([[0, 1, 2], [0, 3, 4]])), (1, 2, 1, None, True, False)),
    "isolated vertices": ((np.zeros((9, 3)), TETRAHEDRON + 3), (1, 0, 2, 0, True, True)),
    "no faces": ((CORNERS, np.zeros((0, 3), int)), (0, 0, 0, 0, True, True)),
}


@pytest.mark.parametrize("mesh, expected", SURFACES.values(), ids=SURFACES)
def test_known_surfaces(mesh, expected):
    topology = find_topology(*mesh)
    names = ["components", "boundary_loops", "euler_characteristic", "genus", "orientable", "manifold"]
    assert tuple(getattr(topology, name) for name in names) == expected
    assert (topology.vertices, topology.faces) == (len(mesh[0]), len(mesh[1]))
    assert all(type(value) in (int, bool, type(None)) for value in asdict(topology).values())


@pytest.mark.parametrize("mesh", [SPHERE, TORUS, PIERCED, strip(7, True)])
def test_numbering_orientation_and_copies_change_nothing(mesh):
    pos, face = mesh
    rng = np.random.default_rng(0)
    before = asdict(find_topology(pos, face))
    face = rng.permutation(len(pos))[rng.permutation(face)]
    face[::3] = face[::3, ::-1]
    face = np.concatenate([face, face[:2, ::-1], [[0, 1, 1], [0, 1, len(pos)], [-1, 1, 2]]])
    after = asdict(find_topology(pos, face))
    assert after.pop("faces") == before.pop("faces") + 5
    assert after == before


def test_a_clean_mesh_is_manifold_and_orientable():
    rng = np.random.default_rng(0)
    pos, face = rng.normal(size=(40, 3)), rng.integers(0, 40, (60, 3))
    assert not find_topology(pos, face).manifold
    with pytest.warns(UserWarning, match="cleaned"):
        topology = find_topology(pos, clean_mesh(pos, face).face)
    assert topology.manifold and topology.orientable
