"""Types that a user's type checker sees: scripts of the README pass, and results have their true types."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from test_docs import BLOCK, ROOT, statements

SCRIPT = """
import torch
import gaugenet

mesh = gaugenet.read_mesh("hand.off")
conv = gaugenet.GaugeConv("1x0", "2x1")
"""
REVEALED = {
    "mesh": "gaugenet.io.mesh_data.MeshData",
    "mesh.num_levels": "int",
    "gaugenet.load_bundle('hand.safetensors')": "gaugenet.io.mesh_data.MeshData",
    "conv": "gaugenet.nn.gauge_conv.GaugeConv",
    "conv.rep_out": "gaugenet.representation.representation.Representation",
    "conv.forward(torch.ones(3, 1), mesh)": "torch._tensor.Tensor",
    "gaugenet.Representation('2x1').dim": "int",
    "conv(torch.ones(3, 1), mesh)": "torch._tensor.Tensor",
    "gaugenet.nn.Level(mesh).stencil": "gaugenet.nn.convolution.stencil.Stencil",
    "gaugenet.FrameBundle(neighbours=20)": "gaugenet.transforms.frame_bundle.FrameBundle",
    "gaugenet.FrameBundle(neighbours=20)(mesh)": "gaugenet.io.mesh_data.MeshData",
    "gaugenet.SegmentationNet(['arm', 'leg'])": "gaugenet.models.segmentation.SegmentationNet",
    "gaugenet.SegmentationNet(['arm', 'leg']).segment(mesh)": "torch._tensor.Tensor",
    "gaugenet.load('psb-hand')": "gaugenet.models.segmentation.SegmentationNet",
    "gaugenet.homogeneous.Sphere()": "gaugenet.homogeneous.sphere.Sphere",
    "gaugenet.so3.random_rotation(3)": "torch._tensor.Tensor",
}


def check(folder: Path) -> subprocess.CompletedProcess[str]:
    """Run mypy on the scripts of a folder as strictly as it can; its cache spares later runs half a minute."""
    cache = ROOT / ".mypy_cache" / "scripts"
    # The settings of the project ignore that packages such as torch_geometric have no types.
    settings = ["--strict", "--config-file", str(ROOT / "pyproject.toml"), "--cache-dir", str(cache)]
    command = [sys.executable, "-m", "mypy", *settings, *map(str, sorted(folder.glob("*.py")))]
    # As an installed package: what is not strict inside the library is not the user's concern.
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(command, capture_output=True, text=True, cwd=folder, env=environment, check=False)


@pytest.mark.slow  # half a minute; 4 s when mypy has a cache
def test_scripts_are_typed(tmp_path):
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    (tmp_path / "readme.py").write_text("\n".join(statements(block[1]) for block in BLOCK.finditer(readme)))
    (tmp_path / "revealed.py").write_text(SCRIPT + "".join(f"reveal_type({code})\n" for code in REVEALED))
    (tmp_path / "wrong.py").write_text(SCRIPT + "mesh.num_levels + 'three'\ngaugenet.read_mash('hand.off')\n")
    found = check(tmp_path).stdout
    errors = [line for line in found.splitlines() if ": error:" in line]
    assert [line for line in errors if "wrong.py" not in line] == [], found
    assert len(errors) == 2, "planted mistakes are found"
    first = SCRIPT.count("\n") + 1
    types = {
        int(line): kind for line, kind in re.findall(r"revealed\.py:(\d+): note: Revealed type is \"(.*)\"", found)
    }
    assert dict(zip(REVEALED, (types.get(first + row) for row in range(len(REVEALED))), strict=True)) == REVEALED
