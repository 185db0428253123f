"""python scripts/benchmark.py [--part PART...] [--picture PNG] [--json]: the same as `gaugenet benchmark`."""

import sys
from collections.abc import Sequence

from gaugenet.cli import main as gaugenet


def main(argv: Sequence[str] | None = None) -> int:
    return gaugenet(["benchmark", *(sys.argv[1:] if argv is None else argv)])


if __name__ == "__main__":
    sys.exit(main())
