"""Find objects on a mesh, or in an equirectangular image of the sphere, with a network.

OUT.json lists the boxes by falling score: label, score, centre and direction in space, half lengths along the surface.
An image (PNG or JPEG, twice as wide as high, north up) needs a network on the sphere, a mesh one on meshes.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gaugenet.cli.arguments import add_model, add_up, check_up, number_in
from gaugenet.cli.outcome import Outcome
from gaugenet.io.file import existing_file, open_atomic
from gaugenet.models.location import located
from gaugenet.train.named import named
from gaugenet.viz.png import png_path

if TYPE_CHECKING:
    from gaugenet.detection.boxes import Boxes
    from gaugenet.detection.charts import Charts
    from gaugenet.models.detection import DetectionNet

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
    add_model(parser)
    parser.add_argument("-o", "--output", required=True, type=Path, metavar="OUT.json", help="file for the boxes")
    parser.add_argument(
        "--score",
        type=number_in(0, 1, "a number from 0 to 1"),
        default=0.3,
        metavar="S",
        help="least score of a box (default: 0.3)",
    )
    parser.add_argument("--picture", type=Path, metavar="PNG", help="draw the boxes")
    add_up(parser)
    return [parser]


def run(args: argparse.Namespace) -> Outcome:
    """Find objects, and write their boxes.

    Args:
        args: The parsed arguments.
    """
    check_up(args)
    for path, kind in ((args.output, ".json"), (args.picture, ".png")):
        if path is not None and path.suffix.lower() != kind:
            raise ValueError(f"expected the name of a file to end in {kind}, got {path}")
    if not args.output.parent.is_dir():
        raise FileNotFoundError(f"{args.output}: folder {args.output.parent} does not exist; create it first")
    if args.picture is not None:
        png_path(args.picture)
    located(args.model)
    existing_file(args.input)
    from gaugenet.detection.records import to_json
    from gaugenet.io.spherical_image import is_image
    from gaugenet.models.detection import DetectionNet
    from gaugenet.models.spherical import on_sphere
    from gaugenet.models.store import load

    net = load(args.model)
    if not isinstance(net, DetectionNet):
        raise ValueError(f"detect needs a network that finds objects, got {args.model}, a {type(net).__name__}")
    if on_sphere(net) != is_image(args.input):
        wanted = "an image of the sphere (PNG, JPEG)" if on_sphere(net) else "a mesh"
        raise ValueError(f"{args.model} runs on {wanted}, got {args.input}")
    with named(args.input):
        boxes, surface = (_in_image if on_sphere(net) else _on_mesh)(net, args)
    records = to_json(boxes, surface, net.label_names)
    with open_atomic(args.output) as file:
        file.write((json.dumps({"objects": records}, indent=1) + "\n").encode())
    rows = [f"  {one['label']:<16} {one['score']:.2f}" for one in records]
    text = [f"{len(records)} object{'' if len(records) == 1 else 's'} found, written to {args.output}", *rows]
    text += [] if args.picture is None else [f"picture: {args.picture}"]
    content: dict[str, Any] = {"objects": records, "output": str(args.output)}
    return Outcome({**content, "picture": None if args.picture is None else str(args.picture)}, "\n".join(text))


def _in_image(net: DetectionNet, args: argparse.Namespace) -> tuple[Boxes, Charts]:
    from gaugenet.detection.coordinates import charts_of
    from gaugenet.io.spherical_image import read_image
    from gaugenet.models.spherical import on_sample, sphere_sample
    from gaugenet.train.detections import found_in

    if args.up is not None:
        raise ValueError("--up is about pictures of meshes; images have north up")
    pixels, sample = read_image(args.input), sphere_sample(net)
    surface = charts_of(sample.bundle)
    boxes = found_in(net, on_sample(net, sample, pixels), surface, score=args.score)
    if args.picture is not None:
        from gaugenet.cli.pictures import outlined
        from gaugenet.viz.boxes import boxes_image
        from gaugenet.viz.images import enlarged

        boxes_image(args.picture, enlarged(pixels), outlined(boxes, surface), net.label_names, title=args.input.stem)
    return boxes, surface


def _on_mesh(net: DetectionNet, args: argparse.Namespace) -> tuple[Boxes, Charts]:
    from gaugenet.detection.coordinates import charts_of
    from gaugenet.io.mesh_file import read_mesh

    mesh = read_mesh(args.input)
    data = net.transform(mesh.clone())
    surface = charts_of(data)
    boxes = net.detect(data, surface, score=args.score)
    if args.picture is not None:
        from gaugenet.cli.pictures import outlined
        from gaugenet.viz.boxes import boxes_picture

        pos, face = mesh.pos.numpy(), mesh.face.numpy().T
        drawn = outlined(boxes, surface)
        boxes_picture(args.picture, pos, face, drawn, net.label_names, title=args.input.stem, up=args.up)
    return boxes, surface
