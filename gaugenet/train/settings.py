"""Settings of training, and those of each recipe. PyTorch is not imported."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class FitSettings:
    """Settings of training; the defaults are those of all published results on meshes.

    Attributes:
        epochs: Passes over the examples, each in one of its variants.
        learning_rate: Peak of the one-cycle schedule.
        weight_decay: Weight decay of AdamW.
        label_smoothing: Label smoothing of the cross entropy.
        variants: Variants of each shape: itself and deformed copies (``Prepared``).
        stretch: Size of the random stretch of deformed copies.
        bend: Size of the random bending of deformed copies.
        remesh: Whether every other deformed copy is remeshed.
        noise: Standard deviation of a random shift of each invariant input field, drawn at every step.
        average: Decay of the moving average of the weights, which are the result.
        seed: Seed of everything random.
        batch: Number of examples whose gradients are averaged in a step.
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

SEGMENT = DETECT = FitSettings()
CLASSIFY = FitSettings(epochs=48, batch=4, noise=0.0)
DIGITS = FitSettings(epochs=6, learning_rate=5e-3, batch=16, variants=1, noise=0.0, average=0.99)
SCENES_FIT = replace(DIGITS, epochs=4, learning_rate=3e-3)
# There is one Earth: with longer training networks fit the training continents better, and others worse. The noise is
# the best for North America with South America held out; see docs/earth.md.
_EARTH = FitSettings(epochs=10, batch=1, variants=1)
EARTH = {
    "harmonic": replace(_EARTH, noise=0.3),
    "gauge": replace(_EARTH, noise=0.0),
    "plain": replace(_EARTH, noise=0.3),
}


def usual_settings(data: str, task: str, family: str = "harmonic") -> FitSettings:
    """Return the settings with which ``gaugenet train`` trains.

    Args:
        data: Data set: "psb", "folder", "digits", "scenes" or "earth".
        task: "segment", "classify" or "detect".
        family: Family of a network on the sphere.
    """
    on_sphere = {"digits": DIGITS, "scenes": SCENES_FIT, "earth": EARTH[family]}
    return on_sphere.get(data) or {"segment": SEGMENT, "classify": CLASSIFY, "detect": DETECT}[task]
