"""Train a network: on shapes, to segment or classify them or find their parts, on images on the sphere, or on Earth.

DIR gets net.safetensors and net.json (the network, to be named to --model as DIR/net), history.json and curves.png
(loss and accuracy of each epoch), checkpoint.pt (after each epoch; a run that is killed goes on with the same command
and --resume, and ends with the same numbers), run.json (what was trained on what, how) and bundles/ (cached geometry).
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from importlib import import_module
from inspect import signature
from pathlib import Path
from typing import Any

from gaugenet.cli.arguments import add_workers, at_least, check_output, fields, levels, names
from gaugenet.cli.earth import EPOCHS as TURNS
from gaugenet.cli.earth import add_validation, earth_job
from gaugenet.cli.labelled import IMAGES, add_data, check_data
from gaugenet.cli.message import say
from gaugenet.cli.outcome import Outcome
from gaugenet.cli.parts import OBJECTS
from gaugenet.cli.progress import bar
from gaugenet.cli.run_folder import RunFolder, write_json
from gaugenet.cli.shapes import CLASSIFY, shapes_job
from gaugenet.cli.spherical import SETTINGS, add_rotations, images_job
from gaugenet.models import ClassificationNet, SegmentationNet, save
from gaugenet.models.segmentation import OUTPUTS
from gaugenet.train import Fit, FitSettings
from gaugenet.viz.curves import curves_picture

EXAMPLE = "gaugenet train --data psb --root LabeledDB_new.zip --category Human -o out/human --workers 2"
_NETS: dict[str, type] = {"segment": SegmentationNet, "classify": ClassificationNet}


def _default(task: str, name: str) -> Any:
    return signature(_NETS[task]).parameters[name].default


def _usual(name: str, quoted: bool = True) -> str:
    """Say what a setting is by default, for both tasks."""
    values = [_default(task, name) for task in _NETS]
    quote = '"' if quoted else ""
    words = [f"{quote}{value}{quote}" if isinstance(value, str) else ",".join(map(str, value)) for value in values]
    return f"{words[0]} to segment or detect, {words[1]} to classify"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    add_data(parser)
    add_rotations(parser, train=True)
    add_validation(parser)
    parser.add_argument("-o", "--output-folder", required=True, type=Path, metavar="DIR", help="folder of the run")
    parser.add_argument("--resume", action="store_true", help="go on with the run in DIR")
    fit = FitSettings()
    parser.add_argument(
        "--epochs",
        type=at_least(1),
        metavar="N",
        help=f"passes over the shapes to segment or detect (default: {fit.epochs}), over those to classify (default: "
        f"{CLASSIFY.epochs}), over digits ({SETTINGS['spherical-mnist'].epochs}), over scenes of digits "
        f"({SETTINGS['spherical-scenes'].epochs}), or tens of turned copies of Earth ({TURNS})",
    )
    parser.add_argument(
        "--cache", type=Path, metavar="DIR", help="folder of cached geometry, to share (default: bundles/ in the run)"
    )
    parser.add_argument(
        "--variants",
        type=at_least(1),
        metavar="N",
        help=f"each shape and N - 1 randomly stretched copies of it (default: {fit.variants})",
    )
    parser.add_argument("--remesh", action="store_true", help="triangulate every other copy anew, coarser or finer")
    parser.add_argument(
        "--seed", type=at_least(0), default=fit.seed, metavar="N", help=f"of everything random (default: {fit.seed})"
    )
    parser.add_argument(
        "--validation",
        type=at_least(0),
        default=0,
        metavar="N",
        help="score N training shapes held back, of each class, or N images",
    )
    add_workers(parser)
    parser.set_defaults(workers=None)  # so that it is known whether it was given
    parser.add_argument("--output", choices=OUTPUTS, help="what gets labels (default: what has them in the data)")
    parser.add_argument(
        "--objects",
        type=names,
        metavar="LABEL,...",
        help="detect in shapes: labels whose connected regions are objects (default: "
        f"{'; '.join(' and '.join(labels) + ' of ' + name for name, labels in OBJECTS.items())}; else all labels)",
    )
    parser.add_argument(
        "--levels",
        type=levels,
        metavar="N,...",
        help=f"vertices of the network's levels, or none (default: {_usual('levels')}); of images of an icosphere, "
        "10 * 4^k + 2, band limits of --family harmonic, or channels of --family plain",
    )
    parser.add_argument(
        "--rep",
        metavar="REP",
        help="features on the first level, multiplicity x order, after the structure group where that is not SO2, such "
        f'as "O2: 16x0e + 8x0o + 12x1"; without layers only the group matters (default: {_usual("rep")})',
    )
    parser.add_argument(
        "--layers",
        metavar="NAME+...",
        help="by which a vertex learns from others: conv, attention, message, differential, diffusion, implicit, "
        "several joined by +; or polynomial, to segment; or none, to classify by how the input fields are distributed "
        f"(default: {_usual('layers', quoted=False)})",
    )
    parser.add_argument(
        "--fields",
        type=fields,
        default={},
        metavar="NAME=N,...",
        help="settings of the input fields, such as wks=0,rays=0,distances=0 (fewer fields, faster), coordinates=1",
    )
    parser.add_argument(
        "--field", choices=("smooth", "curvature"), help="what fixes the frames of a finite group (default: smooth)"
    )
    parser.add_argument(
        "--one-sided", action="store_true", help="groups with reflections: fields that do not know sides of a surface"
    )


def run(args: argparse.Namespace) -> Outcome:
    """Train, and write the network."""
    check_data(args)
    folder = RunFolder(args.output_folder)
    if args.cache is not None:
        check_output(args.cache)
    if args.data == "earth":
        job = earth_job(args)
    else:
        job = images_job(args) if args.data in IMAGES else shapes_job(args, folder.bundles)
    about = {"data": args.data, "task": args.task, **job.about}
    record = json.loads(json.dumps({**about, "settings": asdict(job.settings), "config": job.net.config}))
    goes_on = folder.check(record, args.resume)
    if args.resume and not goes_on:
        say("notice", f"{folder.path}: the run here ended before its first epoch did, so it starts from the beginning")
    fit = Fit(job.net, job.train, job.validation, job.settings, folder.checkpoint)
    if goes_on:
        fit.resume()
    job.prepare(args.workers or 1)
    folder.begin(record)
    try:
        history = fit.run(lambda items, text, total: bar(items, text, total, note=lambda: _summary(fit.history[-1])))
    except KeyboardInterrupt:
        raise KeyboardInterrupt(
            f"interrupted after epoch {len(fit.history)}; the same command with --resume goes on"
        ) from None

    about |= {"settings": asdict(job.settings), "gaugenet": import_module("gaugenet").__version__}
    save(job.net, folder.network, about)
    write_json(folder.history, history)
    curves_picture(folder.curves, history)
    content = {
        "network": str(folder.network),
        "curves": str(folder.curves),
        "epochs": len(history),
        "loss": history[-1]["loss"],
        "accuracy": history[-1]["accuracy"],
        "validation_accuracy": history[-1].get("validation_accuracy"),
        "parameters": sum(parameter.numel() for parameter in job.net.parameters()),
    }
    text = f"epoch {len(history)}: {_summary(history[-1])}\nnetwork: {folder.network}\ncurves: {folder.curves}"
    return Outcome(content, text)


def _summary(row: dict[str, float]) -> str:
    parts = [f"loss {row['loss']:.3f}", f"accuracy {100 * row['accuracy']:.1f} %"]
    if "validation_accuracy" in row:
        parts.append(f"validation {100 * row['validation_accuracy']:.1f} %")
    return ", ".join(parts)
