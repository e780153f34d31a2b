import numpy as np
import pytest

from accelsim.errors import AccelsimError
from accelsim.rtl.operand_pairs import all_pairs, chosen_pairs, random_pairs


def test_all_pairs_in_order():
    a, b = all_pairs(2, 3)
    assert list(zip(a.tolist(), b.tolist(), strict=True)) == [(x, y) for x in range(4) for y in range(8)]


@pytest.mark.parametrize("widths", [(2, 2), (8, 5), (32, 32)])
def test_chosen_pairs_have_the_corners_and_follow_the_seed(widths):
    a, b = chosen_pairs(*widths, 50, seed=3)
    pairs = set(zip(a.tolist(), b.tolist(), strict=True))
    tops = [(1 << width) - 1 for width in widths]
    signs = [1 << (width - 1) for width in widths]
    for x in (0, 1, tops[0], signs[0], signs[0] - 1, tops[0] - 1):
        for y in (0, 1, tops[1], signs[1], signs[1] - 1, tops[1] - 1):
            assert (x, y) in pairs
    assert a.max() <= tops[0]
    assert b.max() <= tops[1]
    np.testing.assert_array_equal(chosen_pairs(*widths, 50, seed=3), (a, b))
    np.testing.assert_array_equal(random_pairs(*widths, 50, seed=3), (a[-50:], b[-50:]))


def test_number_of_vectors():
    with pytest.raises(AccelsimError, match="0 vectors asked for; at least 1 is needed"):
        random_pairs(4, 4, 0, 0)
