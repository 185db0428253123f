"""Draw how gauge convolutions on ever finer icospheres tend to the intertwiners that their kernels predict.

Random kernels of two radial profiles, from orders 0, 1, 2 to 0, 1, 3, on a random field of degrees below 5.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import torch

from gaugenet.homogeneous import Sphere, icosphere
from gaugenet.nn import GaugeConv
from gaugenet.sphere import ScatteredTransform, SphericalConv, degrees
from gaugenet.transforms import HomogeneousBundle
from gaugenet.viz import growth_picture

RADII = (0.3, 0.5)
REP_IN, REP_OUT, BAND_LIMIT, PROFILES = "1x0 + 1x1 + 1x2", "1x0 + 2x1 + 1x3", 5, 2


def gauge_limit(level: int, radius: float, seed: int = 0, same: bool = True) -> float:
    """Return the relative root-mean-square error of ``GaugeConv`` at the vertices of an icosphere.

    The exact result is that of ``SphericalConv`` with local kernels and the same random weights, on a random field of
    degrees below 5 (Gerken et al. 2021, section 4: an intertwiner is a gauge-equivariant layer).

    Args:
        level: Level of the icosphere, which has 10 * 4^level + 2 vertices.
        radius: Radius of the kernels [rad].
        seed: Seed of the weights and the field.
        same: Whether both layers have the same weights; otherwise the weights of different solutions are swapped.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        exact = SphericalConv(REP_IN, REP_OUT, BAND_LIMIT, "local", PROFILES, radius, bias=False).double()
        gauge = GaugeConv(REP_IN, REP_OUT, PROFILES, bias=False).double()
        x = torch.randn(BAND_LIMIT**2, exact.rep_in.dim, dtype=torch.float64)
    for block in exact.rep_in:
        x[degrees(BAND_LIMIT) < block.order, block.columns] = 0.0
    data = HomogeneousBundle(Sphere(), radius=radius)(icosphere(level))
    into, out = (ScatteredTransform(rep, data.pos, data.area_0, BAND_LIMIT, fit=False) for rep in (REP_IN, REP_OUT))
    with torch.no_grad():
        for weight in gauge.parameters():
            weight.zero_()  # a vertex itself does not contribute to the integral
        for key, weight in gauge.kernel.weight.items():
            weight.copy_(exact.weight[key] if same else exact.weight[key].flip(0))
        wanted = out.inverse(exact(x))
        return float((gauge(into.inverse(x), data) - wanted).square().mean().sqrt() / wanted.square().mean().sqrt())


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
