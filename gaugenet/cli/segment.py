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
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gaugenet.cli.arguments import add_meshes, add_model, add_up, check_stems, check_up, memory
from gaugenet.cli.message import attempt, bar, existing
from gaugenet.cli.outcome import Outcome, exit_code
from gaugenet.io.file import check_folder, make_folder
from gaugenet.models.location import located
from gaugenet.viz.png import png_path

if TYPE_CHECKING:
    import numpy as np
    import torch

    from gaugenet.io.mesh_data import MeshData
    from gaugenet.models.segmentation import SegmentationNet
    from gaugenet.models.trunk import SphereSample

EXAMPLE = "gaugenet segment person.off --model psb-human -o out --picture out/person.png"


def add_arguments(parser: argparse.ArgumentParser, argv: Sequence[str]) -> list[argparse.ArgumentParser]:
    """Add the arguments of the command.

    Args:
        parser: Parser of the command.
        argv: The command line.

    Returns:
        The parsers that run the command.
    """
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
    files = existing(args.mesh, failed)
    if not files:
        return _outcome(args, "meshes", {}, False, failed)
    from gaugenet.models.segmentation import SegmentationNet
    from gaugenet.models.spherical import on_sphere
    from gaugenet.models.store import load

    net = load(args.model)
    if not isinstance(net, SegmentationNet):
        raise ValueError(f"segment needs a network that labels, got {args.model}, a {type(net).__name__}")
    return (_images if on_sphere(net) else _meshes)(net, args, files, failed)


def _meshes(net: SegmentationNet, args: argparse.Namespace, files: Sequence[Path], failed: dict[str, str]) -> Outcome:
    """Label the faces or vertices of meshes."""
    from gaugenet.io.mesh_file import read_mesh

    done: dict[str, Any] = {}
    drawn = []
    for path in bar(files, "segment", len(files)):
        with attempt(path, failed):
            mesh = read_mesh(path)
            label = net.segment(mesh.clone()) if args.max_memory is None else _within(args.max_memory, net, mesh)
            done[str(path)], face_label = _written(args.output, path.stem, mesh, label, net)
            drawn.append((path.stem, mesh, face_label))
    if args.picture is not None and drawn:
        from gaugenet.viz.segmentation import Panel, segmentation_picture

        panels = [Panel(name, mesh.pos.numpy(), mesh.face.numpy().T, label) for name, mesh, label in drawn]
        segmentation_picture(args.picture, panels, net.label_names, up=args.up)
    return _outcome(args, "meshes", done, bool(drawn), failed)


def _within(allowed: int, net: SegmentationNet, mesh: MeshData) -> torch.Tensor:
    """Return the labels, found patch by patch if the mesh is too large."""
    from gaugenet.models.patches import patch_limit, scores_in_patches

    data = net.transform(mesh.clone())
    return net.labels(scores_in_patches(net, data, patch_limit(net, data, allowed), bar), data)


def _written(
    folder: Path, name: str, mesh: MeshData, label: torch.Tensor, net: SegmentationNet
) -> tuple[dict[str, Any], np.ndarray]:
    """Write the files of one mesh; return their paths with the shares of the labels, and the labels of the faces."""
    import numpy as np

    from gaugenet.io.label_file import write_labels
    from gaugenet.io.labels import corner_majority
    from gaugenet.io.mesh_file import write_mesh
    from gaugenet.mesh.geometry import face_areas
    from gaugenet.viz.colour import palette

    pos, face = mesh.pos.numpy(), mesh.face.numpy().T
    at_vertices = net.output == "vertex"
    face_label = (corner_majority(label, mesh.face) if at_vertices else label).numpy()
    coloured, labels = folder / f"{name}.ply", folder / (f"{name}.txt" if at_vertices else f"{name}_labels.txt")
    make_folder(folder)
    write_mesh(coloured, pos, face, palette(len(net.label_names))[face_label], face_label)
    write_labels(labels, label.numpy(), net.label_names)
    area = np.bincount(face_label, face_areas(pos, face), len(net.label_names))
    return {"ply": str(coloured), "labels": str(labels), "area": _shares(net, area / area.sum())}, face_label


def _images(net: SegmentationNet, args: argparse.Namespace, files: Sequence[Path], failed: dict[str, str]) -> Outcome:
    """Label the pixels of equirectangular images of the sphere."""
    import numpy as np

    from gaugenet.io.spherical_image import read_image
    from gaugenet.models.spherical import on_sample, sphere_sample
    from gaugenet.viz.colour import palette

    for name in ("up", "max_memory"):
        if getattr(args, name) is not None:
            raise ValueError(f"--{name.replace('_', '-')} is about meshes, got {args.model}, a network on the sphere")
    sample, colour = sphere_sample(net), palette(len(net.label_names))
    done: dict[str, Any] = {}
    drawn: list[tuple[str, np.ndarray]] = []
    for path in bar(files, "segment", len(files)):
        with attempt(path, failed):
            pixels = read_image(path)
            label = net.segment(on_sample(net, sample, pixels))
            file = make_folder(args.output) / f"{path.stem}_labels.png"
            done[str(path)], image = _written_image(file, pixels.shape[:2], label, net, sample, colour)
            if args.picture is not None:
                drawn.append((path.stem, (pixels // 2 + colour[image] // 2).astype(np.uint8)))
    if drawn:
        from gaugenet.viz.images import enlarged, images_picture

        pictures, titles = [enlarged(image) for _, image in drawn], [name for name, _ in drawn]
        images_picture(args.picture, pictures, titles, net.label_names)
    return _outcome(args, "images", done, bool(drawn), failed)


def _written_image(
    file: Path,
    shape: tuple[int, ...],
    label: torch.Tensor,
    net: SegmentationNet,
    sample: SphereSample,
    colour: np.ndarray,
) -> tuple[dict[str, Any], np.ndarray]:
    """Write the labels of one image; return its path with the shares of the labels, and the labels of the pixels."""
    import torch

    from gaugenet.io.spherical_image import write_label_image
    from gaugenet.models.spherical import at_pixels

    image = at_pixels(label, sample, *shape).numpy()
    write_label_image(file, image, colour)
    area = torch.zeros(len(colour), dtype=torch.float64).index_add_(0, label, sample.weight)
    return {"labels": str(file), "area": _shares(net, area / area.sum())}, image


def _shares(net: SegmentationNet, parts: np.ndarray | torch.Tensor) -> dict[str, float]:
    return {name: float(part) for name, part in zip(net.label_names, parts) if part > 0}


def _outcome(args: argparse.Namespace, kind: str, done: dict[str, Any], drawn: bool, failed: dict[str, str]) -> Outcome:
    picture = str(args.picture) if args.picture is not None and drawn else None
    text = [f"{len(done)} of {len(args.mesh)} {kind} labelled, results in {args.output}"] if done else []
    if kind == "meshes":
        for path, result in done.items():
            shares = ", ".join(f"{name} {100 * share:.0f} %" for name, share in result["area"].items())
            text.append(f"  {Path(path).name}: {shares}")
    text += [f"picture: {picture}"] if picture else []
    content = {kind: done, "picture": picture, "failed": failed}
    return Outcome(content, "\n".join(text), exit_code(len(done), len(failed)))
