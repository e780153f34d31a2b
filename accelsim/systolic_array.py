"""A systolic array: its shape and dataflow, how a matrix product is cut into folds, and its cycles."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, get_args

from accelsim.accumulator import Accumulator
from accelsim.errors import AccelsimError, nearest

__all__ = ["Dataflow", "Fold", "Gemm", "SystolicArray"]

Dataflow = Literal["ws", "os", "is"]


class Gemm(NamedTuple):
    """A matrix product ``out[channel, pixel] = sum_k mul(x[k, pixel], w[channel, k])``.

    Parameters
    ----------
    depth, pixels, channels : int
        Products per output, columns of ``x``, rows of ``w``.
    """

    depth: int
    pixels: int
    channels: int

    @property
    def macs(self) -> int:
        """Products in all."""
        return self.depth * self.pixels * self.channels


class Fold(NamedTuple):
    """One pass of a matrix product through the array.

    Parameters
    ----------
    row, column : slice
        Which indices of the dimensions laid over the rows and the columns of the array it covers.
    first, last : bool
        Whether its accumulators start from 0, and whether they are then complete. Between the two, the
        accumulators of one fold are the partial sums that the next fold of the same outputs starts from.
    """

    row: slice
    column: slice
    first: bool
    last: bool

    @property
    def rows(self) -> int:
        """Rows of the array in use."""
        return int(self.row.stop - self.row.start)

    @property
    def columns(self) -> int:
        """Columns of the array in use."""
        return int(self.column.stop - self.column.start)


@dataclass(frozen=True)
class SystolicArray:
    """An array of ``rows`` x ``columns`` processing elements (PEs), each with a multiplier and an adder.

    One dimension of a matrix product lies over the rows, one over the columns, the third passes in time:

    ========  ==============  ======  =======  ========  =================  ===============  =============
    dataflow  over            rows    columns  time      from the left      from the top     down the rows
    ========  ==============  ======  =======  ========  =================  ===============  =============
    ``ws``    weight stays    depth   channel  pixel     activations        weights, before  partial sums
    ``is``    input stays     depth   pixel    channel   weights            activations, b.  partial sums
    ``os``    output stays    pixel   channel  depth     activations        weights          sums, after
    ========  ==============  ======  =======  ========  =================  ===============  =============

    Operands enter skewed: what the array takes in step ``t`` reaches PE ``(r, c)`` in cycle ``t + r + c``.
    With ``ws`` and ``is``, the stationary operands of a fold are shifted in from the top in ``rows`` cycles
    (preload); then a vector enters each cycle, and the sums of step ``t`` leave the bottom of column ``c``
    ``rows + c`` cycles after it. With ``os``, the sums are shifted out at the bottom in ``rows`` cycles
    (drain) once the last PE has its last product. A fold that does not fill the array takes as long as one
    that does: idle PEs pass on what they are given. Folds follow one another without overlap.

    Parameters
    ----------
    rows, columns : int
        Size of the array.
    dataflow : {"ws", "os", "is"}
        Weight-, output- or input-stationary.
    accumulator : Accumulator
        Of each PE.

    Raises
    ------
    AccelsimError
        If the size is not positive or the dataflow unknown.
    """

    rows: int
    columns: int
    dataflow: Dataflow = "ws"
    accumulator: Accumulator = field(default_factory=Accumulator)

    def __post_init__(self) -> None:
        for what, size in (("rows", self.rows), ("columns", self.columns)):
            if not isinstance(size, int) or size < 1:
                raise AccelsimError(f"an array of {size} {what}; expected 1 or more")
        if self.dataflow not in get_args(Dataflow):
            raise AccelsimError(
                f"unknown dataflow {self.dataflow!r}; expected ws, os or is"
                f"{nearest(str(self.dataflow), get_args(Dataflow))}"
            )

    @property
    def pes(self) -> int:
        """Processing elements."""
        return self.rows * self.columns

    def spread(self, gemm: Gemm) -> tuple[int, int, int]:
        """Return how far a matrix product reaches over the rows, over the columns and in time."""
        depth, pixels, channels = gemm
        if self.dataflow == "ws":
            return depth, channels, pixels
        if self.dataflow == "is":
            return depth, pixels, channels
        return pixels, channels, depth

    def folds(self, gemm: Gemm) -> Iterator[Fold]:
        """Yield the folds of a matrix product in the order in which they run: along the rows first."""
        over_rows, over_columns, _ = self.spread(gemm)
        sums_in_time = self.dataflow == "os"
        for column in range(0, over_columns, self.columns):
            for row in range(0, over_rows, self.rows):
                stop = min(row + self.rows, over_rows)
                yield Fold(
                    slice(row, stop),
                    slice(column, min(column + self.columns, over_columns)),
                    sums_in_time or row == 0,
                    sums_in_time or stop == over_rows,
                )

    def fold_count(self, gemm: Gemm) -> int:
        """Return how many folds a matrix product takes."""
        over_rows, over_columns, _ = self.spread(gemm)
        return -(-over_rows // self.rows) * -(-over_columns // self.columns)

    def fold_cycles(self, steps: int) -> int:
        """Return the cycles of one fold: ``2 * rows + columns + steps - 2``.

        Preload or drain take ``rows`` cycles; the last PE works ``rows - 1 + columns - 1`` cycles after the
        first one, ``steps`` cycles long.
        """
        return 2 * self.rows + self.columns + steps - 2

    def cycles(self, gemm: Gemm) -> int:
        """Return the cycles from the first operand that enters to the last sum at the array's outputs.

        With ``ws`` and ``is`` a sum is at the outputs in the cycle after the one that formed it, while the
        next fold is being loaded, which makes one cycle more after the last fold.
        """
        cycles = self.fold_count(gemm) * self.fold_cycles(self.spread(gemm)[2])
        return cycles + (self.dataflow != "os")
