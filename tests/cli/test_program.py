"""The program as a whole: help, errors in one line, exit codes, nothing but the result on standard output."""

import ctypes
import importlib.util
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import warnings
from pathlib import Path

import pytest

import gaugenet
from gaugenet.cli import program
from gaugenet.cli.message import attempt, bar, say, warnings_said
from gaugenet.cli.outcome import Outcome, exit_code
from gaugenet.cli.program import COMMANDS
from gaugenet.io.polygon_file import read_polygons
from gaugenet.train.named import named, one_line
from gaugenet.transforms.parallel import parallel_map

ROOT = Path(__file__).parents[2]
MESHES = ROOT / "meshes"
TORUS = str(MESHES / "known" / "torus.glb")


@pytest.mark.parametrize("command", [None, *COMMANDS])
def test_help_ends_with_an_example_that_parses(call, command):
    result = call(*filter(None, [command]), "--help")
    assert result.code == 0 and result.err == ""
    example = re.search(r"example:\n  gaugenet (.*)\n", result.out).group(1)
    assert command is None or example.startswith(command)
    argv = shlex.split(example)
    assert program._parser(argv).parse_args(argv).command == argv[0]


def test_version(call):
    assert call("--version").out == f"gaugenet {gaugenet.__version__}\n"


@pytest.mark.parametrize("argv", [["--help"], ["info", str(MESHES / "known" / "torus.glb")]])
def test_help_and_info_do_without_pytorch(argv):
    code = f"import sys; from gaugenet.cli import main; main({argv}); sys.exit('torch' in sys.modules)"
    result = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr


def test_module_is_the_program():
    words = [sys.executable, "-m", "gaugenet", "info", str(MESHES / "known" / "torus.glb"), "--json"]
    result = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0 and result.stderr == "" and json.loads(result.stdout)["genus"] == 1


@pytest.mark.parametrize("name", ["preprocess", "train", "segment"])
def test_scripts_are_doors_to_the_program(name, capsys):
    spec = importlib.util.spec_from_file_location(name, ROOT / "scripts" / f"{name}.py")
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    assert script.main(["--help"]) == 0 and f"gaugenet {name} " in capsys.readouterr().out
    assert script.main([]) == 2 and capsys.readouterr().err.startswith("gaugenet: error: ")


