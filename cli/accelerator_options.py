"""Options that say what accelerator a network runs on."""

import functools
import math
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from accelsim.errors import AccelsimError

if TYPE_CHECKING:
    from accelsim.accelerator import Accelerator

__all__ = ["AcceleratorSetting", "accelerator_options"]

_ARRAY = (32, 32)


def _parse_size(ctx: click.Context, param: click.Parameter, value: str | None) -> tuple[int, int] | None:
    """Return rows and columns of a text such as 16x16."""
    if value is None:
        return None
    rows, _, columns = value.partition("x")
    if not (rows.isdecimal() and columns.isdecimal() and int(rows) and int(columns)):
        raise click.BadParameter(f"{value!r} is no array; expected rows x columns, such as 16x16", ctx, param)
    return int(rows), int(columns)


@dataclass(frozen=True)
class AcceleratorSetting:
    """An accelerator, as the options say it; None: as the configuration file has it, or the default.

    Parameters
    ----------
    array : pair of int, optional
        Rows and columns.
    dataflow : {"ws", "os", "is"}, optional
        What stays in the PEs.
    accumulator_bits : int
        Width of the accumulators.
    overflow : {"wrap", "saturate"}
        What becomes of a sum that leaves it.
    ifmap_kib, filter_kib, ofmap_kib : float, optional
        Scratchpads.
    bandwidth : float, optional
        Of DRAM, in bytes per cycle.
    clock_mhz : float
        Clock.
    config : Path, optional
        SCALE-Sim's INI.
    """

    array: tuple[int, int] | None
    dataflow: Literal["ws", "os", "is"] | None
    accumulator_bits: int
    overflow: Literal["wrap", "saturate"]
    ifmap_kib: float | None
    filter_kib: float | None
    ofmap_kib: float | None
    bandwidth: float | None
    clock_mhz: float
    config: Path | None

    def accelerator(self) -> "Accelerator":
        """Return the accelerator.

        Raises
        ------
        AccelsimError
            If the configuration cannot be read, or a size is not positive.
        """
        from accelsim.accelerator import Accelerator
        from accelsim.accumulator import Accumulator
        from accelsim.scalesim_config import read_config
        from accelsim.systolic_array import SystolicArray

        known = read_config(self.config).accelerator if self.config else Accelerator(SystolicArray(*_ARRAY))
        rows, columns = self.array or (known.array.rows, known.array.columns)
        accumulator = Accumulator(self.accumulator_bits, self.overflow)
        array = SystolicArray(rows, columns, self.dataflow or known.array.dataflow, accumulator)
        given = ("ifmap_kib", "filter_kib", "ofmap_kib", "bandwidth", "clock_mhz")
        changes = {name: value for name in given if (value := getattr(self, name)) is not None}
        return replace(known, array=array, **changes)


def accelerator_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options of an `AcceleratorSetting`, which the command gets as ``accelerator_setting``."""
    size = click.FloatRange(min=0, min_open=True)
    options = [
        click.option(
            "--array",
            metavar="RxC",
            callback=_parse_size,
            help="Rows and columns of PEs.  [default: 32x32]",
        ),
        click.option(
            "--dataflow",
            type=click.Choice(["ws", "os", "is"]),
            help="What stays in the PEs: weights, outputs or inputs.  [default: ws]",
        ),
        click.option(
            "--accumulator-bits",
            type=click.IntRange(2, 32),
            default=32,
            show_default=True,
            help="Width of the accumulators.",
        ),
        click.option(
            "--overflow",
            type=click.Choice(["wrap", "saturate"]),
            default="wrap",
            show_default=True,
            help="What becomes of a sum that leaves the accumulator.",
        ),
        *(
            click.option(f"--{which}-kib", type=size, metavar="KIB", help=f"{what}.  [default: 64]")
            for which, what in (
                ("ifmap", "Scratchpad for activations, both halves together"),
                ("filter", "Scratchpad for weights"),
                ("ofmap", "Scratchpad for outputs and partial sums"),
            )
        ),
        click.option(
            "--bandwidth",
            type=size,
            metavar="BYTES",
            help="Bytes that DRAM moves per cycle; inf: never waited for.  [default: 16]",
        ),
        click.option(
            "--clock",
            "clock_mhz",
            type=size,
            metavar="MHZ",
            default=100.0,
            show_default=True,
            help="Cycles per microsecond.",
        ),
        click.option(
            "--config",
            type=click.Path(path_type=Path),
            help="SCALE-Sim's INI: array, dataflow, scratchpads and bandwidth; other options go before it.",
        ),
    ]

    @functools.wraps(command)
    def with_setting(**parameters: Any) -> None:
        names = [field.name for field in fields(AcceleratorSetting)]
        setting = AcceleratorSetting(**{name: parameters.pop(name) for name in names})
        if setting.bandwidth is not None and math.isnan(setting.bandwidth):
            raise AccelsimError("a bandwidth of nan bytes per cycle; expected a positive number, or inf")
        command(accelerator_setting=setting, **parameters)

    for option in reversed(options):
        with_setting = option(with_setting)
    return with_setting
