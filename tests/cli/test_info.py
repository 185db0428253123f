"""What a mesh is, against the tables of meshes/README.md and the defects put into meshes/broken."""

import math
from pathlib import Path

import numpy as np
import pytest

from gaugenet import write_mesh

MESHES = Path(__file__).parents[2] / "meshes"
KEYS = ["vertices", "faces", "components", "boundary_loops", "genus", "orientable", "manifold", "defects"]
KEYS += ["holonomy_sum", "euler_characteristic"]
ROWS = {
    line.split("`")[1]: [cell.strip() for cell in line.strip("|").split("|")][1:]
    for line in (MESHES / "README.md").read_text(encoding="utf-8").splitlines()
    if line.startswith("| `known/")
}
DEFECTS = {
    "nonmanifold_edge.off": {"nonmanifold_edge": 1},
    "bowtie_vertex.off": {"bowtie_vertex": 1},
    "degenerate_face.off": {"degenerate_face": 1},
    "zero_area_face.off": {"degenerate_face": 1},
    "duplicate_face.off": {"duplicate_face": 1},
    "isolated_vertex.off": {"isolated_vertex": 1},
    "flipped_faces.ply": {"flipped_face": 6},
    "nan_vertex.ply": {"nonfinite_vertex": 1},
    "index_out_of_range.off": {"index_out_of_range": 1},
}


@pytest.mark.parametrize("name", ROWS)
def test_known_meshes(call, name):
    V, F, chi, components, loops, genus, orientable = ROWS[name]
    result = call("info", MESHES / name, "--json")
    info = result.json
    assert result.code == 0 and sorted(info) == sorted(KEYS)
    assert [info["vertices"], info["faces"], info["euler_characteristic"]] == [int(V), int(F), int(chi)]
    assert [info["components"], info["boundary_loops"]] == [int(components), int(loops)]
    assert info["genus"] == (None if genus == "–" else int(genus)) and info["orientable"] == (orientable == "yes")
    assert info["manifold"] and sum(info["defects"].values()) == (orientable == "no")
    if name != "known/moebius.ply":  # the cylinder is flat, and so fulfils Gauss-Bonnet as closed surfaces do
        assert info["holonomy_sum"] == pytest.approx(2 * math.pi * int(chi), abs=1e-9)


@pytest.mark.parametrize("name", DEFECTS)
def test_defects_are_counted_whether_or_not_the_mesh_can_be_cleaned(call, name):
    result = call("info", MESHES / "broken" / name, "--json")
    assert result.code == 0 and {kind: n for kind, n in result.json["defects"].items() if n} == DEFECTS[name]
    refused = name in ("nan_vertex.ply", "index_out_of_range.off")
    assert (result.json["holonomy_sum"] is None) == refused
    assert len(result.messages("warning")) == 1
    text = call("info", MESHES / "broken" / name)
    assert text.code == 0 and ("unknown" in text.out) == refused


def test_text_compares_holonomy_with_the_euler_characteristic(call):
    text = call("info", MESHES / "known" / "icosphere.stl")
    assert text.code == 0 and text.err == ""
    assert "2πχ = 12.566371" in text.out and "12.566371 = 2π · 2.000000" in text.out
    cylinder = call("info", MESHES / "known" / "cylinder.obj").out
    assert "boundary, whose turning" in cylinder and "-0.0" not in cylinder


@pytest.mark.parametrize(
    ("name", "remark"),
    [
        (
            "zero_area_face.off",
            "of what cleaning leaves: χ = 1, boundary loops 1, whose turning makes up the difference",
        ),
        ("nonmanifold_edge.off", "of what cleaning leaves: χ = 2, boundary loops 0\n"),
        ("degenerate_face.off", None),
    ],
)
def test_the_mesh_that_cleaning_leaves_is_told_from_the_one_shown(call, name, remark):
    text = call("info", MESHES / "broken" / name).out
    assert "with a boundary" not in text and (remark in text if remark else "cleaning leaves" not in text)


def test_sharp_faces_are_said_to_cost_a_turn_each(call, tmp_path):
    pos, face = (
        np.array([[1, 0, 0], [-0.5, 0.8, 0], [-0.5, -0.8, 0], [0, 0, 1.0]]),
        [[0, 2, 1], [0, 1, 3], [1, 2, 3], [2, 0, 3]],
    )
    write_mesh(tmp_path / "pyramid.ply", pos, np.array(face))
    result = call("info", tmp_path / "pyramid.ply")
    assert "= 2π · 1.000000" in result.out and "turns vectors by more than π: 1" in result.out


@pytest.mark.parametrize(("name", "remark"), [("klein.off", "2π · 0.000000"), ("moebius.ply", "with a boundary")])
def test_one_sided_surfaces_are_described(call, name, remark):
    text = call("info", MESHES / "known" / name)
    assert text.code == 0 and not text.err
    assert "no: bundles need a group with reflections, such as O2" in text.out and remark in text.out
