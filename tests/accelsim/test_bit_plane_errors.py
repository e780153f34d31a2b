"""Error sums in bit planes against the metrics that numpy computes from the LUT."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accelsim.error_measure import ErrorMeasure, Metric
from accelsim.errors import AccelsimError
from accelsim.lut import Lut, operand_values
from accelsim.metrics import error_metrics
from accelsim.netlist import Gate, Netlist, Port
from accelsim.simulation import truth_table
from accelsim.two_input_gates import two_input


def random_multiplier(random: np.random.Generator, a_width: int, b_width: int, gates: int) -> Netlist:
    """Gates at random, multiplexers and buffers among them; the outputs are any nets, constants too."""
    first = 2 + a_width + b_width
    operands = np.array([random.integers(0, first + gate, 3) for gate in range(gates)])
    nets = random.integers(0, first + gates, a_width + b_width)
    inputs = (
        Port("a", tuple(range(2, 2 + a_width))),
        Port("b", tuple(range(2 + a_width, first))),
    )
    opcodes = random.integers(0, len(Gate), gates)
    return Netlist("random", inputs, (Port("p", tuple(map(int, nets))),), opcodes, operands)


def table_of(netlist: Netlist, signed: bool) -> Lut:
    width = netlist.outputs[0].width
    return Lut("random", operand_values(width, signed)[truth_table(netlist)].astype(np.int32), signed)


def expected(metric: Metric, lut: Lut, weights: np.ndarray | None) -> float:
    errors = error_metrics(lut, weights)
    return {
        Metric.MAE: errors.mae,
        Metric.WCE: errors.wce,
        Metric.EP: errors.ep_percent / 100,
        Metric.MRE: errors.mred,
        Metric.MSE: errors.mse,
    }[metric]


@given(
    seed=st.integers(0, 2**32 - 1),
    widths=st.tuples(st.integers(2, 6), st.integers(2, 6)),
    gates=st.integers(1, 60),
    signed=st.booleans(),
    weighted=st.booleans(),
)
@settings(max_examples=60)
def test_measures_are_the_metrics_of_random_circuits(seed, widths, gates, signed, weighted):
    random = np.random.default_rng(seed)
    netlist = random_multiplier(random, *widths, gates)
    lut = table_of(netlist, signed)
    weights = random.random(lut.table.shape) * (random.random(lut.table.shape) < 0.7) if weighted else None
    if weights is not None and not (weights * np.abs(lut.exact_table())).any():
        weights = None
    for metric in Metric:
        if metric is Metric.MSE and weights is not None:
            continue
        measured = ErrorMeasure(metric, *widths, signed, weights).measure(netlist)
        assert measured == pytest.approx(expected(metric, lut, weights), rel=1e-6, abs=1e-9), metric


@pytest.mark.parametrize("signed", [False, True])
def test_measures_are_the_metrics_at_8_bits(signed):
    random = np.random.default_rng(1)
    netlist = random_multiplier(random, 8, 8, 300)
    lut = table_of(netlist, signed)
    histograms = [random.integers(0, 1000, 256) ** 2 for _ in range(2)]
    for weights in (None, np.multiply.outer(*histograms)):
        for metric in Metric:
            if metric is not Metric.MSE or weights is None:
                measured = ErrorMeasure(metric, 8, 8, signed, weights).measure(netlist)
                assert measured == pytest.approx(expected(metric, lut, weights), rel=1e-6), metric


def test_largest_error_of_both_signs():
    """A product of all ones where 0 is right, and of 0 where the largest is right."""
    inputs = (Port("a", (2, 3)), Port("b", (4, 5)))
    ones = Netlist("ones", inputs, (Port("p", (1, 1, 1, 1)),), np.array([]), np.array([]))
    zeros = Netlist("zeros", inputs, (Port("p", (0, 0, 0, 0)),), np.array([]), np.array([]))
    for signed, of_ones, of_zeros in ((False, 15, 9), (True, 5, 4)):
        measure = ErrorMeasure(Metric.WCE, 2, 2, signed)
        assert measure.measure(ones) == of_ones
        assert measure.measure(zeros) == of_zeros


def test_limit_is_the_sum_at_the_bound():
    measure = ErrorMeasure(Metric.MAE, 8, 8, signed=False)
    assert measure.limit(0.1) == 6553  # of 6553.6
    assert measure.limit(1.0) == 65536
    assert measure.value(measure.limit(1.0)) == 1.0


def test_pairs_that_never_occur_do_not_count():
    netlist = random_multiplier(np.random.default_rng(3), 4, 4, 40)
    lut = table_of(netlist, False)
    weights = np.zeros((16, 16))
    weights[3, 5] = 2
    error = abs(int(lut.table[3, 5]) - 15)
    assert ErrorMeasure(Metric.WCE, 4, 4, False, weights).measure(netlist) == error
    assert ErrorMeasure(Metric.MAE, 4, 4, False, weights).measure(netlist) == error
    assert ErrorMeasure(Metric.EP, 4, 4, False, weights).measure(netlist) == (error > 0)


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        (np.ones((16, 8)), "shape"),
        (np.zeros((16, 16)), "not all zero"),
        (np.full((16, 16), -1.0), "not negative"),
        (np.full((16, 16), np.nan), "finite"),
    ],
)
def test_bad_distributions(weights, message):
    with pytest.raises(AccelsimError, match=message):
        ErrorMeasure(Metric.MAE, 4, 4, False, weights)


def test_other_bad_measures():
    with pytest.raises(AccelsimError, match="at most 20 bits"):
        ErrorMeasure(Metric.MAE, 12, 12, False)
    with pytest.raises(AccelsimError, match="alike"):
        ErrorMeasure(Metric.MSE, 4, 4, False, np.ones((16, 16)))
    only_zero = np.zeros((16, 16))
    only_zero[0] = 1
    with pytest.raises(AccelsimError, match="no MRE"):
        ErrorMeasure(Metric.MRE, 4, 4, False, only_zero)
    with pytest.raises(AccelsimError, match="expected \\[8, 8\\] and \\[16\\]"):
        ErrorMeasure(Metric.MAE, 8, 8, False).measure(random_multiplier(np.random.default_rng(0), 4, 4, 5))
    with pytest.raises(AccelsimError, match="known are mae, wce, ep, mre, mse; did you mean"):
        Metric.named("mea")


@given(seed=st.integers(0, 2**32 - 1), gates=st.integers(0, 40))
@settings(max_examples=40)
def test_two_input_gates_compute_the_same(seed, gates):
    netlist = random_multiplier(np.random.default_rng(seed), 3, 3, gates)
    circuit = two_input(netlist)
    assert not set(circuit.opcodes.tolist()) & {Gate.MUX, Gate.BUF}
    assert (truth_table(circuit) == truth_table(netlist)).all()
    read = {*circuit.operands.ravel().tolist(), *circuit.outputs[0].nets}
    assert {*range(circuit.first_gate_net, circuit.net_count)} <= read
