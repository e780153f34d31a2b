import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accelsim.errors import AccelsimError
from accelsim.rtl import (
    ArrayMultiplier,
    BaughWooleyMultiplier,
    CarrySaveMultiplier,
    DaddaMultiplier,
    WallaceMultiplier,
)
from accelsim.rtl.circuits import product_table
from accelsim.rtl.simulate import products_in_amaranth
from accelsim.rtl.synthesis import synthesise
from accelsim.simulation import outputs

UNSIGNED = [ArrayMultiplier, CarrySaveMultiplier, WallaceMultiplier, DaddaMultiplier]
EVERY = [*UNSIGNED, BaughWooleyMultiplier]
APPROXIMATE = ["ama1", "ama2", "ama3", "ama4", "ama5"]

# (sum, cout) by 4 A + 2 B + Cin: Gupta et al., IEEE TCAD 32(1), 2013.
TRUTH_TABLES = {
    "ama1": "00 10 01 01 00 01 01 11",
    "ama2": "10 10 10 01 10 01 01 01",
    "ama3": "10 10 01 01 10 01 01 01",
    "ama4": "00 10 00 10 01 01 01 11",
    "ama5": "00 00 10 10 01 01 11 11",
}


def all_pairs(width):
    return np.indices((1 << width, 1 << width)).reshape(2, -1)


def random_pairs(width, count, seed=1):
    return np.random.default_rng(seed).integers(0, 1 << width, (2, count))


def as_signed(patterns, width):
    return patterns - (patterns >> (width - 1) << width)


def ripple_array(a, b, n, cell, k):
    """The array of ripple-carry rows, cell by cell, from the truth table of the cell."""

    def add(column, *bits):
        if column >= k:
            return sum(bits) & 1, sum(bits) >> 1
        table = np.array([[int(bit) for bit in row] for row in TRUTH_TABLES[cell].split()])
        return table[4 * bits[0] + 2 * bits[1] + bits[2]].T

    def partial(i, j):
        return a >> i & b >> j & 1

    zero = np.zeros_like(a)
    above = [partial(0, j) for j in range(n)] + [zero] * n
    for i in range(1, n):
        carry = zero
        for j in range(n):
            above[i + j], carry = add(i + j, partial(i, j), above[i + j], carry)
        above[i + n] = carry
    return sum(bit << column for column, bit in enumerate(above))


@pytest.mark.parametrize("multiplier", UNSIGNED)
@pytest.mark.parametrize("width", [2, 3, 4, 5])
def test_exact_cells_multiply(multiplier, width):
    a, b = all_pairs(width)
    np.testing.assert_array_equal(products_in_amaranth(multiplier(width), a, b), a * b)


@pytest.mark.parametrize("width", [2, 3, 4, 5])
def test_baugh_wooley_of_exact_cells_multiplies_in_twos_complement(width):
    a, b = all_pairs(width)
    expected = as_signed(a, width) * as_signed(b, width)
    np.testing.assert_array_equal(products_in_amaranth(BaughWooleyMultiplier(width), a, b), expected)


@pytest.mark.parametrize("multiplier", EVERY)
def test_all_8_bit_products_of_exact_cells(multiplier):
    component = multiplier(8)
    values = np.arange(256)
    values = as_signed(values, 8) if component.signed else values
    table = product_table(synthesise(component, "exact"), component.signed)
    np.testing.assert_array_equal(table, np.multiply.outer(values, values))


def check_wide_products(component):
    a, b = random_pairs(component.width, 2000)
    a[:2] = b[:2] = (1 << component.width) - 1
    found = outputs(synthesise(component, "wide"), a, b)
    if component.signed:
        a, b = as_signed(a, component.width), as_signed(b, component.width)
    mask = np.uint64((1 << 2 * component.width) - 1)
    np.testing.assert_array_equal(found.astype(np.uint64), a.astype(np.uint64) * b.astype(np.uint64) & mask)


@pytest.mark.parametrize(("multiplier", "width"), [(WallaceMultiplier, 13), (BaughWooleyMultiplier, 16)])
def test_wide_products_of_exact_cells(multiplier, width):
    check_wide_products(multiplier(width))


@pytest.mark.slow
@pytest.mark.parametrize("multiplier", EVERY)
def test_widest_products_of_exact_cells(multiplier):
    check_wide_products(multiplier(32))


@pytest.mark.parametrize("width", [2, 3, 4, 5])
def test_ama5_in_the_whole_array(width):
    a, b = all_pairs(width)
    expected = (a & 1) * b + ((b >> (width - 1) & 1) << width) * (a & ~1)
    np.testing.assert_array_equal(products_in_amaranth(ArrayMultiplier(width, "ama5"), a, b), expected)


@pytest.mark.parametrize("width", [8, 16, 24])
def test_ama5_in_the_whole_array_at_wider_operands(width):
    a, b = random_pairs(width, 5000)
    expected = (a & 1) * b + ((b >> (width - 1) & 1) << width) * (a & ~1)
    found = outputs(synthesise(ArrayMultiplier(width, "ama5"), "ama5"), a, b).astype(np.int64)
    np.testing.assert_array_equal(found, expected)
    few = slice(20)
    np.testing.assert_array_equal(
        products_in_amaranth(ArrayMultiplier(width, "ama5"), a[few], b[few]), expected[few]
    )


