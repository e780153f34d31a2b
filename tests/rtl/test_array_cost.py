"""The cost of a PE by part, against the parts' own costs and counts of toggles by hand."""

import os
from pathlib import Path

import numpy as np
import pytest

from accelsim.accumulator import Accumulator
from accelsim.errors import AccelsimError
from accelsim.flip_flops import BUILT_IN_FLIP_FLOP
from accelsim.operand_streams import OperandStream, uniform_stream
from accelsim.rtl.array_cost import PeCostEstimator, pe_cost
from accelsim.rtl.array_design import ArrayDesign
from accelsim.rtl.catalogue import find_circuit
from accelsim.rtl.circuit_cost import CostEstimator, CostSettings
from accelsim.systolic_array import SystolicArray


def stream(a, b):
    return OperandStream(np.array(a, np.int64), np.array(b, np.int64), "by hand")


def test_the_multiplier_s_part_is_its_own_cost():
    circuit = find_circuit("mul4u_drum_k3")
    own = CostEstimator(CostSettings(operations=64 * 200 - 1)).estimate(circuit).cost
    found = pe_cost(SystolicArray(2, 2), circuit, uniform_stream(4, 4, 64 * 200 - 1))
    assert found.operations == own.operations
    assert found.multiplier.area_um2 == pytest.approx(own.area_um2)
    assert found.multiplier.energy_fj == pytest.approx(own.energy_fj)
    assert found.energy_fj == pytest.approx(
        found.multiplier.energy_fj + found.adder.energy_fj + found.registers.energy_fj
    )


def test_nothing_changes_but_the_clock():
    """The same product over and over, added to the same partial sum: 0 times 0."""
    found = pe_cost(SystolicArray(2, 2), find_circuit("mul4u_exact"), stream([0] * 9, [0] * 9), depth=3)
    assert found.flip_flops == 4 + 1 + 4 + 1 + 32
    assert found.clock_fj == pytest.approx(42 * BUILT_IN_FLIP_FLOP.clock_fj)
    assert found.registers.energy_fj == found.clock_fj
    assert found.multiplier.energy_fj == found.adder.energy_fj == 0


@pytest.mark.parametrize(
    ("dataflow", "operand", "changes"),
    [
        # a: 1 3 1 3 (1 bit a step), b: 0 7 0 7 (3 bits). Sums of two products with os, then anew:
        # 0, 21, 0, 21 (3 bits); elsewhere the partial sums are all 0 here, and the sums the products.
        ("os", "a", 1 + 3 + 3),
        ("os", "b", 1 + 3 + 3),
    ],
)
def test_changes_of_registers_by_hand(dataflow, operand, changes):
    found = pe_cost(
        SystolicArray(2, 2, dataflow),
        find_circuit("mul4u_exact"),
        stream([1, 3, 1, 3], [0, 7, 0, 7]),
        activation_operand=operand,
        depth=2,
    )
    per_operation = (found.registers.energy_fj - found.clock_fj) / BUILT_IN_FLIP_FLOP.change_fj
    assert per_operation == pytest.approx(changes)


@pytest.mark.parametrize(("dataflow", "operand", "moving"), [("ws", "a", 1), ("ws", "b", 3), ("is", "a", 3)])
def test_stationary_operands_do_not_change_their_register(dataflow, operand, moving):
    """One product a sum: it is added to 0, and the products are 0, 21, 0, 21."""
    found = pe_cost(
        SystolicArray(2, 2, dataflow),
        find_circuit("mul4u_exact"),
        stream([1, 3, 1, 3], [0, 7, 0, 7]),
        activation_operand=operand,
        depth=1,
    )
    per_operation = (found.registers.energy_fj - found.clock_fj) / BUILT_IN_FLIP_FLOP.change_fj
    assert per_operation == pytest.approx(moving + 3)


@pytest.mark.parametrize("dataflow", ["ws", "os"])
def test_sums(dataflow):
    accumulator = Accumulator(9, "saturate")
    design = ArrayDesign(SystolicArray(2, 2, dataflow, accumulator), find_circuit("mul4s_exact"))
    products = np.arange(-30, 30)
    before, after = PeCostEstimator(design)._sums(products, 4)
    np.testing.assert_array_equal(after, np.clip(before + products, accumulator.low, accumulator.high))
    if dataflow == "os":
        expected = [products[at - at % 4 : at].sum() for at in range(60)]
        np.testing.assert_array_equal(before, expected)
    else:
        assert not before[:15].any()
        assert (before[15:30] != 0).any()


def test_wider_accumulators_and_saturation_cost_more():
    circuit = find_circuit("mul4u_exact")

    def area(*accumulator):
        return pe_cost(SystolicArray(1, 1, "ws", Accumulator(*accumulator)), circuit).adder.area_um2

    assert area(12) < area(24) < area(24, "saturate")


@pytest.mark.skipif("ACCELSIM_DATA" not in os.environ, reason="needs the Liberty file in $ACCELSIM_DATA")
def test_cells_of_a_liberty_file():
    path = Path(os.environ["ACCELSIM_DATA"]) / "liberty" / "sg13g2_stdcell_typ_1p20V_25C.lib"
    arguments = SystolicArray(2, 2), find_circuit("mul4u_exact")
    of_file, built_in = pe_cost(*arguments, liberty=path), pe_cost(*arguments)
    assert of_file.cells_from == path.name
    assert of_file.registers.area_um2 == pytest.approx(built_in.registers.area_um2)
    assert 0.6 < of_file.energy_fj / built_in.energy_fj < 1.2


def test_streams_that_do_not_do():
    design = ArrayDesign(SystolicArray(1, 1), find_circuit("mul4u_exact"))
    with pytest.raises(AccelsimError, match="sums of 64 products from a stream of 3"):
        PeCostEstimator(design).estimate(stream([1] * 3, [1] * 3))
