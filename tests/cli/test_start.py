"""Commands start fast: what takes long to import is imported when it is needed."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HEAVY = ["torch", "torch_geometric", "numba", "scipy", "matplotlib", "trimesh", "mitsuba"]
DRAWING = ["matplotlib", "mitsuba", "trimesh"]
MESH, NONE = "meshes/creatures/biped_01.ply", "none.off"


def loaded(words, names):
    """Return the exit code of a call, and which of some packages it loaded."""
    code = (
        f"import sys; from gaugenet.cli import main; code = main({words}); "
        f"print(code, *(name for name in {names} if name in sys.modules), file=sys.stderr)"
    )
    result = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    code, *found = result.stderr.splitlines()[-1].split()
    return int(code), found


@pytest.mark.parametrize(
    "line",
    [
        f"info {NONE}",
        f"preprocess {NONE} -o out",
        f"preprocess {MESH} -o README.md",
        f"segment {NONE} --model psb-human -o out",
        f"segment {MESH} --model psb-unicorn -o out",
        f"segment {MESH} --model psb-human -o README.md",
        f"segment {MESH} --model psb-human -o out --picture none/a.png",
        f"detect {NONE} --model psb-ant-parts -o a.json",
        f"detect {MESH} --model psb-unicorn -o a.json",
        f"check --model psb-unicorn {MESH}",
        f"check --model psb-human {NONE}",
        "train folder --root none -o out",
        "train digits --root none -o out",
        "train folder --root meshes -o README.md",
        "train psb segment --root none",
        "train --data psb --root none -o out",
        "evaluate folder --root none --model psb-human",
        "evaluate folder --root meshes --model psb-unicorn",
        "evaluate earth --root meshes --hold-out Asia --model earth-climate --picture a.jpg",
        "fly",
    ],
)
def test_a_mistake_is_reported_before_anything_heavy_is_loaded(line):
    assert loaded(line.split(), HEAVY) == (2, [])


@pytest.mark.parametrize("line", ["--help", "--version", "train psb segment --help", "evaluate scenes --help"])
def test_help_loads_nothing(line):
    assert loaded(line.split(), HEAVY) == (0, [])


def test_info_does_without_torch():
    assert loaded(["info", MESH], ["torch", "torch_geometric", "gaugenet.nn"]) == (0, [])


def test_segment_does_without_what_draws(tmp_path):
    assert loaded(["segment", MESH, "--model", "psb-human", "-o", str(tmp_path)], DRAWING) == (0, [])
