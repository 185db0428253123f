"""Errors of equivariance from the command line."""

import sys
from pathlib import Path

import torch

from gaugenet.models import Invariance, SphericalClassificationNet, save

MESHES = Path(__file__).parents[2] / "meshes"


def test_gauge_error_is_rounding(call, network):
    meshes = [MESHES / "creatures" / "biped_01.ply", MESHES / "known" / "two_spheres.ply"]
    result = call("check", "--model", network, *meshes, "--json")
    assert result.code == 0
    for key in ("gauge_error", "motion_error"):
        assert list(result.json[key]) == ["float64", "float32"]
    assert 0 < result.json["gauge_error"]["float64"] <= 1e-12 < result.json["gauge_error"]["float32"] <= 1e-5
    assert "gauge_error" in call("check", "--model", network, meshes[1]).out


def test_the_worst_mesh_counts_and_a_broken_one_is_reported(call, network, monkeypatch):
    errors = iter([1e-15, 3e-13, 2e-14])
    monkeypatch.setattr(
        sys.modules["gaugenet.models.check"],
        "check",
        lambda net, mesh, generator: Invariance(*[{"float64": e, "float32": 1e-7} for e in [next(errors)] * 2]),
    )
    sound, broken = MESHES / "known" / "torus.glb", MESHES / "known" / "no.off"
    result = call("check", "--model", network, sound, sound, sound, broken, "--json")
    assert result.code == 1 and result.json["gauge_error"]["float64"] == 3e-13
    assert list(result.json["failed"]) == [str(broken)]


def test_where_all_fail_there_is_the_error_alone(call, network):
    result = call("check", "--model", network, MESHES / "broken" / "nan_vertex.ply")
    assert result.code == 2 and result.out == "" and len(result.err.splitlines()) == 1


def test_zero_in_single_precision_is_explained(call, network, monkeypatch):
    torus = MESHES / "known" / "torus.glb"
    for error, said in ((0.0, True), (1e-9, False)):
        measured = {"float64": 1e-14, "float32": error}
        monkeypatch.setattr(
            sys.modules["gaugenet.models.check"], "check", lambda *_, found=measured: Invariance(found, found)
        )
        text = call("check", "--model", network, torus).out
        assert ("is rounded to the same numbers in both poses" in text) == said
    assert "exactly 0 where rounding hides" in " ".join(call("check", "--help").out.split())


def test_no_number_is_null(call, network, monkeypatch):
    assert call("check", "--model", network, "no.off", "--json").json["gauge_error"] == {
        "float64": None,
        "float32": None,
    }
    nan = {"float64": float("nan"), "float32": 1e-7}
    good = {"float64": 1e-15, "float32": 1e-7}
    errors = iter([nan, good])
    monkeypatch.setattr(sys.modules["gaugenet.models.check"], "check", lambda *_: Invariance(next(errors), good))
    torus = MESHES / "known" / "torus.glb"
    assert call("check", "--model", network, torus, torus, "--json").json["gauge_error"]["float64"] is None


def test_networks_on_the_sphere_are_turned(call, tmp_path):
    torch.manual_seed(0)
    net = SphericalClassificationNet(["a", "b"], band_limit=8, bands=(6, 3), rep="4x0 + 2x1", count=2, hidden=8)
    save(net, tmp_path / "net")
    result = call("check", "--model", tmp_path / "net", "--json")
    assert result.code == 0 and result.json["gauge_error"] is None and result.json["band_limit"] == 3
    assert result.json["symmetry_error"]["float64"] < 1e-12 < result.json["rotation_error"]["float64"] < 1
    text = call("check", "--model", tmp_path / "net").out.splitlines()
    assert text[0] == "random field of degrees below 3" and text[2].endswith("not measured: a grid has its own frames")


def test_meshes_and_networks_on_the_sphere_do_not_mix(call, network, tmp_path):
    save(SphericalClassificationNet(["a"], band_limit=4, bands=(3,), rep="2x0", count=2), tmp_path / "net")
    for arguments, message in {
        (network,): "check needs a MESH",
        (tmp_path / "net", MESHES / "known" / "torus.glb"): "leave the meshes out",
    }.items():
        result = call("check", "--model", *arguments)
        assert result.code == 2 and message in result.messages("error")[0]
