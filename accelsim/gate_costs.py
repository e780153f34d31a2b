"""What gates cost where no Liberty file is given: one small table, from one published cell library.

The figures are those of the weakest cell of each function (drive strength 1) of IHP's SG13G2 library for
130 nm, 1.2 V, 25 degrees C, typical (``sg13g2_stdcell_typ_1p20V_25C.lib``, revision 0.1.4; Apache-2.0;
https://github.com/IHP-GmbH/IHP-Open-PDK). Area, leakage and capacitances are as printed there; energies and
delays are means over the cell's arcs, their conditions and both edges, at an input transition time of
0.0966 ns: the energies at a load of 6 fF (two inputs), the delay as the straight line through those at
1 fF and 23.4 fF. A test computes the table anew from the file.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

import numpy as np

from accelsim.boolean_expressions import Operation
from accelsim.cell_library import Cell, CellLibrary, InputPin, SwitchingEnergy, Table, TimingArc
from accelsim.netlist import Gate, Netlist

__all__ = ["GATE_AREAS_UM2", "GATE_COSTS", "OPERAND_NAMES", "GateCost", "gate_library", "netlist_area_um2"]


@dataclass(frozen=True)
class GateCost:
    """Cost of one gate.

    Parameters
    ----------
    cell : str
        The cell of the library that the figures are from.
    area_um2, leakage_nw : float
        Area and mean static power.
    capacitances_ff : tuple of float
        Capacitance of each operand.
    energy_fj : float
        Energy spent inside the gate when its output changes.
    delay_ns, delay_ns_per_ff : float
        Delay without load, and by how much a load lengthens it.
    quiet_energies_fj : tuple of float, optional
        Energy spent when an operand changes and the output does not; default: none.
    """

    cell: str
    area_um2: float
    leakage_nw: float
    capacitances_ff: tuple[float, ...]
    energy_fj: float
    delay_ns: float
    delay_ns_per_ff: float
    quiet_energies_fj: tuple[float, ...] = ()


#: Cost of each gate; a buffer is a wire and has none.
GATE_COSTS: Mapping[Gate, GateCost] = MappingProxyType(
    {
        Gate.NOT: GateCost("inv_1", 5.4432, 0.0630, (2.867,), 1.531, 0.0361, 0.00370),
        Gate.AND: GateCost("and2_1", 9.072, 0.1376, (2.543, 2.536), 6.292, 0.0941, 0.00284),
        Gate.NAND: GateCost("nand2_1", 7.2576, 0.0812, (2.886, 2.978), 2.398, 0.0478, 0.00430),
        Gate.OR: GateCost("or2_1", 9.072, 0.1149, (2.469, 2.297), 6.234, 0.1020, 0.00295),
        Gate.NOR: GateCost("nor2_1", 7.2576, 0.0829, (3.041, 2.919), 2.463, 0.0498, 0.00482),
        Gate.XOR: GateCost("xor2_1", 14.5152, 0.1848, (5.745, 5.136), 6.333, 0.0829, 0.00506),
        Gate.XNOR: GateCost("xnor2_1", 14.5152, 0.1948, (5.622, 5.088), 6.203, 0.0801, 0.00484),
        Gate.ANDNOT: GateCost("nor2b_1", 9.072, 0.1303, (2.266, 2.923), 2.591, 0.0702, 0.00456, (3.763, 0.0)),
        Gate.ORNOT: GateCost("nand2b_1", 9.072, 0.1286, (2.242, 3.025), 2.942, 0.0695, 0.00392, (3.067, 0.0)),
        Gate.MUX: GateCost(
            "mux2_1", 18.144, 0.2463, (2.781, 2.885, 5.050), 8.836, 0.1271, 0.00314, (0.0, 0.0, 3.787)
        ),
    }
)

#: Area of each gate in square micrometres.
GATE_AREAS_UM2: Mapping[Gate, float] = MappingProxyType(
    {gate: GATE_COSTS[gate].area_um2 if gate in GATE_COSTS else 0.0 for gate in Gate}
)

#: Names of a gate's operands as pins.
OPERAND_NAMES = ("a", "b", "c")


def netlist_area_um2(netlist: Netlist) -> float:
    """Return the sum of the areas of a netlist's gates, in square micrometres."""
    areas = np.array([GATE_AREAS_UM2[gate] for gate in Gate])
    return float(np.round(areas[netlist.opcodes].sum(), 4))


@cache
def gate_library() -> CellLibrary:
    """Return the table as a library whose cells are named like the gates.

    Its delays do not depend on transition times, and its cells' functions are the gates themselves.
    """
    return CellLibrary(
        name="built-in gates",
        source="accelsim's table of gates (IHP SG13G2, typical, 1.2 V, 25 C)",
        voltage=1.2,
        cells=MappingProxyType({gate.name: _cell(gate, cost) for gate, cost in GATE_COSTS.items()}),
    )


def _cell(gate: Gate, cost: GateCost) -> Cell:
    names = OPERAND_NAMES[: len(cost.capacitances_ff)]
    delay = Table((0.0,), (0.0, 1.0), ((cost.delay_ns, cost.delay_ns + cost.delay_ns_per_ff),))
    return Cell(
        name=gate.name,
        area=cost.area_um2,
        leakage=cost.leakage_nw,
        inputs=tuple(
            InputPin(name, capacitance, _energies(name, quiet) if quiet else ())
            for name, capacitance, quiet in zip(
                names, cost.capacitances_ff, cost.quiet_energies_fj or [0.0] * len(names), strict=True
            )
        ),
        output="y",
        function=Operation(gate, names),
        timing=tuple(TimingArc(name, "both", delay, delay, _constant(0.0), _constant(0.0)) for name in names),
        energies=_energies(names[0], cost.energy_fj),
    )


def _constant(value: float) -> Table:
    return Table((0.0,), (0.0,), ((value,),))


def _energies(pin: str, energy: float) -> tuple[SwitchingEnergy, ...]:
    return (SwitchingEnergy(pin, _constant(energy), _constant(energy)),)
