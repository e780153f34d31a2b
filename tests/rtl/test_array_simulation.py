"""The RTL of the array against plain numpy and, register by register, against the cycle-level simulator."""

import dataclasses

import numpy as np
import pytest

from accelsim.accumulator import Accumulator
from accelsim.cycle_simulation import simulate
from accelsim.errors import AccelsimError
from accelsim.rtl.array_design import ArrayDesign
from accelsim.rtl.array_simulation import simulate_in_amaranth
from accelsim.rtl.catalogue import find_circuit
from accelsim.systolic_array import Gemm, SystolicArray

#: The last one has products by 0 that are not 0: operands that are not there must not count.
MULTIPLIERS = ["mul4u_ama5_k4", "mul4s_sm_udm", "mul4u_trunc_k3_corrected"]


def operands(circuit, activation_operand, gemm, seed):
    draw = np.random.default_rng(seed)
    widths = circuit.a_width, circuit.b_width
    x_width, w_width = widths if activation_operand == "a" else widths[::-1]
    x = draw.integers(0, 1 << x_width, (gemm.depth, gemm.pixels)).astype(np.uint8)
    w = draw.integers(0, 1 << w_width, (gemm.channels, gemm.depth)).astype(np.uint8)
    return x, w


def table_of(circuit, activation_operand):
    table = circuit.lut().table
    return np.ascontiguousarray(table.T if activation_operand == "a" else table)


def expected_sums(accumulator, table, x, w):
    return accumulator.sum(table[w[:, :, None], x[None]].transpose(1, 0, 2))


@pytest.mark.parametrize("dataflow", ["ws", "is", "os"])
@pytest.mark.parametrize("name", MULTIPLIERS)
@pytest.mark.parametrize(("activation_operand", "overflow"), [("a", "wrap"), ("b", "saturate")])
def test_sums_and_registers(name, dataflow, activation_operand, overflow):
    circuit = find_circuit(name)
    seed = [ord(letter) for letter in name + dataflow + activation_operand]
    draw = np.random.default_rng(seed)
    rows, columns = draw.integers(1, 4, 2).tolist()
    gemm = Gemm(*draw.integers(1, 8, 3).tolist())
    accumulator = Accumulator(circuit.product_width + (not circuit.signed), overflow)
    array = SystolicArray(rows, columns, dataflow, accumulator)
    x, w = operands(circuit, activation_operand, gemm, seed)
    table = table_of(circuit, activation_operand)
    found = simulate_in_amaranth(ArrayDesign(array, circuit, activation_operand), x, w)
    np.testing.assert_array_equal(found.out, expected_sums(accumulator, table, x, w))
    assert found.cycles == array.cycles(gemm) == len(found.trace.acc)
    simulated = simulate(array, table, x, w, trace=True)
    for register in dataclasses.fields(found.trace):
        np.testing.assert_array_equal(
            getattr(found.trace, register.name), getattr(simulated.trace, register.name), register.name
        )


def test_registers_of_one_weight_stationary_fold():
    """By hand: 2 x 2 PEs, weights [[1, 3], [2, 4]] by row (depth) and column (channel), activations 5, 6."""
    array = SystolicArray(2, 2, "ws")
    x, w = np.array([[5], [6]], np.uint8), np.array([[1, 2], [3, 4]], np.uint8)
    run = simulate_in_amaranth(ArrayDesign(array, find_circuit("mul4u_exact")), x, w)
    assert run.cycles == 6
    assert run.trace.top[1].tolist() == [[2, 4], [0, 0]]
    assert run.trace.top[2].tolist() == [[1, 3], [2, 4]]
    assert run.trace.left[3].tolist() == [[5, 0], [0, 0]]
    assert run.trace.left[4].tolist() == [[0, 5], [6, 0]]
    assert run.trace.acc[3].tolist() == [[5, 0], [0, 0]]
    assert run.trace.acc[4].tolist() == [[0, 15], [17, 0]]
    assert run.trace.acc[5].tolist() == [[0, 0], [0, 39]]
    assert run.trace.outputs[5].tolist() == [17, 39]
    assert not run.trace.outputs[:5].any()


def test_gates_of_an_evolved_multiplier():
    evolved = find_circuit("mul8u_evo_m56464")
    x, w = operands(evolved, "a", Gemm(3, 2, 2), 0)
    array = SystolicArray(2, 2)
    expected = expected_sums(array.accumulator, table_of(evolved, "a"), x, w)
    np.testing.assert_array_equal(simulate_in_amaranth(ArrayDesign(array, evolved), x, w).out, expected)


@pytest.mark.parametrize(
    ("name", "bits", "operand", "expected"),
    [
        (
            "mul8u_exact",
            16,
            "a",
            "an accumulator of 16 bits is narrower than the products of mul8u_exact, which take 17",
        ),
        ("mul8s_exact", 15, "a", "15 bits is narrower .* take 16"),
        ("mul16u_exact", 32, "a", "32 bits is narrower .* take 33"),
        ("bf16_exact", 32, "a", "bf16_exact multiplies floats"),
        ("mul8u_exact", 32, "x", "activation operand is 'x'; expected a or b"),
    ],
)
def test_designs_that_cannot_be(name, bits, operand, expected):
    with pytest.raises(AccelsimError, match=expected):
        ArrayDesign(SystolicArray(2, 2, "ws", Accumulator(bits)), find_circuit(name), operand)


def test_a_table_has_no_gates(tmp_path):
    find_circuit("mul4u_udm").lut().save(tmp_path / "t.npz")
    design = ArrayDesign(SystolicArray(1, 1), find_circuit(tmp_path / "t.npz"))
    with pytest.raises(AccelsimError, match="it has no gates"):
        simulate_in_amaranth(design, np.zeros((1, 1), np.uint8), np.zeros((1, 1), np.uint8))