# What is called, in terms of the places below, and what the one line says.
BAD_INPUT = [
    ("", "required: COMMAND; see gaugenet --help"),
    ("fly", "invalid choice: 'fly'"),
    ("info", "required: MESH; see gaugenet info --help"),
    ("info {tmp}/no.off", "no.off: no such file"),
    ("info {tmp}", "is a folder, expected a file"),
    ("info {meshes}/README.md", "format .md is unknown"),
    ("info {meshes}/broken/empty_file.off", "empty_file.off: is empty"),
    ("info {meshes}/broken/truncated.off", "9 lines missing; copy or export it again"),
    ("info {meshes}/broken/truncated.ply", "inside its 32 face rows; copy or export it again"),
    ("info {tmp}/points.xyz", "format .xyz holds points without faces; mesh them first, and save one of glb"),
    ("info {meshes}/broken/no_faces.off", "has no faces, only 18 points"),
    ("preprocess {torus}", "required: -o/--output"),
    ("preprocess {torus} -o {file}", "is a file, expected a folder"),
    ("preprocess {torus} -o {file}/inside", "file: is a file, expected a folder"),
    ("preprocess {torus} {tmp}/torus.off -o {tmp}/o", "torus.off would both be written as torus; rename one"),
    ("preprocess {tmp}/empty -o {tmp}/o", "empty: holds no mesh"),
    ("preprocess {tmp}/no.off -o {tmp}/o", "no.off: no such file"),
    ("preprocess {torus} -o {tmp}/o --neighbours 30 --radius 1", "not allowed with argument"),
    ("preprocess {torus} -o {tmp}/o --neighbours -3", "--neighbours: expected a positive number, got '-3'"),
    ("preprocess {torus} -o {tmp}/o --levels 8,x", "numbers of vertices such as 2048,512,128, or none; got '8,x'"),
    ("preprocess {torus} -o {tmp}/o --levels 8,32", "expects falling positive numbers"),
    ("preprocess {torus} -o {tmp}/o --workers 0", "--workers: expected a whole number >= 1, got '0'"),
    ("segment {torus} -o {tmp}/o", "required: --model"),
    ("segment {torus} -o {tmp}/o --model psb-unicorn", 'no network "psb-unicorn"'),
    ("segment {torus} -o {tmp}/o --model {torus}", "torus.glb: not a network; expected a path such as runs/mine/net"),
    ("segment {torus} -o {tmp}/o --model {tmp}/damaged", "damaged.json: not a network of gaugenet"),
    ("segment {torus} -o {tmp}/o --model {net} --picture {tmp}/p.jpg", "name of a picture to end in .png"),
    ("segment {torus} -o {tmp}/o --model {net} --picture {tmp}/no/p.png", "no folder"),
    ("segment {torus} {tmp}/torus.off -o {tmp}/o --model {net}", "would both be written as torus"),
    ("segment {meshes}/broken/nan_vertex.ply -o {tmp}/o --model {net}", "nan_vertex.ply: mesh has 1 vertex with NaN"),
    ("segment {meshes}/known/klein.off -o {tmp}/o --model {net}", "klein.off: mesh is not orientable"),
    ("check --model {net}", "check needs a MESH"),
    ("check --model {tmp}/no {torus}", "no.safetensors does not exist"),
    ("check --model {net} {meshes}/broken/index_out_of_range.off", "vertex index outside 0..17"),
    ("evaluate --root {psb} --model {net}", "invalid choice"),
    ("evaluate", "required: DATA; see gaugenet evaluate --help"),
    ("evaluate psb --root {psb} --model {net}", "required: --category"),
    ("evaluate psb --root {psb} --category Dog --model {net}", "must be one of Ant, Human; got 'Dog'"),
    ("evaluate psb --root {psb} --category Ant", "required: --model"),
    ("evaluate psb --root {psb} --category Ant --test a --model {net}", "unrecognized arguments: --test a"),
    ("evaluate psb --root {psb} --category all --model {tmp}/no-{{category}}", 'no network "'),
    ("evaluate psb --root {tmp} --category Ant --model {net}", "no labelled Princeton benchmark here"),
    ("evaluate folder --root {shapes} --category Ant --model {net}", "unrecognized arguments: --category Ant"),
    ("evaluate folder --root {tmp}/no --model {net}", "no: no such file or folder; expected folder of meshes"),
    ("evaluate folder --root {tmp}/file --model {net}", "no such folder"),
    ("evaluate folder --root {tmp}/miscounted --model {net}", "2 labels, expected one a face (320)"),
    ("evaluate folder --root {tmp}/unlabelled --model {net}", "no labels; expected shape_labels.txt"),
    ("evaluate folder --root {tmp}/ply --model {net}", "moebius_labels.txt, .txt, .seg or .npy beside it, or a"),
    ("evaluate folder --root {shapes} --test shape9 --model {net}", "not in the folder (e.g. 'shape9')"),
    ("evaluate folder --root {meshes}/creatures --model {net}", "no label 'arm', 'foot'"),
    ("evaluate folder --root {shapes} --model {net} --confusion {tmp}/c.gif", "to end in .png"),
    ("evaluate folder --root {shapes} --model {net} --confusion {tmp}/no/c.png", "no folder"),
    ("train folder --root {shapes}", "required: -o/--output-folder"),
    ("train folder", "required: TASK"),
    ("train folder --root {shapes} -o {tmp}/o --epochs 0", "--epochs: expected a whole number >= 1"),
    ("train folder --root {shapes} -o {tmp}/o --validation 4", "must leave one of the 4 training shapes, got 4"),
    ("train psb --root {psb} --category Ant -o {tmp}/o --validation 12", "must be 0 to 11 of the 12"),
    ("train folder --root {shapes} -o {tmp}/o --rep 4y0", 'cannot read "4y0" in representation'),
    ("train folder --root {shapes} -o {tmp}/o --output vertex", "(--output vertex) needs labels of vertices"),
    ("train folder --root {shapes} -o {tmp}/o --levels 12,48", "expects falling positive numbers"),
    ("train folder --root {shapes} -o {file}", "is a file, expected a folder"),
    ("train folder --root {shapes} -o {tmp}/o --resume", "no run to resume here"),
]


