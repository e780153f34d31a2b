"""From the bit planes of a number to the numbers: the transpose of a bit matrix, compiled."""

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["numbers_of_planes"]

#: Words of each plane that are transposed side by side, a lane each.
_LANES = 16


@njit(cache=True, nogil=True)
def numbers_of_planes(values: NDArray[np.uint64], ports: NDArray[np.int32], found: NDArray[Any]) -> None:
    """Fill in the numbers whose bits stand in planes.

    Parameters
    ----------
    values : uint64 array of shape (planes, words)
        Bit ``j`` of word ``i`` of a plane belongs to number ``64 i + j``.
    ports : int32 array of shape (bits,)
        The plane of each bit, least significant first.
    found : unsigned integer array of shape (up to 64 words,)
        The numbers, of at least `bits` bits.
    """
    whole = len(found) // (64 * _LANES) * _LANES if len(ports) > 16 else 0
    for first_bit in range(0, len(ports), 32):
        for word in range(0, whole, _LANES):
            _transpose(values, ports, first_bit, word, found[word * 64 : (word + _LANES) * 64])
    _one_by_one(values, ports, whole, found)


@njit(cache=True, nogil=True)
def _transpose(
    values: NDArray[np.uint64], ports: NDArray[np.int32], first_bit: int, word: int, found: NDArray[Any]
) -> None:
    """Transpose 32 planes, two 32 x 32 blocks a word, by exchanging ever smaller blocks.

    H. S. Warren, Hacker's Delight, 2nd ed., Addison-Wesley 2012, section 7-3.
    """
    rows = np.zeros((32, _LANES), dtype=np.uint64)
    for bit in range(min(32, len(ports) - first_bit)):
        rows[bit] = values[ports[first_bit + bit], word : word + _LANES]
    size = 16
    while size:
        distance = np.uint64(size)
        # The lower half of every 2 size bits.
        mask = ~np.uint64(0) // ((np.uint64(1) << distance) + np.uint64(1))
        for row in range(32):
            if row & size:
                continue
            upper, lower = rows[row], rows[row + size]
            for lane in range(_LANES):
                exchanged = ((upper[lane] >> distance) ^ lower[lane]) & mask
                lower[lane] ^= exchanged
                upper[lane] ^= exchanged << distance
        size >>= 1
    number = found.dtype.type
    for lane in range(_LANES):
        numbers = found[lane * 64 : lane * 64 + 64]
        if first_bit:
            for row in range(32):
                numbers[row] |= number(rows[row, lane] << np.uint64(32))
                numbers[row + 32] |= number(rows[row, lane] >> np.uint64(32) << np.uint64(32))
        else:
            for row in range(32):
                numbers[row] = number(rows[row, lane] & np.uint64(0xFFFFFFFF))
                numbers[row + 32] = number(rows[row, lane] >> np.uint64(32))


@njit(cache=True, nogil=True)
def _one_by_one(
    values: NDArray[np.uint64], ports: NDArray[np.int32], first_word: int, found: NDArray[Any]
) -> None:
    """Set bit after bit of the numbers; masks instead of shifts let LLVM use narrow vectors."""
    number = found.dtype.type
    masks = np.uint64(1) << np.arange(64, dtype=np.uint64)
    found[first_word * 64 :] = number(0)
    for bit in range(len(ports)):
        plane = values[ports[bit]]
        weight = number(np.uint64(1) << np.uint64(bit))
        for word in range(first_word, (len(found) + 63) >> 6):
            lanes = found[word * 64 : word * 64 + 64]
            for lane in range(len(lanes)):
                lanes[lane] |= weight if plane[word] & masks[lane] else number(0)
