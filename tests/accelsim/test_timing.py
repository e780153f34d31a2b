"""Delays of small circuits, added up by hand from the tables in small.lib (units of 10 ps)."""

from pathlib import Path

import pytest

from accelsim.liberty_cells import read_cells
from accelsim.mapped_netlist import map_cells, map_gates
from accelsim.netlist import Gate
from accelsim.netlist_builder import NetlistBuilder
from accelsim.timing import analyse_timing

LIBRARY = read_cells(Path(__file__).parents[1] / "data" / "small.lib")
UNIT = 0.01  # ns


def circuit(output, *cells):
    """Cells as (name, output, inputs...), connected by signals; inputs a and b."""
    placed = []
    for name, to, *sources in cells:
        cell = LIBRARY.cell(name)
        pins = dict(zip((pin.name for pin in cell.inputs), sources, strict=True))
        placed.append((cell, pins | {cell.output: to}))
    signals = {"0": 0, "1": 1, "a": 2, "b": 3}
    return map_cells("c", {"a": 1, "b": 1}, {"p": [output]}, placed, signals, LIBRARY)


def test_a_chain_of_inverters():
    timing = analyse_timing(circuit("y", ("INV", "x", "a"), ("INV", "y", "x")))
    # First: load 1 fF, transition 0: rise 1.1, fall 2.2, transition 2.1. Second: no load, transition 2.1:
    # rise 1.21 after the first's fall, fall 2.42 after its rise.
    assert timing.delay == pytest.approx((1.1 + 2.42) * UNIT)
    assert timing.critical_path == ("INV", "INV")
    assert timing.transitions[4] == pytest.approx([2.1 * UNIT, 2.1 * UNIT])


def test_the_slower_edge_of_a_non_unate_cell_counts():
    # The inverter drives 2 fF: its fall comes at 2.4, its rise at 1.2; XOR takes 20 after either.
    timing = analyse_timing(circuit("y", ("INV", "x", "a"), ("XOR2", "y", "x", "b")))
    assert timing.delay == pytest.approx(22.4 * UNIT)


def test_the_sense_of_a_cell_pairs_the_edges():
    # AND after the inverter with 1 fF: rise 1.1 + 10, fall 2.2 + 10; then an inverter without load turns
    # the rise (transition 1) into a fall of 2.2 and the fall into a rise of 1.1.
    timing = analyse_timing(circuit("y", ("INV", "x", "a"), ("AND2", "z", "x", "b"), ("INV", "y", "z")))
    assert timing.delay == pytest.approx(max(1.1 + 10 + 2.2, 2.2 + 10 + 1.1) * UNIT)


def test_the_latest_of_several_inputs():
    timing = analyse_timing(circuit("y", ("XOR2", "x", "a", "b"), ("AND2", "y", "x", "b")))
    assert timing.delay == pytest.approx(30 * UNIT)
    assert timing.critical_path == ("XOR2", "AND2")


def test_constants_never_arrive():
    timing = analyse_timing(circuit("y", ("XOR2", "x", "0", "1"), ("AND2", "y", "x", "b")))
    assert timing.delay == pytest.approx(10 * UNIT)
    assert timing.critical_path == ("AND2",)
    assert analyse_timing(circuit("0")).delay == 0
    assert analyse_timing(circuit("x", ("XOR2", "x", "0", "1"))).delay == 0


def test_an_input_that_is_an_output_takes_no_time():
    timing = analyse_timing(circuit("a"))
    assert (timing.delay, timing.critical_path) == (0, ())


def test_built_in_gates_have_straight_lines_for_delays():
    builder = NetlistBuilder({"a": 1, "b": 1})
    first = builder.add(Gate.NAND, 2, 3)
    last = builder.add(Gate.XOR, first, builder.add(Gate.BUF, first))
    timing = analyse_timing(map_gates(builder.netlist("c", {"p": [last]})))
    load = 5.745 + 5.136  # both inputs of the XOR, one through a wire
    assert timing.delay == pytest.approx(0.0478 + 0.00430 * load + 0.0829)
