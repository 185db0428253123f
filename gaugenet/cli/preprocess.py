"""Turn meshes into frame bundles: frames, neighbourhoods with log maps and transport, areas, levels.

Each mesh becomes DIR/<name>.safetensors, which gaugenet.load_bundle reads. A broken file is reported and skipped; the
exit code is then 1.
"""

from __future__ import annotations

import argparse
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from torch_geometric.transforms import BaseTransform, Compose

from gaugenet.cli.arguments import (
    add_workers,
    check_stems,
    levels,
    mesh_files,
    output_folder,
    positive,
)
from gaugenet.cli.message import attempt, named, reason
from gaugenet.cli.outcome import Outcome, exit_code
from gaugenet.cli.progress import bar
from gaugenet.data.bundle_file import save_bundle
from gaugenet.data.frame_bundle import FrameBundle
from gaugenet.data.input_fields import InputFields
from gaugenet.data.parallel import parallel_map
from gaugenet.data.read import read_mesh

EXAMPLE = "gaugenet preprocess meshes/creatures -o out/bundles --neighbours 30 --workers 2"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
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
    parser.add_argument("--fields", action="store_true", help="add the input fields of a network, too")
    add_workers(parser)


def run(args: argparse.Namespace) -> Outcome:
    """Write the bundles."""
    files = mesh_files(args.input)
    check_stems(files)
    transform: BaseTransform = FrameBundle(
        radius=args.radius, neighbours=args.neighbours, levels=args.levels, level_neighbours=args.level_neighbours
    )
    if args.fields:
        transform = Compose([transform, InputFields()])
    folder = output_folder(args.output)
    written: dict[str, str] = {}
    failed: dict[str, str] = {}
    with closing(parallel_map(partial(_try_bundle, transform, folder), files, args.workers)) as results:
        for file in bar(files, "preprocess", len(files)):
            with named(file):
                result = next(results)
            with attempt(file, failed):
                if isinstance(result, _Refusal):
                    raise ValueError(result.reason)
                written[str(file)] = result
    text = f"{len(written)} of {len(files)} bundles written to {folder}"
    return Outcome({"bundles": written, "failed": failed}, text, exit_code(len(written), len(failed)))


@dataclass(frozen=True)
class _Refusal:
    reason: str


def _try_bundle(transform: BaseTransform, folder: Path, file: Path) -> str | _Refusal:
    """Write one bundle and return its path, or why there is none: an error would end the other workers, too."""
    path = folder / f"{file.stem}.safetensors"
    try:
        save_bundle(path, transform(read_mesh(file)))
    except Exception as error:
        return _Refusal(reason(error))
    return str(path)
