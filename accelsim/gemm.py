"""The MAC kernel: a matrix product in which every multiplication is a look-up."""

import math
import os
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from accelsim.accumulator import Accumulator
from accelsim.columns import Columns, laid_out
from accelsim.derived_tables import kept_with_array
from accelsim.errors import AccelsimError
from accelsim.gate_multiplier import GateMultiplier, IntegerMultiplier
from accelsim.gemm_engines import ENGINES, engine_named, fastest_engine, row_sums
from accelsim.gemm_kernel import find_channels_at_risk, frozen
from accelsim.quantization import MAX_BITS

__all__ = ["check_multiplier", "check_operands", "lut_gemm", "lut_gemm_reference"]

#: The accumulator of most accelerators.
_INT32 = Accumulator()
#: Look-ups that several threads were measured not to finish sooner than one.
_TOO_FEW_TO_SHARE = 1 << 22
#: Look-ups that are over before an engine could be chosen.
_TOO_FEW_TO_CHOOSE = 50_000


def lut_gemm(
    table: NDArray[np.int32],
    x: NDArray[np.uint8] | Columns,
    w: NDArray[np.uint8],
    *,
    accumulator: Accumulator = _INT32,
    threads: int | None = None,
    engine: str | None = None,
) -> NDArray[np.int32]:
    """Return ``out[g, o, p] = sum_k table[w[g, o, k], x[g, k, p]]``, as an accumulator holds it.

    Channels whose weights rule out that a saturating accumulator saturates, whatever the activations, are
    summed as fast as wrapping ones.

    Parameters
    ----------
    table : int32 array of shape (weight patterns, activation patterns)
        Products, one row per weight.
    x : uint8 array of shape (groups, depth, pixels), or Columns
        Activation codes (bit patterns).
    w : uint8 array of shape (groups, channels, depth)
        Weight codes.
    accumulator : Accumulator
        What the sums are taken in, in the order of ``k``; default: 32 bits that wrap.
    threads : int, optional
        Threads that share the work; default: one per core. The result does not depend on their number.
    engine : str, optional
        One of `accelsim.gemm_engines.ENGINES`; default: the one that was measured to be the fastest. The
        result does not depend on it. Sums that could saturate run in a kernel of their own.

    Returns
    -------
    int32 array of shape (groups, channels, pixels)
        What `Accumulator.sum` returns: exact, unless a sum leaves the accumulator's range.

    Raises
    ------
    AccelsimError
        If a type or shape is another, a code has no entry in the table, or the engine does not run.
    """
    check_operands(table, x, w)
    table, w = frozen(_unchanging(table)), frozen(w)
    macs = w.shape[1] * math.prod(x.shape)
    threads = 1 if macs < _TOO_FEW_TO_SHARE else threads or os.cpu_count() or 1
    named = None if engine is None else engine_named(engine, table)
    if accumulator.overflow == "saturate":
        at_risk = _channels_at_risk(table, w, accumulator)
        if at_risk.any():
            return row_sums(table, x, w, threads, at_risk, accumulator.low, accumulator.high)
    if named is not None:
        chosen = named
    elif macs < _TOO_FEW_TO_CHOOSE:
        chosen = ENGINES["rows"]
    else:
        chosen = fastest_engine(table, w.shape[2], x.shape[2], w.shape[1])
    exact = max(1, _depth_that_fits(table))
    if exact >= w.shape[2]:
        total = chosen.sums(table, x, w, threads)
    else:
        x = laid_out(x)
        total = np.zeros((*w.shape[:2], x.shape[2]), np.int32)
        for k in range(0, w.shape[2], exact):
            total += chosen.sums(table, x[:, k : k + exact], frozen(w[:, :, k : k + exact]), threads)
    lost = _INT32.bits - accumulator.bits
    return total << lost >> lost if lost else total


def _unchanging(table: NDArray[np.int32]) -> NDArray[np.int32]:
    """Return a table that nobody can write to, so that what engines derive from it can be kept."""
    owner = table.base if isinstance(table.base, np.ndarray) else table
    if table.flags.c_contiguous and table.size == owner.size and not owner.flags.writeable:
        return table
    return _table_of(table.shape, table.tobytes())


@lru_cache(maxsize=16)
def _table_of(shape: tuple[int, ...], content: bytes) -> NDArray[np.int32]:
    return np.frombuffer(content, np.int32).reshape(shape)


