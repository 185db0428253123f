"""matplotlib and mitsuba are imported when a picture is drawn, not before."""

import subprocess
import sys
from pathlib import Path

import pytest

import gaugenet

TORUS = Path(__file__).parents[2] / "meshes" / "known" / "torus.glb"
MODULES = """
import importlib, pkgutil, gaugenet.viz
for module in pkgutil.iter_modules(gaugenet.viz.__path__):
    importlib.import_module("gaugenet.viz." + module.name)
"""
COMMANDS = """
import sys
from gaugenet import SegmentationNet, save
from gaugenet.cli import main
torus, out = sys.argv[1:]
save(SegmentationNet(["a", "b"], levels=(48, 12), rep="4x0 + 2x1", blocks=1), out + "/net")
assert main(["info", torus]) == 0
assert main(["segment", torus, "--model", out + "/net", "-o", out]) == 0
"""
CHECK = """
import sys
early = {"matplotlib", "mitsuba"} & set(sys.modules)
assert not early, early
"""


@pytest.mark.parametrize("program", [MODULES, COMMANDS], ids=["modules", "commands"])
def test_imports_wait_for_pictures(program, tmp_path):
    words = [sys.executable, "-c", program + CHECK, str(TORUS), str(tmp_path)]
    root = Path(gaugenet.__file__).parents[1]
    done = subprocess.run(words, cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    if program is COMMANDS:
        assert (tmp_path / "torus_labels.txt").exists()
