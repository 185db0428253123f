"""The program ``gaugenet``, one file a command."""

from gaugenet.cli.program import main

__all__ = ["main"]
