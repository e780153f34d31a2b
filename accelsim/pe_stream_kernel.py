"""The compiled kernels behind `accelsim.pe_stream`: one PE during one fold."""

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["fill_moving", "fill_stationary"]


@njit(cache=True, nogil=True)
def fill_stationary(
    products: NDArray[np.int32],
    left: NDArray[np.uint8],
    top: NDArray[np.uint8],
    rows: int,
    columns: int,
    row: int,
    column: int,
    bits: int,
    saturate: bool,
    first_row: int,
    rows_used: int,
    first_column: int,
    columns_used: int,
    last_first_row: int,
    last_rows_used: int,
    last_first_column: int,
    last_columns_used: int,
    operands: NDArray[np.uint8],
    valid: NDArray[np.bool_],
    numbers: NDArray[np.int32],
) -> None:
    """Fill in the signals of PE ``(row, column)`` with ``ws`` or ``is``.

    Parameters
    ----------
    products : int32 array of shape (top patterns, left patterns)
    left, top : uint8 arrays of shape (depth, steps), (columns of all folds, depth)
        What moves and what stays.
    bits, saturate : int, bool
        The accumulator.
    first_row, rows_used, first_column, columns_used : int
        The fold's part of the depth and of the columns.
    last_first_row, last_rows_used, last_first_column, last_columns_used : int
        Those of the fold before, whose operands are still in the array; of no rows: none are.
    operands : uint8 array of shape (2, cycles)
        Receives `PeStream`'s ``left`` and ``top``.
    valid : bool array of shape (2, cycles)
        Receives ``left_valid`` and ``top_valid``.
    numbers : int32 array of shape (3, cycles)
        Receives ``before``, ``product`` and ``acc``.
    """
    steps = left.shape[1]
    sums = np.zeros(steps, np.int64)
    if column < columns_used:
        for k in range(first_row + min(row, rows_used)):
            own_products, moving = products[top[first_column + column, k]], left[k]
            if saturate:
                for step in range(steps):
                    sums[step] = _kept(sums[step] + own_products[moving[step]], bits, saturate)
            else:  # a sum that wraps may do so at the end
                for step in range(steps):
                    sums[step] += own_products[moving[step]]
    for cycle in range(operands.shape[1]):
        step = cycle - rows - row - column
        if 0 <= step < steps:
            numbers[0, cycle] = _kept(sums[step], bits, saturate)
            if row < rows_used:
                operands[0, cycle], valid[0, cycle] = left[first_row + row, step], True
        # In the preload, what stays moves down from row to row, the last row's first.
        place = min(cycle, rows) - 1 - row
        if place >= 0:
            own = rows - 1 - place
            if own < rows_used and column < columns_used:
                operands[1, cycle], valid[1, cycle] = top[first_column + column, first_row + own], True
        elif row - min(cycle, rows) < last_rows_used and column < last_columns_used:
            operands[1, cycle] = top[last_first_column + column, last_first_row + row - cycle]
            valid[1, cycle] = True
        product = products[operands[1, cycle], operands[0, cycle]]
        works = valid[0, cycle] and valid[1, cycle]
        numbers[1, cycle] = product
        numbers[2, cycle] = _kept(np.int64(numbers[0, cycle]) + (product if works else 0), bits, saturate)


@njit(cache=True, nogil=True)
def fill_moving(
    products: NDArray[np.int32],
    left: NDArray[np.uint8],
    top: NDArray[np.uint8],
    rows: int,
    columns: int,
    row: int,
    column: int,
    bits: int,
    saturate: bool,
    first_row: int,
    rows_used: int,
    first_column: int,
    columns_used: int,
    operands: NDArray[np.uint8],
    valid: NDArray[np.bool_],
    numbers: NDArray[np.int32],
) -> None:
    """Fill in the signals of PE ``(row, column)`` with ``os``; parameters as for `fill_stationary`."""
    steps = len(left)
    drain = steps + rows + columns - 2
    total = np.int64(0)
    for cycle in range(operands.shape[1]):
        step = cycle - row - column
        if 0 <= step < steps:
            if row < rows_used:
                operands[0, cycle], valid[0, cycle] = left[step, first_row + row], True
            if column < columns_used:
                operands[1, cycle], valid[1, cycle] = top[first_column + column, step], True
        if cycle > drain:
            above = row - (cycle - drain)
            total = np.int64(0)
            if 0 <= above < rows_used and column < columns_used:
                for k in range(steps):
                    product = products[top[first_column + column, k], left[k, first_row + above]]
                    total = _kept(total + product, bits, saturate)
        product = products[operands[1, cycle], operands[0, cycle]]
        numbers[0, cycle] = numbers[2, cycle] = total
        numbers[1, cycle] = product
        if valid[0, cycle] and valid[1, cycle]:
            total = _kept(total + product, bits, saturate)


@njit(nogil=True, inline="always")
def _kept(total: np.int64, bits: int, saturate: bool) -> np.int64:
    """Return what an accumulator makes of a sum."""
    half = np.int64(1) << (bits - 1)
    if saturate:
        return min(max(total, -half), half - 1)
    return ((total + half) & (2 * half - 1)) - half
