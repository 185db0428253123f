"""The result of a command, for people and for programs; tables of scores."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gaugenet.detection import Precision
    from gaugenet.train import Scores

DONE, PARTLY, FAILED = 0, 1, 2


@dataclass(frozen=True)
class Outcome:
    """The result of a command.

    Attributes:
        content: The object that ``--json`` prints; numbers that are not finite become null.
        text: The text that is printed without ``--json``, if it is not empty.
        code: Exit code: 0 all done, 1 part of the work failed, 2 nothing could be done.
    """

    content: dict[str, Any]
    text: str
    code: int = DONE

    def printed(self, as_json: bool) -> str:
        """Return the text for standard output.

        Args:
            as_json: Whether ``--json`` was given.
        """
        return json.dumps(_finite(self.content), allow_nan=False) if as_json else self.text


def exit_code(done: int, failed: int) -> int:
    """Return the exit code of a command over several files.

    Args:
        done: Number of files that were done.
        failed: Number of files that failed.
    """
    return DONE if not failed else PARTLY if done else FAILED


def head(name: str, *columns: str) -> str:
    """Return the first line of a table of scores.

    Args:
        name: Heading of the first column.
        columns: Two further headings.
    """
    return f"{name:<20} {columns[0]:>8} {columns[1]:>7}"


def row(name: str, *shares: float) -> str:
    """Return a line of a table of scores.

    Args:
        name: What was scored.
        shares: Scores from 0 to 1.
    """
    return f"{name:<20} {' '.join(f'{100 * share:6.2f} %' for share in shares)}"


def class_table(name: str, scores: Scores) -> list[str]:
    """Return the lines of a table with accuracy and IoU of each class.

    Args:
        name: Heading of the first column.
        scores: The scores.
    """
    rows = [row(key, one["accuracy"], one["iou"]) for key, one in scores.classes.items()]
    return [head(name, "accuracy", "IoU"), *rows]


def area_table(name: str, scores: Scores) -> list[str]:
    """Return the lines of a table with accuracy and IoU of each class and of all.

    Args:
        name: Heading of the first column.
        scores: The scores.
    """
    return [*class_table(name, scores), row("all (area, mean IoU)", scores.area_accuracy, scores.mean_iou)]


def detection_outcome(
    names: Sequence[str], found: Precision, about: dict[str, Any], which: str, distance: Callable[[float], str]
) -> Outcome:
    """Return average precision, and the mean errors of the boxes found.

    Numbers that do not exist, such as the precision of a class without objects, are NaN.

    Args:
        names: Names of the classes.
        found: Average precision and errors.
        about: Further entries of the JSON object.
        which: Words for what was scored.
        distance: Returns the text of a distance.
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
        f"{name:<20} no object" if math.isnan(one) else row(name, one) for name, one in zip(names, half, strict=True)
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


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
