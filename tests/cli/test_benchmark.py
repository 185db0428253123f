"""Measurements from the command line, on meshes so small that they say nothing."""

from importlib.util import find_spec

import matplotlib.image
import pytest

SMALL = ("--vertices", 42, "--sizes", 42, 162, "--repeats", 1)
TIMES = {"seconds", "peak_bytes"}


def test_growth_and_networks(call, tmp_path):
    picture = tmp_path / "growth.png"
    parts = ("--part", "preprocessing", "training", "inference")
    result = call("benchmark", *parts, *SMALL, "--json", "--picture", picture)
    assert result.code == 0
    assert result.json.keys() == {"machine", "preprocessing", "training", "inference"}
    ring, discs, torus, *larger = result.json["preprocessing"]
    assert ring["vertices"] == discs["vertices"] == 42 and len(larger) == 2
    assert torus["surface"] == "torus" and torus["radial_error"] < 0.5
    assert {"neighbours", "speedup", "radial_error", "angle_error", "transport_error"} <= discs.keys()
    assert "speedup" in larger[1] and larger[1]["speedup"] is None  # the peer is timed at one size
    assert [row["vertices"] for row in result.json["inference"]] == [42, 162]
    assert all(row.keys() >= TIMES for part in ("preprocessing", "training", "inference") for row in result.json[part])
    assert matplotlib.image.imread(picture).std() > 0.05


def test_a_table_for_people(call):
    result = call("benchmark", "--part", "training", *SMALL)
    assert result.out.splitlines()[:3] == ["training", "", "| vertices | ms | peak MB |"]


def test_harmonics(call):
    result = call("benchmark", "--part", "harmonics", "--band-limits", 4, 13, "--repeats", 1, "--json")
    rows = result.json["harmonics"]
    assert [(row["band_limit"], row["grid"]) for row in rows] == [
        (size, kind) for size in (4, 13) for kind in ("equiangular", "legendre")
    ]
    assert all(row.keys() >= {"forward_seconds", "inverse_seconds", "gradient_seconds", "peak_bytes"} for row in rows)
    assert 1 < rows[0]["tables_bytes"] / (4 * 4 * 8 * (8 + 4)) < 2  # orders, degrees and rings, in both precisions
    assert [any(key.startswith("e3nn") for key in row) for row in rows] == [find_spec("e3nn") is not None] + 3 * [False]


def test_small_tables_have_digits(call):
    lines = call("benchmark", "--part", "harmonics", "--band-limits", 16, "--repeats", 1).out.splitlines()
    heading, row = ([cell.strip() for cell in line.split("|")] for line in (lines[2], lines[4]))
    tables = dict(zip(heading, row, strict=True))["tables MB"]
    assert 0.1 < float(tables) < 0.2


@pytest.mark.slow
def test_convolution(call):
    result = call("benchmark", "--part", "convolution", "--channels", 2, 3, *SMALL, "--json")
    rows = result.json["convolution"]
    assert len(rows) == 2 * 2 * 2 * 2
    assert {(row["neighbours"], row["channels"], row["compiled"], row["direction"]) for row in rows} == {
        (neighbours, channels, compiled, direction)
        for neighbours in (6, 30)
        for channels in (2, 3)
        for compiled in (False, True)
        for direction in ("forward", "forward+backward")
    }
    assert all(row["speedup"] > 0 and row.keys() >= {"seconds", "memory_ratio"} for row in rows)


def test_a_picture_of_one_size_is_refused(call, tmp_path):
    options = ("--part", "inference", "--sizes", 42, "--repeats", 1)
    result = call("benchmark", *options, "--picture", tmp_path / "growth.png")
    assert result.code == 2
    assert result.messages("error") == [
        "a picture of growth needs two sizes of one measurement, got none; measure more sizes"
    ]
