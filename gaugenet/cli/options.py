"""The table of the options of ``train`` and ``evaluate``, and of those that several commands share."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from gaugenet.cli.arguments import at_least, axis, fields, levels, names
from gaugenet.models.location import shipped

CONTINENTS = ("Africa", "Antarctica", "Asia", "Europe", "North America", "Oceania", "South America")
PERTURBATIONS = ("rotate", "noise", "coarser", "finer", "holes")
OUTPUTS = ("face", "vertex", "both")
# The options of each family of networks on the sphere.
FAMILIES = {"harmonic": ("bands", "rep"), "gauge": ("levels", "rep", "layers"), "plain": ("widths",)}
_MESH = "mesh file: OFF, OBJ, PLY, STL, GLB, ..."
_SOME, _ANY = {"type": at_least(1), "metavar": "N"}, {"type": at_least(0), "default": 0, "metavar": "N"}
_LEVELS, _PNG = {"type": levels, "metavar": "N,..."}, {"type": Path, "metavar": "PNG"}
_ROTATE = {"choices": ("no", "yes"), "default": "no"}
_LAYERS = "layers by which a vertex learns from others: conv, attention, message, differential, diffusion, implicit, "
_LAYERS += "several joined by +"
_SPLITS = ("train", "validation", "test")
_SPLIT = "what to score; validation: what the training of the network held back (default: test)"
_MODEL = "network that ships ({shipped}), or path of a saved one"
# Settings of ``argparse`` by name. A second word distinguishes options of the same flag; {words} depend on the pair.
OPTIONS: dict[str, dict[str, Any]] = {
    "mesh": {"nargs": "+", "type": Path, "metavar": "MESH", "help": _MESH},
    "mesh one": {"type": Path, "metavar": "MESH", "help": _MESH},
    "mesh any": {"nargs": "*", "type": Path, "metavar": "MESH", "help": _MESH},
    "mesh image": {
        "nargs": "+",
        "type": Path,
        "metavar": "MESH",
        "help": f"{_MESH}; or image of the sphere: PNG, JPEG",
    },
    "model": {"required": True, "metavar": "NAME|PATH", "help": _MODEL},
    "model optional": {"metavar": "NAME|PATH", "help": f"{_MODEL}; not needed for --category all"},
    "up": {
        "type": axis,
        "metavar": "x|y|z",
        "help": "axis that is upright in the picture (default: guessed from the shape)",
    },
    "workers": {**_SOME, "default": 1, "help": "processes for the geometry (default: 1)"},
    "field": {"choices": ("smooth", "curvature"), "help": "what fixes the frames of a finite group (default: smooth)"},
    # Data sets.
    "root": {"required": True, "type": Path, "metavar": "PATH", "help": "{root}"},
    "category": {"required": True, "metavar": "NAME", "help": "such as Human"},
    "train-shapes": {**_SOME, "default": 10, "help": "shapes of each class for training (default: 10)"},
    "split-seed": {**_ANY, "help": "seed of the split (default: 0)"},
    "test": {
        "nargs": "*",
        "metavar": "NAME",
        "help": "meshes kept for testing, without suffix (default: one in five, always the same ones)",
    },
    "hold-out": {
        "required": True,
        "choices": CONTINENTS,
        "metavar": "CONTINENT",
        "help": f"the land kept for testing: {', '.join(CONTINENTS)}",
    },
    # Training.
    "output-folder": {"required": True, "type": Path, "metavar": "DIR", "help": "folder of the run"},
    "resume": {"action": "store_true", "help": "go on with the run in DIR"},
    "epochs": {**_SOME, "help": "{passes} (default: {epochs})"},
    "seed": {**_ANY, "help": "seed of everything random (default: 0)"},
    "validation": {**_ANY, "help": "hold back N training {examples}, and score them"},
    "validation-continent": {
        "choices": CONTINENTS,
        "metavar": "CONTINENT",
        "help": "hold back the land of another continent, too, and score it, to choose settings by",
    },
    "cache": {
        "type": Path,
        "metavar": "DIR",
        "help": "folder of cached geometry, to share (default: bundles/ in the run)",
    },
    "variants": {**_SOME, "help": "each shape and N - 1 randomly stretched copies of it (default: {variants})"},
    "remesh": {"action": "store_true", "help": "re-triangulate every other copy, coarser or finer"},
    "output": {"choices": OUTPUTS, "help": "what gets labels (default: what has them in the data)"},
    "objects": {
        "type": names,
        "metavar": "LABEL,...",
        "help": "labels whose connected regions are objects (default: wing of Airplane; leg of Ant; fin of Fish; foot "
        "and hand of Human; else all labels)",
    },
    "levels": {**_LEVELS, "help": "vertices of the network's levels, or none (default: {levels})"},
    "rep": {
        "metavar": "REP",
        "help": "features on the first level, multiplicity x order, after the structure group if it is not SO2, such "
        'as "O2: 16x0e + 8x0o + 12x1"{without} (default: {rep})',
    },
    "layers": {"metavar": "NAME+...", "help": f"{_LAYERS}; {{other}} (default: {{layers}})"},
    "fields": {
        "type": fields,
        "default": {},
        "metavar": "NAME=N,...",
        "help": "settings of the input fields, such as wks=0,rays=0,distances=0 (fewer fields, faster), coordinates=1",
    },
    "one-sided": {
        "action": "store_true",
        "help": "for groups with reflections: fields that do not depend on the sides of a surface",
    },
    "rotate-train": {**_ROTATE, "help": "rotate each image, each time it is drawn, at random (default: no)"},
    "rotate-train earth": {
        **_ROTATE,
        "default": "yes",
        "help": "rotate Earth, each time it is drawn, at random (default: yes)",
    },
    "rotate-test": {**_ROTATE, "help": "rotate {whole} at random when it is scored (default: no)"},
    "family": {
        "choices": tuple(FAMILIES),
        "default": "harmonic",
        "help": "networks that keep features in harmonics, gauge-equivariant ones on an icosphere, or, as a baseline, "
        "convolutions of images, which are not equivariant (default: harmonic); each has options of its own: "
        f"{'; '.join(f'{family}: --' + ', --'.join(options) for family, options in FAMILIES.items())}",
    },
    "bands": {**_LEVELS, "help": "band limits of the levels"},
    "widths": {**_LEVELS, "help": "channels of the levels"},
    "levels sphere": {**_LEVELS, "help": "vertices of the levels, 10 * 4^k + 2 of an icosphere, or none"},
    "rep sphere": {
        "metavar": "REP",
        "help": 'features on the first level, multiplicity x order, such as "8x0 + 8x1 + 8x2"',
    },
    "layers sphere": {"metavar": "LAYERS", "help": _LAYERS},
    # Scores.
    "split": {"choices": _SPLITS, "default": "test", "help": _SPLIT},
    "split whole": {"choices": (*_SPLITS, "all"), "default": "test", "help": _SPLIT},
    "perturb": {
        "choices": PERTURBATIONS,
        "help": "score perturbed copies: rotated, with noise, decimated to 30 %% of the faces, subdivided unevenly, "
        "or with five holes; labels are kept",
    },
    "picture": {**_PNG, "help": "{picture}"},
    "confusion": {**_PNG, "help": "draw the confusion matrix"},
}
_SHORT = {"output-folder": ["-o"]}


def flags(name: str) -> list[str]:
    """Return the flags of an option, or the name of a positional argument.

    Args:
        name: Name in ``OPTIONS``.
    """
    word = name.partition(" ")[0]
    return [word] if word == "mesh" else [*_SHORT.get(word, []), f"--{word}"]


def add_options(parser: argparse.ArgumentParser, wanted: Iterable[str], **words: object) -> None:
    """Add options of the table.

    Args:
        parser: Parser to add them to.
        wanted: Names in ``OPTIONS``.
        words: Words in their help texts.
    """
    words["shipped"] = ", ".join(shipped()) or "none yet"
    for name in wanted:
        settings = OPTIONS[name]
        parser.add_argument(*flags(name), **{**settings, "help": settings["help"].format(**words)})
