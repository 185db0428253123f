"""Find objects on a mesh, or in an equirectangular image of the sphere, with a network.

OUT.json lists the boxes, surest first: label, score, centre and direction in space, half lengths along the surface.
An image (PNG or JPEG, twice as wide as high, north up) needs a network on the sphere, a mesh one on meshes.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from gaugenet.cli.arguments import add_model, add_up, check_up
from gaugenet.cli.message import named
from gaugenet.cli.outcome import Outcome
from gaugenet.cli.outlined import outlined
from gaugenet.detection import Boxes, Surface, surface_of, to_json
from gaugenet.io.file import open_atomic
from gaugenet.io.mesh_file import read_mesh
from gaugenet.io.spherical_image import is_image, read_image
from gaugenet.models import DetectionNet, load, on_sphere, sphere_sample
from gaugenet.models.spherical import on_sample
from gaugenet.train import found_in
from gaugenet.viz import boxes_image, boxes_picture, enlarged
from gaugenet.viz.png import png_path

EXAMPLE = (
    "gaugenet detect docs/pictures/scene.png --model spherical-scenes-detect -o objects.json --picture objects.png"
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument("input", type=Path, metavar="MESH|IMAGE", help="OFF, OBJ, PLY, STL, GLB, ...; PNG, JPEG")
    add_model(parser)
    parser.add_argument("-o", "--output", required=True, type=Path, metavar="OUT.json", help="file for the boxes")
    parser.add_argument("--score", type=_share, default=0.3, metavar="S", help="least score of a box (default: 0.3)")
    parser.add_argument("--picture", type=Path, metavar="PNG", help="draw the boxes")
    add_up(parser)


def run(args: argparse.Namespace) -> Outcome:
    """Find objects, and write what was found."""
    check_up(args)
    for path, kind in ((args.output, ".json"), (args.picture, ".png")):
        if path is not None and path.suffix.lower() != kind:
            raise ValueError(f"expected the name of a file to end in {kind}, got {path}")
    if not args.output.parent.is_dir():
        raise FileNotFoundError(f"{args.output}: folder {args.output.parent} does not exist; create it first")
    if args.picture is not None:
        png_path(args.picture)
    net = load(args.model)
    if not isinstance(net, DetectionNet):
        raise ValueError(f"detect needs a network that finds objects, got {args.model}, a {type(net).__name__}")
    if on_sphere(net) != is_image(args.input):
        wanted = "an image of the sphere (PNG, JPEG)" if on_sphere(net) else "a mesh"
        raise ValueError(f"{args.model} runs on {wanted}, got {args.input}")
    with named(args.input):
        boxes, surface, names = (_in_image if on_sphere(net) else _on_mesh)(net, args)
    records = to_json(boxes, surface, names)
    with open_atomic(args.output) as file:
        file.write((json.dumps({"objects": records}, indent=1) + "\n").encode())
    rows = [f"  {one['label']:<16} {one['score']:.2f}" for one in records]
    text = [f"{len(records)} object{'' if len(records) == 1 else 's'} found, written to {args.output}", *rows]
    text += [] if args.picture is None else [f"picture: {args.picture}"]
    content: dict[str, Any] = {"objects": records, "output": str(args.output)}
    return Outcome({**content, "picture": None if args.picture is None else str(args.picture)}, "\n".join(text))


def _in_image(net: DetectionNet, args: argparse.Namespace) -> tuple[Boxes, Surface, Any]:
    if args.up is not None:
        raise ValueError("--up is about pictures of meshes; images have north up")
    pixels, sample = read_image(args.input), sphere_sample(net)
    surface = surface_of(sample.bundle)
    boxes = found_in(net, on_sample(net, sample, pixels), surface, score=args.score)
    if args.picture is not None:
        boxes_image(args.picture, enlarged(pixels), outlined(boxes, surface), net.label_names, title=args.input.stem)
    return boxes, surface, net.label_names


def _on_mesh(net: DetectionNet, args: argparse.Namespace) -> tuple[Boxes, Surface, Any]:
    mesh = read_mesh(args.input)
    data = net.transform(mesh.clone())
    surface = surface_of(data)
    boxes = net.detect(data, surface, score=args.score)
    if args.picture is not None:
        pos, face = mesh.pos.numpy(), mesh.face.numpy().T
        drawn = outlined(boxes, surface)
        boxes_picture(args.picture, pos, face, drawn, net.label_names, title=args.input.stem, up=args.up)
    return boxes, surface, net.label_names


def _share(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f"expected a number from 0 to 1, got {text!r}")
    return value
