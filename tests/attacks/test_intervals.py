import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from accelsim.attacks import paired_interval, wilson_interval
from accelsim.errors import AccelsimError


@given(st.integers(1, 3000), st.floats(0, 1), st.floats(0.5, 0.999))
def test_equals_scipy(n, share, confidence):
    correct = round(share * n)
    expected = binomtest(correct, n).proportion_ci(confidence, method="wilson")
    assert wilson_interval(correct, n, confidence) == pytest.approx(tuple(expected), abs=1e-12)


def test_default_confidence_by_hand():
    # 0 of n: from 0 to z^2 / (n + z^2) with z = 1.959964
    assert wilson_interval(0, 10) == (0.0, pytest.approx(3.841459 / 13.841459))
    assert wilson_interval(10, 10) == (pytest.approx(10 / 13.841459), 1.0)


@pytest.mark.parametrize(("correct", "n"), [(0, 0), (3, 2), (-1, 5)])
def test_refuses_what_is_no_proportion(correct, n):
    with pytest.raises(AccelsimError, match=f"{correct} correct of {n}"):
        wilson_interval(correct, n)


@pytest.mark.parametrize("confidence", [0, 1, -1, 95, float("nan")])
def test_refuses_a_confidence_that_is_none(confidence):
    with pytest.raises(AccelsimError, match="confidence"):
        wilson_interval(1, 2, confidence)


def test_paired_interval_is_walds_of_the_enlarged_table():
    """Variance of the difference from the covariance matrix of the table's four shares."""
    table = np.array([[794, 150], [86, 570]]) + 0.5
    shares, n = table.ravel() / table.sum(), table.sum()
    contrast = np.array([0, 1, -1, 0])
    covariance = (np.diag(shares) - np.outer(shares, shares)) / n
    reach = 1.959963984540054 * np.sqrt(contrast @ covariance @ contrast)
    expected = contrast @ shares - reach, contrast @ shares + reach
    assert paired_interval(150, 86, 1600) == pytest.approx(expected, rel=1e-9)


def test_paired_interval_covers_as_often_as_it_says():
    generator = np.random.default_rng(0)
    drawn = generator.multinomial(200, [0.08, 0.03, 0.89], size=2000)
    inside = [
        low <= 0.05 <= high for low, high in (paired_interval(int(b), int(c), 200) for b, c, _ in drawn)
    ]
    assert 0.93 < np.mean(inside) < 0.98


@pytest.mark.parametrize("counts", [(0, 0, 0), (-1, 0, 5), (3, 3, 5)])
def test_paired_interval_refuses(counts):
    with pytest.raises(AccelsimError, match="no discordant trials"):
        paired_interval(*counts)
