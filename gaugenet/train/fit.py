"""Fitting a network, with checkpoints from which a killed run goes on to the same numbers."""

from __future__ import annotations

import io
import math
import os
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Protocol, TypeVar, cast

import torch
from torch import Tensor
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from gaugenet.io.file import open_atomic
from gaugenet.models import Network
from gaugenet.models.store import FORMAT
from gaugenet.train.metrics import score, shape_loss
from gaugenet.train.settings import FitSettings

Item = TypeVar("Item")


class Progress(Protocol):
    """A function that shows the progress of an iteration."""

    def __call__(
        self, items: Iterable[Item], text: str, total: int, note: Callable[[], str] | None = None
    ) -> Iterable[Item]:
        """Return the items, show under a text how many of the total have passed, and beside it the current note."""


def silent(items: Iterable[Item], text: str, total: int, note: Callable[[], str] | None = None) -> Iterable[Item]:
    """Return the items without showing progress.

    Args:
        items: Items to iterate over.
        text: Ignored.
        total: Ignored.
        note: Ignored.
    """
    return items


class Examples(Protocol):
    """Training examples that are drawn by number.

    Attributes:
        variants: Number of variants of each example: itself and deformed copies.
    """

    variants: int

    @property
    def count(self) -> int:
        """Number of examples."""

    def draw(self, numbers: Sequence[int]) -> Iterator[tuple[Any, int]]:
        """Draw some examples for a training step.

        Args:
            numbers: Numbers of the examples.

        Yields:
            Data that a network reads, and how many examples it holds: one, or a whole batch.
        """

    def __iter__(self) -> Iterator[Any]:
        """Yield data with all examples, as they are scored."""

    def __len__(self) -> int:
        """Return how many data the iteration yields."""


