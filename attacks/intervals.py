"""Confidence intervals of a counted proportion, and of the difference of two on the same images."""

from math import sqrt
from statistics import NormalDist

from accelsim.errors import AccelsimError

__all__ = ["paired_interval", "wilson_interval"]


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
    z = _quantile(confidence)
    share = correct / n
    centre = share + z * z / (2 * n)
    reach = z * sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    scale = 1 + z * z / n
    # At the ends the formula gives 0 and 1 but for rounding.
    low = 0.0 if correct == 0 else (centre - reach) / scale
    high = 1.0 if correct == n else (centre + reach) / scale
    return low, high


def paired_interval(
    first_only: int, second_only: int, n: int, confidence: float = 0.95
) -> tuple[float, float]:
    r"""Return the interval of the difference of two proportions that were counted on the same trials.

    Wald's interval after half a trial is added to each of the four cells of the paired table, so that
    :math:`n` becomes :math:`n' = n + 2` and the numbers of discordant trials :math:`b' = b + 1/2` and
    :math:`c' = c + 1/2`:

    .. math:: \frac{b' - c' \pm z \sqrt{b' + c' - (b' - c')^2 / n'}}{n'}

    Parameters
    ----------
    first_only, second_only : int
        Trials that succeed in the first sense and not in the second, and the other way round.
    n : int
        Number of trials.
    confidence : float
        Coverage, between 0 and 1.

    Returns
    -------
    low, high : float
        Bounds of the first proportion less the second, -1 to 1.

    Raises
    ------
    AccelsimError
        If there are no trials, the discordant ones are not among them, or the confidence is not between 0
        and 1.

    References
    ----------
    A. Agresti and Y. Min, "Simple improved confidence intervals for comparing matched proportions",
    Statistics in Medicine 24 (2005), 729-740.
    """
    if n < 1 or min(first_only, second_only) < 0 or first_only + second_only > n:
        raise AccelsimError(
            f"{first_only} and {second_only} of {n} are no discordant trials of a paired table"
        )
    z = _quantile(confidence)
    trials, difference = n + 2, first_only - second_only
    reach = z * sqrt(first_only + second_only + 1 - difference**2 / trials)
    return max(-1.0, (difference - reach) / trials), min(1.0, (difference + reach) / trials)


def _quantile(confidence: float) -> float:
    """Return the normal deviation that is exceeded, either way, with the complement's probability."""
    if not 0 < confidence < 1:
        raise AccelsimError(f"confidence {confidence} is out of range; expected a number between 0 and 1")
    return NormalDist().inv_cdf((1 + confidence) / 2)
