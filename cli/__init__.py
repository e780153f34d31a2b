"""The command line: parse, call, print. The logic lives in the other rooms."""

from accelsim.cli.command_line import main

__all__ = ["main"]
