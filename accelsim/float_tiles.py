"""The compiled loops of `accelsim.float_gemm`: tiles of lanes, packed once, against every row of scalars."""

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from accelsim.float_gemm_kernel import COLUMNS, LANES, TERMS, Arithmetic, copy_lanes, sum_products
from accelsim.float_table import entry_product
from accelsim.floats import rounded_product

__all__ = ["TILE", "pack_rows", "tile_loop"]

#: Vectors of a tile, and rows of sums that are kept in registers together.
_VECTORS, _ROWS = 2, 4
#: Lanes of a tile.
TILE = _VECTORS * LANES
#: Runs of items side by side in a tile, up to which these are copied together.
_RUNS = 8
#: Numbers in a line of the caches.
_LINE = 16
_INFINITY = 0x7F800000


@njit(inline="always")
def _terms(bits: Any, side: Any) -> Any:
    """Return an operand's terms, as `accelsim.float_arithmetic.Side` says."""
    mask, doubled, subtracted, numbered = side
    value = np.uint32(bits).view(np.float32)
    masked = np.uint32(bits & mask).view(np.float32)
    number = np.uint32((bits >> np.uint32(16)) & np.uint32(COLUMNS - 1)).view(np.float32)
    second = value - masked if subtracted else value
    return masked + masked if doubled else masked, number if numbered else second


@njit(cache=True, nogil=True)
def pack_rows(
    rows_at: Any,
    side: Any,
    least: np.uint32,
    terms: int,
    packed: NDArray[np.float32],
    extremes: NDArray[np.uint32],
) -> None:
    """Pack rows of scalars as `sum_products` takes them, blocks of 4 rows and then single ones.

    Parameters
    ----------
    rows_at : tuple
        A `accelsim.float_gemm.FloatFactor`, compiled.
    side : tuple
        A `accelsim.float_arithmetic.Side`.
    least : uint32
        Magnitude below which an operand is zero.
    terms : int
        Terms of an operand, 1 or 2.
    packed : float32 array of shape (groups, rows * depth * terms)
        The result.
    extremes : uint32 array of shape (groups, rows, 2)
        Smallest magnitude but zero, and largest one, of each row.
    """
    values, depth_at, items_at, _ = rows_at
    (groups, depth), rows = depth_at.shape, len(items_at)
    for g in range(groups):
        own, places = packed[g], depth_at[g]
        for row in range(rows):
            block = row // _ROWS * _ROWS
            first, together = (block, _ROWS) if block + _ROWS <= rows else (row, 1)
            smallest, largest = np.uint32(_INFINITY), np.uint32(0)
            at = np.uint64((first * depth + row - first) * terms)
            for k in range(depth):
                bits = values[np.uint64(places[k] + items_at[row])]
                magnitude = np.uint32(bits & np.uint32(0x7FFFFFFF))
                flushed = magnitude < least
                smallest = min(smallest, np.uint32(_INFINITY) if flushed else magnitude)
                largest = max(largest, np.uint32(0) if flushed else magnitude)
                masked, rest = _terms(np.uint32(0) if flushed else bits, side)
                own[at] = masked
                if terms == 2:
                    own[at + np.uint64(1)] = rest
                at += np.uint64(together * terms)
            extremes[g, row, 0], extremes[g, row, 1] = smallest, largest


@njit(nogil=True)
def _gather(
    values: NDArray[np.uint32],
    depth_at: NDArray[np.int64],
    items_at: NDArray[np.int64],
    tile: NDArray[np.uint32],
) -> None:
    """Fill a tile with bit patterns, at ``k * TILE + lane``; lanes without an item get zeros.

    Items that lie side by side are copied together, and with them what follows in memory, over which the
    next items are copied then. So the tile has room for one more ``k``.
    """
    depth, used = len(depth_at), len(items_at)
    starts = np.empty(_RUNS, np.int64)
    runs = 0
    for lane in range(used):
        if lane == 0 or items_at[lane] != items_at[lane - 1] + 1:
            if runs < _RUNS:
                starts[runs] = lane
            runs += 1
    if used == TILE and runs <= _RUNS and depth_at.max() + items_at.max() + TILE <= len(values):
        for k in range(depth):
            for run in range(runs):
                lane = starts[run]
                copy_lanes(_VECTORS, values, depth_at[k] + items_at[lane], tile, k * TILE + lane)
        return
    tile[:] = 0
    for first in range(0, depth, _LINE):
        for lane in range(used):
            to = np.uint64(first * TILE + lane)
            for k in range(first, min(first + _LINE, depth)):
                tile[to] = values[np.uint64(depth_at[k] + items_at[lane])]
                to += np.uint64(TILE)


