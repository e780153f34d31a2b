"""Error sums of a candidate multiplier, formed in bit planes, at about the cost of simulating it.

The candidate is simulated for a block of operand pairs at a time, one bit plane per net (64 pairs a word, see
`accelsim.two_input_gates`), and its errors are never turned into numbers one by one:

- A borrow chain over the product's bit planes subtracts the exact product. With the borrow ``s`` of the last
  bit as the sign, ``|d| = s + sum 2^k (d_k xor s)``, so the sum of all ``|d|`` is a weighted sum of
  population counts: the MAE. Two's complement products are first offset by half their range, which
  complements their most significant bits, and then subtract like unsigned ones.
- ``s`` added to ``d xor s`` by a carry chain gives the planes ``m_k`` of the magnitude: the WCE by keeping,
  from the most significant plane on, the pairs that have the bit set wherever any has; the MSE from
  ``m^2 = sum 2^(j + k) (m_j and m_k)``, population counts again.
- Where each pair has a weight of its own (an operand distribution, or MRE with its ``1 / |exact|``), the
  magnitude's planes are transposed into integers and multiplied by the pairs' integer weights.

All sums are 64-bit integers: they do not depend on the order of their terms or on the machine.
"""

from collections.abc import Callable
from enum import IntEnum
from typing import Any, cast

import numpy as np
from numba import njit, types
from numba.extending import intrinsic
from numpy.typing import NDArray

from accelsim.two_input_gates import PLANE_WORDS

__all__ = ["ErrorSum", "block_error_sum"]

_PAIRS = 64 * PLANE_WORDS
_ZERO, _ONES = np.uint64(0), ~np.uint64(0)


class ErrorSum(IntEnum):
    """What is formed from the errors ``d`` of a block."""

    ABSOLUTE = 0  # sum of |d|
    WORST = 1  # largest |d| of the pairs that occur
    WRONG = 2  # number of d != 0
    SQUARES = 3  # sum of d^2
    WEIGHTED = 4  # sum of weight * |d|
    WEIGHTED_WRONG = 5  # sum of weight * (d != 0)


_ABSOLUTE, _WORST, _WRONG, _SQUARES, _WEIGHTED, _WEIGHTED_WRONG = map(int, ErrorSum)


