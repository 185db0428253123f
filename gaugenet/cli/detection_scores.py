"""What is said of found objects, whatever they are on."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from gaugenet.cli.outcome import Outcome
from gaugenet.detection import Precision


def detection_outcome(
    names: Sequence[str], found: Precision, about: dict[str, Any], which: str, distance: Callable[[float], str]
) -> Outcome:
    """Return average precision, and how far off the found boxes are.

    Numbers of which there are none, such as the precision of a class without objects, are NaN.

    Args:
        names: of the classes. about: what else goes into the JSON. which: names what was scored. distance: says one.
    """
    half = found.ap[found.thresholds.index(0.5)].tolist()
    content = {
        "ap50": found.at(0.5),
        "ap": found.mean,
        "centre_error": _mean(found.distance.tolist()),
        "angle_error": _mean(found.turn.tolist()),
        "classes": {name: {"ap50": one} for name, one in zip(names, half, strict=True)},
        **about,
    }
    rows = [f"{'class':<20} AP50"]
    rows += [
        f"{name:<20} " + ("no object" if math.isnan(one) else f"{100 * one:6.2f} %")
        for name, one in zip(names, half, strict=True)
    ]
    if all(map(math.isnan, half)):
        rows.append(f"no object to find in {which}")
    else:
        rows.append(f"AP50 {100 * content['ap50']:.2f} %, AP {100 * content['ap']:.2f} % of {which}")
    if len(found.distance):
        centre, angle = distance(content["centre_error"]), f"{math.degrees(content['angle_error']):.2f} degrees"
        rows.append(f"found at IoU 0.5: centres off by {centre}, directions by {angle} in the mean")
    else:
        rows.append("found at IoU 0.5: nothing")
    return Outcome(content, "\n".join(rows))


def _mean(values: list[float]) -> float:
    return sum(values) / len(values) if values else math.nan
