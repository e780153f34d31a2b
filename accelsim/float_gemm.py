"""Matrix products in which every multiplication is that of an approximate float multiplier.

A sum begins at +0, and the products are added to it one after the other, in the order of the depth, in IEEE
754 float32 rounded to nearest-even: ``sum = sum + mul(x[k], w[k])`` for ``k = 0, 1, ...``. Nothing is
reassociated or fused, so the result does not depend on the number of threads, the machine, or the size of
the product. A sum that is not a number is the one NaN of `accelsim.float_format.FloatFormat.nan`.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from accelsim.errors import AccelsimError
from accelsim.float_arithmetic import arithmetic_of
from accelsim.float_gemm_kernel import TERMS, rounds_in_registers
from accelsim.float_products import FloatProducts
from accelsim.float_table import FloatTable
from accelsim.float_tiles import TILE, pack_rows, tile_loop
from accelsim.floats import Float32ClosedForm
from accelsim.workers import share_tasks

__all__ = ["FloatFactor", "float_gemm", "float_gemm_reference", "sum_float_products"]

Offsets = NDArray[np.int64]

#: Products that are over before a second thread would have begun.
_TOO_FEW_TO_SHARE = 200_000
#: Bytes of packed scalars that stay in the caches while the tiles pass, and the rows that are worth a pass.
_PACKED_BYTES, _LEAST_ROWS = 8 << 20, 64
#: Products of one call of a multiplier that has no kernel.
_PRODUCTS_AT_ONCE = 1 << 20


@dataclass(frozen=True, eq=False)
class FloatFactor:
    """One side of a matrix product, wherever its elements are in memory.

    Element ``k`` of item ``i`` in group ``g`` is ``values[depth_at[g, k] + items_at[i]]``; its sums go to
    ``out[groups_out[g] + items_out[i] + (items_out of the other side)]``.

    Parameters
    ----------
    values : float32 array of one dimension
        The elements.
    depth_at : int64 array of shape (groups, depth)
        Offsets.
    items_at, items_out : int64 arrays of shape (items,)
        Offsets of the items, pixels or channels.
    """

    values: NDArray[np.float32]
    depth_at: Offsets
    items_at: Offsets
    items_out: Offsets

    def part(self, items: slice) -> "FloatFactor":
        """Return some of the items."""
        return FloatFactor(self.values, self.depth_at, self.items_at[items], self.items_out[items])

    def elements(self, group: int) -> NDArray[np.float32]:
        """Return the elements of a group, of shape (depth, items)."""
        found: NDArray[np.float32] = self.values[self.depth_at[group][:, None] + self.items_at]
        return found

    @property
    def compiled(self) -> tuple[Any, ...]:
        """What compiled loops take; elements as bit patterns."""
        bits = self.values.view(np.uint32)
        bits.flags.writeable = False  # compiled for one type only
        return bits, self.depth_at, self.items_at, self.items_out


def float_gemm(
    multiplier: FloatProducts,
    x: NDArray[np.float32],
    w: NDArray[np.float32],
    *,
    activation_operand: Literal["a", "b"] = "a",
    threads: int | None = None,
) -> NDArray[np.float32]:
    """Return ``out[g, o, p] = sum_k mul(x[g, k, p], w[g, o, k])`` in the order that this module documents.

    Parameters
    ----------
    multiplier : FloatProducts
        The multiplier.
    x : float32 array of shape (groups, depth, pixels)
        Activations.
    w : float32 array of shape (groups, channels, depth)
        Weights.
    activation_operand : {"a", "b"}
        The multiplier's operand that activations go to.
    threads : int, optional
        Threads that share the work; default: one per core.

    Returns
    -------
    float32 array of shape (groups, channels, pixels)
        The sums.

    Raises
    ------
    AccelsimError
        If an array is not float32, or shapes do not agree.
    """
    _check(x, w)
    groups, depth, pixels = x.shape
    channels = w.shape[1]
    out = np.zeros((groups, channels, pixels), np.float32)
    group, k = np.arange(groups)[:, None], np.arange(depth)
    pixel, channel = np.arange(pixels), np.arange(channels)
    sum_float_products(
        multiplier,
        FloatFactor(np.ascontiguousarray(x).ravel(), (group * depth + k) * pixels, pixel, pixel),
        FloatFactor(
            np.ascontiguousarray(w).ravel(), group * channels * depth + k, channel * depth, channel * pixels
        ),
        out.ravel(),
        np.arange(groups) * channels * pixels,
        activation_operand=activation_operand,
        threads=threads,
    )
    return out


def float_gemm_reference(
    multiplier: FloatProducts,
    x: NDArray[np.float32],
    w: NDArray[np.float32],
    *,
    activation_operand: Literal["a", "b"] = "a",
) -> NDArray[np.float32]:
    """Return what `float_gemm` returns, in plain numpy."""
    total = np.zeros((*w.shape[:2], x.shape[2]), np.float32)
    with np.errstate(over="ignore", invalid="ignore"):
        for k in range(x.shape[1]):
            factors = x[:, k][:, None, :], w[:, :, k][:, :, None]
            total += multiplier.multiply(*(factors if activation_operand == "a" else factors[::-1]))
    total[np.isnan(total)] = np.nan
    return total


def sum_float_products(
    multiplier: FloatProducts,
    x: FloatFactor,
    w: FloatFactor,
    out: NDArray[np.float32],
    groups_out: Offsets,
    *,
    activation_operand: Literal["a", "b"] = "a",
    threads: int | None = None,
    in_registers: bool | None = None,
) -> None:
    """Write the sums of products of every item of ``x`` and every item of ``w`` to ``out``.

    Parameters
    ----------
    multiplier : FloatProducts
        The multiplier.
    x, w : FloatFactor
        Activations and weights.
    out : float32 array of one dimension
        Where the sums go.
    groups_out : int64 array of shape (groups,)
        Offsets of the groups in it.
    activation_operand : {"a", "b"}
        The multiplier's operand that activations go to.
    threads : int, optional
        Threads that share the work; default: one per core.
    in_registers : bool, optional
        Whether to truncate by instructions of AVX-512; default: where this CPU has them. The result is the
        same.
    """
    macs = x.depth_at.size * len(x.items_at) * len(w.items_at)
    if not macs:
        return
    threads = 1 if macs < _TOO_FEW_TO_SHARE else threads or os.cpu_count() or 1
    if not isinstance(multiplier, Float32ClosedForm | FloatTable):
        _sum_by_calls(multiplier, x, w, out, groups_out, activation_operand, threads)
        return
    if isinstance(multiplier, FloatTable):
        x, w = (replace(factor, values=multiplier.rounded(factor.values)) for factor in (x, w))
    # A tile has one item to a lane: the pixels, unless they would leave most lanes empty.
    swapped = len(x.items_at) < min(TILE // 2, len(w.items_at))
    lanes, rows = (w, x) if swapped else (x, w)
    lanes_are_a = (activation_operand == "a") != swapped
    kernel, sides, limits, constants, tables = arithmetic_of(multiplier, in_registers)
    lane_side, row_side = sides if lanes_are_a else sides[::-1]
    if in_registers is None:
        in_registers = rounds_in_registers()
    loop = tile_loop(kernel, int(in_registers), isinstance(multiplier, FloatTable))
    terms = TERMS[kernel or "exact"]
    groups, depth = x.depth_at.shape
    tiles = -(-len(lanes.items_at) // TILE)
    for part in _row_parts(len(rows.items_at), 4 * terms * depth):
        own = rows.part(part)
        packed = np.empty((groups, len(own.items_at) * depth * terms), np.float32)
        extremes = np.empty((groups, len(own.items_at), 2), np.uint32)
        pack_rows(own.compiled, row_side, limits[0], terms, packed, extremes)
        run = partial(
            loop, lanes.compiled, lane_side, own.compiled, packed, extremes, limits, constants,
            tables[0 if lanes_are_a else 1], lanes_are_a, out, groups_out, tiles,
        )  # fmt: skip
        share_tasks(run, groups * tiles, threads)


def _row_parts(rows: int, bytes_per_row: int) -> Iterator[slice]:
    per_part = max(_LEAST_ROWS, _PACKED_BYTES // bytes_per_row)
    for first in range(0, rows, per_part):
        yield slice(first, min(first + per_part, rows))


def _sum_by_calls(
    multiplier: FloatProducts,
    x: FloatFactor,
    w: FloatFactor,
    out: NDArray[np.float32],
    groups_out: Offsets,
    activation_operand: Literal["a", "b"],
    threads: int,
) -> None:
    """Sum products of a multiplier that knows arrays only, a block of pixels at a time."""
    per_block = max(1, _PRODUCTS_AT_ONCE // len(w.items_at))
    for g, group_out in enumerate(groups_out):
        weights = w.elements(g)
        for first in range(0, len(x.items_at), per_block):
            own = x.part(slice(first, first + per_block))
            activations = own.elements(g)
            total = np.zeros((len(w.items_at), len(own.items_at)), np.float32)
            with np.errstate(over="ignore", invalid="ignore"):
                for activation, weight in zip(activations, weights, strict=True):
                    factors = activation[None, :], weight[:, None]
                    ordered = factors if activation_operand == "a" else factors[::-1]
                    total += multiplier.multiply(*ordered, threads)
            total[np.isnan(total)] = np.nan
            out[group_out + w.items_out[:, None] + own.items_out] = total


def _check(x: NDArray[Any], w: NDArray[Any]) -> None:
    if (x.dtype, x.ndim, w.dtype, w.ndim) != (np.dtype(np.float32), 3, np.dtype(np.float32), 3):
        shown = ", ".join(f"{array.dtype}{list(array.shape)}" for array in (x, w))
        raise AccelsimError(f"float_gemm got {shown}; expected float32[g, k, p], float32[g, o, k]")
    if (w.shape[0], w.shape[2]) != x.shape[:2]:
        raise AccelsimError(
            f"float_gemm got x of shape {x.shape} (groups, depth, pixels) and w of shape {w.shape} "
            "(groups, channels, depth): groups and depth must agree"
        )
