"""The systolic array cycle by cycle: what every register of every PE holds."""

import os
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from accelsim.cycle_kernel import (
    INPUT_STATIONARY,
    INVALID,
    OUTPUT_STATIONARY,
    WEIGHT_STATIONARY,
    run_gemm,
    run_gemms,
)
from accelsim.errors import AccelsimError
from accelsim.gemm import check_operands
from accelsim.gemm_kernel import frozen
from accelsim.systolic_array import Gemm, SystolicArray
from accelsim.workers import share_tasks

__all__ = ["Activity", "ArrayRun", "Trace", "simulate", "simulate_layer"]

_DATAFLOWS = {"ws": WEIGHT_STATIONARY, "is": INPUT_STATIONARY, "os": OUTPUT_STATIONARY}


@dataclass(frozen=True, eq=False)
class Trace:
    """What stands in the registers of the array, and at its outputs, in each cycle.

    Attributes
    ----------
    left, top : uint8 arrays of shape (cycles, rows, columns)
        The operand that moves to the right, and the one that stays or moves down; 0 where there is none.
    left_valid, top_valid : bool arrays of shape (cycles, rows, columns)
        Whether the operand registers carry anything.
    acc : int32 array of shape (cycles, rows, columns)
        Accumulators.
    outputs : int32 array of shape (cycles, columns)
        What the array gives out: with ``ws`` and ``is``, all sums of a step in the same cycle; with ``os``,
        the last row's accumulators.
    """

    left: NDArray[np.uint8]
    left_valid: NDArray[np.bool_]
    top: NDArray[np.uint8]
    top_valid: NDArray[np.bool_]
    acc: NDArray[np.int32]
    outputs: NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class Activity:
    """How busy the array is.

    Attributes
    ----------
    active : int32 array of shape (cycles,)
        PEs that add a product in each cycle.
    left, top, acc, product : int64 arrays of shape (rows, columns)
        Bits that change, over all cycles from reset on, in the registers and at the multiplier's output of
        each PE. A multiplier sees 0 in the place of an operand that is missing, and its output changes to
        the product of that and back. A product has the bits that its table's range of values takes.
    """

    active: NDArray[np.int32]
    left: NDArray[np.int64]
    top: NDArray[np.int64]
    acc: NDArray[np.int64]
    product: NDArray[np.int64]

    def utilization(self, array: SystolicArray) -> NDArray[np.float64]:
        """Return the share of the PEs that is at work, by cycle."""
        return np.asarray(self.active / array.pes)


@dataclass(frozen=True, eq=False)
class ArrayRun:
    """A matrix product on the array.

    Attributes
    ----------
    out : int32 array of shape (channels, pixels)
        The accumulators.
    cycles : int
        Cycles until the last of them stands at the array's outputs.
    trace : Trace or None
        The registers, where they were recorded.
    activity : Activity or None
        Utilization and switching, where they were recorded.
    """

    out: NDArray[np.int32]
    cycles: int
    trace: Trace | None
    activity: Activity | None


def simulate(
    array: SystolicArray,
    table: NDArray[np.int32],
    x: NDArray[np.uint8],
    w: NDArray[np.uint8],
    *,
    trace: bool = False,
    activity: bool = False,
) -> ArrayRun:
    """Run ``out[channel, pixel] = sum_k table[w[channel, k], x[k, pixel]]`` on the array, cycle by cycle.

    Parameters
    ----------
    array : SystolicArray
        The array; its docstring says what is where in which cycle.
    table : int32 array of shape (weight patterns, activation patterns)
        Products of the multiplier.
    x : uint8 array of shape (depth, pixels)
        Activation codes.
    w : uint8 array of shape (channels, depth)
        Weight codes.
    trace : bool
        Record every register in every cycle: 12 bytes per PE and cycle.
    activity : bool
        Record utilization and switching.

    Raises
    ------
    AccelsimError
        If a type or shape is another, or a product does not fit the accumulator.
    """
    if x.ndim != 2 or w.ndim != 2:
        raise AccelsimError(f"the array got x of shape {x.shape} and w of shape {w.shape}; expected matrices")
    products, gemm = _prepare(array, table, x[None], w[None])
    cycles = array.cycles(gemm)
    registers = _Registers(array, cycles if trace else 0)
    switching = _Switching(array, cycles if activity else 0)
    out = np.empty((gemm.channels, gemm.pixels), np.int32)
    recorded = *registers.arrays, *switching.arrays
    done = run_gemm(products, frozen(x), frozen(w), out, *_parameters(array), *recorded, _product_mask(table))
    if done != cycles:
        raise AssertionError(f"{array} took {done} cycles for {gemm}; its closed form says {cycles}")
    return ArrayRun(
        out,
        cycles,
        registers.trace(array) if trace else None,
        Activity(switching.active, *switching.toggles) if activity else None,
    )


