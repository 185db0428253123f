"""python scripts/train.py DATA [TASK] --root PATH -o DIR [--resume]: the same as `gaugenet train`."""

import sys
from collections.abc import Sequence

from gaugenet.cli import main as gaugenet


def main(argv: Sequence[str] | None = None) -> int:
    return gaugenet(["train", *(sys.argv[1:] if argv is None else argv)])


if __name__ == "__main__":
    sys.exit(main())