@njit(nogil=True)
def _split(bits: NDArray[np.uint32], side: Any, least: np.uint32, terms: NDArray[np.float32]) -> Any:
    """Fill in terms, of shape (terms, operands); return the smallest magnitude but zero, and the largest."""
    smallest, largest = np.uint32(_INFINITY), np.uint32(0)
    for i in range(len(bits)):
        magnitude = np.uint32(bits[i] & np.uint32(0x7FFFFFFF))
        flushed = magnitude < least
        smallest = min(smallest, np.uint32(_INFINITY) if flushed else magnitude)
        largest = max(largest, np.uint32(0) if flushed else magnitude)
        masked, rest = _terms(np.uint32(0) if flushed else bits[i], side)
        terms[0, i] = masked
        if len(terms) == 2:
            terms[1, i] = rest
    return smallest, largest


@njit(nogil=True)
def _sum_products_of_forms(
    tile: Any,
    values: Any,
    depth_at: Any,
    item_at: int,
    constants: Any,
    table: Any,
    lanes_are_a: bool,
    sums: Any,
) -> None:
    """Sum the products of one row's operands, whatever they are."""
    sums[:] = 0
    for k in range(len(depth_at)):
        other = np.float32(np.uint32(values[depth_at[k] + item_at]).view(np.float32))
        for lane in range(TILE):
            own = np.float32(np.uint32(tile[k * TILE + lane]).view(np.float32))
            first, second = (own, other) if lanes_are_a else (other, own)
            sums[lane] += rounded_product(np.float32(first), np.float32(second), constants)


@njit(nogil=True)
def _sum_products_of_tables(
    tile: Any,
    values: Any,
    depth_at: Any,
    item_at: int,
    constants: Any,
    table: Any,
    lanes_are_a: bool,
    sums: Any,
) -> None:
    """Sum the products of one row's operands, whatever they are."""
    sums[:] = 0
    for k in range(len(depth_at)):
        bits = np.uint32(values[depth_at[k] + item_at])
        other, row = np.float32(bits.view(np.float32)), table[(bits >> 16) & (COLUMNS - 1)]
        for lane in range(TILE):
            own = np.uint32(tile[k * TILE + lane])
            entry = row[np.uint32((own >> np.uint32(16)) & np.uint32(COLUMNS - 1))]
            sums[lane] += entry_product(np.float32(own.view(np.float32)), other, entry, constants)


@cache
def tile_loop(arithmetic: Arithmetic | None, in_registers: int, tabulated: bool) -> Callable[..., None]:
    """Return the compiled loop over tiles for an arithmetic; None: products one by one, slower.

    Parameters
    ----------
    arithmetic : Arithmetic or None
        What the kernel does.
    in_registers : int
        Whether it does so by instructions of AVX-512.
    tabulated : bool
        Whether products one by one are those of a table.
    """
    name = arithmetic or "exact"
    known = arithmetic is not None
    terms = TERMS[name]
    sum_any = _sum_products_of_tables if tabulated else _sum_products_of_forms

    @njit(cache=True, nogil=True)
    def run(
        lanes: Any, lane_side: Any, scalars: Any, packed: Any, extremes: Any, limits: Any, constants: Any,
        table: Any, lanes_are_a: bool, out: Any, groups_out: Any, tiles: int, first: int, stop: int,
    ) -> None:  # fmt: skip
        """Run tasks ``first`` to ``stop - 1``: a tile of lanes of one group each, all rows."""
        values, lane_depth_at, lane_items_at, lane_out = lanes
        row_values, row_depth_at, row_items_at, row_out = scalars
        depth, rows = lane_depth_at.shape[1], len(row_items_at)
        least, least_exponents, largest_exponents = limits
        tile = np.empty((depth + 1) * TILE, np.uint32)
        own = np.empty((terms, depth * TILE), np.float32)
        sums = np.empty((_ROWS, TILE), np.float32)
        for task in range(first, stop):
            g, left = task // tiles, task % tiles * TILE
            used = min(TILE, len(lane_items_at) - left)
            _gather(values, lane_depth_at[g], lane_items_at[left : left + used], tile)
            smallest, largest = _split(tile[: depth * TILE], lane_side, least, own)
            row = 0
            while row < rows:
                together = _ROWS if row + _ROWS <= rows else 1
                low = np.int64(extremes[g, row : row + together, 0].min() >> 23) + np.int64(smallest >> 23)
                most = extremes[g, row : row + together, 1].max()
                high = np.int64(most >> 23) + np.int64(largest >> 23)
                beyond = max(most, largest) >= np.uint32(0x7F000000)
                if not known or low < least_exponents or high > largest_exponents or beyond:
                    for i in range(together):
                        sum_any(
                            tile, row_values, row_depth_at[g], row_items_at[row + i], constants, table,
                            lanes_are_a, sums[i],
                        )  # fmt: skip
                elif together == _ROWS:
                    part = packed[g, row * depth * terms :]
                    sum_products(name, in_registers, _VECTORS, _ROWS, own, part, table, depth, sums)
                else:
                    part = packed[g, row * depth * terms :]
                    sum_products(name, in_registers, _VECTORS, 1, own, part, table, depth, sums)
                for i in range(together):
                    target = groups_out[g] + row_out[row + i]
                    for lane in range(used):
                        total = sums[i, lane]
                        out[target + lane_out[left + lane]] = total if total == total else np.float32(np.nan)
                row += together

    return run
