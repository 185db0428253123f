"""Fitting a network, with checkpoints from which a killed run goes on to the same numbers."""

from __future__ import annotations

import io
import math
import os
import warnings
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from gaugenet.io.file import open_atomic
from gaugenet.models.files import FORMAT, renamed
from gaugenet.models.network import Network
from gaugenet.train.examples import Examples
from gaugenet.train.objective import score, shape_loss

Progress = Callable[[Iterable[Any], str, int], Iterable[Any]]


@dataclass(frozen=True)
class FitSettings:
    """How to fit; the defaults are those of all published results.

    Attributes:
        epochs: passes over the shapes, each in one of its variants. learning_rate: peak of the one-cycle schedule.
        weight_decay: of AdamW. label_smoothing: of the cross entropy.
        variants, stretch, bend, remesh: of deformed copies (``Prepared``).
        noise: standard deviation of a shift of each invariant input field, drawn anew every step.
        average: decay of the moving average of weights that is kept. seed: of everything random.
        batch: shapes whose gradients are averaged for a step.
    """

    epochs: int = 80
    learning_rate: float = 3e-3
    weight_decay: float = 5e-2
    label_smoothing: float = 0.1
    variants: int = 9
    stretch: float = 0.12
    bend: float = 0.35
    remesh: bool = False
    noise: float = 0.1
    average: float = 0.98
    seed: int = 0
    batch: int = 1

    def __post_init__(self) -> None:
        for names, wanted, fits in _RANGES:
            for name in names:
                if not fits(getattr(self, name)):
                    raise ValueError(f"FitSettings expects {name} {wanted}, got {getattr(self, name)}")


_RANGES: list[tuple[tuple[str, ...], str, Callable[[float], bool]]] = [
    (("epochs", "variants", "batch"), ">= 1", lambda value: value >= 1),
    (("learning_rate",), "above 0", lambda value: 0 < value < math.inf),
    (("weight_decay", "stretch", "bend", "noise", "seed"), ">= 0", lambda value: 0 <= value < math.inf),
    (("label_smoothing", "average"), "from 0 to below 1", lambda value: 0 <= value < 1),
]


class Fit:
    """Fit a network to prepared shapes.

    What the loss is, ``shape_loss`` says; every shape counts the same.

    Args:
        net: trained in place; ``run`` leaves the averaged weights in it.
        train: ``Prepared`` shapes, or ``SphericalImages``. validation: scored after every tenth epoch, may be empty.
        settings: see there. checkpoint: file for checkpoints, or None.

    Raises:
        ValueError: deformed copies of shapes with features in frames.
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

    def run(self, progress: Progress | None = None) -> list[dict[str, float]]:
        """Train from where the run stands to the last epoch; returns a row of numbers an epoch."""
        show = progress or (lambda items, _text, _total: items)
        remaining = range(len(self.history), self.settings.epochs)
        for epoch in show(remaining, "train", len(remaining)):
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
        """Write everything from which ``resume`` can go on; the file appears whole or not at all."""
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
        """Go on from the checkpoint.

        Raises:
            FileNotFoundError: there is none. ValueError: it is damaged, or belongs to other settings.
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
            for name in ("net", "average"):
                state[name] = renamed(type(self.net).__name__, state[name])
        self.net.load_state_dict(state["net"])
        self.average.load_state_dict(state["average"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.schedule.load_state_dict(state["schedule"])
        self.history = list(state["history"])


def _shifted(x: Tensor, net: Network, noise: float) -> Tensor:
    """Add one random number to each invariant field; tangent fields have no constant to add."""
    rep = net.rep_in
    parts = rep.split(x)
    shifts = [noise * torch.randn(block.multiplicity, dtype=x.dtype, device=x.device) for block in rep]
    moved = [z + shift if block.invariant else z for z, shift, block in zip(parts, shifts, rep, strict=True)]
    return torch.cat(moved, dim=1)
