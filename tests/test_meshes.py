"""The example meshes are what meshes/README.md says, and the script that made them makes them again."""

import importlib
import platform
from pathlib import Path

import numpy as np
import pytest
import trimesh
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

ROOT = Path(__file__).resolve().parent.parent
MESHES = ROOT / "meshes"
CREATURES = sorted((MESHES / "creatures").glob("*.ply"))
README = (MESHES / "README.md").read_text(encoding="utf-8")
ROWS = {
    line.split("`")[1]: [cell.strip() for cell in line.strip("|").split("|")][1:]
    for line in README.splitlines()
    if line.startswith("| `")
}
PARTS = {"biped": {"head": 1, "torso": 1, "arm": 2, "hand": 2, "leg": 2, "foot": 2}}
PARTS["quadruped"] = {"head": 1, "torso": 1, "leg": 4, "foot": 4, "tail": 1}


def read(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Read positions and faces as they are in the file; points are merged in the formats that repeat them."""
    if path.suffix == ".off":
        numbers = path.read_text().split()[1:]
        V, F = int(numbers[0]), int(numbers[1])
        pos, face = numbers[3 : 3 + 3 * V], numbers[3 + 3 * V :]
        return np.array(pos, float).reshape(V, 3), np.array(face, int).reshape(F, 4)[:, 1:]
    mesh = trimesh.load_mesh(path, process=False)
    if path.suffix in {".stl", ".glb"}:
        mesh.merge_vertices()
    return np.asarray(mesh.vertices), np.asarray(mesh.faces)


def parts(count: int, links: np.ndarray) -> np.ndarray:
    """Return the component (count,) of each node of the graph with the given links (n, 2)."""
    graph = coo_array((np.ones(len(links)), (links[:, 0], links[:, 1])), shape=(count, count))
    return connected_components(graph, directed=False)[1]


def topology(face: np.ndarray) -> dict[str, object]:
    """Count what the tables of the README state, on the vertices that faces use."""
    V, F = len(np.unique(face)), len(face)
    ends = np.stack([face, np.roll(face, -1, axis=1)], axis=2).reshape(-1, 2)
    edges, edge, uses = np.unique(np.sort(ends, axis=1), axis=0, return_inverse=True, return_counts=True)
    edge = edge.reshape(-1)
    order = np.argsort(edge, kind="stable")
    pair = order[:-1][edge[order][:-1] == edge[order][1:]]
    follower = order[1:][edge[order][:-1] == edge[order][1:]]
    # Node f is face f as it is, node F + f the face turned over; a link joins sides that can be the same side.
    same = (ends[pair] == ends[follower][:, ::-1]).all(axis=1)
    f, g = pair // 3, follower // 3
    sides = np.concatenate([np.stack([f, np.where(same, g, g + F)], 1), np.stack([f + F, np.where(same, g + F, g)], 1)])
    side = parts(2 * F, sides)
    rim = edges[uses == 1]
    components = len(np.unique(parts(F, np.stack([f, g], 1))))
    boundary = len(np.unique(parts(int(face.max()) + 1, rim)[rim[:, 0]])) if len(rim) else 0
    orientable = bool((side[:F] != side[F:]).all())
    chi = V - len(edges) + F
    return {
        "V": V,
        "F": F,
        "chi": chi,
        "components": components,
        "boundary": boundary,
        "genus": (2 * components - chi - boundary) // 2 if orientable else None,
        "orientable": orientable,
        "manifold": bool((uses <= 2).all()),
        "oriented": bool(same.all()),
    }


def labels(path: Path) -> dict[str, np.ndarray]:
    lines = path.with_name(f"{path.stem}_labels.txt").read_text().splitlines()
    return {name: np.array(ids.split(), int) - 1 for name, ids in zip(lines[::2], lines[1::2], strict=True)}


def test_the_folder_is_small_and_the_readme_names_every_file():
    files = [path for path in MESHES.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) <= 3_000_000
    named = {path.relative_to(MESHES).as_posix() for path in files if path.parent.name in {"known", "broken"}}
    assert named == set(ROWS) - {"creatures/*.ply"}
    assert {path.suffix for path in files} >= {".off", ".obj", ".ply", ".stl", ".glb"}
    assert [path.stem for path in CREATURES] == [f"{name}_{n:02d}" for name in PARTS for n in range(1, 11)]


@pytest.mark.parametrize("name", [name for name in ROWS if name.startswith("known/")])
def test_known_answers(name):
    pos, face = read(MESHES / name)
    found = topology(face)
    V, F, chi, components, boundary, genus, orientable = ROWS[name]
    assert [str(found[key]) for key in ("V", "F", "chi", "components", "boundary")] == [V, F, chi, components, boundary]
    assert found["genus"] == (None if genus == "–" else int(genus))
    assert found["orientable"] == (orientable == "yes")
    assert found["manifold"]
    assert found["oriented"] == found["orientable"]
    assert len(pos) == len(np.unique(pos.round(5), axis=0)) == found["V"]


def test_sizes_of_round_surfaces():
    sphere, torus, cylinder = (
        trimesh.Trimesh(*read(MESHES / "known" / name)) for name in ("icosphere.stl", "torus.glb", "cylinder.obj")
    )
    np.testing.assert_allclose(np.linalg.norm(sphere.vertices, axis=1), 1.0, atol=1e-6)
    assert sphere.volume == pytest.approx(4.0 / 3.0 * np.pi, rel=0.02)
    assert torus.volume == pytest.approx(2.0 * np.pi**2 * 0.4**2, rel=0.05)
    assert cylinder.area == pytest.approx(4.0 * np.pi, rel=0.005)


def test_formats_that_repeat_points_do_so():
    for name, stored in (("icosphere.stl", 3840), ("torus.glb", 561)):
        assert len(trimesh.load_mesh(MESHES / "known" / name, process=False).vertices) == stored


@pytest.mark.parametrize("path", CREATURES, ids=lambda path: path.stem)
def test_creature(path):
    pos, face = read(path)
    found = topology(face)
    expected = {"V": len(pos), "F": 2 * len(pos) - 4, "chi": 2, "components": 1, "boundary": 0, "genus": 0}
    assert found == expected | {"orientable": True, "manifold": True, "oriented": True}
    assert 1300 <= len(pos) <= 1800
    mesh = trimesh.Trimesh(pos, face, process=False)
    assert mesh.volume > 0
    assert np.isfinite(pos).all()
    assert np.percentile(np.degrees(mesh.face_angles.min(axis=1)), 1) > 30  # evenly sampled
    assert np.degrees(mesh.face_adjacency_angles.max()) < 90

    label = labels(path)
    faces = np.concatenate(list(label.values()))
    np.testing.assert_array_equal(np.sort(faces), np.arange(len(face)))
    for ids, count in ((label[part], count) for part, count in PARTS[path.stem.split("_")[0]].items()):
        links = mesh.face_adjacency[np.isin(mesh.face_adjacency, ids).all(axis=1)]
        assert len(np.unique(parts(len(face), links)[ids])) == count  # two arms, one head: limbs do not fuse
    assert set(label) == set(PARTS[path.stem.split("_")[0]])


def test_creatures_differ():
    areas = [trimesh.Trimesh(*read(path)).area for path in CREATURES]
    sizes = [len(read(path)[0]) for path in CREATURES]
    assert min(np.diff(np.sort(areas))) > 0
    assert max(areas) > 1.2 * min(areas)
    assert len(set(sizes)) > 10


def broken(name: str) -> tuple[np.ndarray, np.ndarray]:
    pos, face = read(MESHES / "broken" / name)
    assert [str(len(pos)), str(len(face))] == ROWS[f"broken/{name}"][:2]
    return pos, face


WHOLE = read(MESHES / "broken" / "isolated_vertex.off")[1]


def test_isolated_vertex():
    _, face = broken("isolated_vertex.off")
    assert 18 not in face
    assert topology(face) == topology(read(MESHES / "known" / "tetrahedron.off")[1]) | {"V": 18, "F": 32}


def test_nonmanifold_edge():
    _, face = broken("nonmanifold_edge.off")
    assert np.flatnonzero(np.isin(face, (0, 6)).sum(axis=1) == 2).tolist() == [0, 4, 32]
    assert not topology(face)["manifold"]
    assert topology(face[:32]) == topology(WHOLE)


def test_bowtie_vertex():
    pos, face = broken("bowtie_vertex.off")
    assert topology(face)["V"] == 35
    assert topology(face)["components"] == 2  # across edges
    assert np.intersect1d(face[:32], face[32:]).tolist() == [0]
    assert topology(face[32:]) == topology(WHOLE)
    for half in (face[:32], face[32:]):
        assert trimesh.Trimesh(pos, half, process=False).volume == pytest.approx(32.0 / 3.0)  # outwards


def test_degenerate_duplicate_and_zero_area_faces():
    assert broken("degenerate_face.off")[1][32].tolist() == [0, 6, 6]
    _, face = broken("duplicate_face.off")
    assert face[32].tolist() == face[0].tolist()
    assert len(np.unique(face, axis=0)) == 32
    pos, face = broken("zero_area_face.off")
    area = np.linalg.norm(np.cross(pos[face[:, 1]] - pos[face[:, 0]], pos[face[:, 2]] - pos[face[:, 0]]), axis=1)
    assert np.flatnonzero(area == 0).tolist() == [33]
    assert len(set(face[33])) == 3
    assert topology(face) == topology(WHOLE) | {"V": 19, "F": 34}


def test_flipped_faces():
    _, face = broken("flipped_faces.ply")
    assert topology(face) == topology(WHOLE) | {"oriented": False}
    assert np.flatnonzero((face != WHOLE).any(axis=1)).tolist() == [4, 9, 14, 19, 24, 29]


def test_nan_vertex_and_index_out_of_range():
    pos, face = broken("nan_vertex.ply")
    assert np.argwhere(np.isnan(pos)).tolist() == [[7, 1]]
    assert np.array_equal(face, WHOLE)
    _, face = broken("index_out_of_range.off")
    assert np.argwhere(face > 17).tolist() == [[31, 2]]
    assert face[31, 2] == 99


def test_files_without_faces_or_without_their_end():
    broken("no_faces.off")
    assert (MESHES / "broken" / "empty_file.off").stat().st_size == 0
    text = (MESHES / "broken" / "truncated.off").read_text()
    assert text.startswith("OFF\n18 32 0\n")
    assert 3 + 3 * 18 < len(text.split()) - 1 < 3 + 3 * 18 + 4 * 32
    header, data = (MESHES / "broken" / "truncated.ply").read_bytes().split(b"end_header\n")
    assert b"element vertex 18\n" in header
    assert b"element face 32\n" in header
    assert 12 * 18 < len(data) < 12 * 18 + 13 * 32


@pytest.fixture
def script(monkeypatch):
    pytest.importorskip("skimage", reason="scikit-image makes the creatures")
    monkeypatch.syspath_prepend(str(ROOT / "scripts"))
    return importlib.import_module("generate_meshes")


@pytest.mark.skipif(platform.machine() not in {"x86_64", "AMD64"}, reason="other processors may round differently")
def test_the_script_writes_the_same_bytes_again(script, tmp_path, monkeypatch):
    monkeypatch.setattr(script, "SHAPES", 1)
    assert script.main(["--output", str(tmp_path)]) == 0
    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(written) == 2 * len(script.CLASSES) + len(ROWS) - 1
    for path in written:
        if path.suffix != ".glb":  # carries the version of the library that wrote it
            assert path.read_bytes() == (MESHES / path.relative_to(tmp_path)).read_bytes(), path.name


def test_another_seed_gives_another_creature(script):
    assert script.creature("biped", 1, seed=1) != script.creature("biped", 1, seed=0)


def test_the_script_refuses_what_it_cannot_do(script, monkeypatch, capsys):
    with pytest.raises(SystemExit):
        script.main(["--seed", "-1"])
    assert "--seed: expected 0 or more, got -1" in capsys.readouterr().err
    monkeypatch.setattr(script, "limbs_are_apart", lambda *arguments: False)
    with pytest.raises(ValueError, match="expected a sound biped 1 within 100 poses, got none"):
        script.creature("biped", 1, seed=0)
