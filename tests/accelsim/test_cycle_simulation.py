from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from accelsim.accumulator import Accumulator
from accelsim.cycle_simulation import simulate, simulate_layer
from accelsim.errors import AccelsimError
from accelsim.gemm import lut_gemm
from accelsim.systolic_array import Gemm, SystolicArray

SIZES = st.integers(1, 7)
ARRAYS = st.builds(
    SystolicArray,
    SIZES,
    SIZES,
    st.sampled_from(["ws", "os", "is"]),
    st.builds(Accumulator, st.integers(17, 32), st.sampled_from(["wrap", "saturate"])),
)

GEMMS = st.builds(Gemm, st.integers(1, 20), st.integers(1, 12), st.integers(1, 12))


def operands(
    rng: np.random.Generator, gemm: Gemm
) -> tuple[NDArray[np.int32], NDArray[np.uint8], NDArray[np.uint8]]:
    """Products that overflow narrow accumulators soon, and random operands."""
    table = rng.integers(-(1 << 15), 1 << 15, (256, 256)).astype(np.int32)
    x = rng.integers(0, 256, (gemm.depth, gemm.pixels), np.uint8)
    return table, x, rng.integers(0, 256, (gemm.channels, gemm.depth), np.uint8)


@settings(max_examples=60, deadline=None)
@given(
    ARRAYS, st.builds(Gemm, st.integers(1, 20), st.integers(1, 12), st.integers(1, 12)), st.integers(0, 99)
)
def test_values_and_cycles(array: SystolicArray, gemm: Gemm, seed: int) -> None:
    table, x, w = operands(np.random.default_rng(seed), gemm)
    run = simulate(array, table, x, w, trace=True, activity=True)
    products = table[w.T[:, :, None], x[:, None, :]]
    np.testing.assert_array_equal(run.out, array.accumulator.sum(products))
    assert run.cycles == array.cycles(gemm)
    assert run.trace is not None
    assert run.activity is not None
    assert len(run.trace.acc) == run.cycles
    assert int(run.activity.active.sum()) == gemm.macs
    assert float(run.activity.utilization(array).max()) <= 1


@pytest.mark.parametrize("dataflow", ["ws", "os", "is"])
def test_last_sum_stands_at_the_outputs_in_the_last_cycle(dataflow: Any) -> None:
    gemm, array = Gemm(6, 5, 7), SystolicArray(3, 4, dataflow)
    table, x, w = operands(np.random.default_rng(1), gemm)
    run = simulate(array, table, x, w, trace=True)
    assert run.trace is not None
    last_fold = {"ws": run.out[4:, -1], "is": run.out[-1, 4:], "os": run.out[4:, 3]}
    shown = last_fold[dataflow]
    np.testing.assert_array_equal(run.trace.outputs[-1, : len(shown)], shown)


def test_two_by_two_weight_stationary_by_hand() -> None:
    """Weights 1 2 / 3 4 by row (depth) and column (channel), pixels 5 6 by depth; exact products."""
    table = (np.arange(256)[:, None] * np.arange(256)).astype(np.int32)
    x, w = np.array([[5], [6]], np.uint8), np.array([[1, 3], [2, 4]], np.uint8)
    run = simulate(SystolicArray(2, 2, "ws"), table, x, w, trace=True)
    assert run.trace is not None
    assert run.out.tolist() == [[5 + 18], [10 + 24]]
    assert run.trace.top.tolist() == [
        [[0, 0], [0, 0]],
        [[3, 4], [0, 0]],
        *[[[1, 2], [3, 4]]] * 4,
    ]
    assert (
        run.trace.left.tolist()
        == [
            *[[[0, 0], [0, 0]]] * 3,
            [[5, 0], [0, 0]],
            [[0, 5], [6, 0]],
            [[0, 0], [0, 6]],
            [[0, 0], [0, 0]],
        ][: run.cycles]
    )
    assert run.trace.acc[3].tolist() == [[5, 0], [0, 0]]
    assert run.trace.acc[4].tolist() == [[0, 10], [23, 0]]
    assert run.trace.acc[5].tolist() == [[0, 0], [0, 34]]
    assert run.trace.outputs[5].tolist() == [23, 34]


@settings(max_examples=20, deadline=None)
@given(ARRAYS, st.integers(1, 3), st.integers(1, 3), st.sampled_from([1, 2]), st.integers(0, 99))
def test_layers_are_the_fast_engine(
    array: SystolicArray, groups: int, images: int, threads: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    table = rng.integers(0, 1 << 10, (256, 256)).astype(np.int32)
    x = rng.integers(0, 256, (groups, 9, images * 4), np.uint8)
    w = rng.integers(0, 256, (groups, 5, 9), np.uint8)
    array = SystolicArray(array.rows, array.columns, array.dataflow)
    out, cycles = simulate_layer(array, table, x, w, images=images, threads=threads)
    np.testing.assert_array_equal(out, lut_gemm(table, x, w))
    assert cycles == groups * array.cycles(Gemm(9, 4, 5))


@pytest.mark.parametrize("dataflow", ["ws", "os", "is"])
@pytest.mark.parametrize(
    ("low", "high", "product_bits"), [(0, 100, 7), (40, 64, 7), (-64, 60, 7), (-3, 63, 7), (-65, 63, 8)]
)
def test_switching_is_that_of_the_trace(dataflow: Any, low: int, high: int, product_bits: int) -> None:
    rng = np.random.default_rng(2)
    table = rng.integers(low, high, (256, 256), np.int32, endpoint=True)
    table[0, :3] = high, low, high  # zeros have a product as well
    _, x, w = operands(rng, Gemm(9, 8, 7))
    array = SystolicArray(4, 3, dataflow, Accumulator(8, "wrap"))
    run = simulate(array, table, x, w, trace=True, activity=True)
    assert run.trace is not None
    assert run.activity is not None
    registers = {name: getattr(run.trace, name).astype(np.int64) for name in ("left", "top", "acc")}
    if dataflow == "os":  # the edge after the last cycle drains the last sums
        for name, register in registers.items():
            after = np.concatenate([np.zeros((1, 1, 3), np.int64), register[-1:, :-1]], axis=1)
            registers[name] = np.concatenate([register, after if name == "acc" else 0 * after])
    # The multiplier takes what enters the register of the left, and of the top where it moves.
    left = registers["left"][1:]
    top = registers["top"][1:] if dataflow == "os" else registers["top"][:-1]
    product = (table.T if dataflow == "is" else table)[top, left]
    signals = registers | {"product": np.concatenate([np.full((1, 4, 3), table[0, 0]), product])}
    widths = {"left": 8, "top": 8, "acc": 8, "product": product_bits}
    for name, signal in signals.items():
        changes = np.bitwise_count((signal[1:] ^ signal[:-1]) & ((1 << widths[name]) - 1)).sum(axis=0)
        np.testing.assert_array_equal(getattr(run.activity, name), changes, name)


def test_products_too_wide() -> None:
    table = np.full((4, 4), 9, np.int32)
    codes = np.zeros((1, 1), np.uint8)
    with pytest.raises(AccelsimError, match="an accumulator of 4 bits does not hold products from 9 to 9"):
        simulate(SystolicArray(2, 2, "ws", Accumulator(4)), table, codes, codes)
    with pytest.raises(AccelsimError, match="expected matrices"):
        simulate(SystolicArray(2, 2), table, codes[0], codes)
    with pytest.raises(AccelsimError, match="3 pixels are not those of 2 images"):
        simulate_layer(SystolicArray(2, 2), table, np.zeros((1, 1, 3), np.uint8), codes[None], images=2)
