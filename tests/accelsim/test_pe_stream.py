"""One PE's signals, against the registers of the cycle-level simulator."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accelsim.accumulator import Accumulator
from accelsim.cycle_simulation import simulate
from accelsim.pe_stream import pe_stream, sampled_pe_stream
from accelsim.systolic_array import SystolicArray

dataflows = st.sampled_from(["ws", "os", "is"])


def random_case(array, depth, pixels, channels, seed):
    generator = np.random.default_rng(seed)
    table = generator.integers(-300, 300, (16, 32), dtype=np.int32)
    table[0] = 7  # products of what is not there
    x = generator.integers(0, 32, (depth, pixels), dtype=np.uint8)
    w = generator.integers(0, 16, (channels, depth), dtype=np.uint8)
    return table, x, w


size = st.integers(1, 4)
extent = st.integers(1, 9)


@settings(max_examples=150)
@given(
    st.builds(
        SystolicArray,
        size,
        size,
        dataflows,
        st.builds(Accumulator, st.integers(11, 13), st.sampled_from(["wrap", "saturate"])),
    ),
    extent,
    extent,
    extent,
    st.integers(0, 99),
    st.data(),
)
def test_registers_are_those_of_the_cycle_level_simulator(array, depth, pixels, channels, seed, data):
    table, x, w = random_case(array, depth, pixels, channels, seed)
    run = simulate(array, table, x, w, trace=True, activity=True)
    trace = run.trace
    row, column = data.draw(st.integers(0, array.rows - 1)), data.draw(st.integers(0, array.columns - 1))
    stream = pe_stream(array, table, x, w, (row, column))
    cycles = len(stream.left)
    assert cycles == len(trace.left) - (array.dataflow != "os")

    def register(of_trace, shift):
        """What the register holds `shift` cycles later."""
        return of_trace[shift : shift + cycles, row, column]

    def same(signal, of_trace, shift):
        expected = register(of_trace, shift)
        np.testing.assert_array_equal(signal[: len(expected)], expected)

    same(stream.left, trace.left, 1)
    same(stream.left_valid, trace.left_valid, 1)
    moves = array.dataflow == "os"
    same(stream.top, trace.top, moves)
    same(stream.top_valid, trace.top_valid, moves)
    same(stream.acc, trace.acc, not moves)
    if moves:
        same(stream.before, trace.acc, 0)
    elif row:
        np.testing.assert_array_equal(stream.before, trace.acc[:cycles, row - 1, column])
    activations, weights = stream.operands(array)
    np.testing.assert_array_equal(stream.product, table[weights, activations])
    width = 10  # of products from -300 to 299
    changes = (stream.product ^ np.r_[table[0, 0], stream.product[:-1]]) & ((1 << width) - 1)
    assert run.activity.product[row, column] == np.bitwise_count(changes).sum()


@given(dataflows, st.integers(0, 9))
def test_some_folds_are_a_part_of_all(dataflow, seed):
    array = SystolicArray(3, 2, dataflow)
    table, x, w = random_case(array, 7, 5, 6, seed)
    every = pe_stream(array, table, x, w, (1, 1))
    steps = {"ws": 5, "is": 6, "os": 7}[dataflow]
    per_fold = array.fold_cycles(steps)
    some = pe_stream(array, table, x, w, (1, 1), slice(2, 4))
    for name in ("left", "top", "before", "acc", "product"):
        np.testing.assert_array_equal(getattr(some, name), getattr(every, name)[2 * per_fold : 4 * per_fold])


@pytest.mark.parametrize("dataflow", ["ws", "os", "is"])
def test_a_sample_works_as_often_as_the_array(dataflow):
    """Of all PEs and cycles, idle ones included."""
    array = SystolicArray(8, 8, dataflow)
    generator = np.random.default_rng(0)
    table = np.multiply.outer(np.arange(256), np.arange(256)).astype(np.int32)
    x = generator.integers(0, 256, (2, 27, 2 * 40), dtype=np.uint8)
    w = generator.integers(0, 256, (2, 12, 27), dtype=np.uint8)
    stream = sampled_pe_stream(array, table, x, w, images=2, seed=1)
    run = simulate(array, table, x[0, :, :40], w[0], activity=True)
    utilization = run.activity.utilization(array).mean()
    assert stream.works.mean() == pytest.approx(utilization, rel=0.02)
    changes = np.unpackbits((stream.left[1:] ^ stream.left[:-1])[:, None], axis=1).sum() / len(stream.left)
    assert changes == pytest.approx(run.activity.left.sum() / array.pes / run.cycles, rel=0.05)
    activations, weights = stream.operands(array)
    assert set(activations[stream.works]) <= set(x.ravel().tolist())
    assert set(weights[stream.works]) <= set(w.ravel().tolist())
    again = sampled_pe_stream(array, table, x, w, images=2, seed=1)
    np.testing.assert_array_equal(stream.acc, again.acc)
