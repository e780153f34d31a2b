"""What multipliers compute, as formulas of numbers: independent of any gate.

All forms work on bit patterns, modulo ``2^(2 width)``.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["BilinearForm", "IntegerClosedForm", "OperandForm", "SignMagnitudeForm"]

#: uint64 for pairs; the smallest type that holds a product for rows.
Patterns = NDArray[np.unsignedinteger[Any]]


class IntegerClosedForm(ABC):
    """A multiplier of two operands of `width` bits, as a formula.

    Parameters
    ----------
    text : str
        The formula, for people.
    width : int
        Bits of an operand.
    """

    def __init__(self, text: str, width: int) -> None:
        self.text = text
        self.width = width

    @abstractmethod
    def products(self, a: NDArray[np.uint64], b: NDArray[np.uint64]) -> NDArray[np.uint64]:
        """Return the products' bit patterns of operands' bit patterns, of the same shape (pairs,)."""

    @abstractmethod
    def row(self, a: int) -> Patterns:
        """Return the products' bit patterns of one ``a`` and every ``b``, of shape (2^width,)."""

    @property
    def row_type(self) -> np.dtype[Any]:
        """The smallest unsigned type that holds a product."""
        return np.dtype(f"u{next(size for size in (1, 2, 4, 8) if 2 * self.width <= 8 * size)}")

    @property
    def mask(self) -> int:
        """All bits of a product."""
        return (1 << 2 * self.width) - 1


class BilinearForm(IntegerClosedForm):
    """``constant + sum of weight[i, j] a[i] b[j]`` over the operands' bits.

    Parameters
    ----------
    text, width
        As for `IntegerClosedForm`.
    weights : mapping of (int, int) to int
        Weight of each ``a[i] b[j]``; absent ones are 0.
    constant : int
        What is always added.
    """

    def __init__(
        self, text: str, width: int, weights: Mapping[tuple[int, int], int], constant: int = 0
    ) -> None:
        super().__init__(text, width)
        self.weights = {bits: weight for bits, weight in weights.items() if weight}
        self.constant = constant

    @cached_property
    def _matrix(self) -> NDArray[np.uint64]:
        matrix = np.zeros((self.width, self.width), dtype=np.uint64)
        for bits, weight in self.weights.items():
            matrix[bits] = weight & self.mask
        return matrix

    def products(self, a: NDArray[np.uint64], b: NDArray[np.uint64]) -> NDArray[np.uint64]:
        """Weigh the bits of ``a``, then add those sums whose bit of ``b`` is set."""
        places = np.arange(self.width, dtype=np.uint64)
        bits_of_a, bits_of_b = ((operand[:, None] >> places) & np.uint64(1) for operand in (a, b))
        total = (bits_of_a @ self._matrix * bits_of_b).sum(axis=1, dtype=np.uint64)
        return np.asarray((total + np.uint64(self.constant & self.mask)) & np.uint64(self.mask))

    def row(self, a: int) -> Patterns:
        """Double the row bit by bit: the upper half has one more weight than the lower."""
        bits_of_a = np.array([a >> i & 1 for i in range(self.width)], dtype=bool)
        weights = self._matrix[bits_of_a].sum(axis=0, dtype=np.uint64).astype(self.row_type)
        found = np.empty(1 << self.width, dtype=self.row_type)
        found[0] = self.constant & self.mask
        for j, weight in enumerate(weights):
            np.add(found[: 1 << j], weight, out=found[1 << j : 2 << j])
        return np.asarray(found & self.row_type.type(self.mask))


class OperandForm(IntegerClosedForm):
    """``combine(prepare(a), prepare(b))``.

    Parameters
    ----------
    text, width
        As for `IntegerClosedForm`.
    prepare : callable
        Maps patterns of shape (n,) to an array of shape (fields, n) of the same type.
    combine : callable
        Maps the prepared operands, broadcast together, to products of the same type, of which only the
        ``2 width`` least significant bits count.
    """

    def __init__(
        self,
        text: str,
        width: int,
        prepare: Callable[[Patterns], Patterns],
        combine: Callable[[Patterns, Patterns], Patterns],
    ) -> None:
        super().__init__(text, width)
        self._prepare = prepare
        self._combine = combine

    def products(self, a: NDArray[np.uint64], b: NDArray[np.uint64]) -> NDArray[np.uint64]:
        """Combine pairs."""
        found = self._combine(self._prepare(a), self._prepare(b))
        return np.asarray(found & np.uint64(self.mask))

    @cached_property
    def _prepared(self) -> Patterns:
        return self._prepare(np.arange(1 << self.width, dtype=self.row_type))

    def row(self, a: int) -> Patterns:
        """Combine one prepared operand with all."""
        found = self._combine(self._prepared[:, a : a + 1], self._prepared)
        return np.asarray(found & self.row_type.type(self.mask))


class SignMagnitudeForm(IntegerClosedForm):
    """The product of the absolute values by another form, negated if the signs differ.

    Parameters
    ----------
    magnitude : IntegerClosedForm
        An unsigned form of the same width.
    """

    def __init__(self, magnitude: IntegerClosedForm) -> None:
        super().__init__(f"sign and magnitude, of magnitudes {magnitude.text}", magnitude.width)
        self._magnitude = magnitude

    def products(self, a: NDArray[np.uint64], b: NDArray[np.uint64]) -> NDArray[np.uint64]:
        """Multiply absolute values."""
        sign, modulus = np.uint64(1 << (self.width - 1)), np.uint64(1 << self.width)
        size_a, size_b = (np.where(x & sign, modulus - x, x) for x in (a, b))
        size = self._magnitude.products(size_a, size_b)
        zero = np.uint64(0)
        return np.asarray(np.where((a ^ b) & sign, zero - size, size) & np.uint64(self.mask))

    def row(self, a: int) -> Patterns:
        """Mirror the row of the absolute value."""
        half = 1 << (self.width - 1)
        size = self._magnitude.row((1 << self.width) - a if a & half else a)
        found = np.concatenate([size[:half], np.negative(size[half:0:-1])])
        return np.asarray((np.negative(found) if a & half else found) & self.row_type.type(self.mask))
