"""Training networks to tell the climate of Earth."""

from __future__ import annotations

from typing import Any

from gaugenet.datasets import CONTINENTS, Earth
from gaugenet.models import SphereSample, sphere_sample
from gaugenet.train.recipes.images import HARMONIC, Family
from gaugenet.train.recipes.job import Job
from gaugenet.train.settings import EARTH, FitSettings
from gaugenet.train.turned_earth import TurnedEarth

COPIES = {"train": 10, "turned": 8}  # copies of Earth in an epoch, and rotated copies that are scored
USUAL: dict[str, dict[str, Any]] = {
    "harmonic": {"inputs": "4x0", "band_limit": 60, "bands": (30, 15, 8), "growth": 2.0, "dropout": 0.3},
    "gauge": {
        "inputs": "4x0",
        "levels": (2562, 642),
        "neighbours": 20,
        "rep": "8x0 + 4x1 + 4x2",
        "blocks": 1,
        "dropout": 0.1,
    },
    "plain": {"inputs": "4x0", "band_limit": 60, "dropout": 0.3},
}


def segmentation(
    earth: Earth,
    hold_out: str,
    validation_continent: str | None = None,
    *,
    family: Family = HARMONIC,
    rotate_train: bool = True,
    rotate_test: bool = False,
    settings: FitSettings | None = None,
) -> Job:
    """Return the job of training a network to label land by group of climate.

    Args:
        earth: Elevation, colour and climate.
        hold_out: Continent whose labels are kept for testing.
        validation_continent: Another continent whose labels are held back and scored during training, or None.
        family: Family of the network, and its settings.
        rotate_train: Whether Earth is rotated at random each time it is drawn.
        rotate_test: Whether Earth is rotated at random when it is scored.
        settings: Settings of training, whose seed is that of the network, too; by default ``EARTH`` of the family.

    Raises:
        ValueError: If both continents are the same, or one is unknown.
    """
    if hold_out not in CONTINENTS or hold_out == validation_continent:
        raise ValueError(
            f"expected two different continents of {', '.join(CONTINENTS)} to hold out and for validation, got "
            f"{hold_out} and {validation_continent}"
        )
    settings = EARTH[family.name] if settings is None else settings
    net = family.network("segment", Earth.label_names, USUAL[family.name], settings.seed)
    sample = sphere_sample(net)
    known = [name for name in CONTINENTS if name not in (hold_out, validation_continent)]
    examples = TurnedEarth(earth, sample, known, rotate_train, COPIES["train"])
    back = None
    if validation_continent is not None:
        back = scored_land(earth, sample, validation_continent, rotate_test)
    about = {
        "data": "earth",
        "task": "segment",
        "hold_out": hold_out,
        "validation_continent": validation_continent,
        "rotate_train": "yes" if rotate_train else "no",
        "rotate_test": "yes" if rotate_test else "no",
    }
    return Job(net, settings, about, lambda _: examples, None if back is None else lambda _: back)


def scored_land(earth: Earth, sample: SphereSample, continent: str, rotate: bool = False) -> TurnedEarth:
    """Return the examples by which a network is scored on a continent.

    Args:
        earth: Elevation, colour and climate.
        sample: Points at which the network reads fields.
        continent: Continent whose land is scored.
        rotate: Whether Earth is rotated at random; then there are several copies.
    """
    return TurnedEarth(earth, sample, [continent], rotate, COPIES["turned"] if rotate else 1)
