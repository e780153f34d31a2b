"""The compiled kernel of the cycle-level simulation: registers of the array, clock edge by clock edge."""

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["INPUT_STATIONARY", "INVALID", "OUTPUT_STATIONARY", "WEIGHT_STATIONARY", "run_gemm", "run_gemms"]

WEIGHT_STATIONARY, INPUT_STATIONARY, OUTPUT_STATIONARY = range(3)

#: What an operand register holds that carries nothing: no operand of up to 8 bits, and 0 in its low byte.
INVALID = 256


@njit(cache=True, nogil=True)
def run_gemms(
    products: NDArray[np.int32],
    x: NDArray[np.uint8],
    w: NDArray[np.uint8],
    out: NDArray[np.int32],
    pixels: int,
    rows: int,
    columns: int,
    dataflow: int,
    bits: int,
    saturate: bool,
    first: int,
    stop: int,
) -> None:
    """Run matrix products ``first`` to ``stop - 1``: group by group, ``pixels`` of one image each."""
    images = x.shape[2] // pixels
    words, sums, counts = np.zeros((0, 0, 0), np.uint16), np.zeros((0, 0, 0), np.int32), np.zeros(0, np.int32)
    toggles = np.zeros((4, 0, 0), np.int64)
    for task in range(first, stop):
        group, image = task // images, task % images
        own = slice(image * pixels, (image + 1) * pixels)
        own_x, own_out = np.ascontiguousarray(x[group, :, own]), np.empty((w.shape[1], pixels), np.int32)
        run_gemm(
            products, own_x, w[group], own_out, rows, columns, dataflow, bits, saturate,
            words, words, sums, counts, toggles,
        )  # fmt: skip
        out[group, :, own] = own_out


@njit(cache=True, nogil=True)
def run_gemm(
    products: NDArray[np.int32],
    x: NDArray[np.uint8],
    w: NDArray[np.uint8],
    out: NDArray[np.int32],
    rows: int,
    columns: int,
    dataflow: int,
    bits: int,
    saturate: bool,
    left_trace: NDArray[np.uint16],
    top_trace: NDArray[np.uint16],
    acc_trace: NDArray[np.int32],
    active: NDArray[np.int32],
    toggles: NDArray[np.int64],
) -> int:
    """Run one matrix product from reset on and return its cycles.

    `left` and `acc` have what enters the array in column 0 and row 0, `top` in row 0; the register of PE
    ``(r, c)`` is ``left[r, c + 1]``, ``top[r + 1, c]``, ``acc[r + 1, c]``. The edge is computed from the last
    row to the first, so that each PE reads what its neighbour above and to the left held before.
    `out` is also the memory of the partial sums.

    Parameters
    ----------
    products : int32 array of shape (257, 257)
        By the codes in `top` and `left`; 0 where one is `INVALID`.
    x, w, out : arrays of shape (depth, pixels), (channels, depth), (channels, pixels)
        Codes and accumulators.
    left_trace, top_trace, acc_trace : arrays of shape (cycles, rows, columns)
        Receive the registers; of no cycles: nothing is recorded.
    active : int32 array of shape (cycles,)
        Receives the PEs at work; of no cycles: nothing is recorded there nor in `toggles`.
    toggles : int64 array of shape (4, rows, columns)
        Receives the changes of bits of left, top, acc and product.
    """
    left = np.full((rows, columns + 1), INVALID, np.uint16)
    top = np.full((rows + 1, columns), INVALID, np.uint16)
    acc = np.zeros((rows + 1, columns), np.int32)
    product = np.zeros((rows, columns), np.int32)
    old_left, old_top, old_acc = left, top, acc
    recorded, counted, cycle = len(acc_trace) > 0, len(active) > 0, 0
    sums_in_time = dataflow == OUTPUT_STATIONARY
    if dataflow == WEIGHT_STATIONARY:
        over_rows, over_columns, steps = x.shape[0], w.shape[0], x.shape[1]
    elif dataflow == INPUT_STATIONARY:
        over_rows, over_columns, steps = x.shape[0], x.shape[1], w.shape[0]
    else:
        over_rows, over_columns, steps = x.shape[1], w.shape[0], x.shape[0]
    sums = out.T if dataflow == INPUT_STATIONARY else out  # [over the columns, in time or over the rows]
    unused = np.int64(64 - bits)
    low, high = -(np.int64(1) << (bits - 1)), (np.int64(1) << (bits - 1)) - 1
    start = 0 if sums_in_time else rows  # fold cycle of step 0
    drain = steps + rows + columns - 2
    for column in range(0, over_columns, columns):
        used_columns = min(columns, over_columns - column)
        for row in range(0, over_rows, rows):
            used_rows = min(rows, over_rows - row)
            acc[0] = 0
            for now in range(2 * rows + columns + steps - 2):
                loads, drains = not sums_in_time and now < rows, sums_in_time and now >= drain
                step = now - start
                if dataflow == WEIGHT_STATIONARY:
                    _enter(left[:, 0], x[row : row + used_rows], step)
                elif dataflow == INPUT_STATIONARY:
                    _enter(left[:, 0], w.T[row : row + used_rows], step)
                else:
                    _enter(left[:, 0], x.T[row : row + used_rows], step)
                    _enter(top[0], w[column : column + used_columns], step)
                if loads:
                    r = rows - 1 - now
                    top[0] = INVALID
                    if r < used_rows and dataflow == WEIGHT_STATIONARY:
                        top[0, :used_columns] = w[column : column + used_columns, row + r]
                    elif r < used_rows:
                        top[0, :used_columns] = x[row + r, column : column + used_columns]
                if row > 0 and not sums_in_time:
                    _enter_sums(acc[0], sums[column : column + used_columns], step)
                if recorded:
                    left_trace[cycle], top_trace[cycle], acc_trace[cycle] = left[:, 1:], top[1:], acc[1:]
                if drains and rows - 1 - (now - drain) < used_rows:
                    sums[column : column + used_columns, row + rows - 1 - (now - drain)] = acc[
                        rows, :used_columns
                    ]
                if counted:
                    active[cycle] = _form_products(products, left, top, product, sums_in_time, toggles[3])
                    old_left, old_top, old_acc = left.copy(), top.copy(), acc.copy()
                if drains:
                    _pass_down(acc)
                else:
                    _accumulate(products, left, top, acc, sums_in_time, saturate, unused, low, high)
                _pass_right(left)
                if loads or sums_in_time:
                    _pass_down(top)
                if counted:
                    _count_changes(old_left[:, 1:], left[:, 1:], toggles[0])
                    _count_changes(old_top[1:], top[1:], toggles[1])
                    _count_changes(old_acc[1:], acc[1:], toggles[2])
                if not sums_in_time:
                    _collect(sums[column : column + used_columns], acc[rows], step + 1 - rows)
                cycle += 1
    if not sums_in_time:
        if recorded:
            left_trace[cycle], top_trace[cycle], acc_trace[cycle] = left[:, 1:], top[1:], acc[1:]
        cycle += 1
    return cycle


