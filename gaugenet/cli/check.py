"""Measure how far the scores of a network depend on the gauge and on the pose, in double and single precision.

gauge_error: largest change of a score under a random change of frames at every vertex, over the largest distance of a
score from their mean; motion_error: the same under a random rotation and translation of the mesh. Both are the worst
over the meshes. Geometry is always computed in float64: the motion_error in float32 is exactly 0 where rounding hides
what a motion changes.

A network on the sphere takes no MESH: a random field is rotated. symmetry_error: under a rotation that maps the points
to themselves, of equivariant networks rounding; rotation_error: the worst of five random rotations.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Mapping, Sequence

from gaugenet import io, models
from gaugenet.cli.message import attempt, bar, existing
from gaugenet.cli.options import add_options
from gaugenet.cli.outcome import Outcome, exit_code
from gaugenet.models.location import located

EXAMPLE = "gaugenet check --model psb-human person.off"


def add_arguments(parser: argparse.ArgumentParser, argv: Sequence[str]) -> list[argparse.ArgumentParser]:
    """Add the arguments of the command.

    Args:
        parser: Parser of the command.
        argv: The command line.

    Returns:
        The parsers that run the command.
    """
    add_options(parser, ["model", "mesh any", "seed"])
    return [parser]


def run(args: argparse.Namespace) -> Outcome:
    """Measure, and keep the worst of each number.

    Args:
        args: The parsed arguments.
    """
    located(args.model)
    errors: list[models.Invariance] = []
    failed: dict[str, str] = {}
    files = existing(args.mesh, failed)
    if files or not args.mesh:
        import torch

        from gaugenet.models.check import check

        net = models.load(args.model, torch.float64)
        generator = torch.Generator().manual_seed(args.seed)
        if models.on_sphere(net) == bool(files):
            raise ValueError(
                f"{args.model} is a network on the sphere, which is checked on random fields: leave the meshes out"
                if files
                else f"check needs a MESH for {args.model}, a network on meshes; see gaugenet check --help"
            )
        if not files:
            return _on_sphere(models.check_on_sphere(net, generator=generator))
        for path in bar(files, "check", len(files)):
            with attempt(path, failed):
                errors.append(check(net, io.read_mesh(path), generator))
    content = {kind: _worst([getattr(one, kind) for one in errors]) for kind in ("gauge_error", "motion_error")}
    text = _table(len(errors), content) if errors else ""
    return Outcome({**content, "failed": failed}, text, exit_code(len(errors), len(failed)))


def _on_sphere(found: models.SphericalInvariance) -> Outcome:
    content = {name: getattr(found, name) for name in ("gauge_error", "symmetry_error", "rotation_error")}
    rows = _rows(f"random field of degrees below {found.band_limit}", content)
    return Outcome({**content, "band_limit": found.band_limit}, "\n".join(rows))


def _rows(title: str, content: Mapping[str, Mapping[str, float] | None]) -> list[str]:
    rows = [title, f"  {'':<14}{'float64':>10}{'float32':>10}"]
    for kind, worst in content.items():
        numbers = "  not measured: a grid has its own frames" if worst is None else _numbers(worst)
        rows.append(f"  {kind:<14}{numbers}")
    return rows


def _numbers(worst: Mapping[str, float]) -> str:
    return f"{worst['float64']:>10.1e}{worst['float32']:>10.1e}"


def _table(meshes: int, content: Mapping[str, Mapping[str, float]]) -> str:
    rows = _rows(f"worst of {meshes} mesh{'es' if meshes > 1 else ''}", content)
    if content["motion_error"]["float32"] == 0:
        rows.append("0 in float32: the input, computed in float64, is rounded to the same numbers in both poses")
    return "\n".join(rows)


def _worst(errors: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """Return the largest error in each precision; NaN if one is, or if there is none."""
    found = {}
    for precision in ("float64", "float32"):
        values = [error[precision] for error in errors]
        found[precision] = math.nan if not values or any(map(math.isnan, values)) else max(values)
    return found
