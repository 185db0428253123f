"""Networks on meshes that are asked for on the command line, and the shapes that they are fitted to."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import torch

from gaugenet.cli.job import Job
from gaugenet.cli.labelled import open_training
from gaugenet.cli.message import named
from gaugenet.cli.parts import object_names, parts_network, region_targets
from gaugenet.cli.progress import bar
from gaugenet.datasets.folder import LabelledFolder
from gaugenet.datasets.mesh_dataset import MeshDataset
from gaugenet.models import ClassificationNet, Network, SegmentationNet
from gaugenet.models.unet import NO_LAYERS
from gaugenet.representation import Representation
from gaugenet.train import FitSettings, Prepared

CLASSIFY = FitSettings(epochs=48, batch=4, noise=0.0)
_PLURAL = {"face": "faces", "vertex": "vertices"}


def shapes_job(args: argparse.Namespace, bundles: Path) -> Job:
    """Return what is to be fitted to meshes; ``bundles`` is the folder of cached geometry, unless one is given."""
    train, held_back = open_training(args)
    usual = CLASSIFY if args.task == "classify" else FitSettings()
    given = {"variants": args.variants or usual.variants, "remesh": args.remesh, "seed": args.seed}
    settings = replace(usual, epochs=args.epochs or usual.epochs, **given)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(args.seed)
        net = _network(args, train)
    targets = region_targets(net.label_names, train) if args.task == "detect" else None
    cache = args.cache or bundles
    copies = {name: getattr(settings, name) for name in ("variants", "stretch", "bend", "seed", "remesh")}
    examples = Prepared(train, net.transform, cache, **copies, targets=targets)
    validation = None if held_back is None else Prepared(held_back, net.transform, cache, targets=targets)
    shapes = {"train": train.names, "validation": [] if held_back is None else held_back.names}

    def prepare(workers: int) -> None:
        _prepare(examples, shapes["train"], workers)
        if validation is not None:
            _prepare(validation, shapes["validation"], workers)

    about = {**({"category": args.category} if args.category else {}), **shapes}
    return Job(net, examples, validation, settings, about, prepare)


def _network(args: argparse.Namespace, train: MeshDataset) -> Network:
    """Return the network that the arguments ask for, with random weights."""
    settings = {
        "fields": {**args.fields, **({"oriented": False} if args.one_sided else {})},
        "frame_field": args.field,
        **{name: value for name in ("layers", "levels", "rep") if (value := getattr(args, name)) is not None},
    }
    if args.task == "classify":
        if settings.get("layers", NO_LAYERS) == NO_LAYERS:
            # Without layers a representation only says the group of the fields: of the usual one it says nothing.
            of_group = args.rep is not None and str(Representation(args.rep).group) != "SO2"
            for name, idle in (("levels", args.levels is not None), ("rep", args.rep is not None and not of_group)):
                if idle:
                    raise ValueError(
                        f"--{name} goes with --layers, and to classify there are none by default: name both"
                    )
        if args.output is not None:
            raise ValueError(f"--output {args.output} goes with --task segment; classes belong to whole shapes")
        return ClassificationNet(train.label_names, **settings)
    if args.task == "detect":
        if args.output is not None:
            raise ValueError(f"--output {args.output} goes with --task segment; objects are boxes")
        objects = object_names(args, train)
        return parts_network(objects, region_targets(objects, train), train, **settings)
    place = "vertex" if isinstance(train, LabelledFolder) and train.where == "vertex" else "face"
    if args.output not in (None, "both", place):
        raise ValueError(
            f"--output {args.output} needs labels of {_PLURAL[args.output]}; the data label {_PLURAL[place]}"
        )
    return SegmentationNet(train.label_names, output=args.output or place, **settings)


def _prepare(prepared: Prepared, names: Sequence[str], workers: int) -> None:
    """Fill the cache, naming the shapes in warnings and errors."""
    with closing(prepared.prepare(workers)) as items:
        for number in bar(range(len(prepared)), "geometry", len(prepared)):
            with named(names[number // prepared.variants]):
                next(items)