@intrinsic
def _population_of(typing_context: Any, word: Any) -> Any:
    """Return the number of ones in a 64-bit word."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.ctpop(arguments[0])

    return types.uint64(types.uint64), generate


#: As compiled code calls it.
_population = cast(Callable[[np.uint64], np.uint64], _population_of)


@njit(cache=True, nogil=True)
def _ones_of(plane: NDArray[np.uint64]) -> np.uint64:
    count = _ZERO
    for i in range(PLANE_WORDS):
        count += _population(plane[i])
    return count


@njit(cache=True, nogil=True)
def block_error_sum(
    kind: int,
    values: NDArray[np.uint64],
    output: NDArray[np.int32],
    exact: NDArray[np.uint64],
    signed: bool,
    occurs: NDArray[np.uint64],
    weights: NDArray[np.uint32],
    room: NDArray[np.uint64],
) -> int:
    """Return the `ErrorSum` of one block of operand pairs.

    Parameters
    ----------
    kind : int
        Number of the `ErrorSum`.
    values : uint64 array of shape (planes, PLANE_WORDS)
        Bit planes of the simulated candidate.
    output : int32 array of shape (product_width,)
        Planes of the product, least significant bit first.
    exact : uint64 array of shape (product_width, PLANE_WORDS)
        Planes of the exact product, the most significant one complemented if ``signed``.
    signed : bool
        Whether the product is two's complement.
    occurs : uint64 array of shape (PLANE_WORDS,)
        The pairs that count, for `ErrorSum.WORST`.
    weights : uint32 array of shape (64 PLANE_WORDS,)
        Weight of each pair, for the weighted sums.
    room : uint64 array of shape (product_width + 1, PLANE_WORDS)
        Overwritten.
    """
    width = len(output)
    flip = _ONES if signed else _ZERO
    if kind in (_WRONG, _WEIGHTED_WRONG):
        wrong = room[0]
        wrong[:] = _ZERO
        for k in range(width):
            product, right = values[output[k]], exact[k]
            inverted = flip if k == width - 1 else _ZERO
            for i in range(PLANE_WORDS):
                wrong[i] |= product[i] ^ right[i] ^ inverted
        if kind == _WRONG:
            return int(_ones_of(wrong))
        return _weighted_sum(room, 1, weights)
    _subtract(values, output, exact, flip, room)
    sign = room[width]
    if kind == _ABSOLUTE:
        total = _ones_of(sign)
        for k in range(width):
            plane, ones = room[k], _ZERO
            for i in range(PLANE_WORDS):
                ones += _population(plane[i] ^ sign[i])
            total += ones << np.uint64(k)
        return int(total)
    _to_magnitude(room)
    if kind == _WORST:
        return int(_largest(room, width, occurs))
    if kind == _SQUARES:
        return int(_sum_of_squares(room, width))
    return _weighted_sum(room, width, weights)


@njit(cache=True, nogil=True)
def _subtract(
    values: NDArray[np.uint64],
    output: NDArray[np.int32],
    exact: NDArray[np.uint64],
    flip: np.uint64,
    room: NDArray[np.uint64],
) -> None:
    """Fill ``room`` with the planes of product minus exact product, the last one the borrow: the sign."""
    width = len(output)
    borrow = room[width]
    borrow[:] = _ZERO
    for k in range(width):
        product, right, difference = values[output[k]], exact[k], room[k]
        inverted = flip if k == width - 1 else _ZERO
        for i in range(PLANE_WORDS):
            unequal = product[i] ^ right[i] ^ inverted
            difference[i] = unequal ^ borrow[i]
            borrow[i] ^= unequal & (borrow[i] ^ right[i])


@njit(cache=True, nogil=True)
def _to_magnitude(room: NDArray[np.uint64]) -> None:
    """Turn the planes of a difference into those of its magnitude, and the last one into zeros."""
    width = len(room) - 1
    sign, carry = room[width].copy(), room[width]
    for k in range(width):
        plane = room[k]
        for i in range(PLANE_WORDS):
            bit = plane[i] ^ sign[i]
            plane[i] = bit ^ carry[i]
            carry[i] &= bit


@njit(cache=True, nogil=True)
def _largest(room: NDArray[np.uint64], width: int, occurs: NDArray[np.uint64]) -> np.uint64:
    kept, largest = occurs.copy(), _ZERO
    for k in range(width - 1, -1, -1):
        plane, anywhere = room[k], _ZERO
        for i in range(PLANE_WORDS):
            anywhere |= kept[i] & plane[i]
        if anywhere:
            largest |= np.uint64(1) << np.uint64(k)
            for i in range(PLANE_WORDS):
                kept[i] &= plane[i]
    return largest


@njit(cache=True, nogil=True)
def _sum_of_squares(room: NDArray[np.uint64], width: int) -> np.uint64:
    total = _ZERO
    for j in range(width):
        one = room[j]
        total += _ones_of(one) << np.uint64(2 * j)
        for k in range(j):
            other, ones = room[k], _ZERO
            for i in range(PLANE_WORDS):
                ones += _population(one[i] & other[i])
            total += ones << np.uint64(j + k + 1)
    return total


@njit(cache=True, nogil=True)
def _weighted_sum(room: NDArray[np.uint64], width: int, weights: NDArray[np.uint32]) -> int:
    masks = np.uint64(1) << np.arange(64, dtype=np.uint64)
    lanes = np.empty(64, dtype=np.uint32)
    total = _ZERO
    for word in range(PLANE_WORDS):
        _unpack_word(room, width, word, masks, lanes)
        weight = weights[word * 64 : word * 64 + 64]
        for lane in range(64):
            total += np.uint64(lanes[lane]) * np.uint64(weight[lane])
    return int(total)


@njit(cache=True, nogil=True)
def _unpack_word(
    room: NDArray[np.uint64], width: int, word: int, masks: NDArray[np.uint64], lanes: NDArray[np.uint32]
) -> None:
    """Transpose one word of each plane into numbers; masks instead of shifts let LLVM use narrow lanes."""
    lanes[:] = np.uint32(0)
    for k in range(width):
        bits, weight = room[k, word], np.uint32(1 << k)
        for lane in range(64):
            lanes[lane] |= weight if bits & masks[lane] else np.uint32(0)
