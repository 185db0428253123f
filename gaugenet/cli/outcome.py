"""What a command has found, for people and for programs."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import Any

DONE, PARTLY, FAILED = 0, 1, 2


@dataclass(frozen=True)
class Outcome:
    """The end of a command.

    Attributes:
        content: the object that ``--json`` prints; what is not a finite number becomes null.
        text: what is printed without ``--json``; nothing if it is empty.
        code: exit code: 0 all done, 1 part of the work failed, 2 nothing could be done.
    """

    content: dict[str, Any]
    text: str
    code: int = DONE

    def printed(self, as_json: bool) -> str:
        """Return what goes to standard output."""
        return json.dumps(_finite(self.content), allow_nan=False) if as_json else self.text


def exit_code(done: int, failed: int) -> int:
    """Return the exit code of a command over several files."""
    return DONE if not failed else PARTLY if done else FAILED


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
