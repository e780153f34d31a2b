"""The built-in table, computed anew from the published file."""

import os
from pathlib import Path
from statistics import mean

import pytest

from accelsim.boolean_expressions import gates_of
from accelsim.gate_costs import GATE_AREAS_UM2, GATE_COSTS, gate_library, netlist_area_um2
from accelsim.liberty_cells import read_cells
from accelsim.netlist import Gate
from accelsim.netlist_builder import NetlistBuilder
from accelsim.simulation import outputs

#: Which pin of the published cell each operand is.
PINS = {
    Gate.NOT: "A",
    Gate.ANDNOT: ("B_N", "A"),
    Gate.ORNOT: ("A_N", "B"),
    Gate.MUX: ("A0", "A1", "S"),
}
TRANSITION = 0.0966


@pytest.mark.skipif("ACCELSIM_DATA" not in os.environ, reason="needs the Liberty file in $ACCELSIM_DATA")
@pytest.mark.parametrize("gate", GATE_COSTS, ids=lambda gate: gate.name)
def test_equals_the_published_file(gate):
    path = Path(os.environ["ACCELSIM_DATA"]) / "liberty" / "sg13g2_stdcell_typ_1p20V_25C.lib"
    cost = GATE_COSTS[gate]
    cell = read_cells(path).cell(f"sg13g2_{cost.cell}")
    pins = PINS.get(gate, ("A", "B"))
    of = {pin.name: pin for pin in cell.inputs}
    assert sorted(pins) == sorted(of)
    # The cell computes the gate.
    builder = NetlistBuilder(dict.fromkeys("abc", 1))
    net = gates_of(cell.function, dict(zip(pins, (2, 3, 4), strict=False)), builder.add)
    same = builder.add(gate, 2, 3, 4)
    rows = [[row >> bit & 1 for row in range(8)] for bit in range(3)]
    found = outputs(builder.netlist("f", {"y": [net, same]}), *rows)
    assert set(found.tolist()) <= {0b00, 0b11}

    assert cost.area_um2 == cell.area
    assert cost.leakage_nw == pytest.approx(cell.leakage, abs=6e-5)
    assert cost.capacitances_ff == pytest.approx([of[pin].capacitance for pin in pins], abs=6e-4)
    energies = [(each.rise.at(TRANSITION, 6.0) + each.fall.at(TRANSITION, 6.0)) / 2 for each in cell.energies]
    assert cost.energy_fj == pytest.approx(mean(energies), abs=6e-4)
    quiet = [mean([each.mean(TRANSITION, 6.0) for each in of[pin].energies] or [0.0]) for pin in pins]
    assert (cost.quiet_energies_fj or [0.0] * len(pins)) == pytest.approx(quiet, abs=6e-4)
    low, high = (
        mean(table.at(TRANSITION, load) for arc in cell.timing for table in (arc.rise_delay, arc.fall_delay))
        for load in (1.0, 23.4)
    )
    slope = (high - low) / 22.4
    assert cost.delay_ns_per_ff == pytest.approx(slope, abs=6e-6)
    assert cost.delay_ns == pytest.approx(low - slope, abs=6e-5)


def test_every_gate_but_the_wire_has_a_cell():
    assert set(Gate) - set(GATE_COSTS) == {Gate.BUF}
    assert set(gate_library().cells) == {gate.name for gate in GATE_COSTS}
    assert GATE_AREAS_UM2[Gate.BUF] == 0
    assert GATE_AREAS_UM2[Gate.XOR] == 14.5152


def test_area_of_a_netlist():
    builder = NetlistBuilder({"a": 1, "b": 1})
    for gate in (Gate.AND, Gate.XOR, Gate.BUF):
        builder.add(gate, 2, 3)
    assert netlist_area_um2(builder.netlist("c", {"p": [4]})) == 9.072 + 14.5152
