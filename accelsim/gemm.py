"""The MAC kernel: a matrix product in which every multiplication is a look-up."""

import os
from functools import partial
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from accelsim.errors import AccelsimError
from accelsim.lut import Lut
from accelsim.quantization import MAX_BITS
from accelsim.workers import share_tasks

__all__ = ["check_multiplier", "check_operands", "frozen", "lut_gemm", "lut_gemm_reference"]

#: Pixels whose accumulators stay in the first-level cache together with four rows of the table.
_BLOCK = 1024
#: Below this many pixels, joining two rows of the table costs more than it saves.
_SHORT = 64
#: Look-ups that are over before a second thread would have begun.
_TOO_FEW_TO_SHARE = 200_000


def lut_gemm(
    table: NDArray[np.int32], x: NDArray[np.uint8], w: NDArray[np.uint8], *, threads: int | None = None
) -> NDArray[np.int32]:
    """Return ``out[g, o, p] = sum_k table[w[g, o, k], x[g, k, p]]``.

    Parameters
    ----------
    table : int32 array of shape (weight patterns, activation patterns)
        Products, one row per weight.
    x : uint8 array of shape (groups, depth, pixels)
        Activation codes (bit patterns).
    w : uint8 array of shape (groups, channels, depth)
        Weight codes.
    threads : int, optional
        Threads that share the work; default: one per core. The result does not depend on their number.

    Returns
    -------
    int32 array of shape (groups, channels, pixels)
        Exact as long as ``depth * max|table| < 2^31``, which `check_multiplier` guarantees.

    Raises
    ------
    AccelsimError
        If a type or shape is another, or a code has no entry in the table.
    """
    check_operands(table, x, w)
    table, x, w = frozen(table), frozen(x), frozen(w)
    groups, channels, depth = w.shape
    out = np.zeros((groups, channels, x.shape[2]), np.int32)
    if depth * out.size < _TOO_FEW_TO_SHARE:
        threads = 1
    blocks, pairs = -(-x.shape[2] // _BLOCK), -(-channels // 2)
    run = partial(_run, table, x, w, out, blocks, pairs)
    share_tasks(run, groups * blocks * pairs, threads or os.cpu_count() or 1)
    return out


def lut_gemm_reference(
    table: NDArray[np.int32], x: NDArray[np.uint8], w: NDArray[np.uint8]
) -> NDArray[np.int64]:
    """Return what `lut_gemm` returns, in plain numpy and int64; needs memory for every product at once."""
    products = table.astype(np.int64)[w[:, :, :, None], x[:, None, :, :]]  # [g, o, k, p]
    return np.asarray(products.sum(axis=2))


def check_multiplier(lut: Lut, depth: int, where: str) -> None:
    """Raise unless the engine can sum ``depth`` products of this multiplier.

    Raises
    ------
    AccelsimError
        If an operand is wider than 8 bits, or ``depth * max|product| >= 2^31``: below that, no partial sum
        in any order leaves the int32 accumulators.
    """
    if max(lut.a_width, lut.b_width) > MAX_BITS:
        raise AccelsimError(
            f"{where}: multiplier {lut.name} takes {lut.a_width} x {lut.b_width} bits; the LUT engine takes "
            f"operands of up to {MAX_BITS}"
        )
    largest = max(int(np.abs(lut.table).max()), 255)  # codes are summed in int32 too
    if depth * largest >= 1 << 31:
        raise AccelsimError(
            f"{where} sums {depth} products of up to {largest} ({lut.name}), which can overflow its int32 "
            f"accumulators; at most {((1 << 31) - 1) // largest} products fit"
        )


def check_operands(table: NDArray[Any], x: NDArray[Any], w: NDArray[Any]) -> None:
    """Raise unless table, activations and weights are as `lut_gemm` takes them."""
    given = (table.dtype, table.ndim, x.dtype, x.ndim, w.dtype, w.ndim)
    if given != (np.dtype(np.int32), 2, np.dtype(np.uint8), 3, np.dtype(np.uint8), 3):
        shown = ", ".join(f"{array.dtype}{list(array.shape)}" for array in (table, x, w))
        raise AccelsimError(f"lut_gemm got {shown}; expected int32[w, x], uint8[g, k, p], uint8[g, o, k]")
    if (w.shape[0], w.shape[2]) != x.shape[:2]:
        raise AccelsimError(
            f"lut_gemm got x of shape {x.shape} (groups, depth, pixels) and w of shape {w.shape} "
            "(groups, channels, depth): groups and depth must agree"
        )
    for codes, patterns, what in ((w, table.shape[0], "weight"), (x, table.shape[1], "activation")):
        if patterns < 256 and codes.size and codes.max() >= patterns:
            raise AccelsimError(f"{what} code {codes.max()} has no entry in a table of {patterns} patterns")


def frozen(array: NDArray[Any]) -> NDArray[Any]:
    """Return a contiguous read-only view, so that the kernel is compiled for one type only."""
    view = np.ascontiguousarray(array).view()
    view.flags.writeable = False
    return view


@njit(cache=True, nogil=True)
def _run(
    table: NDArray[np.int32],
    x: NDArray[np.uint8],
    w: NDArray[np.uint8],
    out: NDArray[np.int32],
    blocks: int,
    pairs: int,
    first: int,
    stop: int,
) -> None:
    """Run tasks ``first`` to ``stop - 1``: a pair of channels over a block of pixels each."""
    channels, pixels = out.shape[1:]
    for task in range(first, stop):
        g, block, o = task // pairs // blocks, task // pairs % blocks, 2 * (task % pairs)
        left, right = block * _BLOCK, min(pixels, (block + 1) * _BLOCK)
        if o + 1 < channels and right - left >= _SHORT:
            _accumulate_pair(table, x[g], w[g], out[g], o, left, right)
        else:
            for channel in range(o, min(o + 2, channels)):
                _accumulate(table, x[g], w[g], out[g], channel, left, right)


@njit(nogil=True)
def _accumulate(
    table: NDArray[np.int32],
    x: NDArray[np.uint8],
    w: NDArray[np.uint8],
    out: NDArray[np.int32],
    o: int,
    left: int,
    right: int,
) -> None:
    """Sum the products of channel ``o``: a row of the table stays in cache while the pixels pass."""
    sums = out[o, left:right]
    for k in range(len(x)):
        row, codes = table[w[o, k]], x[k, left:right]
        for p in range(len(sums)):
            sums[p] += row[codes[p]]


@njit(nogil=True)
def _accumulate_pair(
    table: NDArray[np.int32],
    x: NDArray[np.uint8],
    w: NDArray[np.uint8],
    out: NDArray[np.int32],
    o: int,
    left: int,
    right: int,
) -> None:
    """Sum the products of channels ``o`` and ``o + 1`` with one look-up for both.

    The rows of the two weights are joined into one of int64 entries ``(second << 32) + first``; their sums
    stay apart, as the lower half is read back as a signed number and its borrow undone. Four depths per
    pass over the pixels load and store the accumulators a quarter as often; a depth beyond the last one
    reads a row of zeros.
    """
    depth, patterns = len(x), table.shape[1]
    joined = np.zeros((4, patterns), np.int64)
    row0, row1, row2, row3 = joined[0], joined[1], joined[2], joined[3]
    sums = np.zeros(right - left, np.int64)
    for k in range(0, depth, 4):
        for j in range(4):
            if k + j < depth:
                first, second = table[w[o, k + j]], table[w[o + 1, k + j]]
                for i in range(patterns):
                    joined[j, i] = (np.int64(second[i]) << 32) + first[i]
            else:
                joined[j] = 0
        x0, x1 = x[k, left:right], x[min(k + 1, depth - 1), left:right]
        x2, x3 = x[min(k + 2, depth - 1), left:right], x[min(k + 3, depth - 1), left:right]
        for p in range(len(sums)):
            sums[p] += row0[x0[p]] + row1[x1[p]] + row2[x2[p]] + row3[x3[p]]
    for p in range(len(sums)):
        first_sum = np.int32(sums[p])
        out[o, left + p] = first_sum
        out[o + 1, left + p] = np.int32((sums[p] - first_sum) >> 32)
