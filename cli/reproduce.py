"""``accelsim reproduce``: the experiments of published papers, beside the published figures."""

import click

from accelsim.cli.lazy_group import HelpfulGroup
from accelsim.cli.reproduce_guesmi2021 import guesmi2021
from accelsim.cli.reproduce_shrestha2024 import shrestha2024
from accelsim.cli.reproduce_siddique2022 import siddique2022

__all__ = ["reproduce"]


@click.group(cls=HelpfulGroup)
def reproduce() -> None:
    """Repeat the experiments of a paper: its figure, ours, the interval, the difference."""


reproduce.add_command(guesmi2021)
reproduce.add_command(shrestha2024)
reproduce.add_command(siddique2022)
