"""Bundles from the command line."""

from pathlib import Path

import pytest
import torch

from gaugenet import FrameBundle, InputFields, load_bundle, read_mesh

MESHES = Path(__file__).parents[2] / "meshes"


def same(one, two):
    values = [(one[key], two[key]) for key in two.keys()]  # noqa: SIM118
    return all(torch.equal(a, b) if isinstance(a, torch.Tensor) else a == b for a, b in values)


def test_a_folder_becomes_bundles_and_broken_files_are_skipped(call, tmp_path):
    arguments = ["--neighbours", 12, "--levels", "32,8", "--level-neighbours", 6, "--json"]
    result = call(
        "preprocess", MESHES / "known", MESHES / "broken" / "nan_vertex.ply", "-o", tmp_path / "a", *arguments
    )
    assert result.code == 1
    assert sorted(path.name for path in (tmp_path / "a").iterdir()) == [
        f"{name}.safetensors" for name in ("cylinder", "icosphere", "tetrahedron", "torus", "two_spheres")
    ]
    failed = [MESHES / "known" / "klein.off", MESHES / "known" / "moebius.ply", MESHES / "broken" / "nan_vertex.ply"]
    assert sorted(result.json["failed"]) == sorted(map(str, failed)) and len(result.messages("error")) == 3
    assert result.json["failed"][str(failed[2])].startswith("mesh has 1 vertex with NaN")
    assert result.json["bundles"][str(MESHES / "known" / "torus.glb")] == str(tmp_path / "a" / "torus.safetensors")

    torus = load_bundle(tmp_path / "a" / "torus.safetensors")
    expected = FrameBundle(neighbours=12, levels=(32, 8), level_neighbours=6)(read_mesh(MESHES / "known" / "torus.glb"))
    assert torus.num_levels == 3 and sorted(torus.keys()) == sorted(expected.keys())
    assert same(torus, expected)


def test_workers_write_the_same_and_their_warnings_are_named(call, tmp_path):
    files = [
        MESHES / "broken" / "flipped_faces.ply",
        MESHES / "known" / "klein.off",
        MESHES / "known" / "tetrahedron.off",
    ]
    for workers in (1, 2):
        result = call("preprocess", *files, "-o", tmp_path / str(workers), "--workers", workers)
        assert result.code == 1 and result.out == f"2 of 3 bundles written to {tmp_path / str(workers)}\n"
        assert [line.split(": ")[0] for line in result.messages("warning")] == [str(files[0])]
        assert [line.split(": ")[0] for line in result.messages("error")] == [str(files[1])]
    for name in ("flipped_faces", "tetrahedron"):
        one, two = (load_bundle(tmp_path / workers / f"{name}.safetensors") for workers in "12")
        assert same(one, two)


def test_what_fails_leaves_no_folder(call, tmp_path):
    result = call("preprocess", tmp_path / "none", "-o", tmp_path / "a" / "b")
    assert result.code == 2 and result.out == "" and len(result.err.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


def test_fields_and_the_one_ring_by_default(call, tmp_path):
    assert call("preprocess", MESHES / "known" / "icosphere.stl", "-o", tmp_path, "--fields").code == 0
    data = load_bundle(tmp_path / "icosphere.safetensors")
    assert data.x.shape == (642, InputFields().rep.dim) and data.x_rep == str(InputFields().rep)
    assert data.edge_index_0.size(1) == 3 * 1280
    assert call("preprocess", MESHES / "known" / "icosphere.stl", "-o", tmp_path, "--radius", 0.3).code == 0
    data = load_bundle(tmp_path / "icosphere.safetensors")
    assert "x" not in data and data.log_0[:, 0].max() <= 0.3 and data.radius_0.item() == 0.3


@pytest.mark.parametrize("group", ["O2", "C4", "D4", "trivial"])
def test_every_group(call, tmp_path, group):
    """The index sum is the Euler characteristic, on the Klein bottle too where the group has reflections."""
    names = ["torus.glb", "icosphere.stl"] + ["klein.off"] * (group in ("O2", "D4"))
    files = [MESHES / "known" / name for name in names]
    result = call("preprocess", *files, "-o", tmp_path, "--group", group, "--json")
    assert result.code == 0
    for file, chi in zip(files, (0, 2, 0)):
        data = load_bundle(tmp_path / f"{file.stem}.safetensors")
        assert data.group == group and ("flip_0" in data) == (group in ("O2", "D4"))
        if group != "O2":
            found = result.json["singularities"][str(file)]
            assert found["index_sum"] == chi and found["count"] >= chi and found["rest"] < 1
    text = call("preprocess", *files, "-o", tmp_path, "--group", group).out
    assert ("singularities of the direction field, sum of indices 2" in text) == (group != "O2")


def test_fields_of_one_sided_surfaces(call, tmp_path):
    klein = MESHES / "known" / "klein.off"
    refused = call("preprocess", klein, "-o", tmp_path, "--group", "O2", "--fields")
    assert refused.code == 2 and "--one-sided" in refused.err
    assert call("preprocess", klein, "-o", tmp_path, "--group", "O2", "--fields", "--one-sided").code == 0
    assert "0o" in load_bundle(tmp_path / "klein.safetensors").x_rep


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--group", "Q8"], 'cannot read "Q8" as a group'),
        (["--field", "smooth"], "by a field only for finite groups"),
        (["--group", "C3", "--field", "curvature"], "use C2, D2 or another even N"),
    ],
)
def test_what_cannot_be_is_refused(call, tmp_path, arguments, complaint):
    result = call("preprocess", MESHES / "known" / "torus.glb", "-o", tmp_path, *arguments)
    assert result.code == 2 and complaint in result.err
