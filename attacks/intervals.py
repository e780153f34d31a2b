"""Confidence intervals of a counted proportion."""

from math import sqrt
from statistics import NormalDist

from accelsim.errors import AccelsimError

__all__ = ["wilson_interval"]


def wilson_interval(correct: int, n: int, confidence: float = 0.95) -> tuple[float, float]:
    r"""Return Wilson's score interval of a proportion, without continuity correction.

    The bounds are the two :math:`p` at which ``correct`` lies exactly :math:`z` standard deviations from its
    expectation, :math:`|\hat p - p| = z \sqrt{p (1 - p) / n}`:

    .. math:: \frac{\hat p + z^2 / 2n \pm z \sqrt{\hat p (1 - \hat p) / n + z^2 / 4n^2}}{1 + z^2 / n}

    Parameters
    ----------
    correct : int
        Number of successes, 0 to ``n``.
    n : int
        Number of trials.
    confidence : float
        Coverage, between 0 and 1; :math:`z` is the normal quantile of ``(1 + confidence) / 2``.

    Returns
    -------
    low, high : float
        Bounds of the proportion, 0 to 1.

    Raises
    ------
    AccelsimError
        If there are no trials, the successes are not among them, or the confidence is not between 0 and 1.

    References
    ----------
    E. B. Wilson, "Probable inference, the law of succession, and statistical inference", Journal of the
    American Statistical Association 22 (1927), 209-212.
    """
    if n < 1 or not 0 <= correct <= n:
        raise AccelsimError(f"{correct} correct of {n} is not a proportion; expected 0 to n of at least 1")
    if not 0 < confidence < 1:
        raise AccelsimError(f"confidence {confidence} is out of range; expected a number between 0 and 1")
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    share = correct / n
    centre = share + z * z / (2 * n)
    reach = z * sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    scale = 1 + z * z / n
    # At the ends the formula gives 0 and 1 but for rounding.
    low = 0.0 if correct == 0 else (centre - reach) / scale
    high = 1.0 if correct == n else (centre + reach) / scale
    return low, high
