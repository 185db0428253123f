"""The folder of a training run."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gaugenet.cli.arguments import check_output, output_folder
from gaugenet.io.file import open_atomic


@dataclass(frozen=True)
class RunFolder:
    """Name the files of a training run, and keep two runs from mixing in one folder."""

    path: Path

    @property
    def record(self) -> Path:
        """What is trained on what, and how: written before the first epoch."""
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

    def check(self, record: Mapping[str, Any], resume: bool) -> bool:
        """Return whether there is a checkpoint to go on from; nothing is written.

        Args:
            record: what ``begin`` will write, as JSON gives it back. resume: whether to go on with what is there.

        Raises:
            FileNotFoundError: nothing to resume.
            ValueError: a run is here that is not to be resumed, or one on other shapes or with other settings.
        """
        check_output(self.path)
        if not resume and self.checkpoint.exists():
            raise ValueError(f"{self.path}: holds a run; go on with --resume, or give another -o")
        if not resume:
            return False
        if not self.record.is_file():
            if self.bundles.is_dir():  # it was killed while geometry was made
                return False
            raise FileNotFoundError(f"{self.path}: no run to resume here; start it without --resume")
        before, now = _entries(json.loads(self.record.read_text(encoding="utf-8"))), _entries(record)
        # Records of the past know less.
        changed = [key for key in now if key in before and before[key] != now[key]]
        if changed:
            raise ValueError(
                f"{self.path}: the run here has another {changed[0]} ({_short(before[changed[0]])}, now "
                f"{_short(now[changed[0]])}); give the same arguments, or another -o"
            )
        return self.checkpoint.is_file()

    def begin(self, record: Mapping[str, Any]) -> None:
        """Take the folder for a run."""
        output_folder(self.path)
        write_json(self.record, record)


def write_json(path: Path, content: Any) -> None:
    """Write a JSON file, whole or not at all."""
    with open_atomic(path) as file:
        file.write((json.dumps(content, indent=1) + "\n").encode())


def _entries(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return the entries of a record, and those of the records in it in their place."""
    inner = [_entries(value) if isinstance(value, dict) else {key: value} for key, value in record.items()]
    return {key: value for entries in inner for key, value in entries.items()}


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 60 else f"{text[:60]}..."
