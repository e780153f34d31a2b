"""Exact tests of paired outcomes and of rank correlations, and what several of them mean together."""

from collections.abc import Iterator
from itertools import islice, permutations
from math import factorial

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import binom, rankdata

from accelsim.errors import AccelsimError

__all__ = ["holm", "mcnemar_p", "rank_permutation_p"]

#: Orders that `rank_permutation_p` weighs at once.
_CHUNK = 40_320
_MOST_OBJECTS = 10


def mcnemar_p(only_first: ArrayLike, only_second: ArrayLike) -> NDArray[np.float64]:
    """Return McNemar's exact one-sided p-values of the first outcome being the more frequent one.

    Of the trials with one outcome and not the other, each is of the first kind with probability 1/2 under the
    hypothesis that both are equally frequent; p is the probability of as many or more.

    Parameters
    ----------
    only_first, only_second : int array of any one shape
        Trials with the first outcome alone, and with the second alone.

    Returns
    -------
    float array of that shape
        1 where there are no such trials.

    References
    ----------
    Q. McNemar, "Note on the sampling error of the difference between correlated proportions or percentages",
    Psychometrika 12 (1947), 153-157.
    """
    first, second = np.asarray(only_first), np.asarray(only_second)
    return np.asarray(binom.sf(first - 1, first + second, 0.5), np.float64)


def holm(p_values: ArrayLike) -> NDArray[np.float64]:
    """Return p-values adjusted for their number, so that one below 0.05 has a 5 % chance in all.

    References
    ----------
    S. Holm, "A simple sequentially rejective multiple test procedure", Scandinavian Journal of Statistics 6
    (1979), 65-70.
    """
    given = np.asarray(p_values, np.float64)
    order = np.argsort(given, axis=None, kind="stable")
    stepped = given.ravel()[order] * np.arange(given.size, 0, -1)
    adjusted = np.empty(given.size)
    adjusted[order] = np.minimum(np.maximum.accumulate(stepped), 1)
    return adjusted.reshape(given.shape)


def rank_permutation_p(order_by: ArrayLike, values: ArrayLike) -> tuple[float, float]:
    """Return the mean Spearman correlation of rows with one order, and the chance of one as low.

    Under the hypothesis that the order has nothing to do with the rows, each assignment of its places to the
    columns is equally likely; all of them are counted.

    Parameters
    ----------
    order_by : array of shape (objects,)
        What the objects are ranked by.
    values : array of shape (rows, objects)
        Each row is ranked by itself, ties sharing their mean rank; rows of one value only correlate with
        nothing.

    Returns
    -------
    correlation, p : float
        From -1 to 1; share of all assignments whose correlation is as low or lower.

    Raises
    ------
    AccelsimError
        If there are fewer than 2 or more than 10 objects, or no rows.
    """
    places, rows = rankdata(order_by), np.atleast_2d(np.asarray(values, np.float64))
    if not 2 <= len(places) <= _MOST_OBJECTS or rows.shape[1] != len(places) or not len(rows):
        raise AccelsimError(
            f"a rank correlation of {len(places)} objects with values of shape {rows.shape}; expected 2 to "
            f"{_MOST_OBJECTS} objects, in rows of as many values"
        )
    # The mean of the rows' correlations is linear in the standardised places.
    weights = np.mean([_standardised(rankdata(row)) for row in rows], axis=0)
    standard = _standardised(places)
    observed = float(weights @ standard)
    as_low = sum(int((chunk @ weights <= observed + 1e-12).sum()) for chunk in _orders(standard))
    return observed, as_low / factorial(len(places))


def _standardised(ranks: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return ranks less their mean, of length 1; zeros of equal ones."""
    centred = ranks - ranks.mean()
    length = float(np.linalg.norm(centred))
    return np.asarray(centred / length if length else centred)


def _orders(values: NDArray[np.float64]) -> Iterator[NDArray[np.float64]]:
    orders = permutations(values.tolist())
    while chunk := list(islice(orders, _CHUNK)):
        yield np.array(chunk)