def simulate_layer(
    array: SystolicArray,
    table: NDArray[np.int32],
    x: NDArray[np.uint8],
    w: NDArray[np.uint8],
    *,
    images: int = 1,
    threads: int | None = None,
) -> tuple[NDArray[np.int32], int]:
    """Run a layer: one matrix product for each group and image, cycle by cycle.

    Parameters
    ----------
    array, table
        As for `simulate`.
    x : uint8 array of shape (groups, depth, images * pixels)
        Activation codes.
    w : uint8 array of shape (groups, channels, depth)
        Weight codes.
    images : int
        Images in the batch; each runs on its own.
    threads : int, optional
        Threads that share the matrix products; default: one per core.

    Returns
    -------
    int32 array of shape (groups, channels, images * pixels)
        The accumulators.
    int
        Cycles for one image, one group after the other.

    Raises
    ------
    AccelsimError
        As `simulate`; also if the pixels are not those of so many images.
    """
    products, whole = _prepare(array, table, x, w)
    groups, pixels = len(x), x.shape[2] // max(1, images)
    if images < 1 or pixels * images != x.shape[2]:
        raise AccelsimError(f"{x.shape[2]} pixels are not those of {images} images of the same size")
    gemm = Gemm(whole.depth, pixels, whole.channels)
    out = np.empty((groups, gemm.channels, images * pixels), np.int32)
    run = partial(run_gemms, products, frozen(x), frozen(w), out, pixels, *_parameters(array))
    share_tasks(run, groups * images, threads or os.cpu_count() or 1)
    return out, groups * array.cycles(gemm)


class _Registers:
    """Room for the registers of every cycle."""

    def __init__(self, array: SystolicArray, cycles: int) -> None:
        shape = cycles, array.rows, array.columns
        self.left = np.zeros(shape, np.uint16)
        self.top = np.zeros(shape, np.uint16)
        self.acc = np.zeros(shape, np.int32)

    @property
    def arrays(self) -> tuple[NDArray[np.uint16], NDArray[np.uint16], NDArray[np.int32]]:
        return self.left, self.top, self.acc

    def trace(self, array: SystolicArray) -> Trace:
        outputs = self.acc[:, -1].copy()
        if array.dataflow != "os":
            for column in range(array.columns):
                delay = min(array.columns - 1 - column, len(outputs))
                outputs[delay:, column] = self.acc[: len(outputs) - delay, -1, column]
                outputs[:delay, column] = 0
        left, top = self.left.astype(np.uint8), self.top.astype(np.uint8)
        return Trace(left, self.left != INVALID, top, self.top != INVALID, self.acc, outputs)


class _Switching:
    """Room for utilization and switching; without room for cycles nothing is recorded."""

    def __init__(self, array: SystolicArray, cycles: int) -> None:
        self.active = np.zeros(cycles, np.int32)
        self.toggles = np.zeros((4, array.rows, array.columns), np.int64)

    @property
    def arrays(self) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
        return self.active, self.toggles


def _prepare(
    array: SystolicArray, table: NDArray[np.int32], x: NDArray[np.uint8], w: NDArray[np.uint8]
) -> tuple[NDArray[np.int32], Gemm]:
    """Return the products by the codes in a PE's `top` and `left` registers, and the shape of the product."""
    check_operands(table, x, w)
    accumulator = array.accumulator
    low, high = int(table.min()), int(table.max())
    if low < accumulator.low or high > accumulator.high:
        raise AccelsimError(
            f"an accumulator of {accumulator.bits} bits does not hold products from {low} to {high}"
        )
    by_register = table.T if array.dataflow == "is" else table
    products = np.zeros((INVALID + 1, INVALID + 1), np.int32)
    products[: by_register.shape[0], : by_register.shape[1]] = by_register
    return frozen(products), Gemm(x.shape[1], x.shape[2], w.shape[1])


def _product_mask(table: NDArray[np.int32]) -> int:
    """Return the mask of the bits of a product: unsigned where none is negative, else two's complement."""
    low, high = int(table.min()), int(table.max())
    width = high.bit_length() if low >= 0 else max(high.bit_length(), (~low).bit_length()) + 1
    return (1 << width) - 1


def _parameters(array: SystolicArray) -> tuple[int, int, int, int, bool]:
    accumulator = array.accumulator
    saturate = accumulator.overflow == "saturate"
    return array.rows, array.columns, _DATAFLOWS[array.dataflow], accumulator.bits, saturate
