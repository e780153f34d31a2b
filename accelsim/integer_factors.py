"""A table of products as a sum of few products of two functions, over the integers."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["IntegerFactors", "integer_factors", "rank_of"]

#: A prime: modulo it, a rank is at most the one over the integers, and smaller by an unlikely chance only.
_PRIME = (1 << 31) - 1
#: Bound of entries on the way: sums of 256 products of two of them fit an int64.
_LARGEST = 1 << 27


@dataclass(frozen=True, eq=False)
class IntegerFactors:
    """``table[w, x] = by_weight[w] + sum_j of_weight[w, j] * of_activation[j, x]``, exactly.

    Parameters
    ----------
    by_weight : int64 array of shape (weight patterns,)
        What an entry has whatever the activation.
    of_weight : int64 array of shape (weight patterns, terms)
        First factor of each term.
    of_activation : int64 array of shape (terms, activation patterns)
        Second factor of each term.
    """

    by_weight: NDArray[np.int64]
    of_weight: NDArray[np.int64]
    of_activation: NDArray[np.int64]

    @property
    def terms(self) -> int:
        """Number of products of two functions."""
        return len(self.of_activation)

    def table(self) -> NDArray[np.int64]:
        """Return the table that the factors make, of shape (weight patterns, activation patterns)."""
        return np.asarray(self.by_weight[:, None] + self.of_weight @ self.of_activation)


def integer_factors(table: NDArray[np.int32], most: int) -> IntegerFactors | None:
    """Return integer factors of a table, or nothing if they are of more than ``most`` terms, or not found.

    Gaussian elimination on the whole rest of the table at once (cross or skeleton decomposition): a pivot
    that divides its column takes away ``column / pivot`` times its row, and one that divides its row takes
    away its column times ``row / pivot``; either empties that row and column without leaving the integers.
    Of all such pivots the one is taken whose term has the smallest largest entry, so that factors stay
    small. Where no entry is a pivot, the first independent rows of the rest, or its first independent
    columns, are taken as one side's factors if all others are integer combinations of them. Each step lowers
    the rank by one, so that there are as many terms as the rank of the table less its first column.

    Parameters
    ----------
    table : int32 array of shape (weight patterns, activation patterns)
        Products.
    most : int
        Most terms worth having.

    References
    ----------
    S. A. Goreinov, E. E. Tyrtyshnikov and N. L. Zamarashkin, "A theory of pseudoskeleton approximations",
    Linear Algebra and its Applications 261, 1997 (of real matrices; the choice of pivots is our own).
    """
    by_weight = table[:, 0].astype(np.int64)
    rest = table - by_weight[:, None]
    columns: list[NDArray[np.int64]] = []
    rows: list[NDArray[np.int64]] = []
    while rest.any():
        if len(columns) == most:
            return None
        pivot = _pivot(rest)
        if pivot is None:
            if (last := _of_independent_rows(rest)) is not None:
                columns, rows = [*columns, *last[0].T], [*rows, *last[1]]
            elif (last := _of_independent_rows(rest.T)) is not None:
                columns, rows = [*columns, *last[1]], [*rows, *last[0].T]
            break
        i, j = pivot
        column, row, entry = rest[:, j].copy(), rest[i].copy(), rest[i, j]
        if (column % entry).any():
            row //= entry
        else:
            column //= entry
        columns.append(column)
        rows.append(row)
        rest = rest - np.outer(column, row)
    factors = IntegerFactors(
        by_weight,
        np.array(columns, np.int64).reshape(-1, len(table)).T,
        np.array(rows, np.int64).reshape(-1, table.shape[1]),
    )
    exact = len(rows) <= most and np.array_equal(factors.table(), table)
    return factors if exact else None


def _pivot(rest: NDArray[np.int64]) -> tuple[int, int] | None:
    size = np.abs(rest)
    divides = (size == np.gcd.reduce(size, axis=0)) | (size == np.gcd.reduce(size, axis=1)[:, None])
    highest = size.max(axis=1)[:, None].astype(np.float64) * size.max(axis=0)
    largest = np.divide(highest, size, out=np.full(size.shape, np.inf), where=divides & (size > 0))
    i, j = divmod(int(largest.argmin()), size.shape[1])
    return (i, j) if largest[i, j] < _LARGEST else None


def _of_independent_rows(rest: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]] | None:
    """Return coefficients and the first independent rows, whose product is the matrix, if they are integers.

    Coefficients are found modulo a prime and taken for small numbers; the product shows whether they are.
    """
    reduced, first = _reduced(rest.T)
    coefficients = np.where(reduced > _PRIME // 2, reduced - _PRIME, reduced).T
    small = np.abs(coefficients).max(initial=0) < _LARGEST
    return (coefficients, rest[first]) if small and np.array_equal(coefficients @ rest[first], rest) else None


def rank_of(table: NDArray[Any]) -> int:
    """Return the rank of a matrix of integers below 2^31, by elimination modulo a prime."""
    return len(_reduced(table.astype(np.int64))[1])


def _reduced(matrix: NDArray[np.int64]) -> tuple[NDArray[np.int64], list[int]]:
    """Return the reduced row echelon form modulo a prime, without rows of zeros, and its pivots' columns."""
    rest = matrix % _PRIME
    pivots: list[int] = []
    for j in range(rest.shape[1]):
        rank = len(pivots)
        candidates = np.flatnonzero(rest[rank:, j])
        if not len(candidates):
            continue
        rest[[rank, rank + candidates[0]]] = rest[[rank + candidates[0], rank]]
        rest[rank] = rest[rank] * pow(int(rest[rank, j]), -1, _PRIME) % _PRIME
        others = rest[:, j].copy()
        others[rank] = 0
        rest = (rest - others[:, None] * rest[rank]) % _PRIME
        pivots.append(j)
        if len(pivots) == len(rest):
            break
    return rest[: len(pivots)], pivots
