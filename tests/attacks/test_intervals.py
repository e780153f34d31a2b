import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from accelsim.attacks import wilson_interval
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
