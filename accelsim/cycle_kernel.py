"""The compiled kernel of the cycle-level simulation: registers of the array, clock edge by clock edge."""

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["INPUT_STATIONARY", "INVALID", "OUTPUT_STATIONARY", "WEIGHT_STATIONARY", "run_gemm", "run_gemms"]

WEIGHT_STATIONARY, INPUT_STATIONARY, OUTPUT_STATIONARY = range(3)

#: What an operand register holds that carries nothing: no operand of up to 8 bits, and 0 in its low byte.
INVALID = 256
#: Mask of what the multiplier sees of an operand register: 0 where there is no operand.
OPERAND_BITS = 0xFF


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
            words, words, sums, counts, toggles, 0,
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
    product_mask: int,
) -> int:
    """Run one matrix product from reset on and return its cycles.

    Registers that pass their contents on are a window of what enters them, which moves by one in each cycle:
    in cycle ``now`` of a fold, with ``at = cycles - now``, ``lefts[r, at]`` enters row ``r`` and
    ``lefts[r, at + 1 + c]`` is the register of PE ``(r, c)``; ``tops`` likewise from row to row, but that
    stationary operands move only while they are loaded. `out` is also the memory of the partial sums.

    Parameters
    ----------
    products : int32 array of shape (257, 257)
        By the codes in the registers `top` and `left`; 0 where one is `INVALID`.
    x, w, out : arrays of shape (depth, pixels), (channels, depth), (channels, pixels)
        Codes and accumulators.
    left_trace, top_trace, acc_trace : arrays of shape (cycles, rows, columns)
        Receive the registers; of no cycles: nothing is recorded.
    active : int32 array of shape (cycles,)
        Receives the PEs at work; of no cycles: nothing is recorded there nor in `toggles`.
    toggles : int64 array of shape (4, rows, columns)
        Receives the changes of bits of left, top, acc and product.
    product_mask : int
        Mask of the bits that a product has.
    """
    sums_in_time = dataflow == OUTPUT_STATIONARY
    if dataflow == WEIGHT_STATIONARY:
        over_rows, over_columns, steps = x.shape[0], w.shape[0], x.shape[1]
    elif dataflow == INPUT_STATIONARY:
        over_rows, over_columns, steps = x.shape[0], x.shape[1], w.shape[0]
    else:
        over_rows, over_columns, steps = x.shape[1], w.shape[0], x.shape[0]
    cycles = 2 * rows + columns + steps - 2
    drain = cycles - rows if sums_in_time else cycles
    moves = cycles if sums_in_time else rows  # of the operands from the top
    start = 0 if sums_in_time else rows  # cycle in which step 0 enters
    lefts = np.full((rows, cycles + 1 + columns), INVALID, np.uint16)
    tops = np.full((moves + 1 + rows, columns), INVALID, np.uint16)
    entering, leaving = np.zeros((cycles, columns), np.int32), np.zeros((cycles, columns), np.int32)
    acc, old_acc = np.zeros((rows, columns), np.int32), np.zeros((rows, columns), np.int32)
    product = np.full((rows, columns), products[0, 0], np.int32)
    recorded, counted, cycle = len(acc_trace) > 0, len(active) > 0, 0
    for column in range(0, over_columns, columns):
        last_column = min(column + columns, over_columns)
        for row in range(0, over_rows, rows):
            last_row = min(row + rows, over_rows)
            lefts[:, cycles + 1 :] = lefts[:, 1 : 1 + columns].copy()
            tops[moves + 1 :] = tops[1 : 1 + rows].copy()
            lefts[:, : cycles + 1], tops[: moves + 1] = INVALID, INVALID
            if dataflow == WEIGHT_STATIONARY:
                _enter_skewed(lefts, x[row:last_row], cycles - start)
                tops[1 : 1 + last_row - row, : last_column - column] = w[column:last_column, row:last_row].T
                _enter_sums(entering[start:], out[column:last_column], row > 0)
            elif dataflow == INPUT_STATIONARY:
                _enter_skewed(lefts, w.T[row:last_row], cycles - start)
                tops[1 : 1 + last_row - row, : last_column - column] = x[row:last_row, column:last_column]
                _enter_sums(entering[start:], out.T[column:last_column], row > 0)
            else:
                _enter_skewed(lefts, x.T[row:last_row], cycles)
                _enter_skewed(tops.T, w[column:last_column], cycles)
            for now in range(cycles):
                at, top_at = cycles - now, max(moves - now, 0)
                used_at = (
                    top_at if sums_in_time else top_at + 1
                )  # a stationary operand is used from its register
                if recorded:
                    left_trace[cycle] = lefts[:, at + 1 : at + 1 + columns]
                    top_trace[cycle] = tops[top_at + 1 : top_at + 1 + rows]
                    acc_trace[cycle] = acc
                if counted:
                    active[cycle] = _form_products(
                        products, lefts, at, tops, used_at, product, product_mask, toggles[3]
                    )
                    old_acc[:] = acc
                if now >= drain:
                    for r in range(rows - 1, 0, -1):
                        acc[r] = acc[r - 1]
                    acc[0] = 0
                elif sums_in_time:
                    _accumulate_in_time(products, lefts, at, tops, used_at, acc, bits, saturate)
                else:
                    _accumulate_down(products, lefts, at, tops, used_at, acc, entering[now], bits, saturate)
                leaving[now] = acc[rows - 1]
                if counted:
                    old_left, new_left = lefts[:, at + 1 : at + 1 + columns], lefts[:, at : at + columns]
                    _count_changes(old_left, new_left, OPERAND_BITS, toggles[0])
                    if now < moves:
                        _count_changes(tops[top_at + 1 :][:rows], tops[top_at:], OPERAND_BITS, toggles[1])
                    _count_changes(old_acc, acc, (1 << bits) - 1, toggles[2])
                cycle += 1
            if dataflow == WEIGHT_STATIONARY:
                _collect(out[column:last_column], leaving[start + rows - 1 :])
            elif dataflow == INPUT_STATIONARY:
                _collect(out.T[column:last_column], leaving[start + rows - 1 :])
            else:
                for r in range(last_row - row):
                    out[column:last_column, row + r] = leaving[cycles - 2 - r, : last_column - column]
    if not sums_in_time:
        if recorded:
            left_trace[cycle] = lefts[:, 1 : 1 + columns]
            top_trace[cycle] = tops[1 : 1 + rows]
            acc_trace[cycle] = acc
        cycle += 1
    return cycle