@pytest.mark.parametrize(("line", "message"), BAD_INPUT)
def test_bad_input_is_one_line_and_exit_code_2(call, tmp_path, shapes, psb, network, line, message):
    torus = MESHES / "known" / "torus.glb"
    (tmp_path / "torus.off").write_text("never read")
    (tmp_path / "file").write_text("in the way")
    (tmp_path / "empty").mkdir()
    (tmp_path / "damaged.json").write_text("{")
    (tmp_path / "damaged.safetensors").write_text("")
    for name in ("miscounted", "unlabelled"):
        (tmp_path / name).mkdir()
        shutil.copy(shapes / "shape1.off", tmp_path / name / "shape.off")
    (tmp_path / "ply").mkdir()
    shutil.copy(MESHES / "known" / "moebius.ply", tmp_path / "ply")
    (tmp_path / "points.xyz").write_text("0 0 0\n1 0\n")
    (tmp_path / "miscounted" / "shape.txt").write_text("head\nhead\n")
    places = {"tmp": tmp_path, "file": tmp_path / "file", "meshes": MESHES, "torus": torus}
    places |= {"shapes": shapes, "psb": psb, "net": network}
    result = call(*line.format(**places).split())
    assert result.code == 2
    assert len(result.err.splitlines()) == 1
    assert message in result.messages("error")[0]
    assert not (tmp_path / "o").exists()


@pytest.mark.parametrize("command", ["segment", "preprocess"])
def test_help_tells_both_exit_codes_of_failure(call, command):
    assert "exit code is then 1, or 2 if all fail" in " ".join(call(command, "--help").out.split())


def test_a_folder_that_cannot_be_written_to_is_refused_at_once(call, tmp_path, monkeypatch):
    monkeypatch.setattr("gaugenet.io.file.os.access", lambda *_: False)
    result = call("preprocess", MESHES / "known" / "torus.glb", "-o", tmp_path / "o")
    assert result.code == 2 and result.messages("error") == [
        f"{tmp_path}: no right to write to this folder; choose another"
    ]


def test_a_mistake_of_the_library_keeps_its_traceback(monkeypatch):
    monkeypatch.setattr("gaugenet.io.polygon_file.read_polygons", lambda _: {}["key"])
    with pytest.raises(KeyError):
        program.main(["info", TORUS])


def test_interrupt_and_missing_rights_are_one_line(call, monkeypatch):
    def interrupt(_):
        raise KeyboardInterrupt

    def refuse(_):
        raise PermissionError(13, "Permission denied", "mesh.off")

    monkeypatch.setattr("gaugenet.io.polygon_file.read_polygons", interrupt)
    assert (call("info", TORUS).code, call("info", TORUS).err) == (130, "gaugenet: error: interrupted\n")
    monkeypatch.setattr("gaugenet.io.polygon_file.read_polygons", refuse)
    assert call("info", TORUS).messages("error") == ["mesh.off: permission denied"]


def test_standard_output_holds_the_object_alone(call, monkeypatch):
    def talkative(_):
        print("reading")
        return read_polygons(MESHES / "known" / "torus.glb")

    monkeypatch.setattr("gaugenet.io.polygon_file.read_polygons", talkative)
    result = call("info", TORUS, "--json")
    assert result.json["genus"] == 1 and result.err == "reading\n"


def test_json_has_null_where_there_is_no_number():
    content = {"a": float("nan"), "b": [float("inf"), 1.5, {"c": float("nan")}], "d": None, "e": (1, True)}
    expected = {"a": None, "b": [None, 1.5, {"c": None}], "d": None, "e": [1, True]}
    assert json.loads(Outcome(content, "").printed(True)) == expected
    assert Outcome(content, "text").printed(False) == "text"


