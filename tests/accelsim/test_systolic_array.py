from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accelsim.errors import AccelsimError
from accelsim.systolic_array import Dataflow, Gemm, SystolicArray

DATAFLOWS = st.sampled_from(["ws", "os", "is"])
SIZES = st.integers(1, 9)
GEMMS = st.builds(Gemm, st.integers(1, 20), st.integers(1, 20), st.integers(1, 20))


@pytest.mark.parametrize(("rows", "columns", "what"), [(0, 4, "0 rows"), (4, 0, "0 columns")])
def test_sizes_that_are_none(rows: int, columns: int, what: str) -> None:
    with pytest.raises(AccelsimError, match=f"an array of {what}; expected 1 or more"):
        SystolicArray(rows, columns)


def test_unknown_dataflow() -> None:
    with pytest.raises(AccelsimError, match="unknown dataflow 'rs'; expected ws, os or is"):
        SystolicArray(4, 4, "rs")  # type: ignore[arg-type]


@given(SIZES, SIZES, DATAFLOWS, GEMMS)
def test_folds_cover_every_output_and_every_product_once(
    rows: int, columns: int, dataflow: Dataflow, gemm: Gemm
) -> None:
    array = SystolicArray(rows, columns, dataflow)
    over_rows, over_columns, _ = array.spread(gemm)
    folds = list(array.folds(gemm))
    assert len(folds) == array.fold_count(gemm)
    covered = [
        (r, c)
        for fold in folds
        for r in range(fold.row.start, fold.row.stop)
        for c in range(fold.column.start, fold.column.stop)
    ]
    assert sorted(covered) == [(r, c) for r in range(over_rows) for c in range(over_columns)]
    assert all(fold.rows <= rows and fold.columns <= columns for fold in folds)
    for before, after in pairwise(folds):
        assert before.last == after.first  # partial sums pass on to the next fold, or there are none


def test_products_are_the_same_in_every_dataflow() -> None:
    gemm = Gemm(depth=5, pixels=7, channels=11)
    assert gemm.macs == 385
    for dataflow in ("ws", "os", "is"):
        first, second, third = SystolicArray(2, 3, dataflow).spread(gemm)
        assert first * second * third == 385


@pytest.mark.parametrize(
    ("layer", "gemm", "scale_sim"),
    [
        ("conv1", Gemm(25, 784, 6), 877),
        ("conv2", Gemm(150, 100, 16), 969),
        ("conv3", Gemm(400, 1, 120), 4939),
        ("fc1", Gemm(120, 1, 84), 1139),
        ("fc2", Gemm(84, 1, 10), 284),
    ],
)
def test_cycles_of_lenet5_beside_those_of_scale_sim(layer: str, gemm: Gemm, scale_sim: int) -> None:
    """SCALE-Sim 3.0.0, weight-stationary 32x32, counts from 0 and up to the last sum before its register."""
    assert SystolicArray(32, 32, "ws").cycles(gemm) == scale_sim + 2