class Fit:
    """Fit a network to prepared examples by ``shape_loss``; every example has the same weight.

    Args:
        net: Network to train in place; ``run`` leaves the averaged weights in it.
        train: Training examples, such as ``Prepared`` shapes or ``SphericalImages``.
        validation: Examples that are scored after every tenth epoch and the last one, or None.
        settings: Settings of training.
        checkpoint: File for checkpoints, or None.

    Raises:
        ValueError: If deformed copies are asked for of shapes whose features are written in frames.
    """

    def __init__(
        self,
        net: Network,
        train: Examples,
        validation: Examples | None,
        settings: FitSettings,
        checkpoint: str | os.PathLike[str] | None = None,
    ) -> None:
        if train.variants > 1 and net.field_transform is None and not net.rep_in.invariant:
            raise ValueError(
                f"features of {net.rep_in} are written in frames of their mesh, which deformed copies do not share: "
                "use variants=1"
            )
        self.net, self.train, self.validation, self.settings = net, train, validation, settings
        self.checkpoint = None if checkpoint is None else Path(checkpoint)
        self.average = AveragedModel(net, multi_avg_fn=get_ema_multi_avg_fn(settings.average))
        self.optimizer = torch.optim.AdamW(net.parameters(), settings.learning_rate, weight_decay=settings.weight_decay)
        steps = settings.epochs * math.ceil(train.count / settings.batch)
        # The rate rises for a tenth of the steps; where that is one step, OneCycleLR divides by zero.
        rise = 0.1 if steps != 10 else 0.2
        self.schedule = torch.optim.lr_scheduler.OneCycleLR(
            self.optimizer, settings.learning_rate, total_steps=steps, pct_start=rise
        )
        self.history: list[dict[str, float]] = []

    def run(self, progress: Progress = silent) -> list[dict[str, float]]:
        """Train from the current epoch to the last one.

        Args:
            progress: Shows the progress over the epochs.

        Returns:
            One row of numbers for each epoch: epoch, loss, accuracy and, where it was scored, validation_accuracy.
        """
        remaining = range(len(self.history), self.settings.epochs)
        for epoch in progress(remaining, "train", len(remaining)):
            # Every epoch has its own random numbers, so that a resumed run draws the same ones.
            with torch.random.fork_rng(devices=[]):
                torch.manual_seed(self.settings.seed * 1_000_003 + epoch)
                row = {"epoch": epoch + 1.0, **self._epoch()}
            last = epoch + 1 == self.settings.epochs
            if self.validation is not None and len(self.validation) and (last or epoch % 10 == 9):
                module = self.average.module
                row["validation_accuracy"] = score(cast(Network, module), self.validation)
            self.history.append(row)
            self.save_checkpoint()
        self.net.load_state_dict(self.average.module.state_dict())
        self.net.eval()
        return self.history

    def _epoch(self) -> dict[str, float]:
        self.net.train()
        loss_sum = accuracy_sum = 0.0
        count = self.train.count
        for numbers in torch.randperm(count).split(self.settings.batch):
            self.optimizer.zero_grad()
            for data, shapes in self.train.draw(numbers.tolist()):
                data.x = _shifted(data.x, self.net, self.settings.noise)
                loss, accuracy = shape_loss(self.net, data, self.settings.label_smoothing)
                (loss * shapes / len(numbers)).backward()
                loss_sum += float(loss.detach()) * shapes
                accuracy_sum += accuracy * shapes
            torch.nn.utils.clip_grad_norm_(self.net.parameters(), 1.0)
            self.optimizer.step()
            self.schedule.step()
            self.average.update_parameters(self.net)
        return {"loss": loss_sum / count, "accuracy": accuracy_sum / count}

    def save_checkpoint(self) -> None:
        """Write the state from which ``resume`` goes on; the file appears whole or not at all."""
        if self.checkpoint is None:
            return
        state = {
            "format": FORMAT,
            "settings": asdict(self.settings),
            "config": self.net.config,
            "net": self.net.state_dict(),
            "average": self.average.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "schedule": self.schedule.state_dict(),
            "history": self.history,
        }
        buffer = io.BytesIO()
        torch.save(state, buffer)
        with open_atomic(self.checkpoint) as file:
            file.write(buffer.getvalue())

    def resume(self) -> None:
        """Restore the state of the checkpoint.

        Raises:
            FileNotFoundError: If there is no checkpoint.
            ValueError: If it is damaged, or was made with other settings or another network.
        """
        if self.checkpoint is None or not self.checkpoint.is_file():
            raise FileNotFoundError(f"{self.checkpoint}: no checkpoint to resume from; start without --resume")
        try:
            state = torch.load(self.checkpoint, weights_only=True)
            steps = {"steps": state["schedule"]["total_steps"]}
        except Exception as error:
            raise ValueError(f"{self.checkpoint}: damaged checkpoint ({error}); start without --resume") from None
        known = {"settings": asdict(self.settings), "config": self.net.config}
        state["data"], known["data"] = steps, {"steps": self.schedule.total_steps}
        for name, here in known.items():
            changed = [key for key in here if state[name].get(key) != here[key]]
            if changed:
                raise ValueError(
                    f"{self.checkpoint}: was made with other {name} ({changed[0]}={state[name].get(changed[0])!r}, "
                    f"now {here[changed[0]]!r}); use the same ones or start without --resume"
                )
        if "format" not in state:
            warnings.warn(
                f"{self.checkpoint} is of an earlier release: finish this run, for the next release will not resume it",
                DeprecationWarning,
                stacklevel=2,
            )
        self.net.load_state_dict(state["net"])
        self.average.load_state_dict(state["average"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.schedule.load_state_dict(state["schedule"])
        self.history = list(state["history"])


def _shifted(x: Tensor, net: Network, noise: float) -> Tensor:
    """Add one random number to each invariant field; tangent fields have no constant that could be added."""
    rep = net.rep_in
    parts = rep.split(x)
    shifts = [noise * torch.randn(block.multiplicity, dtype=x.dtype, device=x.device) for block in rep]
    moved = [z + shift if block.invariant else z for z, shift, block in zip(parts, shifts, rep, strict=True)]
    return torch.cat(moved, dim=1)