def test_exit_codes():
    assert [exit_code(3, 0), exit_code(2, 1), exit_code(0, 3)] == [0, 1, 2]


def test_warnings_are_said_once_and_named(capsys):
    with warnings_said():
        for _ in range(2):
            warnings.warn("long\n  warning", stacklevel=1)
        warnings.warn("for developers", DeprecationWarning, stacklevel=1)
        with named("a.off"):
            warnings.warn("a.off: once is enough", stacklevel=1)
            warnings.warn("odd", stacklevel=1)
    lines = ["long warning", "a.off: once is enough", "a.off: odd"]
    assert capsys.readouterr().err.splitlines() == [f"gaugenet: warning: {line}" for line in lines]


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (ValueError("bad"), ValueError),
        (UnicodeDecodeError("utf-8", b"\xff", 0, 1, "bad"), ValueError),
        (FileNotFoundError(2, "gone"), OSError),
        (MemoryError(), MemoryError),
    ],
)
def test_errors_keep_their_kind_when_they_are_named(error, kind):
    with pytest.raises(kind) as caught, named("3"):
        raise error
    assert type(caught.value) is kind and str(caught.value).startswith("3: ")


def test_a_batch_goes_on_after_any_error(capsys):
    failed = {}
    for name, error in (("a", OSError(28, "No space left on device")), ("b", KeyError("x")), ("c", None)):
        with attempt(name, failed):
            if error is not None:
                raise error
    assert failed == {"a": "no space left on device", "b": "unexpected KeyError ('x'); please report it"}
    assert capsys.readouterr().err.count("gaugenet: error: ") == 2
    assert one_line(ValueError()) == "ValueError"


def test_bar_moves_on_a_terminal_and_writes_lines_elsewhere(capsys, monkeypatch):
    assert list(bar(range(3), "work", 3)) == [0, 1, 2] and capsys.readouterr().err == ""
    monkeypatch.setattr("gaugenet.cli.message.PAUSE", 0.0)
    assert list(bar("ab", "work", 2, lambda: "fine")) == ["a", "b"]
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 2 and lines[1].startswith("work: 100%") and lines[1].endswith("fine]")
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    assert list(bar(range(3), "work", 3, lambda: "fine")) == [0, 1, 2]
    assert "3/3" in capsys.readouterr().err
    say("note", "kept")
    assert capsys.readouterr().err == "gaugenet: note: kept\n"


@pytest.mark.parametrize("terminal", [True, False])
def test_the_first_item_says_nothing_of_the_others(capsys, monkeypatch, terminal):
    """It takes 20 s, as compilation does, and each of the others one."""
    clock = [0.0]
    monkeypatch.setattr("gaugenet.cli.message.PAUSE", 0.0)
    monkeypatch.setattr("gaugenet.cli.message.time.monotonic", lambda: clock[0])
    monkeypatch.setattr("tqdm.std.time", lambda: clock[0])
    monkeypatch.setattr(sys.stderr, "isatty", lambda: terminal)
    for item in bar(range(41), "geometry", 41):
        clock[0] += 1.0 if item else 20.0
    shown = re.split(r"[\r\n]+", capsys.readouterr().err)
    one, two, last = (next(line for line in shown if f" {done}/41 " in line) for done in (1, 2, 41))
    assert "[00:20<?, ?it/s" in one and "[00:21<00:39," in two and "[01:00<00:00," in last


@pytest.mark.skipif(
    sys.platform != "linux" or not hasattr(ctypes.CDLL(None), "mallopt"), reason="only glibc says how memory is kept"
)
def test_workers_keep_freed_memory(call, monkeypatch):
    names = ["MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_THRESHOLD_"]
    for name in names:
        monkeypatch.delenv(name, raising=False)
    call("info", MESHES / "known" / "torus.glb")
    assert list(parallel_map(os.getenv, names, 2)) == 2 * [str(2**31 - 1)]
