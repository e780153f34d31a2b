"""Error metrics of a multiplier, over all operand pairs or under an operand distribution."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from accelsim.errors import AccelsimError
from accelsim.lut import Lut

__all__ = ["ErrorMetrics", "error_metrics"]


@dataclass(frozen=True)
class ErrorMetrics:
    """Errors of a multiplier; ``error = approximate - exact`` product, ``E`` the mean over operand pairs.

    The percentages of EvoApproxLib (Mrazek et al., DATE 2017) refer errors to the number of products,
    ``2^product_width``; NMED (Liang et al., IEEE TC 2013) refers them to the largest exact magnitude.

    Attributes
    ----------
    pairs : int
        Operand pairs of non-zero weight.
    mae : float
        Mean absolute error ``E|error|``, in units of the product; also called MED.
    mae_percent : float
        ``100 mae / 2^product_width``.
    wce : int
        Worst-case error ``max|error|``, in units of the product.
    wce_percent : float
        ``100 wce / 2^product_width``.
    ep_percent : float
        Error probability: share of pairs whose product is wrong.
    mre_percent : float
        Mean of ``|error| / |exact|`` over the pairs with a non-zero exact product only, in percent: the
        convention of EvoApproxLib's published figures.
    mre_all_percent : float
        Mean of ``|error| / max(1, |exact|)`` over all pairs, in percent.
    mred : float
        Mean relative error distance: ``mre_percent / 100``.
    nmed : float
        Normalised mean error distance: ``mae`` divided by the largest exact magnitude.
    mse : float
        ``E[error^2]``, in squared units of the product.
    bias : float
        ``E[error]``, in units of the product; positive if the products are too large on average.
    """

    pairs: int
    mae: float
    mae_percent: float
    wce: int
    wce_percent: float
    ep_percent: float
    mre_percent: float
    mre_all_percent: float
    mred: float
    nmed: float
    mse: float
    bias: float


def error_metrics(lut: Lut, weights: ArrayLike | None = None) -> ErrorMetrics:
    """Measure the errors of a LUT against the exact products.

    Parameters
    ----------
    lut : Lut
        The multiplier.
    weights : array of shape (2^a_width, 2^b_width), optional
        How often each operand pair occurs, indexed by bit pattern; any non-negative numbers with a positive
        sum. The outer product of two histograms serves independent operands. Default: all pairs alike.

    Raises
    ------
    AccelsimError
        If the weights have another shape, are negative or not finite, or are all zero.
    """
    weight = _normalised(weights, lut)
    exact = lut.exact_table()
    error = lut.table - exact
    occurs = weight > 0
    magnitude, size = np.abs(error), np.abs(exact)
    relative = magnitude / np.maximum(size, 1)
    nonzero = weight * (size > 0)
    mae, wce = _mean(magnitude, weight), int(magnitude[occurs].max())
    mred = _mean(relative, nonzero) / float(nonzero.sum()) if nonzero.any() else 0.0
    full = float(1 << lut.product_width)
    return ErrorMetrics(
        pairs=int(occurs.sum()),
        mae=mae,
        mae_percent=100 * mae / full,
        wce=wce,
        wce_percent=100 * wce / full,
        ep_percent=100 * _mean(error != 0, weight),
        mre_percent=100 * mred,
        mre_all_percent=100 * _mean(relative, weight),
        mred=mred,
        nmed=mae / float(size.max()),
        mse=_mean(np.square(error.astype(np.float64)), weight),
        bias=_mean(error, weight),
    )


def _normalised(weights: ArrayLike | None, lut: Lut) -> NDArray[np.float64]:
    if weights is None:
        return np.full(lut.table.shape, 1 / lut.table.size)
    weight = np.asarray(weights, dtype=np.float64)
    if weight.shape != lut.table.shape:
        raise AccelsimError(f"weights have shape {weight.shape}; {lut.name} needs {lut.table.shape}")
    if not np.isfinite(weight).all() or (weight < 0).any() or not weight.any():
        raise AccelsimError(
            f"weights of {lut.name}'s operand pairs must be finite, not negative, and not all zero"
        )
    return np.asarray(weight / weight.sum())


def _mean(values: NDArray[Any], weight: NDArray[np.float64]) -> float:
    return float((values * weight).sum())
