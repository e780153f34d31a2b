from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest, spearmanr

from accelsim.attacks.hypothesis_tests import holm, mcnemar_p, rank_permutation_p
from accelsim.errors import AccelsimError


@given(st.integers(0, 60), st.integers(0, 60))
def test_mcnemar_is_a_binomial_test_of_the_discordant_trials(first: int, second: int) -> None:
    found = float(mcnemar_p(first, second))
    if first + second == 0:
        assert found == 1
    else:
        assert found == pytest.approx(binomtest(first, first + second, alternative="greater").pvalue)


def test_holm_by_hand() -> None:
    # 0.01*4, then max(0.04, 0.02*3), max(0.06, 0.03*2), max(0.06, 0.04*1)
    np.testing.assert_allclose(holm([[0.03, 0.01], [0.04, 0.02]]), [[0.06, 0.04], [0.06, 0.06]])
    assert holm([0.9, 0.8]).tolist() == [1, 1]


def test_rank_permutation_counts_every_assignment() -> None:
    rng = np.random.default_rng(3)
    errors, values = rng.random(5), rng.integers(0, 4, (6, 5)).astype(float)
    values[0] = 2  # of one value: correlates with nothing

    def mean(order: np.ndarray) -> float:
        return float(np.mean([0.0, *(spearmanr(order, row).statistic for row in values[1:])]))

    correlation, p = rank_permutation_p(errors, values)
    assert correlation == pytest.approx(mean(errors))
    all_of_them = [mean(np.array(order)) for order in permutations(errors)]
    assert p == pytest.approx(np.mean(np.array(all_of_them) <= mean(errors) + 1e-9))


def test_a_strictly_falling_row_is_the_least_likely_of_all() -> None:
    assert rank_permutation_p(range(5), [[5, 4, 3, 2, 1]]) == (pytest.approx(-1), pytest.approx(1 / 120))


def test_refusals() -> None:
    with pytest.raises(AccelsimError, match="a rank correlation of 11 objects .* expected 2 to 10"):
        rank_permutation_p(range(11), np.zeros((1, 11)))
    with pytest.raises(AccelsimError, match="of 3 objects with values of shape"):
        rank_permutation_p(range(3), np.zeros((2, 4)))
