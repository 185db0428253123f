"""Cleaning: laws for any soup of faces, then each repair and each refusal on the smallest example."""

import warnings

import numpy as np
import pytest
import trimesh
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from gaugenet.mesh.clean import clean_mesh, find_defects
from gaugenet.mesh.mesh import MeshWarning

TETRAHEDRON = np.array([[0, 2, 1], [0, 1, 3], [1, 2, 3], [0, 3, 2]])
CORNERS = np.array([[0.0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]])


def icosphere(subdivisions=1):
    mesh = trimesh.creation.icosphere(subdivisions)
    return np.array(mesh.vertices), np.array(mesh.faces)


def silent(pos, face):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", MeshWarning)
        return clean_mesh(pos, face)


def violations(face):
    """Name the laws of a clean mesh that `face` breaks, found the slow and obvious way."""
    broken = set()
    ways = [(f[k], f[(k + 1) % 3]) for f in face.tolist() for k in range(3)]
    if len(set(ways)) < len(ways):
        broken.add("edge traversed twice in one direction")
    for vertex in np.unique(face):
        link = {}
        for f in face[(face == vertex).any(axis=1)].tolist():
            k = f.index(vertex)
            for a, b in ((f[k - 1], f[k - 2]), (f[k - 2], f[k - 1])):
                link.setdefault(a, set()).add(b)
        reached, stack = set(), [next(iter(link))]
        while stack:
            v = stack.pop()
            if v not in reached:
                reached.add(v)
                stack += link[v]
        if reached != set(link):
            broken.add("several fans at a vertex")
    return broken


@st.composite
def soups(draw):
    num_vertices = draw(st.integers(3, 9))
    face = draw(arrays(np.int64, (draw(st.integers(1, 14)), 3), elements=st.integers(0, num_vertices - 1)))
    pos = np.random.default_rng(draw(st.integers(0, 99))).normal(size=(num_vertices, 3))
    return pos, face


@given(soups())
@settings(max_examples=300)
def test_any_soup_becomes_an_oriented_manifold_or_is_refused_by_name(soup):
    pos, face = soup
    try:
        mesh = silent(pos, face)
    except ValueError as error:
        assert "usable face" in str(error) or "not orientable" in str(error)
        return
    assert len(mesh.face) > 0
    assert violations(mesh.face) == set()
    assert np.array_equal(np.sort(face[mesh.kept], axis=1), np.sort(mesh.face, axis=1))
    assert (np.diff(mesh.kept) > 0).all()
    again = silent(mesh.pos, mesh.face)
    assert np.array_equal(again.face, mesh.face) and np.array_equal(again.pos, pos)


@given(soups())
@settings(max_examples=100)
def test_defects_are_found_exactly_where_cleaning_acts(soup):
    pos, face = soup
    found = find_defects(pos, face)
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            clean_mesh(pos, face)
        assert bool(caught) == any(found.values())
    except ValueError:
        assert found["nonorientable_component"] or found["degenerate_face"] == len(face)


def test_the_laws_fail_on_broken_meshes():
    assert violations(TETRAHEDRON) == set()
    assert violations(np.concatenate([TETRAHEDRON[:3], TETRAHEDRON[3:, ::-1]])) == {
        "edge traversed twice in one direction"
    }
    assert violations(np.array([[0, 1, 2], [0, 3, 4]])) == {"several fans at a vertex"}


def test_a_clean_mesh_passes_unchanged_and_without_warning():
    pos, face = icosphere(2)
    mesh = clean_mesh(pos.astype(np.float32), face.astype(np.int32))
    assert np.array_equal(mesh.face, face) and np.array_equal(mesh.kept, np.arange(len(face)))
    assert mesh.pos.dtype == np.float64 and mesh.face.dtype == np.int64
    assert not any(find_defects(pos, face).values())
    inside_out = clean_mesh(pos, face[:, ::-1])
    assert np.array_equal(inside_out.face, face[:, ::-1])


def test_several_components_are_no_defect():
    pos, face = icosphere()
    clean_mesh(np.concatenate([pos, pos + 5]), np.concatenate([face, face + len(pos)]))


def check(pos, face, match, lost, **defects):
    found = find_defects(pos, face)
    assert {kind: found[kind] for kind in found if found[kind]} == defects
    with pytest.warns(MeshWarning, match=match) as caught:
        mesh = clean_mesh(pos, face)
    assert len(caught) == 1 and "\n" not in str(caught[0].message)
    assert sorted(set(range(len(face))) - set(mesh.kept.tolist())) == sorted(lost)
    return mesh


