"""Find objects on a mesh, or in an equirectangular image of the sphere, with a network.

OUT.json lists the boxes by falling score: label, score, centre and direction in space, half lengths along the surface.
An image (PNG or JPEG, twice as wide as high, north up) needs a network on the sphere, a mesh one on meshes.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

from gaugenet import detection, io, models, train, viz
from gaugenet.cli.arguments import check_up, number_in
from gaugenet.cli.options import add_options
from gaugenet.cli.outcome import Outcome
from gaugenet.io.file import existing_file, open_atomic
from gaugenet.models.location import located
from gaugenet.train.named import named
from gaugenet.viz.png import png_path

EXAMPLE = (
    "gaugenet detect docs/pictures/scene.png --model spherical-scenes-detect -o objects.json --picture objects.png"
)


def add_arguments(parser: argparse.ArgumentParser, argv: Sequence[str]) -> list[argparse.ArgumentParser]:
    """Add the arguments of the command.

    Args:
        parser: Parser of the command.
        argv: The command line.

    Returns:
        The parsers that run the command.
    """
    parser.add_argument("input", type=Path, metavar="MESH|IMAGE", help="OFF, OBJ, PLY, STL, GLB, ...; PNG, JPEG")
    parser.add_argument("-o", "--output", required=True, type=Path, metavar="OUT.json", help="file for the boxes")
    parser.add_argument(
        "--score",
        type=number_in(0, 1, "a number from 0 to 1"),
        default=0.3,
        metavar="S",
        help="least score of a box (default: 0.3)",
    )
    add_options(parser, ["model", "picture", "up"], picture="draw the boxes")
    return [parser]


def run(args: argparse.Namespace) -> Outcome:
    """Find objects, and write their boxes.

    Args:
        args: The parsed arguments.
    """
    check_up(args)
    if args.output.suffix.lower() != ".json":
        raise ValueError(f"expected the name of a file to end in .json, got {args.output}")
    if not args.output.parent.is_dir():
        raise FileNotFoundError(f"{args.output}: folder {args.output.parent} does not exist; create it first")
    if args.picture is not None:
        png_path(args.picture)
    located(args.model)
    existing_file(args.input)
    from gaugenet.io.spherical_image import is_image

    net = models.load(args.model)
    if not isinstance(net, models.DetectionNet):
        raise ValueError(f"detect needs a network that finds objects, got {args.model}, a {type(net).__name__}")
    on_sphere = models.on_sphere(net)
    if on_sphere != is_image(args.input):
        wanted = "an image of the sphere (PNG, JPEG)" if on_sphere else "a mesh"
        raise ValueError(f"{args.model} runs on {wanted}, got {args.input}")
    if on_sphere and args.up is not None:
        raise ValueError("--up is about pictures of meshes; images have north up")
    with named(args.input):
        boxes, surface = (_in_image if on_sphere else _on_mesh)(net, args)
    records = detection.to_json(boxes, surface, net.label_names)
    with open_atomic(args.output) as file:
        file.write((json.dumps({"objects": records}, indent=1) + "\n").encode())
    rows = [f"  {one['label']:<16} {one['score']:.2f}" for one in records]
    text = [f"{len(records)} object{'' if len(records) == 1 else 's'} found, written to {args.output}", *rows]
    picture = None if args.picture is None else str(args.picture)
    text += [f"picture: {picture}"] if picture else []
    return Outcome({"objects": records, "output": str(args.output), "picture": picture}, "\n".join(text))


def _in_image(net: models.DetectionNet, args: argparse.Namespace) -> tuple[detection.Boxes, detection.Charts]:
    from gaugenet.cli.pictures import outlined
    from gaugenet.models.spherical import on_sample

    pixels, sample = io.read_image(args.input), models.sphere_sample(net)
    surface = detection.charts_of(sample.bundle)
    boxes = train.found_in(net, on_sample(net, sample, pixels), surface, score=args.score)
    if args.picture is not None:
        drawn, title = outlined(boxes, surface), args.input.stem
        viz.boxes_image(args.picture, viz.enlarged(pixels), drawn, net.label_names, title=title)
    return boxes, surface


def _on_mesh(net: models.DetectionNet, args: argparse.Namespace) -> tuple[detection.Boxes, detection.Charts]:
    from gaugenet.cli.pictures import outlined

    mesh = io.read_mesh(args.input)
    data = net.transform(mesh.clone())
    surface = detection.charts_of(data)
    boxes = net.detect(data, surface, score=args.score)
    if args.picture is not None:
        pos, face, drawn = mesh.pos.numpy(), mesh.face.numpy().T, outlined(boxes, surface)
        viz.boxes_picture(args.picture, pos, face, drawn, net.label_names, title=args.input.stem, up=args.up)
    return boxes, surface
