"""Work for other processes, which cannot import test modules."""

import os
import warnings


def square(number: int) -> int:
    """Return the square; warn at 2, fail at 5, die at 6."""
    if number == 2:
        warnings.warn("two", UserWarning, stacklevel=1)
    if number == 5:
        raise ValueError("five")
    if number == 6:
        os._exit(1)
    return number**2
