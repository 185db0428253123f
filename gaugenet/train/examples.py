"""What is fitted to: examples that are drawn by number."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Protocol


class Examples(Protocol):
    """Examples ready for a network.

    Attributes:
        variants: in how many deformed copies each is there.
    """

    variants: int

    @property
    def count(self) -> int:
        """Number of examples."""

    def draw(self, numbers: Sequence[int]) -> Iterator[tuple[Any, int]]:
        """Yield data with some examples for training, and how many are in each: one, or a whole batch."""

    def __iter__(self) -> Iterator[Any]:
        """Yield data with all examples, as they are scored."""

    def __len__(self) -> int:
        """Return the number of data that come by iteration."""