@pytest.mark.parametrize("width", [3, 4, 5])
def test_ama5_in_the_whole_carry_save_array(width):
    """Sums pass down, the saved carries of the last row are ignored but for the topmost."""
    a, b = all_pairs(width)
    expected = (
        (a & 1) * b
        + ((b >> (width - 1) & 1) << (width - 1)) * (a & ~1)
        + ((a >> (width - 1) & b >> (width - 2) & 1) << (2 * width - 1))
    )
    np.testing.assert_array_equal(products_in_amaranth(CarrySaveMultiplier(width, "ama5"), a, b), expected)


@pytest.mark.parametrize("cell", APPROXIMATE)
@pytest.mark.parametrize(("width", "k"), [(2, 4), (3, 3), (4, 0), (4, 1), (4, 5), (4, 7), (4, 8), (5, 5)])
def test_array_of_approximate_cells_is_its_truth_tables(cell, width, k):
    a, b = all_pairs(width)
    found = products_in_amaranth(ArrayMultiplier(width, cell, k), a, b)
    np.testing.assert_array_equal(found, ripple_array(a, b, width, cell, k))


@pytest.mark.parametrize("cell", APPROXIMATE)
def test_8_bit_array_of_approximate_cells_is_its_truth_tables(cell):
    a, b = all_pairs(8)
    found = product_table(synthesise(ArrayMultiplier(8, cell, 8), "ama"), signed=False)
    np.testing.assert_array_equal(found.ravel(), ripple_array(a, b, 8, cell, 8))


@pytest.mark.parametrize("cell", APPROXIMATE)
@pytest.mark.parametrize("k", [2, 3])
def test_baugh_wooley_errs_as_the_array_does_below_column_n_minus_1(cell, k):
    """There, the partial products and so the errors are the same."""
    a, b = all_pairs(4)
    error = products_in_amaranth(BaughWooleyMultiplier(4, cell, k), a, b) - as_signed(a, 4) * as_signed(b, 4)
    assert error.any()
    np.testing.assert_array_equal(error, ripple_array(a, b, 4, cell, k) - a * b)


@pytest.mark.parametrize("multiplier", [CarrySaveMultiplier, WallaceMultiplier, DaddaMultiplier])
@pytest.mark.parametrize("cell", APPROXIMATE)
def test_trees_err_by_no_more_than_their_approximate_cells(multiplier, cell):
    """A cell's sum + 2 cout is off by at most 1, and column c < n of a reduction has c cells at most."""
    k = 4
    a, b = all_pairs(4)
    error = products_in_amaranth(multiplier(4, cell, k), a, b) - a * b
    assert error.any()
    assert np.abs(error).max() <= sum(column << column for column in range(k))


@pytest.mark.parametrize("multiplier", EVERY)
@pytest.mark.parametrize("cell", APPROXIMATE)
def test_no_approximate_columns_is_exact(multiplier, cell):
    a, b = all_pairs(3)
    np.testing.assert_array_equal(
        products_in_amaranth(multiplier(3, cell, 0), a, b), products_in_amaranth(multiplier(3), a, b)
    )


@settings(max_examples=25, deadline=None)
@given(
    multiplier=st.sampled_from(EVERY),
    width=st.integers(2, 7),
    cell=st.sampled_from(APPROXIMATE),
    data=st.data(),
)
def test_all_columns_is_the_default(multiplier, width, cell, data):
    operand = st.integers(0, (1 << width) - 1)
    a, b = np.array(data.draw(st.lists(st.tuples(operand, operand), min_size=1, max_size=8))).T
    np.testing.assert_array_equal(
        products_in_amaranth(multiplier(width, cell), a, b),
        products_in_amaranth(multiplier(width, cell, 2 * width), a, b),
    )


@pytest.mark.parametrize("multiplier", EVERY)
@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ((1,), "width is 1; expected an integer from 2 to 32"),
        ((33,), "width is 33; expected"),
        ((8.0,), r"width is 8\.0; expected"),
        ((True,), "width is True; expected"),
        ((8, "ama9"), "cell is 'ama9'; expected one of exact, ama1"),
        ((8, "ama1", -1), "columns is -1; expected an integer from 0 to 16"),
        ((8, "ama1", 17), "columns is 17; expected"),
        ((8, "ama1", True), "columns is True; expected"),
        ((8, "ama1", "4"), "columns is '4'; expected"),
    ],
)
def test_parameters_are_checked(multiplier, arguments, complaint):
    with pytest.raises(AccelsimError, match=f"^{multiplier.__name__}: {complaint}"):
        multiplier(*arguments)


@pytest.mark.parametrize("multiplier", EVERY)
def test_ports_and_attributes(multiplier):
    component = multiplier(6, "ama1", 3)
    assert set(component.signature.members) == {"a", "b", "p"}
    assert (component.width, component.cell, component.columns) == (6, "ama1", 3)
    assert component.signed == (multiplier is BaughWooleyMultiplier)
    assert [len(port) for port in (component.a, component.b, component.p)] == [6, 6, 12]
    assert component.p.shape().signed == component.signed
