from dataclasses import astuple

import numpy as np
import pytest

from accelsim.errors import AccelsimError
from accelsim.rtl.catalogue import find_circuit
from accelsim.rtl.cell_array import CellArrayMultiplier
from accelsim.rtl.heterogeneous import (
    HEAP_LIKE,
    HEAP_TARGET,
    SignificandErrors,
    SignificandSample,
    grid_of,
    search_cells,
)
from accelsim.rtl.synthesis import synthesise
from accelsim.simulation import outputs


@pytest.mark.parametrize(("digits", "lines"), [("0123451234", "columns"), ("51420", "rows")])
def test_sample_computes_what_the_gates_do(digits, lines):
    sample = SignificandSample(6, 1024, seed=0)
    cells = grid_of(6, digits, lines)
    netlist = synthesise(CellArrayMultiplier(cells), "array")
    np.testing.assert_array_equal(sample.products(cells), outputs(netlist, sample.a, sample.b))


def test_exact_cells_have_no_errors():
    assert astuple(SignificandSample(8, 640, seed=0).errors(grid_of(8, "0" * 14))) == (0, 0, 0)


def test_errors_of_significands_are_those_of_floats():
    """AMA5 in all cells is the reading array24: MRED 2 ln 2 - 1, NMED 1/12."""
    errors = SignificandSample(24, 1 << 16, seed=0).errors(grid_of(24, "5" * 46))
    assert astuple(errors) == pytest.approx((2 * np.log(2) - 1, 1 / 12, 1), rel=0.01)


def test_last_row_exact():
    errors = SignificandSample(24, 1 << 16, seed=0).errors(grid_of(24, "5" * 22 + "0", "rows"))
    assert astuple(errors) == pytest.approx((0.119, 0.028, 1), rel=0.02)


def test_search_is_reproducible_and_reaches_its_target():
    loose = SignificandErrors(0.01, 0.01, float("inf"))
    found = search_cells(HEAP_TARGET, loose, width=8, evaluations=200, pairs=1024, seed=1)
    assert found == search_cells(HEAP_TARGET, loose, width=8, evaluations=200, pairs=1024, seed=1)
    assert found.deviation <= 1
    assert found.errors.mred == pytest.approx(0.12, abs=0.01)
    fewer = search_cells(HEAP_TARGET, loose, width=8, evaluations=800, pairs=1024, seed=1)
    assert fewer.gates <= found.gates


def test_heap_like24_has_the_printed_figures():
    errors = find_circuit("heap_like24").errors()
    assert f"{errors.mred:.2f} {errors.nmed:.2f} {errors.share_above_percent:.0f}" == "0.12 0.03 34"


@pytest.mark.slow
def test_search_finds_heap_like24():
    assert search_cells().digits == HEAP_LIKE


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: grid_of(4, "12345x"), "cells are '12345x'; expected digits"),
        (lambda: grid_of(4, "123"), "3 columns of cells given; an array of 4 bits has 6"),
        (lambda: grid_of(4, "123", "diagonals"), "lines is 'diagonals'; expected columns or rows"),
        (lambda: SignificandSample(4, 100, 0), "100 pairs asked for; expected a positive multiple of 64"),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(AccelsimError, match=message):
        call()
