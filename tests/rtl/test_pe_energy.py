import numpy as np
import pytest

from accelsim.accumulator import Accumulator
from accelsim.cost import mapped_cost
from accelsim.cycle_simulation import simulate
from accelsim.flip_flops import BUILT_IN_FLIP_FLOP
from accelsim.mapped_netlist import map_gates
from accelsim.pe_stream import pe_stream, sampled_pe_stream
from accelsim.rtl.accumulator_adder import AccumulatorAdder
from accelsim.rtl.array_cost import PeCostEstimator
from accelsim.rtl.array_design import ArrayDesign
from accelsim.rtl.catalogue import find_circuit
from accelsim.rtl.pe_energy import PeEnergyEstimator
from accelsim.rtl.synthesis import synthesise
from accelsim.systolic_array import SystolicArray


def estimator(array, name="mul8u_drum_k4", operand="a"):
    return PeEnergyEstimator(ArrayDesign(array, find_circuit(name), operand))


@pytest.mark.parametrize("dataflow", ["ws", "os", "is"])
def test_energies_are_those_of_the_registers_of_the_cycle_level_simulator(dataflow):
    """The multiplier's and the registers' energy of one PE, from the whole array's trace."""
    array = SystolicArray(3, 3, dataflow, Accumulator(20))
    generator = np.random.default_rng(1)
    x = generator.integers(0, 256, (7, 50), dtype=np.uint8)
    w = generator.integers(0, 256, (5, 7), dtype=np.uint8)
    circuit = find_circuit("mul8u_drum_k4")
    table = np.ascontiguousarray(circuit.lut().table.T)
    row, column = 1, 2
    found = estimator(array).of_stream(pe_stream(array, table, x, w, (row, column)))
    trace = simulate(array, table, x, w, trace=True).trace
    cycles = len(trace.acc) - 1
    left = trace.left[:cycles, row, column - 1]
    top = trace.top[:cycles, row, column] if dataflow != "os" else trace.top[:cycles, row - 1, column]
    operands = (top, left) if dataflow == "is" else (left, top)  # activation, weight
    multiplier = mapped_cost(map_gates(circuit.netlist()), *operands)
    assert found.multiplier.per_cycle_fj == pytest.approx(multiplier.energy_fj, rel=0.02)
    lefts, tops = trace.left_valid[:cycles, row, column - 1], trace.top_valid
    works = lefts & (tops[:cycles, row, column] if dataflow != "os" else tops[:cycles, row - 1, column])
    before = trace.acc[:cycles, row - (dataflow != "os"), column].astype(np.int64) & 0xFFFFF
    products = table[operands[1], operands[0]]
    design = AccumulatorAdder(array.accumulator, ArrayDesign(array, circuit).product_shape)
    adder = mapped_cost(map_gates(synthesise(design, "adder")), before, products, works)
    assert found.adder.per_cycle_fj == pytest.approx(adder.energy_fj, rel=0.02)
    changes = 0
    for name in ("left", "top", "left_valid", "top_valid", "acc"):
        register = getattr(trace, name)[:, row, column].astype(np.int64) & 0xFFFFF
        changes += np.bitwise_count(register[1:] ^ register[:-1]).sum()
    flip_flop, bits = BUILT_IN_FLIP_FLOP, 8 + 8 + 2 + 20
    registers = bits * flip_flop.clock_fj + changes / cycles * flip_flop.change_fj
    assert found.registers.per_cycle_fj == pytest.approx(registers, rel=0.02)


def test_uniform_is_the_cost_of_a_pe():
    array = SystolicArray(2, 2, "os", Accumulator(24))
    found = estimator(array).uniform()
    cost = PeCostEstimator(ArrayDesign(array, find_circuit("mul8u_drum_k4"))).estimate()
    parts = found.multiplier, found.adder, found.registers
    assert sum(part.per_product_fj + part.per_cycle_fj for part in parts) == pytest.approx(cost.energy_fj)
    assert found.registers.per_cycle_fj == cost.clock_fj
    assert found.leakage_nw == cost.leakage_nw


def test_an_array_that_is_always_busy_costs_what_uniform_products_do():
    """One PE, weights that stay for long: the multiplier's activation alone changes."""
    array = SystolicArray(1, 1, "os")
    generator = np.random.default_rng(0)
    x = generator.integers(0, 256, (1, 40_000, 1), dtype=np.uint8)
    w = generator.integers(0, 256, (1, 1, 40_000), dtype=np.uint8)
    table = np.ascontiguousarray(find_circuit("mul8u_drum_k4").lut().table.T)
    each = estimator(array)
    stream = sampled_pe_stream(array, table, x, w, cycles=1)
    assert stream.works.mean() > 0.999
    found, uniform = each.of_stream(stream), each.uniform()
    assert found.multiplier.per_cycle_fj == pytest.approx(uniform.multiplier.per_product_fj, rel=0.02)


def test_zeros_cost_the_multiplier_nothing():
    array = SystolicArray(2, 2)
    x, w = np.zeros((1, 4, 600), np.uint8), np.full((1, 3, 4), 77, np.uint8)
    table = np.ascontiguousarray(find_circuit("mul8u_exact").lut().table.T)
    each = estimator(array, "mul8u_exact")
    found = each.of_stream(sampled_pe_stream(array, table, x, w))
    assert found.multiplier.per_cycle_fj < 0.01 * each.uniform().multiplier.per_product_fj
    assert found.registers.per_cycle_fj == pytest.approx(each.uniform().registers.per_cycle_fj, rel=0.02)


def test_isolated_products_are_those_of_the_busy_cycles():
    array = SystolicArray(4, 4)
    generator = np.random.default_rng(2)
    x = generator.integers(0, 256, (1, 2, 30), dtype=np.uint8)
    w = generator.integers(0, 256, (1, 1, 2), dtype=np.uint8)
    table = np.ascontiguousarray(find_circuit("mul8u_drum_k4").lut().table.T)
    each = estimator(array)
    stream = sampled_pe_stream(array, table, x, w)
    busy = pe_stream(array, table, x[0], w[0], (0, 0))
    assert each.isolated_product_fj(stream) > 1.5 * each.of_stream(stream).multiplier.per_cycle_fj
    expected = mapped_cost(
        map_gates(find_circuit("mul8u_drum_k4").netlist()), busy.left[busy.works], busy.top[busy.works]
    )
    assert each.isolated_product_fj(busy) == expected.energy_fj
