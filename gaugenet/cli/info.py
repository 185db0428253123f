"""Say what a mesh is: its counts, topology and defects, and the holonomy of its faces.

A mesh that is too broken to have frames is described all the same; its holonomy sum is then unknown (null).
"""

from __future__ import annotations

import argparse
import math
import warnings
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from gaugenet.bundle.connection import face_holonomies, levi_civita
from gaugenet.cli.outcome import Outcome
from gaugenet.data.read import read_mesh
from gaugenet.mesh import Mesh, clean_mesh, find_defects
from gaugenet.mesh.topology import find_topology

EXAMPLE = "gaugenet info meshes/known/torus.glb"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument("mesh", type=Path, metavar="MESH", help="mesh file: OFF, OBJ, PLY, STL, GLB, ...")


def run(args: argparse.Namespace) -> Outcome:
    """Describe a mesh."""
    mesh = read_mesh(args.mesh)
    pos, face = mesh.pos.numpy(), mesh.face.numpy().T
    topology = asdict(find_topology(pos, face))
    del topology["edges"]
    clean = _cleaned(pos, face)
    holonomy = None if clean is None else float(face_holonomies(levi_civita(clean)).sum())
    content = {**topology, "defects": find_defects(pos, face), "holonomy_sum": holonomy}
    bounded = clean is not None and find_topology(clean.pos, clean.face).boundary_loops > 0
    return Outcome(content, _text(args.mesh, content, bounded))


def _cleaned(pos: np.ndarray, face: np.ndarray) -> Mesh | None:
    try:
        return clean_mesh(pos, face)
    except ValueError as refusal:
        warnings.warn(f"no holonomy: {refusal}", stacklevel=2)
        return None


def _text(path: Path, content: dict[str, Any], bounded: bool) -> str:
    defects = ", ".join(f"{kind} {count}" for kind, count in content["defects"].items() if count)
    chi, holonomy = content["euler_characteristic"], content["holonomy_sum"]
    rows = [
        ("vertices", content["vertices"]),
        ("faces", content["faces"]),
        ("components", content["components"]),
        ("boundary loops", content["boundary_loops"]),
        ("genus", "undefined" if content["genus"] is None else content["genus"]),
        ("orientable", "yes" if content["orientable"] else "no"),
        ("manifold", "yes" if content["manifold"] else "no"),
        ("defects", defects or "none"),
        ("Euler characteristic", f"χ = {chi}, 2πχ = {2 * math.pi * chi:.6f}"),
        ("holonomy sum", "unknown" if holonomy is None else f"{holonomy:.6f} = 2π · {holonomy / (2 * math.pi):.6f}"),
    ]
    if bounded:
        rows.append(("", "of a clean mesh with a boundary, whose turning makes up the difference to 2πχ"))
    return "\n".join([str(path), *(f"  {name:<22}{value}" for name, value in rows)])
