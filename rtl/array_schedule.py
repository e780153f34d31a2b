"""What enters a systolic array in each cycle of a matrix product, and which sums leave it."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from accelsim.systolic_array import Gemm, SystolicArray

__all__ = ["ArraySchedule", "SumsAt", "packed"]


class SumsAt(NamedTuple):
    """Which sums pass a border of the array in a cycle.

    Parameters
    ----------
    columns : slice
        Indices along what lies over the array's columns; they take its first columns.
    position : int
        Index along time with ``ws`` and ``is``, along what lies over the rows with ``os``.
    depth : int
        How many products they are the sums of.
    """

    columns: slice
    position: int
    depth: int

    @property
    def used(self) -> int:
        """How many columns of the array they take."""
        return int(self.columns.stop - self.columns.start)


def packed(lanes: NDArray[Any], width: int) -> int:
    """Return the lowest bits of integers side by side, the first in the lowest ``width`` bits."""
    mask = (1 << width) - 1
    return sum((int(lane) & mask) << number * width for number, lane in enumerate(lanes.tolist()))


@dataclass(frozen=True, eq=False)
class ArraySchedule:
    """The array's inputs and outputs, cycle by cycle.

    Attributes
    ----------
    control : bool array of shape (cycles,)
        ``load`` with ``ws`` and ``is``, ``drain`` with ``os``.
    left, left_valid : int64 and bool arrays of shape (cycles, rows)
        Operand patterns from the left, not skewed; 0 where there is none.
    top, top_valid : int64 and bool arrays of shape (cycles, columns)
        Operand patterns from the top, not skewed.
    entering : list of cycles SumsAt or None
        Partial sums that enter at the top; with None they are 0.
    leaving : list of cycles SumsAt or None
        Sums at the outputs.
    """

    control: NDArray[np.bool_]
    left: NDArray[np.int64]
    left_valid: NDArray[np.bool_]
    top: NDArray[np.int64]
    top_valid: NDArray[np.bool_]
    entering: list[SumsAt | None]
    leaving: list[SumsAt | None]

    @property
    def cycles(self) -> int:
        """How many there are."""
        return len(self.control)

    @classmethod
    def of(cls, array: SystolicArray, x: NDArray[np.integer], w: NDArray[np.integer]) -> "ArraySchedule":
        """Lay out ``out[channel, pixel] = sum_k mul(x[k, pixel], w[channel, k])``.

        Parameters
        ----------
        array : SystolicArray
            The array.
        x : unsigned integer array of shape (depth, pixels)
            Bit patterns of the activations.
        w : unsigned integer array of shape (channels, depth)
            Bit patterns of the weights.
        """
        gemm = Gemm(x.shape[0], x.shape[1], w.shape[0])
        cycles = array.cycles(gemm)
        schedule = cls(
            np.zeros(cycles, np.bool_),
            np.zeros((cycles, array.rows), np.int64),
            np.zeros((cycles, array.rows), np.bool_),
            np.zeros((cycles, array.columns), np.int64),
            np.zeros((cycles, array.columns), np.bool_),
            [None] * cycles,
            [None] * cycles,
        )
        if array.dataflow == "os":
            schedule._add_output_stationary(array, gemm, x, w)
        elif array.dataflow == "ws":
            schedule._add_stationary(array, gemm, x, w.T)
        else:
            schedule._add_stationary(array, gemm, w.T, x)
        return schedule

    def _add_stationary(
        self,
        array: SystolicArray,
        gemm: Gemm,
        moving: NDArray[np.integer],
        staying: NDArray[np.integer],
    ) -> None:
        """Add all folds; both operands have shape (depth, others)."""
        steps = moving.shape[1]
        rows, columns = array.rows, array.columns
        for number, fold in enumerate(array.folds(gemm)):
            start = number * array.fold_cycles(steps)
            self.control[start : start + rows] = True
            preload = slice(start + rows - fold.rows, start + rows)
            self.top[preload, : fold.columns] = staying[fold.row, fold.column][::-1]
            self.top_valid[preload, : fold.columns] = True
            stream = slice(start + rows, start + rows + steps)
            self.left[stream, : fold.rows] = moving[fold.row].T
            self.left_valid[stream, : fold.rows] = True
            first_out = start + 2 * rows + columns - 1
            for step in range(steps):
                if not fold.first:
                    self.entering[stream.start + step] = SumsAt(fold.column, step, fold.row.start)
                self.leaving[first_out + step] = SumsAt(fold.column, step, fold.row.stop)

    def _add_output_stationary(
        self, array: SystolicArray, gemm: Gemm, x: NDArray[np.integer], w: NDArray[np.integer]
    ) -> None:
        for number, fold in enumerate(array.folds(gemm)):
            start = number * array.fold_cycles(gemm.depth)
            stream = slice(start, start + gemm.depth)
            self.left[stream, : fold.rows] = x[:, fold.row]
            self.left_valid[stream, : fold.rows] = True
            self.top[stream, : fold.columns] = w[fold.column].T
            self.top_valid[stream, : fold.columns] = True
            end = start + array.fold_cycles(gemm.depth)
            self.control[end - array.rows : end] = True
            for row in range(fold.rows):
                self.leaving[end - 1 - row] = SumsAt(fold.column, fold.row.start + row, gemm.depth)
