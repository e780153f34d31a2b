"""Which operand pairs to try where there are too many for all."""

import numpy as np
from numpy.typing import NDArray

from accelsim.errors import AccelsimError

__all__ = ["OperandPairs", "all_pairs", "chosen_pairs", "random_pairs"]

#: Bit patterns of ``a`` and of ``b``, each a uint64 array of shape (pairs,).
OperandPairs = tuple[NDArray[np.uint64], NDArray[np.uint64]]


def all_pairs(a_width: int, b_width: int) -> OperandPairs:
    """Return every pair of bit patterns; ``b`` counts up fastest."""
    pairs = np.arange(1 << (a_width + b_width), dtype=np.uint64)
    return pairs >> np.uint64(b_width), pairs & np.uint64((1 << b_width) - 1)


def random_pairs(a_width: int, b_width: int, count: int, seed: int) -> OperandPairs:
    """Draw uniform pairs of bit patterns.

    Raises
    ------
    AccelsimError
        If `count` is not positive.
    """
    if count < 1:
        raise AccelsimError(f"{count} vectors asked for; at least 1 is needed")
    draw = np.random.default_rng(seed)
    return (
        draw.integers(0, 1 << a_width, count, dtype=np.uint64),
        draw.integers(0, 1 << b_width, count, dtype=np.uint64),
    )


def chosen_pairs(a_width: int, b_width: int, count: int, seed: int) -> OperandPairs:
    """Return every pair of corner values, then `count` random pairs."""
    a, b = np.meshgrid(_corners(a_width), _corners(b_width), indexing="ij")
    corners = (a.ravel(), b.ravel())
    drawn = random_pairs(a_width, b_width, count, seed)
    return np.concatenate([corners[0], drawn[0]]), np.concatenate([corners[1], drawn[1]])


def _corners(width: int) -> NDArray[np.uint64]:
    """Return the patterns of one bit, of ones from either end, of one zero, and alternating ones."""
    ones = (1 << width) - 1
    found = {0, ones, ones // 3, ones - ones // 3}
    for bit in range(width):
        found |= {1 << bit, (1 << bit) - 1, ones ^ (1 << bit), ones ^ ((1 << bit) - 1)}
    return np.array(sorted(found), dtype=np.uint64)
