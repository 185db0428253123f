"""python scripts/segment.py MESH... --model NAME|PATH -o DIR [--picture PNG]: the same as `gaugenet segment`."""

import sys
from collections.abc import Sequence

from gaugenet.cli import main as gaugenet


def main(argv: Sequence[str] | None = None) -> int:
    return gaugenet(["segment", *(sys.argv[1:] if argv is None else argv)])


if __name__ == "__main__":
    sys.exit(main())
