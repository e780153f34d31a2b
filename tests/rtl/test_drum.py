import numpy as np
import pytest

from accelsim.errors import AccelsimError
from accelsim.rtl import DrumMultiplier
from accelsim.rtl.circuits import product_table
from accelsim.rtl.simulate import products_in_amaranth
from accelsim.rtl.synthesis import synthesise
from accelsim.simulation import outputs


def all_pairs(width):
    return np.indices((1 << width, 1 << width)).reshape(2, -1)


def operand(values, k):
    """Bits below the k leading ones are cut off, and the last of the k set."""
    length = np.frexp(values.astype(float))[1]
    cut = np.maximum(length - k, 0)
    return np.where(cut > 0, (values >> cut | 1) << cut, values)


@pytest.mark.parametrize(("width", "k"), [(2, 2), (3, 2), (4, 2), (4, 3), (4, 4), (5, 3)])
def test_every_narrow_product(width, k):
    a, b = all_pairs(width)
    found = products_in_amaranth(DrumMultiplier(width, k), a, b)
    np.testing.assert_array_equal(found, operand(a, k) * operand(b, k))


@pytest.mark.parametrize("k", [2, 3, 4, 6, 8])
def test_8_bit_products(k):
    a, b = all_pairs(8)
    table = product_table(synthesise(DrumMultiplier(8, k), "drum"), signed=False)
    np.testing.assert_array_equal(table.ravel(), operand(a, k) * operand(b, k))


@pytest.mark.parametrize(("k", "published"), [(3, 0.1190), (4, 0.0589), (6, 0.0147)])
def test_16_bit_products_and_their_mean_relative_error(k, published):
    """Published for 16 bits: 11.90, 5.89 and 1.47 %."""
    a, b = np.random.default_rng(4).integers(1, 1 << 16, (2, 500_000))
    found = outputs(synthesise(DrumMultiplier(16, k), "drum"), a, b).astype(np.int64)
    np.testing.assert_array_equal(found, operand(a, k) * operand(b, k))
    assert (np.abs(found - a * b) / (a * b)).mean() == pytest.approx(published, rel=0.01)


@pytest.mark.parametrize("segment", [1, 9, 4.0, None])
def test_segment_is_checked(segment):
    with pytest.raises(AccelsimError, match=f"^DrumMultiplier: segment is {segment}; expected .* 2 to 8$"):
        DrumMultiplier(8, segment)


def test_width_is_checked():
    with pytest.raises(
        AccelsimError, match=r"^DrumMultiplier: width is 33; expected an integer from 2 to 32$"
    ):
        DrumMultiplier(33, 4)
