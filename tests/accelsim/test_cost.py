"""Costs of small circuits, added up by hand from small.lib; and what they do not depend on."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accelsim.cost import mapped_cost
from accelsim.errors import AccelsimError
from accelsim.liberty_cells import read_cells
from accelsim.mapped_netlist import map_cells, map_gates
from accelsim.netlist import Gate, Netlist, Port
from accelsim.netlist_builder import NetlistBuilder

LIBRARY = read_cells(Path(__file__).parents[1] / "data" / "small.lib")


def test_a_chain_of_inverters():
    inverter = LIBRARY.cell("INV")
    mapped = map_cells(
        "chain",
        {"a": 1},
        {"p": ["y"]},
        [(inverter, {"A": "a", "Y": "x"}), (inverter, {"A": "x", "Y": "y"})],
        {"0": 0, "1": 1, "a": 2},
        LIBRARY,
    )
    cost = mapped_cost(mapped, [0, 1, 0, 1])
    assert cost.operations == 3
    assert cost.area_um2 == 4
    assert cost.leakage_nw == pytest.approx(2)
    # Every net changes once per operation; the first two carry 1 fF at 1 V.
    assert cost.switching_fj == pytest.approx(0.5 + 0.5)
    # (110 + 300) / 2 with 1 fF, (100 + 300) / 2 without, in 0.01 fJ.
    assert cost.internal_fj == pytest.approx(2.05 + 2.0)
    assert cost.energy_fj == pytest.approx(5.05)
    assert cost.delay_ns == pytest.approx(0.0352)
    assert cost.power_uw == pytest.approx(5.05e-15 * 100e6 * 1e6 + 2e-3)
    assert cost.pdp_fj == pytest.approx(cost.power_uw * 0.0352)
    assert cost.cells == {"INV": 2}
    assert mapped_cost(mapped, [0, 0, 0, 1]).energy_fj == pytest.approx(5.05 / 3)
    assert mapped_cost(mapped, [0, 1, 0, 1], frequency_mhz=1).power_uw == pytest.approx(5.05e-3 + 2e-3)


def test_an_input_that_changes_alone():
    nand = LIBRARY.cell("NAND2")
    mapped = map_cells(
        "nand",
        {"a": 1, "b": 1},
        {"p": ["y"]},
        [(nand, {"A": "a", "B": "b", "Y": "y"})],
        {"0": 0, "1": 1, "a": 2, "b": 3},
        LIBRARY,
    )
    # b rises alone, a rises and y falls, b falls and y rises.
    cost = mapped_cost(mapped, [0, 0, 1, 1], [0, 1, 1, 0])
    assert cost.switching_fj == pytest.approx((1 * 3 + 2 * 2) / 2 / 3)
    assert cost.internal_fj == pytest.approx((2 * 4.0 + 1 * 0.5) / 3)
    assert cost.leakage_nw == pytest.approx(2.0)


def test_built_in_gates():
    builder = NetlistBuilder({"a": 1, "b": 1})
    wire = builder.add(Gate.BUF, 3)
    builder.add(Gate.ANDNOT, 2, wire)
    cost = mapped_cost(map_gates(builder.netlist("c", {"p": [5]})), [0, 1, 1], [0, 0, 1])
    assert cost.area_um2 == 9.072  # the buffer is a wire
    assert cost.switching_fj == pytest.approx((2.266 + 2.923) * 1.44 / 2 / 2)
    assert cost.internal_fj == pytest.approx(2.591)  # the output follows both times
    # a changes under b = 1: nothing but the inverter at a.
    quiet = mapped_cost(map_gates(builder.netlist("c", {"p": [5]})), [0, 1], [1, 1])
    assert quiet.internal_fj == pytest.approx(3.763)


def test_a_circuit_without_cells_costs_nothing():
    builder = NetlistBuilder({"a": 1, "b": 1})
    cost = mapped_cost(map_gates(builder.netlist("c", {"p": [2, 1]})), [0, 1], [0, 1])
    assert (cost.area_um2, cost.delay_ns, cost.energy_fj, cost.leakage_nw) == (0, 0, 0, 0)


@settings(max_examples=30)
@given(st.integers(0, 999))
def test_cost_depends_on_neither_names_nor_the_order_of_gates(seed):
    rng = np.random.default_rng(seed)
    builder = NetlistBuilder({"a": 3, "b": 3})
    gates = [gate for gate in Gate if gate is not Gate.BUF]
    for net in range(8, 20):
        builder.add(gates[rng.integers(len(gates))], *(int(low) for low in rng.integers(2, net, 3)))
    netlist = builder.netlist("one", {"p": list(range(14, 20))})
    # Another topological order, and other names.
    depth = dict.fromkeys(range(8), 0)
    for net in range(8, 20):
        depth[net] = 1 + max(depth[int(source)] for source in netlist.operands[net - 8])
    order = sorted(range(8, 20), key=lambda net: (depth[net], -net))
    new = {net: net for net in range(8)} | {net: 8 + at for at, net in enumerate(order)}
    rows = [[new[int(source)] for source in netlist.operands[net - 8]] for net in order]
    renamed = Netlist(
        "other",
        (Port("x", (2, 3, 4)), Port("y", (5, 6, 7))),
        (Port("z", tuple(new[net] for net in range(14, 20))),),
        netlist.opcodes[[net - 8 for net in order]],
        np.array(rows, dtype=np.int32),
    )
    a, b = rng.integers(0, 8, (2, 50))
    one, other = (mapped_cost(map_gates(each), a, b) for each in (netlist, renamed))
    assert one.energy_fj == pytest.approx(other.energy_fj)
    assert one.delay_ns == pytest.approx(other.delay_ns)
    assert one.area_um2 == pytest.approx(other.area_um2)
    assert one.cells == other.cells


def test_a_frequency_that_is_none():
    builder = NetlistBuilder({"a": 1})
    mapped = map_gates(builder.netlist("c", {"p": [2]}))
    with pytest.raises(AccelsimError, match="a frequency of 0 MHz; it must be positive"):
        mapped_cost(mapped, [0, 1], frequency_mhz=0)
