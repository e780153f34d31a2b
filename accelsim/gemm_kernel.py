"""The compiled loops of `accelsim.gemm`."""

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = [
    "BLOCK",
    "fill_in_offsets",
    "find_channels_at_risk",
    "frozen",
    "run_tasks",
    "sum_codes",
    "transpose_codes",
]

#: Pixels whose accumulators stay in the first-level cache together with four rows of the table.
BLOCK = 1024
#: Below this many pixels, joining two rows of the table costs more than it saves.
_SHORT = 64
#: Side of the tiles that a transposition copies: both stay in the first-level cache.
_TILE = 64


def frozen(array: NDArray[Any]) -> NDArray[Any]:
    """Return a contiguous read-only view, so that loops are compiled for one type only."""
    view = np.ascontiguousarray(array).view()
    view.flags.writeable = False
    return view


@njit(cache=True, nogil=True)
def find_channels_at_risk(
    lowest: NDArray[np.int64],
    highest: NDArray[np.int64],
    w: NDArray[np.uint8],
    low: int,
    high: int,
    at_risk: NDArray[np.bool_],
) -> None:
    """Sum each channel's smallest and largest products and see whether a partial sum leaves the range."""
    for g in range(w.shape[0]):
        for o in range(w.shape[1]):
            least, most, smallest, largest = 0, 0, 0, 0
            for code in w[g, o]:
                least, most = least + lowest[code], most + highest[code]
                smallest, largest = min(smallest, least), max(largest, most)
            at_risk[g, o] = smallest < low or largest > high


@njit(cache=True, nogil=True)
def run_tasks(
    table: NDArray[np.int32],
    x: NDArray[np.uint8],
    w: NDArray[np.uint8],
    out: NDArray[np.int32],
    at_risk: NDArray[np.bool_],
    low: int,
    high: int,
    blocks: int,
    pairs: int,
    first: int,
    stop: int,
) -> None:
    """Run tasks ``first`` to ``stop - 1``: a pair of channels over a block of pixels each."""
    channels, pixels = out.shape[1:]
    for task in range(first, stop):
        g, block, o = task // pairs // blocks, task // pairs % blocks, 2 * (task % pairs)
        left, right = block * BLOCK, min(pixels, (block + 1) * BLOCK)
        if o + 1 < channels and right - left >= _SHORT and not at_risk[g, o : o + 2].any():
            _accumulate_pair(table, x[g], w[g], out[g], o, left, right)
            continue
        for channel in range(o, min(o + 2, channels)):
            if at_risk[g, channel]:
                _accumulate_saturating(table, x[g], w[g], out[g], channel, left, right, low, high)
            else:
                _accumulate(table, x[g], w[g], out[g], channel, left, right)


@njit(nogil=True)
def _accumulate_saturating(
    table: NDArray[np.int32],
    x: NDArray[np.uint8],
    w: NDArray[np.uint8],
    out: NDArray[np.int32],
    o: int,
    left: int,
    right: int,
    low: int,
    high: int,
) -> None:
    """Sum the products of channel ``o``, each sum clamped before the next product."""
    sums = np.zeros(right - left, np.int64)
    for k in range(len(x)):
        row, codes = table[w[o, k]], x[k, left:right]
        for p in range(len(sums)):
            sums[p] = min(max(sums[p] + row[codes[p]], low), high)
    out[o, left:right] = sums


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


@njit(cache=True, nogil=True)
def fill_in_offsets(by_weight: NDArray[np.int32], w: NDArray[np.uint8], out: NDArray[np.int32]) -> None:
    """Set every output to what its weights contribute whatever the activations, modulo 2^32."""
    for g in range(w.shape[0]):
        for o in range(w.shape[1]):
            total = np.int32(0)
            for code in w[g, o]:
                total += by_weight[code]
            out[g, o] = total


@njit(cache=True, nogil=True)
def transpose_codes(codes: NDArray[np.uint8], transposed: NDArray[np.uint8]) -> None:
    """Fill in ``transposed[g, j, i] = codes[g, i, j]``, a tile at a time."""
    groups, rows, columns = codes.shape
    for g in range(groups):
        for row in range(0, rows, _TILE):
            for column in range(0, columns, _TILE):
                for j in range(column, min(column + _TILE, columns)):
                    for i in range(row, min(row + _TILE, rows)):
                        transposed[g, j, i] = codes[g, i, j]


@njit(cache=True, nogil=True)
def sum_codes(x: NDArray[np.unsignedinteger[Any]], totals: NDArray[np.int64]) -> None:
    """Fill in the sums over the depth of codes (groups, depth, pixels), of up to 16 bits."""
    groups, depth, pixels = x.shape
    partial = np.empty(pixels, np.int32)
    for group in range(groups):
        total = totals[group]
        total[:] = 0
        partial[:] = 0
        for k in range(depth):
            row = x[group, k]
            for pixel in range(pixels):
                partial[pixel] += row[pixel]
            if k % (1 << 14) == (1 << 14) - 1:  # so many codes fit
                total += partial
                partial[:] = 0
        total += partial
