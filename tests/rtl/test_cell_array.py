import numpy as np
import pytest

from accelsim.errors import AccelsimError
from accelsim.float_reference import ama5_blocks_product
from accelsim.rtl import ArrayMultiplier
from accelsim.rtl.block_array import BlockArrayMultiplier
from accelsim.rtl.cell_array import (
    PORT_ORDERS,
    CellArrayMultiplier,
    cells_by_column,
    cells_by_row,
    same_cells,
)
from accelsim.rtl.simulate import products_in_amaranth
from accelsim.rtl.synthesis import synthesise
from accelsim.simulation import truth_table

#: Sum and carry by operands (a, b, cin), written out.
TABLES = {
    "exact": [(0, 0), (1, 0), (1, 0), (0, 1), (1, 0), (0, 1), (0, 1), (1, 1)],
    "ama1": [(0, 0), (1, 0), (0, 1), (0, 1), (0, 0), (0, 1), (0, 1), (1, 1)],
    "ama5": [(0, 0), (0, 0), (1, 0), (1, 0), (0, 1), (0, 1), (1, 1), (1, 1)],
}


def product_by_hand(a, b, cells, order):
    """One cell at a time, in plain Python."""
    width = len(cells) + 1
    sums = [(a & 1) & (b >> j) for j in range(width)] + [0] * width
    sums = [bit & 1 for bit in sums]
    for row in range(1, width):
        carry = 0
        for j in range(width):
            signal = {"p": (a >> row & 1) & (b >> j & 1), "s": sums[row + j], "c": carry}
            x, y, z = (signal[letter] for letter in order)
            sums[row + j], carry = TABLES[cells[row - 1][j]][4 * x + 2 * y + z]
        sums[row + width] = carry
    return sum(bit << position for position, bit in enumerate(sums))


def table_of(component):
    return truth_table(synthesise(component, "multiplier"))


@pytest.mark.parametrize("order", PORT_ORDERS)
def test_every_port_order(order):
    cells = (("ama5", "exact", "ama1", "ama5"), ("ama1", "ama5", "ama5", "exact"), ("ama5",) * 4)
    expected = [[product_by_hand(a, b, cells, order) for b in range(16)] for a in range(16)]
    np.testing.assert_array_equal(table_of(CellArrayMultiplier(cells, order)), expected)


@pytest.mark.parametrize("width", [4, 6, 8])
def test_formula_of_one_ama5_array(width):
    a, b = np.indices((1 << width, 1 << width))
    expected = ama5_blocks_product(a, b, width, width)
    np.testing.assert_array_equal(table_of(CellArrayMultiplier(same_cells(width, "ama5"))), expected)


@pytest.mark.parametrize("cell", ["exact", "ama2", "ama4"])
def test_same_cells_make_the_array_of_the_library(cell):
    np.testing.assert_array_equal(
        table_of(CellArrayMultiplier(same_cells(5, cell))), table_of(ArrayMultiplier(5, cell))
    )


def test_columns_are_those_of_the_library():
    cells = cells_by_column(6, ["ama3"] * 5 + ["exact"] * 5)
    np.testing.assert_array_equal(
        table_of(CellArrayMultiplier(cells)), table_of(ArrayMultiplier(6, "ama3", 6))
    )


def test_rows_have_their_cell():
    assert cells_by_row(3, ["ama1", "exact"]) == (("ama1",) * 3, ("exact",) * 3)


@pytest.mark.parametrize(("width", "block"), [(4, 2), (6, 3), (8, 4), (8, 2), (4, 4)])
def test_formula_of_blocks(width, block):
    a, b = np.indices((1 << width, 1 << width))
    expected = ama5_blocks_product(a, b, width, block)
    np.testing.assert_array_equal(table_of(BlockArrayMultiplier(width, block)), expected)
    halved = np.where(expected >> 2 * width, expected // 2, expected)
    found = table_of(BlockArrayMultiplier(width, block, halves_overflow=True))
    np.testing.assert_array_equal(found, halved)


def test_some_sums_of_blocks_take_an_extra_bit():
    a, b = np.indices((256, 256))
    assert (ama5_blocks_product(a, b, 8, 4) >> 16).any()


@pytest.mark.parametrize("order", PORT_ORDERS)
def test_blocks_pass_the_port_order_on(order):
    a, b = np.random.default_rng(0).integers(0, 256, (2, 200))
    array = np.array(
        [[product_by_hand(x, y, same_cells(4, "ama5"), order) for y in range(16)] for x in range(16)]
    )
    expected = sum(array[a >> i & 15, b >> j & 15].astype(np.int64) << i + j for i in (0, 4) for j in (0, 4))
    found = products_in_amaranth(BlockArrayMultiplier(8, 4, port_order=order), a, b)
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: CellArrayMultiplier(same_cells(4, "ama5"), "pss"), "port order is 'pss'; expected"),
        (lambda: CellArrayMultiplier(same_cells(4, "ama6")), "cell is 'ama6'.*did you mean"),
        (lambda: CellArrayMultiplier((("ama5",) * 2,) * 2), "row 1 has 2 cells; expected 3"),
        (lambda: cells_by_column(4, ["ama5"] * 5), "5 columns of cells given; an array of 4 bits has 6"),
        (lambda: cells_by_row(4, ["ama5"] * 4), "4 rows of cells given; an array of 4 bits has 3"),
        (lambda: BlockArrayMultiplier(24, 5), "width is 24; expected a multiple of the block's 5 bits"),
    ],
)
def test_bad_parameters(make, message):
    with pytest.raises(AccelsimError, match=message):
        make()
