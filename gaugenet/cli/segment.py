"""Label the faces of meshes, or the pixels of images of the sphere, with a network.

DIR gets, for each mesh, <name>.ply (coloured, with a property label) and <name>_labels.txt (label names, each followed
by the numbers of its faces, from 1 on); of a network that labels vertices, <name>.txt with the label of each vertex.
Of an image (PNG or JPEG, twice as wide as high, north up), for networks on the sphere, it gets <name>_labels.png, whose
pixels are the numbers of labels, in a palette that shows them. What fails is reported and skipped; the exit code is
then 1, or 2 if all fail.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gaugenet import io, models, viz
from gaugenet.cli.arguments import check_stems, check_up, memory
from gaugenet.cli.message import attempt, bar, existing
from gaugenet.cli.options import add_options
from gaugenet.cli.outcome import Outcome, exit_code
from gaugenet.io.file import check_folder, make_folder
from gaugenet.models.location import located
from gaugenet.viz.png import png_path

if TYPE_CHECKING:
    import numpy as np
    import torch

EXAMPLE = "gaugenet segment person.off --model psb-human -o out --picture out/person.png"


def add_arguments(parser: argparse.ArgumentParser, argv: Sequence[str]) -> list[argparse.ArgumentParser]:
    """Add the arguments of the command.

    Args:
        parser: Parser of the command.
        argv: The command line.

    Returns:
        The parsers that run the command.
    """
    add_options(parser, ["mesh image", "model"])
    parser.add_argument("-o", "--output", required=True, type=Path, metavar="DIR", help="folder for the results")
    parser.add_argument(
        "--max-memory",
        type=memory,
        metavar="SIZE",
        help="such as 4GB: run the network on patches, with the same result, so that the process stays below",
    )
    add_options(parser, ["picture", "up"], picture="shaded views of each mesh, with a legend")
    return [parser]


def run(args: argparse.Namespace) -> Outcome:
    """Label the meshes or images, and write the labels.

    Args:
        args: The parsed arguments.
    """
    check_stems(args.mesh)
    check_up(args)
    located(args.model)
    check_folder(args.output)
    if args.picture is not None:
        png_path(args.picture, planned=args.output)
    failed: dict[str, str] = {}
    done: dict[str, dict[str, Any]] = {}
    files = existing(args.mesh, failed)
    if not files:
        return _outcome(args, "meshes", done, failed)
    net = models.load(args.model)
    if not isinstance(net, models.SegmentationNet):
        raise ValueError(f"segment needs a network that labels, got {args.model}, a {type(net).__name__}")
    on_sphere = models.on_sphere(net)
    drawn: list[Any] = []
    for name in ("up", "max_memory") if on_sphere else ():
        if getattr(args, name) is not None:
            raise ValueError(f"--{name.replace('_', '-')} is about meshes, got {args.model}, a network on the sphere")
    label = partial(_label_image, models.sphere_sample(net)) if on_sphere else _label_mesh
    for path in bar(files, "segment", len(files)):
        with attempt(path, failed):
            done[str(path)], picture = label(net, path, args)
            if args.picture is not None:
                drawn.append(picture)
    if drawn and on_sphere:
        viz.images_picture(args.picture, drawn, [Path(path).stem for path in done], net.label_names)
    elif drawn:
        viz.segmentation_picture(args.picture, drawn, net.label_names, up=args.up)
    return _outcome(args, "images" if on_sphere else "meshes", done, failed)


def _label_mesh(net: models.SegmentationNet, path: Path, args: argparse.Namespace) -> tuple[dict[str, Any], viz.Panel]:
    """Label a mesh; return the paths of its files with the shares of the labels, and its part of the picture."""
    import numpy as np

    from gaugenet.io.labels import corner_majority
    from gaugenet.mesh import face_areas

    mesh = io.read_mesh(path)
    label = net.segment(mesh.clone()) if args.max_memory is None else _within(args.max_memory, net, mesh)
    pos, face = mesh.pos.numpy(), mesh.face.numpy().T
    at_vertices = net.output == "vertex"
    face_label = (corner_majority(label, mesh.face) if at_vertices else label).numpy()
    coloured = make_folder(args.output) / f"{path.stem}.ply"
    labels = args.output / (f"{path.stem}.txt" if at_vertices else f"{path.stem}_labels.txt")
    io.write_mesh(coloured, pos, face, viz.palette(len(net.label_names))[face_label], face_label)
    io.write_labels(labels, label.numpy(), net.label_names)
    area = np.bincount(face_label, face_areas(pos, face), len(net.label_names))
    done = {"ply": str(coloured), "labels": str(labels), "area": _shares(net, area / area.sum())}
    return done, viz.Panel(path.stem, pos, face, face_label)


def _within(allowed: int, net: models.SegmentationNet, mesh: io.MeshData) -> torch.Tensor:
    """Return the labels, found patch by patch if the mesh is too large."""
    from gaugenet.models.patches import patch_limit, scores_in_patches

    data = net.transform(mesh.clone())
    return net.labels(scores_in_patches(net, data, patch_limit(net, data, allowed), bar), data)


def _label_image(
    sample: models.SphereSample, net: models.SegmentationNet, path: Path, args: argparse.Namespace
) -> tuple[dict[str, Any], np.ndarray]:
    """Label an equirectangular image; return the path of the labels with their shares, and its part of the picture."""
    import numpy as np
    import torch

    from gaugenet.models.spherical import on_sample

    pixels, colour = io.read_image(path), viz.palette(len(net.label_names))
    label = net.segment(on_sample(net, sample, pixels))
    file = make_folder(args.output) / f"{path.stem}_labels.png"
    image = models.at_pixels(label, sample, *pixels.shape[:2]).numpy()
    io.write_label_image(file, image, colour)
    area = torch.zeros(len(colour), dtype=torch.float64).index_add_(0, label, sample.weight)
    done = {"labels": str(file), "area": _shares(net, area / area.sum())}
    return done, viz.enlarged((pixels // 2 + colour[image] // 2).astype(np.uint8))


def _shares(net: models.SegmentationNet, parts: np.ndarray | torch.Tensor) -> dict[str, float]:
    return {name: float(part) for name, part in zip(net.label_names, parts) if part > 0}


def _outcome(args: argparse.Namespace, kind: str, done: dict[str, dict[str, Any]], failed: dict[str, str]) -> Outcome:
    picture = str(args.picture) if args.picture is not None and done else None
    text = [f"{len(done)} of {len(args.mesh)} {kind} labelled, results in {args.output}"] if done else []
    for path, result in done.items() if kind == "meshes" else ():
        shares = ", ".join(f"{name} {100 * share:.0f} %" for name, share in result["area"].items())
        text.append(f"  {Path(path).name}: {shares}")
    text += [f"picture: {picture}"] if picture else []
    content = {kind: done, "picture": picture, "failed": failed}
    return Outcome(content, "\n".join(text), exit_code(len(done), len(failed)))