@pytest.mark.parametrize("scale", [1e-9, 1.0, 1e9])
def test_degenerate_faces_are_set_aside(scale):
    pos = np.concatenate([CORNERS, [[0.5, 2, 0], [0, 2, 0], [0.25, 2 + 1e-12, 0]]]) * scale
    face = np.concatenate([TETRAHEDRON, [[0, 0, 1], [4, 5, 6]]])
    mesh = check(pos, face, r"2 degenerate faces set aside \(e.g. face 4\)", [4, 5], degenerate_face=2)
    assert np.array_equal(mesh.face, TETRAHEDRON)


def test_small_well_shaped_faces_are_not_degenerate():
    pos = np.concatenate([CORNERS, CORNERS * 1e-11 + 3e-11])
    assert len(clean_mesh(pos, np.concatenate([TETRAHEDRON, TETRAHEDRON + 4])).face) == 8


def test_of_duplicates_the_first_stays():
    face = np.concatenate([TETRAHEDRON, TETRAHEDRON[[2, 1]][:, [1, 2, 0]], TETRAHEDRON[:1, ::-1]])
    check(CORNERS, face, r"3 duplicate faces set aside \(e.g. face 4\)", [4, 5, 6], duplicate_face=3)


def test_a_fin_gives_way_to_the_surface_it_stands_on():
    pos, face = icosphere()
    a, b = face[0, :2]
    pos = np.concatenate([pos, [pos[a] * 1.2, pos[a] * 1.3]])
    fin = np.array([[a, b, len(pos) - 2], [b, len(pos) - 1, len(pos) - 2]])
    with_fin = np.concatenate([fin, face])
    mesh = check(
        pos, with_fin, r"1 face set aside at non-manifold edges \(e.g. face 0\); 1 face", [0, 1], nonmanifold_edge=1
    )
    assert np.array_equal(mesh.face, face)


def test_solids_that_share_an_edge_come_apart_and_stay_orientable():
    solid = np.random.default_rng(0).random((6, 6, 6)) < 0.5
    mesh = trimesh.voxel.ops.multibox(np.argwhere(solid).astype(float), pitch=1.0)
    mesh.merge_vertices()
    pos, face = np.array(mesh.vertices), np.array(mesh.faces)
    assert find_defects(pos, face)["nonmanifold_edge"] > 50
    assert violations(silent(pos, face).face) == set()


def test_at_a_bowtie_the_larger_component_stays():
    pos, face = icosphere()
    tip = CORNERS * 0.1 + pos[0] - CORNERS[0]
    pos = np.concatenate([pos, tip[1:]])
    cone = np.concatenate([[0], np.arange(len(pos) - 3, len(pos))])[TETRAHEDRON]
    mesh = check(pos, np.concatenate([cone, face]), "3 faces set aside at bowtie vertices", [0, 1, 3], bowtie_vertex=1)
    assert len(mesh.face) == len(face) + 1


def test_at_a_bowtie_of_one_component_the_larger_angle_stays():
    angle = np.array([0, 0.5, 1.0, 1.5, 3.0, 5.0])
    pos = np.concatenate([[[0, 0, 0]], np.stack([np.cos(angle), np.sin(angle), 0 * angle], 1), [[0, 0, 3], [0, 1, 3]]])
    # Two fans at vertex 0, of angles 0.5 and 2, joined far from it.
    face = np.array([[0, 1, 2], [0, 4, 5], [0, 5, 6], [2, 1, 7], [7, 8, 2], [5, 4, 7], [4, 8, 7]])
    mesh = check(pos, face, "1 face set aside at bowtie vertices", [0], bowtie_vertex=1, isolated_vertex=1)
    assert len(mesh.face) == 6


def test_flipped_faces_follow_the_majority_and_closed_surfaces_point_outward():
    pos, face = icosphere(2)
    few = face.copy()
    few[:9] = few[:9, ::-1]
    mesh = check(pos, few, r"9 faces re-oriented like the neighbours \(e.g. face 0\)", [], flipped_face=9)
    assert trimesh.Trimesh(pos, mesh.face, process=False).volume > 0
    most = face.copy()
    most[9:] = most[9:, ::-1]
    mesh = check(pos, most, f"{len(face) - 9} faces re-oriented", [], flipped_face=len(face) - 9)
    assert trimesh.Trimesh(pos, mesh.face, process=False).volume > 0
    half = face[pos[face].mean(axis=1)[:, 2] < 0.5][:, ::-1].copy()
    half[3] = half[3, ::-1]
    mesh = check(pos, half, r"1 face re-oriented .*\(e.g. face 3\)", [], flipped_face=1, isolated_vertex=31)


def test_an_isolated_vertex_is_kept_and_named():
    pos = np.concatenate([CORNERS, [[9.0, 9, 9]]])
    mesh = check(pos, TETRAHEDRON, r"1 vertex without a face.*\(e.g. vertex 4\)", [], isolated_vertex=1)
    assert len(mesh.pos) == 5


