"""The program ``gaugenet``: commands, errors and exit codes."""

from __future__ import annotations

import argparse
import ctypes
import os
import sys
from collections.abc import Sequence
from contextlib import redirect_stdout
from importlib import import_module

from gaugenet.cli.arguments import Parser
from gaugenet.cli.data import spelled
from gaugenet.cli.message import say, warnings_said
from gaugenet.cli.outcome import DONE, FAILED
from gaugenet.train.named import BAD_INPUT

COMMANDS = {
    "info": "describe a mesh: counts, topology, defects, holonomy",
    "preprocess": "turn meshes into frame bundles",
    "train": "train a network to segment, classify or detect; a killed run goes on with --resume",
    "evaluate": "score a network on labelled shapes, images or land",
    "segment": "label the faces of meshes, or the pixels of images of the sphere: files, picture",
    "detect": "find objects on a mesh or in an image of the sphere: boxes as JSON, picture",
    "check": "measure how far a network depends on the gauge and on the pose",
    "benchmark": "measure speed and memory on this machine, against other libraries",
}
INTERRUPTED = 130  # as shells have it: 128 + SIGINT

_EXAMPLE = "gaugenet segment person.off --model psb-human -o out --picture out/person.png"
# Names of mallopt(3), and those by which processes that are started find them.
_THRESHOLDS = {-1: "MALLOC_TRIM_THRESHOLD_", -3: "MALLOC_MMAP_THRESHOLD_"}
_MOST = 2**31 - 1


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code.

    0: all done; 1: part of the work failed; 2: bad input, with one line on standard error. Standard output gets only
    the result, with ``--json`` one object; messages and progress bars go to standard error.

    Args:
        argv: The command and its arguments; by default those of the process.
    """
    argv = sys.argv[1:] if argv is None else list(argv)
    keep_freed_memory()
    try:
        argv = spelled(argv)
        args, unknown = _parser(argv).parse_known_args(argv)
        if unknown:
            words = (getattr(args, name, None) for name in ("command", "data", "task"))
            where = " ".join(["gaugenet", *filter(None, words)])
            raise ValueError(f"unrecognized arguments: {' '.join(unknown)}; see {where} --help")
        # What a library prints on the way is no result.
        with warnings_said(), redirect_stdout(sys.stderr):
            outcome = args.run(args)
        printed = outcome.printed(args.json)
        if printed:
            print(printed, flush=True)
    except BrokenPipeError:  # the reader stopped reading, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except BAD_INPUT as error:
        say("error", error)
        return FAILED
    except KeyboardInterrupt as interrupt:
        say("error", str(interrupt) or "interrupted")
        return INTERRUPTED
    except SystemExit as end:  # --help and --version
        return int(end.code or DONE)
    return outcome.code


class _Layout(argparse.RawDescriptionHelpFormatter):
    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=28)


class _Version(argparse.Action):
    def __call__(self, *_: object, **__: object) -> None:
        print(f"gaugenet {import_module('gaugenet').__version__}")
        raise SystemExit(DONE)


def _parser(argv: Sequence[str]) -> argparse.ArgumentParser:
    """Return the parser, with the arguments of the command that is called."""
    parser = Parser(
        prog="gaugenet",
        description="Gauge-equivariant neural networks on triangle meshes and the sphere.",
        epilog=f"example:\n  {_EXAMPLE}\n\n`gaugenet COMMAND --help` describes each command.",
        formatter_class=_Layout,
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="print the version and exit")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    chosen = next((word for word in argv if not word.startswith("-")), None)
    for name, line in COMMANDS.items():
        if name != chosen:
            commands.add_parser(name, help=line)
            continue
        command = import_module(f"gaugenet.cli.{name}")
        sub = commands.add_parser(
            name,
            help=line,
            description=command.__doc__,
            epilog=f"example:\n  {command.EXAMPLE}",
            formatter_class=_Layout,
        )
        for one in command.add_arguments(sub, argv):
            one.add_argument("--json", action="store_true", help="print only one JSON object")
            one.set_defaults(run=command.run)
    return parser


def keep_freed_memory() -> None:
    """Let glibc keep freed blocks for the next tensor instead of returning them to the system at once.

    Otherwise each large block is mapped again, page fault by page fault, which is about half the time of the layers.
    The peak of the memory in use does not grow. Workers do the same. Without glibc nothing happens.
    """
    if sys.platform != "linux":
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        for number, name in _THRESHOLDS.items():
            mallopt(number, _MOST)
            os.environ.setdefault(name, str(_MOST))
