"""Train a network: on shapes, to segment or classify them or find their parts, on images on the sphere, or on Earth.

DIR gets net.safetensors and net.json (the network, to be named to --model as DIR/net), history.json and curves.png
(loss and accuracy of each epoch), checkpoint.pt (after each epoch; a run that is killed goes on with the same command
and --resume, and ends with the same numbers), run.json (data, settings and configuration) and bundles/ (cached
geometry). The default TASK is the first one of the data set.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gaugenet.cli.arguments import add_workers, at_least, fields, levels, names
from gaugenet.cli.data import CONTINENTS, MESHES, add_data, add_rotation, check_root, read_images, read_shapes
from gaugenet.cli.message import bar
from gaugenet.cli.outcome import Outcome
from gaugenet.io.file import check_folder

if TYPE_CHECKING:
    from gaugenet.datasets.mesh_dataset import MeshDataset
    from gaugenet.train.fit import FitSettings
    from gaugenet.train.recipes.job import Job

EXAMPLE = "gaugenet train psb segment --root LabeledDB_new.zip --category Human -o out/human --workers 2"
# Defaults in the help text; the library has the values.
EPOCHS = {"segment": 80, "detect": 80, "classify": 48, "digits": 6, "scenes": 4, "earth": 10}
VARIANTS = 9
NETS = {
    "segment": {"levels": "2048,512,128", "rep": '"24x0 + 12x1 + 12x2"', "layers": "conv"},
    "classify": {"levels": "1024,256,64", "rep": '"12x0 + 6x1 + 6x2"', "layers": "none"},
}
NETS["detect"] = NETS["segment"]
OUTPUTS = ("face", "vertex", "both")
# The options of each family of networks on the sphere.
FAMILIES = {"harmonic": ("bands", "rep"), "gauge": ("levels", "rep", "layers"), "plain": ("widths",)}
_LAYERS = "conv, attention, message, differential, diffusion, implicit, several joined by +"
_FAMILY_HELP = {
    "bands": "band limits of the levels",
    "levels": "vertices of the levels, 10 * 4^k + 2 of an icosphere, or none",
    "widths": "channels of the levels",
    "rep": 'features on the first level, multiplicity x order, such as "8x0 + 8x1 + 8x2"',
    "layers": f"layers by which a vertex learns from others: {_LAYERS}",
}


def add_arguments(parser: argparse.ArgumentParser, argv: Sequence[str]) -> list[argparse.ArgumentParser]:
    """Add the arguments of the command.

    Args:
        parser: Parser of the command.
        argv: The command line.

    Returns:
        The parsers that run the command.
    """
    family = _family(argv)

    def add(leaf: argparse.ArgumentParser, data: str, task: str) -> None:
        leaf.add_argument("-o", "--output-folder", required=True, type=Path, metavar="DIR", help="folder of the run")
        leaf.add_argument("--resume", action="store_true", help="go on with the run in DIR")
        usual = EPOCHS.get(data, EPOCHS[task])
        passes = {"earth": "tens of rotated copies of Earth"}.get(data, f"passes over the {_examples(data)}")
        leaf.add_argument("--epochs", type=at_least(1), metavar="N", help=f"{passes} (default: {usual})")
        leaf.add_argument(
            "--seed", type=at_least(0), default=0, metavar="N", help="seed of everything random (default: 0)"
        )
        _add_validation(leaf, data, task)
        if data in MESHES:
            _add_mesh_network(leaf, task)
        else:
            _add_sphere_network(leaf, data, family)

    return add_data(parser, add)


def _examples(data: str) -> str:
    return "shapes" if data in MESHES else {"digits": "images"}.get(data, data)


def _add_validation(parser: argparse.ArgumentParser, data: str, task: str) -> None:
    if data == "earth":
        parser.add_argument(
            "--validation-continent",
            choices=CONTINENTS,
            metavar="CONTINENT",
            help="hold back the land of another continent, too, and score it, to choose settings by",
        )
        return
    of_each = " of each class" if data in MESHES and task == "classify" else ""
    parser.add_argument(
        "--validation",
        type=at_least(0),
        default=0,
        metavar="N",
        help=f"hold back N training {_examples(data)}{of_each}, and score them",
    )


def _add_mesh_network(parser: argparse.ArgumentParser, task: str) -> None:
    usual = NETS[task]
    parser.add_argument(
        "--cache", type=Path, metavar="DIR", help="folder of cached geometry, to share (default: bundles/ in the run)"
    )
    parser.add_argument(
        "--variants",
        type=at_least(1),
        metavar="N",
        help=f"each shape and N - 1 randomly stretched copies of it (default: {VARIANTS})",
    )
    parser.add_argument("--remesh", action="store_true", help="re-triangulate every other copy, coarser or finer")
    add_workers(parser)
    if task == "segment":
        parser.add_argument("--output", choices=OUTPUTS, help="what gets labels (default: what has them in the data)")
    if task == "detect":
        parser.add_argument(
            "--objects",
            type=names,
            metavar="LABEL,...",
            help="labels whose connected regions are objects (default: wing of Airplane; leg of Ant; fin of Fish; foot "
            "and hand of Human; else all labels)",
        )
    parser.add_argument(
        "--levels",
        type=levels,
        metavar="N,...",
        help=f"vertices of the network's levels, or none (default: {usual['levels']})",
    )
    alone = "; without layers only the group matters" if task == "classify" else ""
    parser.add_argument(
        "--rep",
        metavar="REP",
        help="features on the first level, multiplicity x order, after the structure group if it is not SO2, such as "
        f'"O2: 16x0e + 8x0o + 12x1"{alone} (default: {usual["rep"]})',
    )
    other = {"segment": "or polynomial", "classify": "or none, to classify by the distribution of the input fields"}
    parser.add_argument(
        "--layers",
        metavar="NAME+...",
        help=f"layers by which a vertex learns from others: {_LAYERS}; {other.get(task, other['segment'])} (default: "
        f"{usual['layers']})",
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
        "--one-sided",
        action="store_true",
        help="for groups with reflections: fields that do not depend on the sides of a surface",
    )


def _add_sphere_network(parser: argparse.ArgumentParser, data: str, family: str) -> None:
    what = "Earth" if data == "earth" else "each image"
    add_rotation(parser, "--rotate-train", f"{what}, each time it is drawn,", "yes" if data == "earth" else "no")
    add_rotation(parser, "--rotate-test", f"{what} when it is scored")
    parser.add_argument(
        "--family",
        choices=tuple(FAMILIES),
        default="harmonic",
        help="networks that keep features in harmonics, gauge-equivariant ones on an icosphere, or, as a baseline, "
        "convolutions of images, which are not equivariant (default: harmonic); each has options of its own: "
        f"{'; '.join(f'{name}: ' + ', '.join(f'--{one}' for one in options) for name, options in FAMILIES.items())}",
    )
    for name in FAMILIES.get(family, ()):
        numbers: dict[str, Any] = {"type": levels, "metavar": "N,..."}
        kind = numbers if name in ("bands", "levels", "widths") else {"metavar": name.upper()}
        parser.add_argument(f"--{name}", help=_FAMILY_HELP[name], **kind)


def _family(argv: Sequence[str]) -> str:
    """Return the family of networks that a command line names."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--family", nargs="?", default="harmonic")
    return parser.parse_known_args(list(argv))[0].family or ""


