"""The smoothed-difference gradient of a LUT: how its products change with each operand."""

from dataclasses import dataclass
from functools import lru_cache, partial

import numpy as np
from numba import njit
from numpy.typing import NDArray

from accelsim.errors import AccelsimError
from accelsim.lut import Lut, operand_values
from accelsim.workers import share_tasks

__all__ = ["SmoothedDifference", "slopes", "sums_of_slopes"]


@dataclass(frozen=True)
class SmoothedDifference:
    """The gradient of a multiplier's own products, instead of the exact product's.

    Parameters
    ----------
    half_window : int
        A product is averaged with so many neighbours on either side, along one operand, before the
        difference is taken; at least 1. Narrow windows follow every step of the table, wide ones its trend.

    Raises
    ------
    AccelsimError
        If the half window is not a whole number from 1 on.

    References
    ----------
    C. Meng, W. Burleson, W. Qian and G. De Micheli, "Gradient Approximation of Approximate Multipliers for
    High-Accuracy Deep Neural Network Retraining", DATE 2025.
    """

    half_window: int = 8

    def __post_init__(self) -> None:
        if not isinstance(self.half_window, int) or self.half_window < 1:
            raise AccelsimError(
                f"half_window is {self.half_window!r}; expected a whole number of neighbours, at least 1"
            )


@lru_cache(maxsize=64)
def slopes(lut: Lut, half_window: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the change of a LUT's products per step of operand a, and per step of operand b.

    Along each operand the products are smoothed by a moving average over ``2 * half_window + 1`` values, of
    which the central difference is taken. Where the window reaches beyond the operand's values, the slope is
    that of the whole range, ``(max - min) / number of values``, with the sign of the other operand (of which
    Meng et al., whose multipliers are unsigned, have no need).

    Returns
    -------
    two float32 arrays of the table's shape
        Indexed by bit patterns, as the table is.

    References
    ----------
    See `SmoothedDifference`.
    """
    orders = [
        np.argsort(operand_values(bits, lut.signed), kind="stable") for bits in (lut.a_width, lut.b_width)
    ]
    sorted_table = lut.table[np.ix_(*orders)].astype(np.float64)
    values_a, values_b = (
        operand_values(bits, lut.signed)[order]
        for bits, order in zip((lut.a_width, lut.b_width), orders, strict=True)
    )
    found = []
    for slope in (
        _slopes_of_rows(sorted_table.T, values_b, half_window).T,
        _slopes_of_rows(sorted_table, values_a, half_window),
    ):
        by_pattern = np.empty(lut.table.shape, np.float32)
        by_pattern[np.ix_(*orders)] = slope
        by_pattern.flags.writeable = False
        found.append(by_pattern)
    return found[0], found[1]


def _slopes_of_rows(
    table: NDArray[np.float64], others: NDArray[np.int64], half_window: int
) -> NDArray[np.float64]:
    """Return the slope along each row; ``others`` are the values of the operand that a row stands for."""
    count = table.shape[1]
    extent = table.max(axis=1) - table.min(axis=1)
    slope = np.repeat((np.where(others < 0, -extent, extent) / count)[:, None], count, axis=1)
    width, reach = 2 * half_window + 1, half_window + 1
    if count > 2 * reach:
        # The averages around i + 1 and i - 1 differ by the two values at either end.
        ends = table[:, width + 1 :] + table[:, width:-1] - table[:, 1:-width] - table[:, : -width - 1]
        slope[:, reach : count - reach] = ends / (2 * width)
    return slope


def sums_of_slopes(
    by_activation: NDArray[np.float32],
    by_weight: NDArray[np.float32],
    x: NDArray[np.uint8],
    w: NDArray[np.uint8],
    upstream: NDArray[np.float32],
    threads: int,
) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """Return the gradients of ``sum(upstream * out)`` for ``out`` of `accelsim.gemm.lut_gemm`.

    Parameters
    ----------
    by_activation, by_weight : float32 arrays of shape (weight patterns, activation patterns)
        Slopes of the products.
    x : uint8 array of shape (groups, depth, pixels)
        Activation codes.
    w : uint8 array of shape (groups, channels, depth)
        Weight codes.
    upstream : float32 array of shape (groups, channels, pixels)
        Gradient of each output.
    threads : int
        Threads that share the work; the result does not depend on their number.

    Returns
    -------
    float32 array of shape (groups, depth, pixels)
        Of the activations.
    float64 array of shape (groups, channels, depth)
        Of the weights.
    """
    groups, depth, _ = x.shape
    of_activations, of_weights = np.zeros(x.shape, np.float32), np.empty(w.shape, np.float64)
    run = partial(_run_tasks, by_activation, by_weight, x, w, upstream, of_activations, of_weights)
    share_tasks(run, groups * depth, threads)
    return of_activations, of_weights


@njit(cache=True, nogil=True)
def _run_tasks(
    by_activation: NDArray[np.float32],
    by_weight: NDArray[np.float32],
    x: NDArray[np.uint8],
    w: NDArray[np.uint8],
    upstream: NDArray[np.float32],
    of_activations: NDArray[np.float32],
    of_weights: NDArray[np.float64],
    first: int,
    stop: int,
) -> None:
    """Run tasks ``first`` to ``stop - 1``: one place of the sum of one group each."""
    channels, depth = w.shape[1:]
    for task in range(first, stop):
        g, k = task // depth, task % depth
        codes, gradient = x[g, k], of_activations[g, k]
        for o in range(channels):
            row, column, given = by_activation[w[g, o, k]], by_weight[w[g, o, k]], upstream[g, o]
            total = 0.0
            for p in range(len(codes)):
                gradient[p] += given[p] * row[codes[p]]
                total += np.float64(given[p] * column[codes[p]])
            of_weights[g, o, k] = total
