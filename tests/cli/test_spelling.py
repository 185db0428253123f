"""The current spelling of calls with --data; choices and defaults in help texts against those of the library."""

import itertools
import shlex
from typing import get_type_hints

import pytest

from gaugenet import InputFields
from gaugenet.cli import arguments, options, program, train
from gaugenet.cli.data import TASKS, respelled, spelled
from gaugenet.datasets import earth
from gaugenet.models import ClassificationNet, DetectionNet, SegmentationNet, gauge_trunk, harmonic_trunk, plain_trunk
from gaugenet.models.segmentation import OUTPUTS
from gaugenet.train.recipes import images
from gaugenet.transforms.perturbation import KINDS

OLDER = {"psb": "psb", "folder": "folder", "digits": "spherical-mnist", "scenes": "spherical-scenes", "earth": "earth"}
SOURCE = {
    ("psb", "classify"): "--train-shapes 3 --split-seed 1",
    ("folder", "segment"): "--test a b",
    ("folder", "detect"): "--test a",
    ("earth", "segment"): "--hold-out 'South America'",
    **{("psb", task): "--category Human" for task in ("segment", "detect")},
}
MESH = "--cache c --variants 2 --remesh --workers 2 --levels 48,12 --rep '4x0 + 2x1' --layers conv --fields wks=0"
FAMILY = {
    "harmonic": ("--levels 6,3 --rep 4x0", "--bands 6,3 --rep 4x0"),
    "gauge": ("--levels 162,42 --rep 4x0 --layers conv", "--levels 162,42 --rep 4x0 --layers conv"),
    "plain": ("--levels 8,16", "--widths 8,16"),
}


def calls():
    """Give older and current spellings of calls, with every option that a data set and a task have."""
    for name, tasks in TASKS.items():
        for task, command in itertools.product(tasks, ("train", "evaluate")):
            source = f"--root d {SOURCE.get((name, task), '')}"
            rest = [("--model m", "--model m")]
            if command == "train":
                end = "" if name == "earth" else "--validation 2"
                mesh = [(f"-o r {MESH} {end}",) * 2]
                sphere = [
                    (f"-o r --family {family} {old} --rotate-train yes {end}", f"-o r --family {family} {new} "
                     f"--rotate-train yes {end}")
                    for family, (old, new) in FAMILY.items()
                ]  # fmt: skip
                sphere.append((f"-o r --levels 6,3 {end}", f"-o r --bands 6,3 {end}"))
                rest = mesh if name in ("psb", "folder") else sphere
            words = name if len(tasks) == 1 else f"{name} {task}"
            for (old, new), named in itertools.product(rest, (True, False) if task == tasks[0] else (True,)):
                older = f"--data {OLDER[name]} {source} {f'--task {task}' if named else ''} {old}"
                yield f"{command} {older}", f"{command} {words} {source} {new}"


@pytest.mark.parametrize(("old", "new"), list(calls()))
def test_the_older_spelling_prints_the_current_one(call, old, new):
    result = call(*shlex.split(old))
    assert result.code == 2 and result.out == "" and len(result.err.splitlines()) == 1
    message = result.messages("error")[0]
    assert shlex.split(message.partition(": ")[2]) == ["gaugenet", *shlex.split(new)]
    # What is printed is understood, and by it the same is asked for.
    argv = spelled(shlex.split(new))
    args = program._parser(argv).parse_args(argv)
    assert args.command == argv[0] and (args.data, args.task) == (argv[1], argv[2])


def test_words_of_any_order_and_with_equals():
    words = ["train", "-o", "r", "--task=segment", "--root", "a b", "--levels=8,16", "--family=plain"]
    expected = ["train", "digits", "segment", "-o", "r", "--root", "a b", "--widths", "8,16", "--family", "plain"]
    assert respelled([*words, "--data=spherical-mnist"]) == expected
    short = ["evaluate", "--dat", "psb", "--cat", "Human", "--roo", "r", "--mod", "m"]
    assert respelled(short) == ["evaluate", "psb", "segment", "--category", "Human", "--root", "r", "--model", "m"]
    assert respelled([*words[:3], "--ta", "segment", *words[4:], "--da", "spherical-mnist"]) == expected
    assert spelled(["info", "--data"]) == ["info", "--data"]
    assert spelled(["train", "psb", "--help"]) == ["train", "psb", "--help"]
    assert spelled(["evaluate", "scenes", "--root", "m"]) == ["evaluate", "scenes", "detect", "--root", "m"]


def test_each_pair_offers_only_its_own_options(call):
    def options(*words):
        return call(*words, "--help").out

    assert "--objects" in options("train", "psb", "detect") and "--output " not in options("train", "psb", "detect")
    assert "--bands" in options("train", "digits", "classify")
    gauge = options("train", "digits", "classify", "--family", "gauge")
    assert "--levels N" in gauge and "--bands N" not in gauge
    assert "--confusion" not in options("evaluate", "scenes", "detect")
    assert "segment,classify,detect" in " ".join(options("train", "psb").split()) or "segment" in options(
        "train", "psb"
    )


def test_choices_and_defaults_are_those_of_the_library():
    usual = InputFields().settings
    assert arguments.FIELDS.items() <= usual.items() and set(usual) - set(arguments.FIELDS) == {"times", "oriented"}
    assert options.CONTINENTS == earth.CONTINENTS
    assert tuple(KINDS) == options.PERTURBATIONS
    assert options.OUTPUTS == OUTPUTS
    nets = {"segment": SegmentationNet(["a"]), "classify": ClassificationNet(["a"]), "detect": DetectionNet(["a"], 1)}
    for task, net in nets.items():
        shown = train.NETS[task]
        assert shown["levels"] == ",".join(map(str, net.config["levels"])) and shown["layers"] == net.config["layers"]
        assert shown["rep"] == f'"{net.config["rep"]}"'
    settings = {
        "harmonic": harmonic_trunk.HarmonicSettings,
        "gauge": gauge_trunk.GaugeSettings,
        "plain": plain_trunk.PlainSettings,
    }
    assert set(settings) == set(options.FAMILIES) == set(images.NETS["classify"])
    for family, own in options.FAMILIES.items():
        assert set(own) <= set(get_type_hints(settings[family]))
