"""Integer factors as terms whose digits a matrix product of a narrow type sums exactly."""

from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from accelsim.integer_factors import IntegerFactors

__all__ = ["DigitGroup", "DigitTerms"]

#: Bits of a digit, which lies in -128 to 127.
_BITS = 8


@dataclass(frozen=True, eq=False)
class DigitGroup:
    """Terms that are summed together: ``2^shift * sum_n of_weight[n, w] * of_activation[n, x]``.

    Parameters
    ----------
    shift : int
        Power of two.
    of_weight : int8 array of shape (terms, 1 + weight patterns)
        First factors; those of pattern ``w`` at ``1 + w``, and in front what is taken away again.
    of_activation : int8 array of shape (terms, 256)
        Second factors; 0 for patterns that are not there.
    """

    shift: int
    of_weight: NDArray[np.int8]
    of_activation: NDArray[np.int8]


@dataclass(frozen=True, eq=False)
class DigitTerms:
    """``table[w, x] = by_weight[w] + sum_groups 2^shift * sum_n (f[n, 1 + w] - f[n, 0]) * g[n, x]``.

    Factors lie around 0 after a constant is taken from each: ``f g = (f - c)(g - d) + d f + c (g - d)``. The
    second summand depends on the weight alone; the third is that of one more weight, ``-c``, which is taken
    away.

    Parameters
    ----------
    by_weight : int64 array of shape (weight patterns,)
        What an entry has whatever the activation.
    groups : tuple of DigitGroup
        The terms, by their power of two.
    """

    by_weight: NDArray[np.int64]
    groups: tuple[DigitGroup, ...]

    @property
    def count(self) -> int:
        """Products of two digits that one product of the table takes."""
        return sum(len(group.of_weight) for group in self.groups)

    @classmethod
    def of(cls, factors: IntegerFactors) -> "DigitTerms":
        """Cut factors into digits, as few as powers of two moved between them allow."""
        by_weight = factors.by_weight.copy()
        found: dict[int, list[tuple[NDArray[np.int8], NDArray[np.int8]]]] = {}
        for f, g in zip(factors.of_weight.T, factors.of_activation, strict=True):
            f, g, shift = _balanced(np.concatenate([[0], f]), g)
            c, d = (_middle(factor) for factor in (f, g))
            by_weight += (d * f[1:]) << shift
            for (i, first), (j, second) in product(_digits(f - c), _digits(g - d)):
                padded = np.zeros(256, np.int8)
                padded[: len(second)] = second
                found.setdefault(shift + _BITS * (i + j), []).append((first, padded))
        groups = tuple(
            DigitGroup(shift, *(np.array(side) for side in zip(*terms, strict=True)))
            for shift, terms in sorted(found.items())
        )
        return cls(by_weight, groups)


def _balanced(f: NDArray[np.int64], g: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64], int]:
    """Share the powers of two in a term between both factors and a shift: few digits, then a small shift."""
    twos = [_power_of_two(factor) for factor in (f, g)]
    f, g = f >> twos[0], g >> twos[1]
    shares = [(i, j) for i in range(sum(twos) + 1) for j in range(sum(twos) + 1 - i)]
    i, j = min(shares, key=lambda s: (_count(f << s[0]) * _count(g << s[1]), sum(twos) - sum(s)))
    return f << i, g << j, sum(twos) - i - j


def _power_of_two(factor: NDArray[np.int64]) -> int:
    together = int(np.bitwise_or.reduce(factor))
    return (together & -together).bit_length() - 1


def _count(factor: NDArray[np.int64]) -> int:
    """Return the digits that a factor takes."""
    return -(-int(factor.max() - factor.min()).bit_length() // _BITS)


def _middle(factor: NDArray[np.int64]) -> int:
    """Return what to take from a factor for its digits to suffice."""
    return int(factor.min()) + 128 * (((1 << _BITS * _count(factor)) - 1) // 255)


def _digits(factor: NDArray[np.int64]) -> list[tuple[int, NDArray[np.int8]]]:
    """Return the places and the digits of a factor, the lowest place first."""
    digits = []
    for place in range(_count(factor)):
        digit = (factor + 128 & 255) - 128
        factor = (factor - digit) >> _BITS
        digits.append((place, digit.astype(np.int8)))
    return digits
