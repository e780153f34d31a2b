"""The structures on plain integers, with cells that add exactly and count themselves."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accelsim.rtl.reduction import (
    add_by_carry_save_rows,
    add_by_dadda_tree,
    add_by_ripple_rows,
    add_by_wallace_tree,
    carry_save_add,
    ripple_add,
)

REDUCTIONS = [add_by_ripple_rows, add_by_carry_save_rows, add_by_wallace_tree, add_by_dadda_tree]


class CountingCells:
    """Stands for `AdderCells`; bits are integers, absent ones come as Amaranth's constant 0."""

    def __init__(self):
        self.tree = Counter()
        self.final = Counter()
        self.stages = set()

    def full(self, stage, column, *bits):
        return self._add("full", stage, [bit if isinstance(bit, int) else 0 for bit in bits])

    def half(self, stage, column, *bits):
        return self._add("half", stage, bits)

    def _add(self, kind, stage, bits):
        self.stages.add(stage)
        (self.final if stage == "final" else self.tree)[kind] += 1
        return sum(bits) & 1, sum(bits) >> 1


def value(row):
    return sum(bit << column for column, bit in row.items())


def square(n):
    return [{i + j: 1 for j in range(n)} for i in range(n)]


rows_of_bits = st.dictionaries(st.integers(0, 12), st.integers(0, 1), min_size=1)


@given(a=rows_of_bits, b=rows_of_bits)
def test_ripple_adder_adds(a, b):
    assert value(ripple_add(CountingCells(), "row", a, b)) == value(a) + value(b)


def test_ripple_adder_of_nothing_is_nothing():
    assert ripple_add(CountingCells(), "row", {}, {}) == {}
    assert ripple_add(CountingCells(), "row", {3: 1}, {}) == {3: 1}


@given(a=rows_of_bits, b=rows_of_bits, c=rows_of_bits)
def test_carry_save_adder_keeps_the_sum_in_two_rows(a, b, c):
    sums, carries = carry_save_add(CountingCells(), "row", a, b, c)
    assert value(sums) + value(carries) == value(a) + value(b) + value(c)


@pytest.mark.parametrize("reduction", REDUCTIONS)
@given(rows=st.lists(rows_of_bits, min_size=2, max_size=9))
def test_reduction_adds_rows_of_any_shape(reduction, rows):
    assert value(reduction(CountingCells(), rows)) == sum(map(value, rows))


@given(rows=st.lists(rows_of_bits, min_size=2, max_size=6), constant=rows_of_bits)
def test_carry_save_rows_add_a_constant_in_free_inputs(rows, constant):
    cells = CountingCells()
    assert value(add_by_carry_save_rows(cells, rows, constant)) == sum(map(value, rows)) + value(constant)


@pytest.mark.parametrize("n", [2, 3, 4, 8, 16, 32])
def test_array_has_a_half_adder_per_row_and_full_adders_in_the_other_columns(n):
    cells = CountingCells()
    add_by_ripple_rows(cells, square(n))
    assert cells.tree == Counter(half=n - 1, full=(n - 1) ** 2)


@pytest.mark.parametrize("n", [3, 4, 8, 16, 32])
def test_carry_save_array_is_brauns(n):
    """n half and n (n - 2) full adders."""
    cells = CountingCells()
    add_by_carry_save_rows(cells, square(n))
    assert cells.tree + cells.final == Counter(half=n, full=n * (n - 2))


@pytest.mark.parametrize(("n", "stages"), [(3, 1), (4, 2), (6, 3), (8, 4), (9, 4), (16, 6), (32, 8)])
def test_dadda_tree_is_minimal(n, stages):
    """Published for the n x n tree: n^2 - 4n + 3 full adders, n - 1 half adders, a 2n - 2 bit final adder."""
    cells = CountingCells()
    add_by_dadda_tree(cells, square(n))
    assert cells.tree == Counter(full=n * n - 4 * n + 3, half=n - 1)
    assert cells.final.total() == 2 * n - 2
    assert len(cells.stages - {"final"}) == stages


@pytest.mark.parametrize(("n", "stages"), [(3, 1), (4, 2), (6, 3), (8, 4), (9, 4), (16, 6), (32, 8)])
def test_wallace_tree_has_as_many_stages_as_daddas(n, stages):
    cells = CountingCells()
    add_by_wallace_tree(cells, square(n))
    assert len(cells.stages - {"final"}) == stages


def test_wallace_tree_of_8_bits_has_the_published_cells():
    """38 full and 15 half adders (Townsend, Swartzlander and Abraham, Proc. SPIE 5205, 2003)."""
    cells = CountingCells()
    add_by_wallace_tree(cells, square(8))
    assert cells.tree == Counter(full=38, half=15)
