"""Draw how gauge convolutions on ever finer icospheres tend to the intertwiners that their kernels predict.

Random kernels of two radial profiles, from orders 0, 1, 2 to 0, 1, 3, on a random field of degrees below 5.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

from gaugenet.benchmark.gauge_limit import gauge_limit
from gaugenet.viz.plots import growth_picture

RADII = (0.3, 0.5)


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, epilog="example: python scripts/gauge_limit.py --picture gauge_limit.png"
    )
    parser.add_argument("--levels", type=int, nargs="+", default=[2, 3, 4, 5], metavar="N", help="of icospheres")
    parser.add_argument("--picture", type=Path, metavar="PNG", help="errors against vertices")
    args = parser.parse_args(argv)
    series = {}
    for radius in RADII:
        series[f"radius {radius}"] = [(10 * 4**level + 2, gauge_limit(level, radius)) for level in args.levels]
        print(
            f"radius {radius}:",
            ", ".join(f"{vertices:,}: {error:.2g}" for vertices, error in series[f"radius {radius}"]),
        )
    if args.picture is not None:
        growth_picture(args.picture, series, "error, root mean square")


if __name__ == "__main__":
    main()
