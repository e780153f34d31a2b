import numpy as np
import pytest

from accelsim.errors import AccelsimError
from accelsim.rtl import (
    ArrayMultiplier,
    BaughWooleyMultiplier,
    DrumMultiplier,
    MitchellMultiplier,
    SignMagnitudeMultiplier,
    TruncatedMultiplier,
)
from accelsim.rtl.circuits import product_table
from accelsim.rtl.simulate import products_in_amaranth
from accelsim.rtl.synthesis import synthesise


def all_pairs(width):
    return np.indices((1 << width, 1 << width)).reshape(2, -1)


def as_signed(patterns, width):
    return patterns - (patterns >> (width - 1) << width)


def around(a, b, width, magnitudes):
    """The products of a and b whose magnitudes are given, wrapped to 2 width bits."""
    a, b = as_signed(a, width), as_signed(b, width)
    signs = np.where((a < 0) ^ (b < 0), -1, 1)
    return as_signed(signs * magnitudes & ((1 << 2 * width) - 1), 2 * width)


@pytest.mark.parametrize("width", [2, 3, 4, 5])
def test_around_an_exact_multiplier_is_exact(width):
    a, b = all_pairs(width)
    found = products_in_amaranth(SignMagnitudeMultiplier(ArrayMultiplier(width)), a, b)
    np.testing.assert_array_equal(found, as_signed(a, width) * as_signed(b, width))


@pytest.mark.parametrize(
    "build",
    [
        lambda: DrumMultiplier(4, 2),
        lambda: MitchellMultiplier(4),
        lambda: TruncatedMultiplier(4, 3, corrected=True),
        lambda: ArrayMultiplier(4, "ama5"),
        lambda: ArrayMultiplier(4, "ama2"),
    ],
)
def test_around_approximate_multipliers(build):
    a, b = all_pairs(4)
    magnitudes = products_in_amaranth(build(), abs(as_signed(a, 4)), abs(as_signed(b, 4)))
    found = products_in_amaranth(SignMagnitudeMultiplier(build()), a, b)
    np.testing.assert_array_equal(found, around(a, b, 4, magnitudes))


def test_8_bit_products():
    a, b = all_pairs(8)
    unsigned = product_table(synthesise(MitchellMultiplier(8), "mitchell"), signed=False)
    table = product_table(synthesise(SignMagnitudeMultiplier(MitchellMultiplier(8)), "sm"), signed=True)
    magnitudes = unsigned[abs(as_signed(a, 8)), abs(as_signed(b, 8))]
    np.testing.assert_array_equal(table.ravel(), around(a, b, 8, magnitudes))


def test_a_signed_multiplier_inside_is_an_error():
    with pytest.raises(
        AccelsimError, match=r"unsigned is a BaughWooleyMultiplier, which is signed; expected"
    ):
        SignMagnitudeMultiplier(BaughWooleyMultiplier(8))


@pytest.mark.parametrize("unsigned", [3, "mul8u_exact", ArrayMultiplier])
def test_what_is_no_multiplier_is_refused(unsigned):
    with pytest.raises(AccelsimError, match="unsigned is .*; expected an unsigned multiplier"):
        SignMagnitudeMultiplier(unsigned)