@njit(nogil=True)
def _enter_skewed(lanes: NDArray[np.uint16], codes: NDArray[np.uint8], first: int) -> None:
    """Let codes of shape (lanes in use, steps) enter from `first` on, each lane one cycle later."""
    for lane in range(codes.shape[0]):
        for step in range(codes.shape[1]):
            lanes[lane, first - lane - step] = codes[lane, step]


@njit(nogil=True)
def _enter_sums(entering: NDArray[np.int32], sums: NDArray[np.int32], partial: bool) -> None:
    """Let partial sums of shape (columns in use, steps) enter from above, or zeros where there are none."""
    entering[:] = 0
    if partial:
        for lane in range(sums.shape[0]):
            for step in range(sums.shape[1]):
                entering[lane + step, lane] = sums[lane, step]


@njit(nogil=True)
def _collect(sums: NDArray[np.int32], leaving: NDArray[np.int32]) -> None:
    """Take the sums that leave below: each column one cycle later than the one before."""
    for lane in range(sums.shape[0]):
        for step in range(sums.shape[1]):
            sums[lane, step] = leaving[lane + step, lane]


@njit(nogil=True)
def _accumulate_down(
    products: NDArray[np.int32],
    lefts: NDArray[np.uint16],
    at: int,
    tops: NDArray[np.uint16],
    top_at: int,
    acc: NDArray[np.int32],
    entering: NDArray[np.int32],
    bits: int,
    saturate: bool,
) -> None:
    """Let every PE add its product to the sum from above; from the last row on, so that it is the old one."""
    for r in range(acc.shape[0] - 1, -1, -1):
        above, own, top, left = acc[r - 1] if r else entering, acc[r], tops[top_at + r], lefts[r, at:]
        for c in range(len(own)):
            own[c] = _kept(np.int64(above[c]) + products[top[c], left[c]], bits, saturate)


@njit(nogil=True)
def _accumulate_in_time(
    products: NDArray[np.int32],
    lefts: NDArray[np.uint16],
    at: int,
    tops: NDArray[np.uint16],
    top_at: int,
    acc: NDArray[np.int32],
    bits: int,
    saturate: bool,
) -> None:
    """Let every PE add its product to its own sum."""
    for r in range(acc.shape[0]):
        own, top, left = acc[r], tops[top_at + r], lefts[r, at:]
        for c in range(len(own)):
            own[c] = _kept(np.int64(own[c]) + products[top[c], left[c]], bits, saturate)


@njit(nogil=True)
def _kept(total: np.int64, bits: int, saturate: bool) -> np.int64:
    """Return what an accumulator keeps of a sum."""
    if saturate:
        high = (np.int64(1) << (bits - 1)) - 1
        return min(max(total, -high - 1), high)
    if bits == 32:  # for which the compiler makes a loop of its own
        return np.int64(np.int32(total))
    return (total << (64 - bits)) >> (64 - bits)


@njit(nogil=True)
def _form_products(
    products: NDArray[np.int32],
    lefts: NDArray[np.uint16],
    at: int,
    tops: NDArray[np.uint16],
    top_at: int,
    product: NDArray[np.int32],
    product_mask: int,
    toggles: NDArray[np.int64],
) -> int:
    """Form the products of this cycle, count the bits that change, and return how many are summed.

    A multiplier that has nothing to multiply sees zeros in the place of what is missing.
    """
    active = 0
    for r in range(product.shape[0]):
        for c in range(product.shape[1]):
            top, left = tops[top_at + r, c], lefts[r, at + c]
            new = products[top & OPERAND_BITS, left & OPERAND_BITS]
            toggles[r, c] += _ones((new ^ product[r, c]) & product_mask)
            product[r, c] = new
            active += top != INVALID and left != INVALID
    return active


@njit(nogil=True)
def _count_changes(old: NDArray[Any], new: NDArray[Any], mask: int, toggles: NDArray[np.int64]) -> None:
    """Count the changes of the bits that a register has."""
    for r in range(old.shape[0]):
        for c in range(old.shape[1]):
            toggles[r, c] += _ones((old[r, c] ^ new[r, c]) & mask)


@njit(nogil=True)
def _ones(word: int) -> int:
    bits, count = np.uint32(word), 0
    while bits:
        bits &= bits - np.uint32(1)
        count += 1
    return count
