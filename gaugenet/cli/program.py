"""The program ``gaugenet``: commands, errors and exit codes."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from contextlib import redirect_stdout
from importlib import import_module
from typing import NoReturn

from gaugenet.cli.allocator import keep_freed_memory
from gaugenet.cli.message import BAD_INPUT, say, warnings_said
from gaugenet.cli.outcome import DONE, FAILED

COMMANDS = {
    "info": "say what a mesh is: counts, topology, defects, holonomy",
    "preprocess": "turn meshes into frame bundles",
    "train": "train a network to segment, classify or detect; a killed run goes on with --resume",
    "evaluate": "score a network on labelled shapes, images or land",
    "segment": "label the faces of meshes, or the pixels of images of the sphere: files, picture",
    "detect": "find objects on a mesh or in an image of the sphere: boxes as JSON, picture",
    "check": "measure how far a network depends on the gauge and on the pose",
    "benchmark": "measure speed and memory on this machine, against what others do",
}
INTERRUPTED = 130  # as shells have it: 128 + SIGINT

_EXAMPLE = "gaugenet segment person.off --model psb-human -o out --picture out/person.png"


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code.

    0: all done; 1: part of the work failed; 2: bad input, with one line on standard error. Standard output gets the
    result alone, with ``--json`` one object; messages and progress bars go to standard error.

    Args:
        argv: the command and its arguments; those of the process by default.
    """
    argv = sys.argv[1:] if argv is None else list(argv)
    keep_freed_memory()
    try:
        args = _parser(argv).parse_args(argv)
        # What a library prints on the way is no result.
        with warnings_said(), redirect_stdout(sys.stderr):
            outcome = args.run(args)
        printed = outcome.printed(args.json)
        if printed:
            print(printed, flush=True)
    except BrokenPipeError:  # the reader has seen enough, as `head` does
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


class _Parser(argparse.ArgumentParser):
    """Leave the printing of errors to ``main``."""

    def error(self, message: str) -> NoReturn:
        raise ValueError(f"{message}; see {self.prog} --help")


class _Layout(argparse.RawDescriptionHelpFormatter):
    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=28)


class _Version(argparse.Action):
    def __call__(self, *_: object, **__: object) -> None:
        print(f"gaugenet {import_module('gaugenet').__version__}")
        raise SystemExit(DONE)


def _parser(argv: Sequence[str]) -> argparse.ArgumentParser:
    """Return the parser; only the command that is called is imported, as most of them take PyTorch along."""
    parser = _Parser(
        prog="gaugenet",
        description="Gauge-equivariant neural networks on triangle meshes and the sphere.",
        epilog=f"example:\n  {_EXAMPLE}\n\n`gaugenet COMMAND --help` says more about each.",
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
        command.add_arguments(sub)
        sub.add_argument("--json", action="store_true", help="print one JSON object, and nothing else")
        sub.set_defaults(run=command.run)
    return parser
