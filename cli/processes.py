"""The option ``--processes``."""

import click

__all__ = ["PROCESSES"]

#: How many processes a command may use.
PROCESSES = click.option(
    "--processes",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="How many share the work, on one thread each; no result depends on it.",
)
