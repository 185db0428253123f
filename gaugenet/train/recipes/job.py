"""A training job: a network, examples and settings; and the folder of its run."""

from __future__ import annotations

import json
import os
import tempfile
import warnings
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from gaugenet.io.file import check_folder, make_folder, open_atomic
from gaugenet.models import Network, save
from gaugenet.train.fit import Examples, Fit, Progress, silent
from gaugenet.train.prepared import Prepared
from gaugenet.train.settings import FitSettings

History = list[dict[str, float]]


class RunFolder:
    """Name the files of a training run, and keep two runs from mixing in one folder.

    Args:
        path: The folder.

    Attributes:
        record: Data, settings and configuration, written before the first epoch.
        checkpoint: State after the last epoch, from which a killed run is resumed.
        bundles: Cached geometry.
        network: The trained network, without suffix.
        history: Loss and accuracy of each epoch.
        curves: Picture of the history.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        self.record, self.history = self.path / "run.json", self.path / "history.json"
        self.checkpoint, self.bundles = self.path / "checkpoint.pt", self.path / "bundles"
        self.network, self.curves = self.path / "net", self.path / "curves.png"

    def check(self, record: Mapping[str, Any], resume: bool) -> bool:
        """Check that a run may use the folder, without writing to it.

        Args:
            record: The record that ``begin`` will write, as JSON returns it.
            resume: Whether to resume the run in the folder.

        Returns:
            Whether there is a checkpoint to resume from.

        Raises:
            FileNotFoundError: If there is no run to resume.
            ValueError: If there is a run, and it is not to be resumed or was made with other data or settings.
        """
        check_folder(self.path)
        if not resume and self.checkpoint.exists():
            raise ValueError(f"{self.path}: holds a run; go on with --resume (resume=True), or choose another folder")
        if not resume:
            return False
        if not self.record.is_file():
            if self.bundles.is_dir():  # the run was killed while the geometry was computed
                return False
            raise FileNotFoundError(f"{self.path}: no run to resume here; start it without --resume (resume=True)")
        before, now = _entries(json.loads(self.record.read_text(encoding="utf-8"))), _entries(record)
        # Older records have fewer entries.
        changed = [key for key in now if key in before and before[key] != now[key]]
        if changed:
            raise ValueError(
                f"{self.path}: the run here has another {changed[0]} ({_short(before[changed[0]])}, now "
                f"{_short(now[changed[0]])}); give the same arguments, or choose another folder"
            )
        return self.checkpoint.is_file()

    def begin(self, record: Mapping[str, Any]) -> None:
        """Create the folder and write the ``record`` of the run."""
        make_folder(self.path)
        _write_json(self.record, record)


@dataclass(frozen=True)
class Job:
    """A network with random weights, and the examples and settings to train it with.

    Attributes:
        net: The network, which is trained in place.
        settings: Settings of training.
        about: Record of data, task and split that is stored with the network.
        train: Returns the training examples, given a folder for cached geometry.
        validation: Returns the examples that are scored during training, or None.
        cache: Folder for cached geometry that jobs share; by default each run has its own.
    """

    net: Network
    settings: FitSettings
    about: Mapping[str, Any]
    train: Callable[[Path], Examples]
    validation: Callable[[Path], Examples] | None = None
    cache: Path | None = None

    def fit(self, workers: int = 1, show: Progress = silent) -> History:
        """Train the network in memory.

        Args:
            workers: Number of processes for the geometry.
            show: Shows the progress over shapes and epochs.

        Returns:
            One row of numbers for each epoch, as ``Fit.run`` returns them.
        """
        with tempfile.TemporaryDirectory() as folder:
            fit = self._fit(self.cache or Path(folder), None)
            _prepare(fit, workers, show)
            return _run(fit, show)

    def run(
        self,
        folder: str | os.PathLike[str],
        resume: bool = False,
        workers: int = 1,
        show: Progress = silent,
    ) -> History:
        """Train the network in a folder, from which a killed run can be resumed to the same numbers.

        The folder gets the files that ``RunFolder`` names, but no picture.

        Args:
            folder: Folder of the run, created where missing.
            resume: Whether to resume the run in the folder.
            workers: Number of processes for the geometry.
            show: Shows the progress over shapes and epochs.

        Returns:
            One row of numbers for each epoch, as ``Fit.run`` returns them.

        Raises:
            FileNotFoundError: If there is no run to resume.
            ValueError: If the folder holds a run that is not to be resumed, or was made with other data or settings.
        """
        here = RunFolder(folder)
        record = {**self.about, "settings": asdict(self.settings), "config": self.net.config}
        record = json.loads(json.dumps(record))
        goes_on = here.check(record, resume)
        if resume and not goes_on:
            warnings.warn(
                f"{here.path}: the run here ended before its first epoch did, so it starts from the beginning",
                stacklevel=2,
            )
        fit = self._fit(self.cache or here.bundles, here.checkpoint)
        if goes_on:
            fit.resume()
        _prepare(fit, workers, show)
        here.begin(record)
        history = _run(fit, show)
        about = {**self.about, "settings": asdict(self.settings), "gaugenet": import_module("gaugenet").__version__}
        save(self.net, here.network, about)
        _write_json(here.history, history)
        return history

    def _fit(self, cache: Path, checkpoint: Path | None) -> Fit:
        validation = None if self.validation is None else self.validation(cache)
        return Fit(self.net, self.train(cache), validation, self.settings, checkpoint)


def summary(row: Mapping[str, float]) -> str:
    """Return loss and accuracies of an epoch as text.

    Args:
        row: Row of a history.
    """
    parts = [f"loss {row['loss']:.3f}", f"accuracy {100 * row['accuracy']:.1f} %"]
    if "validation_accuracy" in row:
        parts.append(f"validation {100 * row['validation_accuracy']:.1f} %")
    return ", ".join(parts)


def _prepare(fit: Fit, workers: int, show: Progress) -> None:
    """Compute the geometry of shapes before the first epoch."""
    for examples in (fit.train, fit.validation):
        if isinstance(examples, Prepared):
            for _ in show(examples.prepare(workers), "geometry", len(examples)):
                pass


def _run(fit: Fit, show: Progress) -> History:
    try:
        return fit.run(lambda items, text, total, note=None: show(items, text, total, lambda: summary(fit.history[-1])))
    except KeyboardInterrupt:
        raise KeyboardInterrupt(
            f"interrupted after epoch {len(fit.history)}; the same command with --resume goes on"
        ) from None


def _write_json(path: Path, content: Any) -> None:
    """Write a JSON file, whole or not at all.

    Args:
        path: The file.
        content: What ``json`` can write.
    """
    with open_atomic(path) as file:
        file.write((json.dumps(content, indent=1) + "\n").encode())


def _entries(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return the entries of a record, with those of inner records in their place."""
    inner = [_entries(value) if isinstance(value, dict) else {key: value} for key, value in record.items()]
    return {key: value for entries in inner for key, value in entries.items()}


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 60 else f"{text[:60]}..."
