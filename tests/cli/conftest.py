"""What the tests of the programs share: a caller, small labelled shapes, a small network."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch
from labelled_shapes import write_shapes

from gaugenet import SegmentationNet, save
from gaugenet.cli import main


@dataclass(frozen=True)
class Call:
    """Exit code and output of one call of the program."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one object on standard output."""
        assert self.out.count("\n") == 1 and self.out.endswith("\n")
        content = json.loads(self.out, parse_constant=lambda word: pytest.fail(f"{word} in JSON"))
        assert isinstance(content, dict)
        return content

    def messages(self, kind: str) -> list[str]:
        """Lines on standard error that begin with `gaugenet: <kind>: `, without that."""
        start = f"gaugenet: {kind}: "
        return [line.removeprefix(start) for line in self.err.splitlines() if line.startswith(start)]


@pytest.fixture
def call(capsys):
    def call_main(*argv: object) -> Call:
        capsys.readouterr()
        code = main([str(word) for word in argv])
        output = capsys.readouterr()
        assert "Traceback" not in output.err
        return Call(code, output.out, output.err)

    return call_main


@pytest.fixture(scope="session")
def shapes(tmp_path_factory) -> Path:
    """A folder of five labelled ellipsoids."""
    return write_shapes(tmp_path_factory.mktemp("data") / "shapes", [f"shape{k}" for k in range(1, 6)])


@pytest.fixture(scope="session")
def psb(tmp_path_factory) -> Path:
    """Two categories in the layout of the Princeton benchmark."""
    root = tmp_path_factory.mktemp("psb") / "LabeledDB_new"
    for category, first in (("Human", 1), ("Ant", 81)):
        write_shapes(root / category, [str(first + k) for k in range(20)])
    return root


@pytest.fixture(scope="session")
def network(tmp_path_factory) -> Path:
    """The path of a small network with random weights and two labels."""
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("net") / "small"
    save(SegmentationNet(["head", "torso"], levels=(48, 12), rep="4x0 + 2x1 + 2x2", blocks=1), path)
    return path