@kept_with_array
def _depth_that_fits(table: NDArray[np.int32]) -> int:
    """Return how many products never leave an int32, in whatever order they are summed."""
    largest = max(int(table.max(initial=0)), -int(table.min(initial=0)), 1)
    return ((1 << 31) - 1) // largest


def _channels_at_risk(
    table: NDArray[np.int32], w: NDArray[np.uint8], accumulator: Accumulator
) -> NDArray[np.bool_]:
    """Return which channels could saturate for some activations, bool of shape (groups, channels)."""
    at_risk = np.zeros(w.shape[:2], np.bool_)
    if w.shape[2] * int(table.max(initial=0)) > accumulator.high or (
        w.shape[2] * int(table.min(initial=0)) < accumulator.low
    ):
        ends = table.min(axis=1).astype(np.int64), table.max(axis=1).astype(np.int64)
        find_channels_at_risk(*ends, w, accumulator.low, accumulator.high, at_risk)
    return at_risk


def lut_gemm_reference(
    table: NDArray[np.int32], x: NDArray[np.uint8], w: NDArray[np.uint8]
) -> NDArray[np.int64]:
    """Return what `lut_gemm` returns, in plain numpy and int64; needs memory for every product at once."""
    products = table.astype(np.int64)[w[:, :, :, None], x[:, None, :, :]]  # [g, o, k, p]
    return np.asarray(products.sum(axis=2))


def check_multiplier(
    lut: IntegerMultiplier, depth: int, where: str, accumulator: Accumulator | None = None
) -> None:
    """Raise unless the engine can sum ``depth`` products of this multiplier.

    Parameters
    ----------
    lut : Lut or GateMultiplier
        The multiplier.
    depth : int
        Products per sum.
    where : str
        The layer, for the error message.
    accumulator : Accumulator, optional
        The accumulator, which says what becomes of an overflow; default: 32 bits and no overflow.

    Raises
    ------
    AccelsimError
        If an operand of a table is wider than 8 bits, or gates are given an accumulator; if the accumulator
        is narrower than a product; without one, if ``depth * max|product| >= 2^31``: below that, no partial
        sum in any order leaves an int32.
    """
    if isinstance(lut, GateMultiplier):
        lut.check_accumulator(accumulator, where)
        return
    if max(lut.a_width, lut.b_width) > MAX_BITS:
        raise AccelsimError(
            f"{where}: multiplier {lut.name} takes {lut.a_width} x {lut.b_width} bits; the LUT engine takes "
            f"operands of up to {MAX_BITS}"
        )
    if accumulator is not None:
        try:
            accumulator.check_multiplier(lut)
        except AccelsimError as error:
            raise AccelsimError(f"{where}: {error}") from error
    elif depth > (fits := _depth_that_fits(lut.table)):
        largest = int(np.abs(lut.table).max())
        raise AccelsimError(
            f"{where} sums {depth} products of up to {largest} ({lut.name}), which can overflow its int32 "
            f"accumulators; at most {fits} products fit, or give an accumulator, which wraps or saturates"
        )


def check_operands(table: NDArray[Any], x: NDArray[Any] | Columns, w: NDArray[Any]) -> None:
    """Raise unless table, activations and weights are as `lut_gemm` takes them."""
    codes_of_x = x.padded if isinstance(x, Columns) else x
    given = (table.dtype, table.ndim, codes_of_x.dtype, len(x.shape), w.dtype, w.ndim)
    if given != (np.dtype(np.int32), 2, np.dtype(np.uint8), 3, np.dtype(np.uint8), 3):
        arrays = ((table.dtype, table.shape), (codes_of_x.dtype, x.shape), (w.dtype, w.shape))
        shown = ", ".join(f"{dtype}{list(shape)}" for dtype, shape in arrays)
        raise AccelsimError(f"lut_gemm got {shown}; expected int32[w, x], uint8[g, k, p], uint8[g, o, k]")
    if (w.shape[0], w.shape[2]) != x.shape[:2]:
        raise AccelsimError(
            f"lut_gemm got x of shape {x.shape} (groups, depth, pixels) and w of shape {w.shape} "
            "(groups, channels, depth): groups and depth must agree"
        )
    if not all(1 <= patterns <= 256 for patterns in table.shape):
        raise AccelsimError(f"lut_gemm got a table of shape {table.shape}; expected 1 to 256 patterns a side")
    for codes, patterns, what in ((w, table.shape[0], "weight"), (codes_of_x, table.shape[1], "activation")):
        if patterns < 256 and codes.size and codes.max() >= patterns:
            raise AccelsimError(f"{what} code {codes.max()} has no entry in a table of {patterns} patterns")
