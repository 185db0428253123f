"""Turn meshes into frame bundles: frames, neighbourhoods with log maps and transport, areas, levels.

Each mesh becomes DIR/<name>.safetensors, which gaugenet.load_bundle reads. A broken file is reported and skipped; the
exit code is then 1, or 2 if all fail. Frames for a finite group are fixed by a direction field, whose singularities are
counted.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from gaugenet import group, io, transforms
from gaugenet.cli.arguments import check_stems, levels, mesh_files, positive
from gaugenet.cli.message import attempt, bar, existing, reason
from gaugenet.cli.options import add_options
from gaugenet.cli.outcome import Outcome, exit_code
from gaugenet.io.file import check_folder, make_folder
from gaugenet.train.named import named

if TYPE_CHECKING:
    from torch_geometric.transforms import BaseTransform

EXAMPLE = "gaugenet preprocess meshes/creatures -o out/bundles --neighbours 30 --workers 2"


def add_arguments(parser: argparse.ArgumentParser, argv: Sequence[str]) -> list[argparse.ArgumentParser]:
    """Add the arguments of the command.

    Args:
        parser: Parser of the command.
        argv: The command line.

    Returns:
        The parsers that run the command.
    """
    parser.add_argument("input", nargs="+", type=Path, metavar="IN", help="mesh file, or folder of mesh files")
    parser.add_argument("-o", "--output", required=True, type=Path, metavar="DIR", help="folder for the bundles")
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--neighbours", type=positive, metavar="N", help="geodesic discs with N vertices on average")
    size.add_argument("--radius", type=positive, metavar="R", help="or of radius R [mesh unit]; default: the 1-ring")
    parser.add_argument(
        "--levels", type=levels, default=(), metavar="N,...", help="vertices of coarser levels, such as 2048,512,128"
    )
    parser.add_argument(
        "--level-neighbours", type=positive, default=30, metavar="N", help="mean number in discs there (default: 30)"
    )
    parser.add_argument(
        "--group",
        default="SO2",
        metavar="K",
        help="structure group: SO2 (default), O2 (takes one-sided surfaces, too), trivial, C4, D4, ...",
    )
    parser.add_argument(
        "--field",
        choices=("smooth", "curvature"),
        help="what fixes frames of a finite group: the smoothest field (default), or principal directions",
    )
    parser.add_argument("--fields", action="store_true", help="add the input fields of a network, too")
    parser.add_argument(
        "--one-sided", action="store_true", help="with --fields: those that do not depend on the sides of a surface"
    )
    add_options(parser, ["workers"])
    return [parser]


def run(args: argparse.Namespace) -> Outcome:
    """Write the bundles.

    Args:
        args: The parsed arguments.
    """
    check_folder(args.output)
    check_stems(args.input)
    failed: dict[str, str] = {}
    files = mesh_files(existing(args.input, failed))
    check_stems(files)
    if not files:
        return Outcome({"bundles": {}, "singularities": {}, "failed": failed}, "", exit_code(0, len(failed)))
    from torch_geometric.transforms import Compose

    transform: BaseTransform = transforms.FrameBundle(
        radius=args.radius,
        neighbours=args.neighbours,
        levels=args.levels,
        level_neighbours=args.level_neighbours,
        group=args.group,
        field=args.field,
    )
    if args.fields:
        transform = Compose([transform, transforms.InputFields(group=args.group, oriented=not args.one_sided)])
    folder, count = args.output, len(files) + len(failed)
    written: dict[str, str] = {}
    singular: dict[str, dict[str, float]] = {}
    with closing(transforms.parallel_map(partial(_try_bundle, transform, folder), files, args.workers)) as results:
        for file in bar(files, "preprocess", len(files)):
            with named(file):
                result = next(results)
            with attempt(file, failed):
                if isinstance(result, str):
                    raise ValueError(result)
                written[str(file)], singularities = result
                if singularities is not None:
                    singular[str(file)] = singularities
    lines = [f"{len(written)} of {count} bundles written to {folder}"] if written else []
    lines += [
        f"{file}: {one['count']:.0f} singularities of the direction field, sum of indices {one['index_sum']:g}, turn "
        f"along edges {one['rest']:.3f} rad in the mean"
        for file, one in singular.items()
    ]
    content = {"bundles": written, "singularities": singular, "failed": failed}
    return Outcome(content, "\n".join(lines), exit_code(len(written), len(failed)))


def _try_bundle(transform: BaseTransform, folder: Path, file: Path) -> tuple[str, dict[str, float] | None] | str:
    """Write one bundle; return its path and singularities, or why there is none: an error would end other workers."""
    path = folder / f"{file.stem}.safetensors"
    try:
        data = transform(io.read_mesh(file))
        make_folder(folder)
        io.save_bundle(path, data)
        return str(path), _singularities(data)
    except Exception as error:
        return reason(error)


def _singularities(data: io.MeshData) -> dict[str, float] | None:
    if "singularity" not in data:
        return None
    index, rotations = data.singularity, group.Group(data.group).rotations or 1
    return {
        "count": int((index != 0).sum()),
        "index_sum": float(index.sum()) / rotations,
        "rest": float(data.rest),
    }
