"""Error metrics of float multipliers over random operands."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from accelsim.errors import AccelsimError
from accelsim.float_format import FloatFormat

__all__ = ["FloatErrors", "float_errors", "uniform_operands"]


@dataclass(frozen=True)
class FloatErrors:
    """Errors of products of numbers from 0 to 1; ``error = approximate - exact``.

    Attributes
    ----------
    pairs : int
        Operand pairs.
    mred : float
        Mean relative error distance: mean of ``|error| / |exact|`` over non-zero exact products.
    nmed : float
        Normalised mean error distance: mean of ``|error|`` over the largest exact product, 1.
    share_above_percent : float
        Share of products whose magnitude is above that of the exact product.
    ratio_of_means : float
        Mean approximate over mean exact product, less 1.
    """

    pairs: int
    mred: float
    nmed: float
    share_above_percent: float
    ratio_of_means: float


def uniform_operands(
    form: FloatFormat, pairs: int, seed: int
) -> tuple[NDArray[np.unsignedinteger], NDArray[np.unsignedinteger]]:
    """Draw operands uniformly from 0 to 1 (in float64), rounded to the format.

    Returns
    -------
    two arrays of shape (pairs,)
        Bit patterns.

    Raises
    ------
    AccelsimError
        If the number of pairs is not positive.
    """
    if pairs < 1:
        raise AccelsimError(f"{pairs} operand pairs asked for; at least 1 is needed")
    generator = np.random.default_rng(seed)
    return form.encode(generator.random(pairs)), form.encode(generator.random(pairs))


def float_errors(approximate: ArrayLike, exact: ArrayLike) -> FloatErrors:
    """Measure products of numbers from 0 to 1.

    Parameters
    ----------
    approximate, exact : float arrays of one shape
        The products.

    Raises
    ------
    AccelsimError
        If the shapes differ, or no exact product is other than zero.
    """
    found, wanted = np.asarray(approximate, np.float64), np.asarray(exact, np.float64)
    if found.shape != wanted.shape or not wanted.any():
        raise AccelsimError(
            f"{found.shape} approximate and {wanted.shape} exact products; expected as many, not all 0"
        )
    distance = np.abs(found - wanted)
    some = wanted != 0
    return FloatErrors(
        pairs=wanted.size,
        mred=float(np.mean(distance[some] / np.abs(wanted[some]))),
        nmed=float(np.mean(distance)),
        share_above_percent=100 * float(np.mean(np.abs(found) > np.abs(wanted))),
        ratio_of_means=float(np.mean(found) / np.mean(wanted) - 1),
    )
