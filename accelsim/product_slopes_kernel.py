"""Compiled sums of the slopes of a float multiplier's products."""

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from accelsim.floats import rounded_product

__all__ = ["LEAST_MAGNITUDE", "slope", "slopes_by_activation", "slopes_by_weight"]

#: Below this magnitude the step of a difference shrinks no more: a grey level of 256.
LEAST_MAGNITUDE = np.float32(2.0**-8)


@njit(inline="always")
def slope(operand: Any, other: Any, is_a: Any, step: Any, constants: Any) -> Any:
    """Return the central difference of the product along one operand.

    Parameters
    ----------
    operand, other : float32
        The operand that varies, and the other one.
    is_a : bool
        Whether it is the multiplier's operand a that varies.
    step : float32
        Relative step.
    constants : tuple
        `accelsim.floats.Float32ClosedForm.constants`.
    """
    other = np.float32(other)
    reach = step * max(abs(operand), LEAST_MAGNITUDE)
    low, high = np.float32(operand - reach), np.float32(operand + reach)
    if is_a:
        change = rounded_product(high, other, constants) - rounded_product(low, other, constants)
    else:
        change = rounded_product(other, high, constants) - rounded_product(other, low, constants)
    return change / (high - low)


@njit(cache=True, nogil=True)
def slopes_by_activation(
    x: Any, w: Any, upstream: NDArray[np.float32], groups_out: NDArray[np.int64], first: int, stop: int,
    is_a: bool, step: np.float32, constants: Any, out: NDArray[np.float32],
) -> None:  # fmt: skip
    """Add ``upstream * slope`` of the items ``first`` to ``stop`` of ``x`` to ``out``, laid out as ``x``.

    ``x`` and ``w`` are the four arrays of an `accelsim.float_gemm.FloatFactor`.
    """
    values, depth_at, items_at, items_out = x
    weights, weight_depth_at, channels_at, channels_out = w
    for g in range(depth_at.shape[0]):
        for p in range(first, stop):
            for o in range(len(channels_at)):
                given = upstream[groups_out[g] + items_out[p] + channels_out[o]]
                if given != 0:
                    for k in range(depth_at.shape[1]):
                        at = depth_at[g, k] + items_at[p]
                        weight = weights[weight_depth_at[g, k] + channels_at[o]]
                        out[at] += given * slope(values[at], weight, is_a, step, constants)


@njit(cache=True, nogil=True)
def slopes_by_weight(
    x: Any, w: Any, upstream: NDArray[np.float32], groups_out: NDArray[np.int64], first: int, stop: int,
    is_a: bool, step: np.float32, constants: Any, out: NDArray[np.float64],
) -> None:  # fmt: skip
    """Add ``upstream * slope`` of the items ``first`` to ``stop`` of ``w`` to ``out``, laid out as ``w``."""
    values, depth_at, items_at, items_out = x
    weights, weight_depth_at, channels_at, channels_out = w
    for g in range(depth_at.shape[0]):
        for o in range(first, stop):
            for p in range(len(items_at)):
                given = upstream[groups_out[g] + items_out[p] + channels_out[o]]
                if given != 0:
                    for k in range(depth_at.shape[1]):
                        at = weight_depth_at[g, k] + channels_at[o]
                        value = values[depth_at[g, k] + items_at[p]]
                        out[at] += given * slope(weights[at], value, is_a, step, constants)
