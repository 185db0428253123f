"""Describe a mesh: its counts, topology and defects, and the holonomy of its faces.

A mesh that is too broken to have frames is described all the same; its holonomy sum is then unknown (null). Faces of a
surface with one side, such as a Klein bottle, are seen from both: half the sum over its oriented double cover is given.
"""

from __future__ import annotations

import argparse
import math
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gaugenet.cli.options import add_options
from gaugenet.cli.outcome import Outcome
from gaugenet.io.file import existing_file

if TYPE_CHECKING:
    import numpy as np

    from gaugenet.mesh.mesh import Mesh

EXAMPLE = "gaugenet info meshes/known/torus.glb"


def add_arguments(parser: argparse.ArgumentParser, argv: Sequence[str]) -> list[argparse.ArgumentParser]:
    """Add the arguments of the command.

    Args:
        parser: Parser of the command.
        argv: The command line.

    Returns:
        The parsers that run the command.
    """
    add_options(parser, ["mesh one"])
    return [parser]


def run(args: argparse.Namespace) -> Outcome:
    """Describe a mesh.

    Args:
        args: The parsed arguments.
    """
    if not args.mesh.is_dir():  # read_polygons refuses folders
        existing_file(args.mesh)
    from gaugenet.io.polygon_file import read_polygons
    from gaugenet.mesh.clean import find_defects
    from gaugenet.mesh.topology import find_topology

    mesh = read_polygons(args.mesh)
    topology = asdict(find_topology(mesh.pos, mesh.face))
    del topology["edges"]
    clean = _cleaned(mesh.pos, mesh.face)
    holonomy = None if clean is None else _holonomy_sum(clean)
    content = {**topology, "defects": find_defects(mesh.pos, mesh.face), "holonomy_sum": holonomy}
    return Outcome(content, _text(args.mesh, content, _remark(clean, holonomy, topology)))


def _holonomy_sum(mesh: Mesh) -> float:
    from gaugenet.mesh.orientation_cover import orientation_cover
    from gaugenet.surface.connection import face_holonomies, levi_civita

    if mesh.orientable:
        return float(face_holonomies(levi_civita(mesh)).sum())
    return 0.5 * float(face_holonomies(levi_civita(orientation_cover(mesh))).sum())


def _remark(clean: Mesh | None, holonomy: float | None, shown: Mapping[str, Any]) -> str | None:
    """Return which mesh the holonomies belong to, if not the one shown, and why they do not sum to 2 pi chi."""
    if clean is None or holonomy is None:
        return None
    from gaugenet.mesh.topology import find_topology

    topology = find_topology(clean.pos, clean.face)
    chi, loops, words = topology.euler_characteristic, topology.boundary_loops, list[str]()
    if (chi, loops) != (shown["euler_characteristic"], shown["boundary_loops"]):
        words.append(f"of what cleaning leaves: χ = {chi}, boundary loops {loops}")
    elif loops:
        words.append("of a clean mesh with a boundary")
    beyond = round(chi - holonomy / (2 * math.pi))
    if loops:
        words.append("whose turning makes up the difference to 2πχ")
    elif beyond:
        words.append(f"less 2π for each face so sharp that it turns vectors by more than π: {beyond}")
    return ", ".join(words) or None


def _cleaned(pos: np.ndarray, face: np.ndarray) -> Mesh | None:
    from gaugenet.mesh.clean import clean_mesh

    try:
        return clean_mesh(pos, face, one_sided=True)
    except ValueError as refusal:
        warnings.warn(f"no holonomy: {refusal}", stacklevel=2)
        return None


def _text(path: Path, content: dict[str, Any], remark: str | None) -> str:
    defects = ", ".join(f"{kind} {count}" for kind, count in content["defects"].items() if count)
    chi, holonomy = content["euler_characteristic"], content["holonomy_sum"]
    rows = [
        ("vertices", content["vertices"]),
        ("faces", content["faces"]),
        ("components", content["components"]),
        ("boundary loops", content["boundary_loops"]),
        ("genus", "undefined" if content["genus"] is None else content["genus"]),
        ("orientable", "yes" if content["orientable"] else "no: bundles need a group with reflections, such as O2"),
        ("manifold", "yes" if content["manifold"] else "no"),
        ("defects", defects or "none"),
        ("Euler characteristic", f"χ = {chi}, 2πχ = {_number(2 * math.pi * chi)}"),
        (
            "holonomy sum",
            "unknown" if holonomy is None else f"{_number(holonomy)} = 2π · {_number(holonomy / (2 * math.pi))}",
        ),
    ]
    if remark is not None:
        rows.append(("", remark))
    return "\n".join([str(path), *(f"  {name:<22}{value}" for name, value in rows)])


def _number(value: float) -> str:
    return f"{round(value, 6) + 0.0:.6f}"  # + 0 makes -0 0
