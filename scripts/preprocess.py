"""python scripts/preprocess.py IN... -o DIR [--workers N]: the same as `gaugenet preprocess`."""

import sys
from collections.abc import Sequence

from gaugenet.cli import main as gaugenet


def main(argv: Sequence[str] | None = None) -> int:
    return gaugenet(["preprocess", *(sys.argv[1:] if argv is None else argv)])


if __name__ == "__main__":
    sys.exit(main())
