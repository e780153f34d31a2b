"""The command line: parse, call, print. The logic lives in the other rooms."""

from accelsim.cli.entry_point import main

__all__ = ["main"]