@njit(nogil=True)
def _enter(ports: NDArray[np.uint16], codes: NDArray[np.uint8], step: int) -> None:
    """Put codes of shape (lanes, steps) at the array's edge, each lane a step later than the one before."""
    ports[:] = INVALID
    for lane in range(max(0, step - codes.shape[1] + 1), min(len(codes), step + 1)):
        ports[lane] = codes[lane, step - lane]


@njit(nogil=True)
def _enter_sums(ports: NDArray[np.int32], sums: NDArray[np.int32], step: int) -> None:
    """Put the partial sums of shape (lanes, steps) above the array, skewed like the operands."""
    ports[:] = 0
    for lane in range(max(0, step - sums.shape[1] + 1), min(len(sums), step + 1)):
        ports[lane] = sums[lane, step - lane]


@njit(nogil=True)
def _collect(sums: NDArray[np.int32], bottom: NDArray[np.int32], step: int) -> None:
    """Take the sums that now stand below the array: each column a step later than the one before."""
    for lane in range(max(0, step - sums.shape[1] + 1), min(len(sums), step + 1)):
        sums[lane, step - lane] = bottom[lane]


@njit(nogil=True)
def _accumulate(
    products: NDArray[np.int32],
    left: NDArray[np.uint16],
    top: NDArray[np.uint16],
    acc: NDArray[np.int32],
    sums_in_time: bool,
    saturate: bool,
    unused: np.int64,
    low: np.int64,
    high: np.int64,
) -> None:
    """Let every PE add its product to its own sum, or to the one from above."""
    rows, columns = left.shape[0], top.shape[1]
    for r in range(rows - 1, -1, -1):
        before, after = (acc[r + 1] if sums_in_time else acc[r]), acc[r + 1]
        operands = top[r] if sums_in_time else top[r + 1]
        for c in range(columns):
            total = np.int64(before[c]) + products[operands[c], left[r, c]]
            after[c] = min(max(total, low), high) if saturate else (total << unused) >> unused


@njit(nogil=True)
def _pass_right(left: NDArray[np.uint16]) -> None:
    for r in range(left.shape[0]):
        for c in range(left.shape[1] - 1, 0, -1):
            left[r, c] = left[r, c - 1]


@njit(nogil=True)
def _pass_down(registers: NDArray[Any]) -> None:
    for r in range(registers.shape[0] - 1, 0, -1):
        registers[r] = registers[r - 1]


@njit(nogil=True)
def _form_products(
    products: NDArray[np.int32],
    left: NDArray[np.uint16],
    top: NDArray[np.uint16],
    product: NDArray[np.int32],
    sums_in_time: bool,
    toggles: NDArray[np.int64],
) -> int:
    """Form the products of this cycle, count the bits that change, and return how many there are."""
    active = 0
    for r in range(product.shape[0]):
        operands = top[r] if sums_in_time else top[r + 1]
        for c in range(product.shape[1]):
            if operands[c] != INVALID and left[r, c] != INVALID:
                new = products[operands[c], left[r, c]]
                toggles[r, c] += _ones(new ^ product[r, c])
                product[r, c] = new
                active += 1
    return active


@njit(nogil=True)
def _count_changes(old: NDArray[Any], new: NDArray[Any], toggles: NDArray[np.int64]) -> None:
    for r in range(old.shape[0]):
        for c in range(old.shape[1]):
            change = old[r, c] ^ new[r, c]
            if old.itemsize == 2:
                change &= 0xFF  # without the mark of what is invalid
            toggles[r, c] += _ones(change)


@njit(nogil=True)
def _ones(word: int) -> int:
    bits, count = np.uint32(word), 0
    while bits:
        bits &= bits - np.uint32(1)
        count += 1
    return count
