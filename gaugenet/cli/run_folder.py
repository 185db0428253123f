"""The folder of a training run."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gaugenet.cli.arguments import output_folder
from gaugenet.data.file import open_atomic


@dataclass(frozen=True)
class RunFolder:
    """Name the files of a training run, and keep two runs from mixing in one folder."""

    path: Path

    @property
    def record(self) -> Path:
        """What is trained on what: written first."""
        return self.path / "run.json"

    @property
    def checkpoint(self) -> Path:
        """From which a killed run goes on."""
        return self.path / "checkpoint.pt"

    @property
    def bundles(self) -> Path:
        """Cache of the geometry."""
        return self.path / "bundles"

    @property
    def network(self) -> Path:
        """The result, without ending."""
        return self.path / "net"

    @property
    def history(self) -> Path:
        """Numbers of each epoch."""
        return self.path / "history.json"

    @property
    def curves(self) -> Path:
        """Picture of the history."""
        return self.path / "curves.png"

    def begin(self, record: dict[str, Any], resume: bool) -> bool:
        """Take the folder for a run, and return whether there is a checkpoint to go on from.

        Raises:
            FileNotFoundError: nothing to resume.
            ValueError: a run is here that is not to be resumed, or one on other shapes.
        """
        if resume:
            if not self.record.is_file():
                raise FileNotFoundError(f"{self.path}: no run to resume here; start it without --resume")
            before = json.loads(self.record.read_text(encoding="utf-8"))
            changed = [key for key in record if before.get(key) != record[key]]
            if changed:
                raise ValueError(
                    f"{self.path}: the run here has another {changed[0]} ({_short(before.get(changed[0]))}, now "
                    f"{_short(record[changed[0]])}); give the same arguments, or another -o"
                )
            return self.checkpoint.is_file()
        if self.checkpoint.exists():
            raise ValueError(f"{self.path}: holds a run; go on with --resume, or give another -o")
        output_folder(self.path)
        write_json(self.record, record)
        return False


def write_json(path: Path, content: Any) -> None:
    """Write a JSON file, whole or not at all."""
    with open_atomic(path) as file:
        file.write((json.dumps(content, indent=1) + "\n").encode())


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 60 else f"{text[:60]}..."
