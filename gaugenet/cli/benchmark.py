"""Measure speed and memory on this machine, side by side with what others do.

convolution: against the plain formulation with a dense product an edge, eager and compiled; preprocessing: against
potpourri3d, and against geodesics of sphere and torus; training: one step of the default network; inference: whole
meshes; harmonics: transforms on the sphere, against torch-harmonics and e3nn where these are installed. All durations
are medians of runs that take turns after a warm-up; peaks of memory are what a run adds to the process, tables what
transforms keep between runs.
"""

from __future__ import annotations

import argparse
import os
import platform
from collections.abc import Sequence
from functools import partial
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from gaugenet import viz
from gaugenet.cli.arguments import at_least
from gaugenet.cli.message import bar
from gaugenet.cli.outcome import Outcome
from gaugenet.viz.png import png_path

EXAMPLE = "gaugenet benchmark --part convolution --channels 32"
PARTS = ("convolution", "preprocessing", "training", "inference", "harmonics")
BAND_LIMITS = (8, 16, 32, 64, 128, 256)
SIZES = (2_562, 10_242, 40_962, 163_842, 655_362)


def add_arguments(parser: argparse.ArgumentParser, argv: Sequence[str]) -> list[argparse.ArgumentParser]:
    """Add the arguments of the command.

    Args:
        parser: Parser of the command.
        argv: The command line.

    Returns:
        The parsers that run the command.
    """
    parser.add_argument("--part", nargs="+", choices=PARTS, default=list(PARTS), help="what to measure (default: all)")
    parser.add_argument("--vertices", type=at_least(12), default=10_242, metavar="N", help="of the sphere for layers")
    parser.add_argument(
        "--channels", type=at_least(1), nargs="+", default=[16, 32, 64], metavar="C", help="of each order"
    )
    parser.add_argument("--sizes", type=at_least(12), nargs="+", default=list(SIZES), metavar="N", help="of growth")
    parser.add_argument(
        "--band-limits", type=at_least(1), nargs="+", default=list(BAND_LIMITS), metavar="L", help="of harmonics"
    )
    parser.add_argument("--repeats", type=at_least(1), default=5, metavar="N", help="runs of each (default: 5)")
    parser.add_argument("--picture", type=Path, metavar="PNG", help="durations against sizes, both logarithmic")
    return [parser]


def run(args: argparse.Namespace) -> Outcome:
    """Measure part by part.

    Args:
        args: The parsed arguments.
    """
    if args.picture is not None:
        png_path(args.picture)
    from gaugenet.benchmark.convolution import convolution
    from gaugenet.benchmark.harmonics import harmonics
    from gaugenet.benchmark.network import inference, training
    from gaugenet.benchmark.preprocessing import preprocessing

    makers = {
        "convolution": partial(convolution, args.vertices, args.channels, (None, 30), args.repeats),
        "preprocessing": partial(preprocessing, args.sizes, (None, 30), args.repeats, args.vertices),
        "training": partial(training, args.vertices, args.repeats),
        "inference": partial(inference, args.sizes, args.repeats),
        "harmonics": partial(harmonics, args.band_limits, 8, args.repeats),
    }
    content: dict[str, Any] = {"machine": machine()}
    for part in PARTS:
        if part in args.part:
            content[part] = list(bar(makers[part](), part, None))
    if args.picture is not None:
        viz.growth_picture(args.picture, _series(content))
    return Outcome(content, "\n\n".join(_table(part, content[part]) for part in PARTS if part in content))


def machine() -> dict[str, str]:
    """Return what the durations depend on: processor, threads, versions."""
    import torch

    found = Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").exists() else ""
    models = [line.partition(":")[2].strip() for line in found.splitlines() if line.startswith("model name")]
    names = ["torch", "torch-geometric", "numpy", "numba", *(["potpourri3d"] if find_spec("potpourri3d") else [])]
    packages = {name: version(name) for name in names}
    about = {"processor": models[0] if models else platform.processor(), "cores": str(os.cpu_count())}
    return {**about, "threads": str(torch.get_num_threads()), "python": platform.python_version(), **packages}


def _series(content: dict[str, Any]) -> dict[str, list[tuple[float, float]]]:
    series: dict[str, list[tuple[float, float]]] = {}
    for row in (row for row in content.get("preprocessing", []) if row["surface"] == "sphere"):
        name = "discs of 30" if row["neighbours"] == 30 else "1-ring"
        series.setdefault(name, []).append((row["vertices"], row["seconds"]))
        if "fields_seconds" in row:
            series.setdefault("input fields", []).append((row["vertices"], row["fields_seconds"]))
    for row in content.get("inference", []):
        series.setdefault("segmentation", []).append((row["vertices"], row["seconds"]))
    return series


def _table(part: str, rows: Sequence[dict[str, Any]]) -> str:
    """Return rows as a Markdown table."""
    keys = list(dict.fromkeys(key for row in rows for key in row))
    lines = [f"| {' | '.join(_heading(key) for key in keys)} |", f"|{'---|' * len(keys)}"]
    lines += [f"| {' | '.join(_cell(key, row.get(key)) for key in keys)} |" for row in rows]
    return f"{part}\n\n" + "\n".join(lines)


def _heading(key: str) -> str:
    return key.replace("seconds", "ms").replace("bytes", "MB").replace("_", " ")


def _cell(key: str, value: Any) -> str:
    if value is None:
        return ""
    if "seconds" in key:
        return f"{1e3 * value:,.0f}" if value > 0.02 else f"{1e3 * value:.2g}"
    if "bytes" in key:
        return f"{value / 1e6:,.0f}" if value > 1e7 else f"{value / 1e6:.2g}"
    return f"{value:.3g}" if isinstance(value, float) else str(value)
