"""Options of the commands that estimate costs."""

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from accelsim.cli.seed import SEED

__all__ = ["cost_options"]


def cost_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options of `accelsim.rtl.circuit_cost.CostSettings`, which the command gets as ``settings``."""

    @click.option(
        "--liberty",
        type=click.Path(path_type=Path),
        help="Liberty file (.lib) of the cells to map onto, with delay and power tables; default: the "
        "built-in table, one cell for each gate.",
    )
    @click.option(
        "--activity",
        default="uniform",
        show_default=True,
        metavar="uniform|FILE",
        help="Operands that the switching activity is simulated with: uniform random ones; a recorded "
        "stream, an .npy array of shape (n, 2) with operands a and b in its columns; or random ones as often "
        "as a file of `accelsim record-operands` says.",
    )
    @click.option(
        "--operations",
        type=click.IntRange(min=1),
        default=65536,
        show_default=True,
        help="How many random operations.",
    )
    @click.option("--seed", type=SEED, default=0, show_default=True, help="Seed of random operands.")
    @click.option(
        "--frequency",
        "frequency_mhz",
        type=click.FloatRange(min=0, min_open=True),
        default=100.0,
        show_default=True,
        help="Operations per microsecond (MHz), for power and PDP.",
    )
    @click.option(
        "--from-table",
        is_flag=True,
        help="Synthesise gates for LUT files from their products; they are not those that the LUT was made "
        "with.",
    )
    @functools.wraps(command)
    def with_settings(
        *,
        liberty: Path | None,
        activity: str,
        operations: int,
        seed: int,
        frequency_mhz: float,
        from_table: bool,
        **parameters: Any,
    ) -> None:
        from accelsim.rtl.circuit_cost import CostSettings

        settings = CostSettings(
            liberty=liberty,
            operands=None if activity == "uniform" else Path(activity),
            operations=operations,
            seed=seed,
            frequency_mhz=frequency_mhz,
            from_table=from_table,
        )
        command(settings=settings, **parameters)

    return with_settings
