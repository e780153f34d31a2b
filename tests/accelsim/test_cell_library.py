import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.interpolate import RegularGridInterpolator

from accelsim.cell_library import Table

GRID = Table((0.0, 1.0, 4.0), (0.0, 10.0, 30.0), ((1.0, 2.0, 8.0), (3.0, 5.0, 6.0), (4.0, 9.0, 7.0)))


def test_corners_and_middles():
    assert GRID.at(0, 0) == 1
    assert GRID.at(4, 30) == 7
    assert GRID.at(1, 10) == 5
    assert GRID.at(0.5, 5) == (1 + 2 + 3 + 5) / 4


@given(st.floats(-3, 9), st.floats(-20, 60))
def test_equals_scipy_inside_and_outside(transition, load):
    reference = RegularGridInterpolator(
        (GRID.transitions, GRID.loads), np.array(GRID.values), bounds_error=False, fill_value=None
    )
    assert GRID.at(transition, load) == pytest.approx(reference((transition, load)).item(), abs=1e-9)


def test_tables_that_depend_on_one_quantity_or_none():
    assert Table((0.0,), (0.0,), ((5.0,),)).at(3, 4) == 5
    assert Table((0.0,), (0.0, 2.0), ((5.0, 7.0),)).at(99, 1) == 6
    assert Table((0.0, 2.0), (0.0,), ((5.0,), (7.0,))).at(3, 99) == 8