def run(args: argparse.Namespace) -> Outcome:
    """Train, and write the network.

    Args:
        args: The parsed arguments.
    """
    check_root(args)
    check_folder(args.output_folder)
    if getattr(args, "cache", None) is not None:
        check_folder(args.cache)
    from gaugenet.train.recipes.job import RunFolder, summary
    from gaugenet.viz.plots import curves_picture

    job = _mesh_job(args) if args.data in MESHES else _sphere_job(args)
    history = job.run(args.output_folder, args.resume, getattr(args, "workers", 1), bar)
    folder = RunFolder(args.output_folder)
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
    text = f"epoch {len(history)}: {summary(history[-1])}\nnetwork: {folder.network}\ncurves: {folder.curves}"
    return Outcome(content, text)


def _mesh_job(args: argparse.Namespace) -> Job:
    """Return the job of training on meshes."""
    from gaugenet.train.recipes import shapes

    given = {name: getattr(args, name) for name in ("levels", "rep", "layers") if getattr(args, name) is not None}
    recipes: dict[str, tuple[Callable[..., Job], FitSettings]] = {
        "segment": (shapes.segmentation, shapes.SEGMENT),
        "classify": (shapes.classification, shapes.CLASSIFY),
        "detect": (shapes.detection, shapes.DETECT),
    }
    recipe, usual = recipes[args.task]
    own = {name: getattr(args, name) for name in ("output", "objects") if hasattr(args, name)}
    return recipe(
        *_training(args),
        **own,
        **given,
        fields={**args.fields, **({"oriented": False} if args.one_sided else {})},
        frame_field=args.field,
        settings=_settings(args, usual, variants=args.variants or usual.variants, remesh=args.remesh),
        cache=args.cache,
    )


def _training(args: argparse.Namespace) -> tuple[MeshDataset, MeshDataset | None]:
    """Read the training shapes, and those held back."""
    from gaugenet.train.recipes.shapes import hold_back

    held = args.validation
    if (args.data, args.task) in (("folder", "segment"), ("folder", "detect")):
        return hold_back(read_shapes(args, "train"), held)
    return read_shapes(args, "train", held), read_shapes(args, "validation", held) if held else None


def _sphere_job(args: argparse.Namespace) -> Job:
    """Return the job of training on images on the sphere, or on Earth."""
    from gaugenet.train.recipes import earth, images

    options = {name: value for name in FAMILIES[args.family] if (value := getattr(args, name)) is not None}
    given: dict[str, Any] = {name: getattr(args, name) == "yes" for name in ("rotate_train", "rotate_test")}
    given["family"] = images.Family(args.family, options)
    if args.data == "earth":
        from gaugenet.datasets.earth import Earth

        if args.hold_out == args.validation_continent:
            raise ValueError(f"--validation-continent must be another one than --hold-out, got {args.hold_out} twice")
        given["settings"] = _settings(args, earth.SETTINGS[args.family])
        return earth.segmentation(Earth(args.root), args.hold_out, args.validation_continent, **given)
    recipes: dict[str, tuple[Callable[..., Job], FitSettings]]
    recipes = {"digits": (images.digits, images.DIGITS), "scenes": (images.scenes, images.SCENES_FIT)}
    recipe, usual = recipes[args.data]
    held = args.validation
    splits = read_images(args, "train", held), read_images(args, "validation", held) if held else None
    return recipe(*splits, args.task, **given, settings=_settings(args, usual))


def _settings(args: argparse.Namespace, usual: FitSettings, **more: Any) -> FitSettings:
    from dataclasses import replace

    return replace(usual, epochs=args.epochs or usual.epochs, seed=args.seed, **more)
