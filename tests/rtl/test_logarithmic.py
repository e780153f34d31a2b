import numpy as np
import pytest

from accelsim.errors import AccelsimError
from accelsim.rtl import MitchellMultiplier
from accelsim.rtl.circuits import product_table
from accelsim.rtl.simulate import products_in_amaranth
from accelsim.rtl.synthesis import synthesise
from accelsim.simulation import outputs


def all_pairs(width):
    return np.indices((1 << width, 1 << width)).reshape(2, -1)


def mitchell(a, b):
    """In floating point, exact here: the mantissas and their sums have at most 53 bits."""
    (mantissa_a, exponent_a), (mantissa_b, exponent_b) = (np.frexp(x.astype(float)) for x in (a, b))
    fractions = 2 * mantissa_a - 1 + 2 * mantissa_b - 1
    power = exponent_a + exponent_b - 2
    product = np.where(fractions < 1, np.ldexp(1 + fractions, power), np.ldexp(fractions, power + 1))
    return np.where((a == 0) | (b == 0), 0, product).astype(np.uint64)


@pytest.mark.parametrize("width", [2, 3, 4, 5])
def test_every_narrow_product(width):
    a, b = all_pairs(width)
    np.testing.assert_array_equal(products_in_amaranth(MitchellMultiplier(width), a, b), mitchell(a, b))


def test_8_bit_products_and_their_error():
    """Published: never too large, at most 1/9 too small (at x1 = x2 = 1/2), 3.8 % on average."""
    a, b = all_pairs(8)
    found = product_table(synthesise(MitchellMultiplier(8), "mitchell"), signed=False).ravel()
    np.testing.assert_array_equal(found, mitchell(a, b))
    exact = (a * b)[a * b > 0]
    relative = (exact - found[a * b > 0]) / exact
    assert relative.min() == 0
    assert relative.max() == pytest.approx(1 / 9)
    assert relative.mean() == pytest.approx(0.038, abs=5e-4)


def test_wide_products():
    a, b = np.random.default_rng(3).integers(0, 1 << 32, (2, 3000))
    found = outputs(synthesise(MitchellMultiplier(32), "mitchell"), a, b)
    np.testing.assert_array_equal(found, mitchell(a, b))


@pytest.mark.parametrize("width", [1, 33, "8"])
def test_width_is_checked(width):
    with pytest.raises(AccelsimError, match=f"^MitchellMultiplier: width is {width!r}; expected"):
        MitchellMultiplier(width)
