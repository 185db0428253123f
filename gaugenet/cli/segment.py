"""Label the faces of meshes, or the pixels of images of the sphere, with a network.

DIR gets, for each mesh, <name>.ply (coloured, with a property label) and <name>_labels.txt (label names, each followed
by the numbers of its faces, from 1 on); of a network that labels vertices, <name>.txt with the label of each vertex.
Of an image (PNG or JPEG, twice as wide as high, north up), for networks on the sphere, it gets <name>_labels.png, the
pixels of which are the numbers of labels, in a palette that shows them. What fails is reported and skipped; the exit
code is then 1, or 2 if all fail.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
import torch

from gaugenet.cli.arguments import (
    add_meshes,
    add_model,
    add_up,
    check_output,
    check_stems,
    check_up,
    memory,
    output_folder,
)
from gaugenet.cli.message import attempt
from gaugenet.cli.outcome import Outcome, exit_code
from gaugenet.cli.progress import bar
from gaugenet.cli.segment_images import segmented_images
from gaugenet.io.label_file import write_labels
from gaugenet.io.labels import corner_majority
from gaugenet.io.mesh_data import MeshData
from gaugenet.io.mesh_file import read_mesh, write_mesh
from gaugenet.mesh.geometry import face_areas
from gaugenet.models import SegmentationNet, load, on_sphere
from gaugenet.models.patches import patch_limit, scores_in_patches
from gaugenet.viz import Panel, palette, segmentation_picture
from gaugenet.viz.png import png_path

EXAMPLE = "gaugenet segment person.off --model psb-human -o out --picture out/person.png"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    add_meshes(parser, "mesh file: OFF, OBJ, PLY, STL, GLB, ...; or image of the sphere: PNG, JPEG")
    add_model(parser)
    parser.add_argument("-o", "--output", required=True, type=Path, metavar="DIR", help="folder for the results")
    parser.add_argument(
        "--max-memory",
        type=memory,
        metavar="SIZE",
        help="such as 4GB: run the network on patches, with the same result, so that the process stays below",
    )
    parser.add_argument("--picture", type=Path, metavar="PNG", help="shaded views of each mesh, with a legend")
    add_up(parser)


def run(args: argparse.Namespace) -> Outcome:
    """Label the meshes, and write what was found."""
    check_stems(args.mesh)
    check_up(args)
    net = load(args.model)
    if not isinstance(net, SegmentationNet):
        raise ValueError(f"segment needs a network that labels, got {args.model}, a {type(net).__name__}")
    folder = check_output(args.output)
    if args.picture is not None:
        png_path(args.picture, planned=folder)
    if on_sphere(net):
        return segmented_images(net, args, folder)
    done: dict[str, Any] = {}
    failed: dict[str, str] = {}
    panels = []
    for path in bar(args.mesh, "segment", len(args.mesh)):
        with attempt(path, failed):
            mesh = read_mesh(path)
            label = net.segment(mesh.clone()) if args.max_memory is None else _within(args.max_memory, net, mesh)
            done[str(path)], panel = _written(folder, path.stem, mesh, label, net)
            panels.append(panel)
    if args.picture is not None and panels:
        segmentation_picture(args.picture, panels, net.label_names, up=args.up)
    picture = str(args.picture) if args.picture is not None and panels else None
    text = [f"{len(done)} of {len(args.mesh)} meshes labelled, results in {folder}"] if done else []
    text += [f"  {Path(path).name}: {_shares(result['area'])}" for path, result in done.items()]
    text += [f"picture: {picture}"] if picture else []
    content = {"meshes": done, "picture": picture, "failed": failed}
    return Outcome(content, "\n".join(text), exit_code(len(done), len(failed)))


def _within(allowed: int, net: SegmentationNet, mesh: MeshData) -> torch.Tensor:
    """Return the labels, found patch by patch where the mesh is too large."""
    data = net.transform(mesh.clone())
    return net.labels(scores_in_patches(net, data, patch_limit(net, data, allowed), bar), data)


def _written(
    folder: Path, name: str, mesh: MeshData, label: torch.Tensor, net: SegmentationNet
) -> tuple[dict[str, Any], Panel]:
    """Write the files of one mesh; return what to say of it and how to draw it."""
    pos, face = mesh.pos.numpy(), mesh.face.numpy().T
    at_vertices = net.output == "vertex"
    face_label = (corner_majority(label, mesh.face) if at_vertices else label).numpy()
    coloured, labels = folder / f"{name}.ply", folder / (f"{name}.txt" if at_vertices else f"{name}_labels.txt")
    output_folder(folder)
    write_mesh(coloured, pos, face, palette(len(net.label_names))[face_label], face_label)
    write_labels(labels, label.numpy(), net.label_names)
    area = np.bincount(face_label, face_areas(pos, face), len(net.label_names))
    share = {name: float(part) for name, part in zip(net.label_names, area / area.sum()) if part > 0}
    return {"ply": str(coloured), "labels": str(labels), "area": share}, Panel(name, pos, face, face_label)


def _shares(area: dict[str, float]) -> str:
    return ", ".join(f"{name} {100 * share:.0f} %" for name, share in area.items())