def test_cleaning_does_not_depend_on_position_or_on_order():
    pos, face = icosphere()
    fin = np.array([[face[0, 0], face[0, 1], face[30, 0]]])
    face = np.concatenate([face, fin, face[7:8]])
    rng = np.random.default_rng(1)
    vertex, order = rng.permutation(len(pos)), rng.permutation(len(face))
    turned = pos @ np.linalg.qr(rng.normal(size=(3, 3)))[0] * 7 + 3
    one, two = silent(pos, face), silent(turned[np.argsort(vertex)], vertex[face][order])
    as_sets = [{frozenset(f) for f in faces.tolist()} for faces in (vertex[one.face], two.face)]
    assert as_sets[0] == as_sets[1]


def moebius(n=24):
    t = np.arange(n) * 2 * np.pi / n
    rims = [
        np.stack([(1 + w * np.cos(t / 2)) * np.cos(t), (1 + w * np.cos(t / 2)) * np.sin(t), w * np.sin(t / 2)], 1)
        for w in (-0.3, 0.3)
    ]
    low = np.arange(n)
    after, before = np.append(low[1:], n), np.append(low[1:] + n, 0)
    return np.concatenate(rims), np.concatenate(
        [np.stack([low, after, low + n], 1), np.stack([after, before, low + n], 1)]
    )


NAN = np.where(np.arange(4)[:, None] == 2, np.nan, CORNERS)
REFUSED = {
    "pos shape": (CORNERS[:, :2], TETRAHEDRON, r"pos must be .*\(V, 3\), got float64 \(4, 2\)"),
    "pos dtype": (CORNERS.astype(str), TETRAHEDRON, "pos must be a real array"),
    "face transposed": (CORNERS, np.zeros((3, 7), int), r"\(F, 3\), got int64 \(3, 7\); transpose"),
    "quads": (CORNERS, np.zeros((2, 4), int), "triangulate"),
    "face dtype": (CORNERS, TETRAHEDRON.astype(float), "integer array"),
    "no faces": (CORNERS, np.zeros((0, 3), int), "0 faces"),
    "nan": (NAN, TETRAHEDRON, r"1 vertex with NaN .*vertex 2\)"),
    "infinite": (np.where(CORNERS == 1, np.inf, 0), TETRAHEDRON, "3 vertices"),
    "index high": (CORNERS, TETRAHEDRON + 1, r"3 faces with a vertex index outside 0\.\.3 \(e.g. face 1\)"),
    "index negative": (CORNERS, TETRAHEDRON - 1, r"outside 0\.\.3"),
    "all degenerate": (CORNERS * 0, TETRAHEDRON, "no usable face: all 4"),
    "tiny": (CORNERS * 1e-30, TETRAHEDRON, "extent 1e-30"),
    "far": (CORNERS * 1e300, TETRAHEDRON, "3 vertices farther than 1e.12"),
    "moebius": (*moebius(), r"not orientable: 1 component\(s\) of 48 faces \(e.g. face 0\).*cut"),
}


@pytest.mark.parametrize("pos, face, match", REFUSED.values(), ids=REFUSED)
def test_refusals_name_the_defect(pos, face, match):
    with pytest.raises(ValueError, match=match) as error:
        clean_mesh(pos, face)
    assert "\n" not in str(error.value)


def test_defects_are_counted_even_where_cleaning_refuses():
    assert find_defects(NAN, TETRAHEDRON)["nonfinite_vertex"] == 1
    assert find_defects(CORNERS, TETRAHEDRON + 1)["index_out_of_range"] == 3
    assert find_defects(*moebius())["nonorientable_component"] == 1
    assert find_defects(CORNERS, np.zeros((0, 3), int))["isolated_vertex"] == 4
    assert find_defects(np.zeros((0, 3)), np.zeros((0, 3), int)) == dict.fromkeys(find_defects(NAN, TETRAHEDRON), 0)
    assert find_defects(CORNERS * 1e308, TETRAHEDRON)["degenerate_face"] == 0


@pytest.mark.timeout(60)
def test_a_long_row_of_growing_faces_that_touch_takes_few_rounds():
    n = 20_000
    t = np.arange(2.0 * n + 1)
    pos = np.stack([t * (1 + 1e-6 * t), t % 2, 0 * t], axis=1)
    first = 2 * np.arange(n)
    face = np.stack([first, first + 1, first + 2], axis=1)
    assert find_defects(pos, face)["bowtie_vertex"] == n - 1
    mesh = silent(pos, face)
    assert len(np.unique(mesh.face)) == mesh.face.size and len(mesh.face) > n / 3
