"""Click groups that help with mistyped commands, and list their commands without importing them."""

from collections.abc import Mapping
from importlib import import_module
from typing import Any, NamedTuple

import click

from accelsim.errors import nearest

__all__ = ["HelpfulGroup", "LazyCommand", "LazyGroup"]


class HelpfulGroup(click.Group):
    """A group that lists its commands in their order and answers an unknown one with the nearest names."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of the commands, in the order of the help."""
        return list(self.commands)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that the arguments name; an unknown one is an error with the nearest names."""
        name, known = args[0], self.list_commands(ctx)
        if name not in known and not name.startswith("-") and not ctx.resilient_parsing:
            hint = nearest(name, known) or f"; there are {', '.join(known)}"
            raise click.UsageError(f"no command {name}{hint}", ctx)
        return super().resolve_command(ctx, args)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the group's own options; without any argument show the help."""
        return super().parse_args(ctx, args or ["--help"])


class LazyCommand(NamedTuple):
    """Where a command lives, and its line in the group's help."""

    module: str
    attribute: str
    summary: str


class LazyGroup(HelpfulGroup):
    """A group whose commands are imported when they are called.

    Parameters
    ----------
    lazy_commands : mapping of str to LazyCommand
        Commands by name, in the order of the help.
    **settings
        Parameters of `click.Group`.
    """

    def __init__(self, *, lazy_commands: Mapping[str, LazyCommand], **settings: Any) -> None:
        super().__init__(**settings)
        self.lazy_commands = dict(lazy_commands)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of the commands, in the order of the help."""
        return list(self.lazy_commands)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return a command, or None if there is none of that name."""
        if cmd_name not in self.lazy_commands:
            return None
        lazy = self.lazy_commands[cmd_name]
        command = getattr(import_module(lazy.module), lazy.attribute)
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands from their summaries alone."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, lazy.summary) for name, lazy in self.lazy_commands.items()])
