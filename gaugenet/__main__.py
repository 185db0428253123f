"""``python -m gaugenet`` is the program ``gaugenet``."""

import sys

from gaugenet.cli import main

if __name__ == "__main__":
    sys.exit(main())
