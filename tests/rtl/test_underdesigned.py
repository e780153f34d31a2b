import numpy as np
import pytest

from accelsim.errors import AccelsimError
from accelsim.rtl import UnderdesignedMultiplier
from accelsim.rtl.circuits import product_table
from accelsim.rtl.simulate import products_in_amaranth
from accelsim.rtl.synthesis import synthesise
from accelsim.simulation import outputs


def all_pairs(width):
    return np.indices((1 << width, 1 << width)).reshape(2, -1)


def by_digits(a, b, width):
    """The exact product, less 2 for every pair of base-4 digits 3, at the pair's weight."""
    digits_a, digits_b = ([operand >> shift & 3 for shift in range(0, width, 2)] for operand in (a, b))
    loss = sum(
        2 * ((x == 3) & (y == 3)) << 2 * (i + j)
        for i, x in enumerate(digits_a)
        for j, y in enumerate(digits_b)
    )
    return a * b - loss


def test_only_three_times_three_is_wrong():
    a, b = all_pairs(2)
    found = products_in_amaranth(UnderdesignedMultiplier(2), a, b)
    np.testing.assert_array_equal(found, np.where((a == 3) & (b == 3), 7, a * b))


def test_4_bit_products():
    a, b = all_pairs(4)
    np.testing.assert_array_equal(products_in_amaranth(UnderdesignedMultiplier(4), a, b), by_digits(a, b, 4))


def test_8_bit_products():
    table = product_table(synthesise(UnderdesignedMultiplier(8), "udm"), signed=False)
    np.testing.assert_array_equal(table.ravel(), by_digits(*all_pairs(8), 8))


@pytest.mark.parametrize("width", [2, 4])
def test_worst_relative_error_is_two_ninths(width):
    """As published: 22.22 % at any width."""
    a, b = all_pairs(width)
    found = products_in_amaranth(UnderdesignedMultiplier(width), a, b)
    relative = (a * b - found)[a * b > 0] / (a * b)[a * b > 0]
    assert relative.max() == pytest.approx(2 / 9)


def test_mean_relative_error_of_the_2_x_2_block_is_as_published():
    """1.39 % over all pairs, zeros included."""
    a, b = all_pairs(2)
    found = products_in_amaranth(UnderdesignedMultiplier(2), a, b)
    assert ((a * b - found) / np.maximum(a * b, 1)).mean() == pytest.approx(0.0139, abs=5e-5)


def test_16_bit_products_and_their_mean_relative_error():
    """Published: between 1.39 % (2 bits) and 3.32 % (16 bits)."""
    a, b = np.random.default_rng(2).integers(1, 1 << 16, (2, 500_000))
    found = outputs(synthesise(UnderdesignedMultiplier(16), "udm"), a, b).astype(np.int64)
    np.testing.assert_array_equal(found, by_digits(a, b, 16))
    assert ((a * b - found) / (a * b)).mean() == pytest.approx(0.0332, abs=3e-4)


@pytest.mark.parametrize("width", [3, 6, 12, 24])
def test_width_must_be_a_power_of_two(width):
    with pytest.raises(
        AccelsimError, match=f"^UnderdesignedMultiplier: width is {width}; expected a power of two"
    ):
        UnderdesignedMultiplier(width)


@pytest.mark.parametrize("width", [1, 64, None])
def test_width_is_checked(width):
    with pytest.raises(
        AccelsimError, match=f"^UnderdesignedMultiplier: width is {width}; expected an integer"
    ):
        UnderdesignedMultiplier(width)
