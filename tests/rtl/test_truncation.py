from fractions import Fraction

import numpy as np
import pytest

from accelsim.errors import AccelsimError
from accelsim.rtl import BrokenArrayMultiplier, TruncatedMultiplier
from accelsim.rtl.circuits import product_table
from accelsim.rtl.simulate import products_in_amaranth
from accelsim.rtl.synthesis import synthesise
from accelsim.rtl.truncation import correction_constant
from accelsim.simulation import outputs


def all_pairs(width):
    return np.indices((1 << width, 1 << width)).reshape(2, -1)


def kept(a, b, width, horizontal, vertical):
    """Each kept row is the operand b without the bits that would land below the vertical level."""
    total = np.zeros_like(a)
    for i in range(horizontal, width):
        lowest = max(vertical - i, 0)
        total += (a >> i & 1) * (b >> lowest << lowest) << i
    return total


@pytest.mark.parametrize("width", [2, 3, 4])
def test_broken_array_at_every_pair_of_levels(width):
    a, b = all_pairs(width)
    for horizontal in range(width):
        for vertical in range(2 * width - 1):
            found = products_in_amaranth(BrokenArrayMultiplier(width, horizontal, vertical), a, b)
            np.testing.assert_array_equal(found, kept(a, b, width, horizontal, vertical))


@pytest.mark.parametrize(("horizontal", "vertical"), [(0, 0), (1, 6), (3, 8), (5, 11)])
def test_8_bit_broken_array(horizontal, vertical):
    table = product_table(synthesise(BrokenArrayMultiplier(8, horizontal, vertical), "bam"), signed=False)
    np.testing.assert_array_equal(table.ravel(), kept(*all_pairs(8), 8, horizontal, vertical))


@pytest.mark.parametrize("corrected", [False, True])
@pytest.mark.parametrize("width", [2, 3, 4])
def test_truncated_at_every_column(width, corrected):
    a, b = all_pairs(width)
    for columns in range(2 * width - 1):
        found = products_in_amaranth(TruncatedMultiplier(width, columns, corrected), a, b)
        constant = correction_constant(width, columns) if corrected else 0
        np.testing.assert_array_equal(found, kept(a, b, width, 0, columns) + constant)


@pytest.mark.parametrize(("columns", "corrected"), [(4, False), (6, True), (8, True), (11, True)])
def test_8_bit_truncated(columns, corrected):
    table = product_table(synthesise(TruncatedMultiplier(8, columns, corrected), "trunc"), signed=False)
    constant = correction_constant(8, columns) if corrected else 0
    np.testing.assert_array_equal(table.ravel(), kept(*all_pairs(8), 8, 0, columns) + constant)


def test_16_bit_truncated():
    a, b = np.random.default_rng(5).integers(0, 1 << 16, (2, 5000))
    found = outputs(synthesise(TruncatedMultiplier(16, 16, corrected=True), "trunc"), a, b).astype(np.int64)
    np.testing.assert_array_equal(found, kept(a, b, 16, 0, 16) + correction_constant(16, 16))


@pytest.mark.parametrize("width", [4, 8])
def test_correction_is_the_mean_loss_to_the_nearest_kept_column(width):
    a, b = all_pairs(width)
    for columns in range(2 * width - 1):
        constant = correction_constant(width, columns)
        assert constant % (1 << columns) == 0
        lost = int((a * b - kept(a, b, width, 0, columns)).sum())
        assert abs(Fraction(lost, a.size) - constant) <= Fraction(1 << columns, 2)


@pytest.mark.parametrize("k", range(1, 9))
def test_correction_has_the_closed_form_of_the_geometric_sum(k):
    mean_loss = Fraction((k - 1) * 2**k + 1, 4)
    assert correction_constant(8, k) == int(mean_loss / 2**k + Fraction(1, 2)) * 2**k


@pytest.mark.parametrize("width", range(2, 33))
def test_corrected_product_never_overflows(width):
    for columns in range(2 * width - 1):
        dropped = sum(1 << i + j for i in range(width) for j in range(width) if i + j < columns)
        assert ((1 << width) - 1) ** 2 - dropped + correction_constant(width, columns) < 1 << 2 * width


@pytest.mark.parametrize(
    ("build", "complaint"),
    [
        (
            lambda: TruncatedMultiplier(8, 15),
            "TruncatedMultiplier: columns is 15; expected an integer from 0 to 14",
        ),
        (lambda: TruncatedMultiplier(8, -1), "TruncatedMultiplier: columns is -1"),
        (lambda: TruncatedMultiplier(40, 1), "TruncatedMultiplier: width is 40"),
        (
            lambda: BrokenArrayMultiplier(8, 8, 0),
            "BrokenArrayMultiplier: horizontal is 8; expected .* 0 to 7",
        ),
        (
            lambda: BrokenArrayMultiplier(8, 0, 15),
            "BrokenArrayMultiplier: vertical is 15; expected .* 0 to 14",
        ),
        (lambda: BrokenArrayMultiplier(0, 0, 0), "BrokenArrayMultiplier: width is 0"),
    ],
)
def test_parameters_are_checked(build, complaint):
    with pytest.raises(AccelsimError, match=f"^{complaint}"):
        build()
