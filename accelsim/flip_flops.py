"""What a flip-flop costs: area, leakage, energy of the clock and of a change."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from statistics import mean

from accelsim.boolean_expressions import Expression, gates_of, parse_expression, variables
from accelsim.errors import AccelsimError
from accelsim.liberty import Group, parse_liberty
from accelsim.liberty_figures import Units, energies_of, leakage_of, units_of, voltage_of
from accelsim.netlist import Gate

__all__ = ["BUILT_IN_FLIP_FLOP", "FlipFlop", "read_flip_flop"]

#: Conditions of the energies: transition time of clock and data, and load at the output.
_TRANSITION_NS, _LOAD_FF = 0.0966, 6.0


@dataclass(frozen=True)
class FlipFlop:
    """Cost of one flip-flop.

    Parameters
    ----------
    cell : str
        The cell of the library that the figures are from.
    area_um2, leakage_nw : float
        Area and mean static power.
    clock_fj : float
        Energy of a clock cycle in which nothing changes: inside the cell, and C V^2 of its clock pin. The
        tree that brings the clock is not part of it.
    change_fj : float
        Energy that a change of the stored bit adds: inside the cell, and C V^2 / 2 of its data pin.
    """

    cell: str
    area_um2: float
    leakage_nw: float
    clock_fj: float
    change_fj: float


#: The smallest of IHP's SG13G2 library, whose other cells are in `accelsim.gate_costs`; source as there.
BUILT_IN_FLIP_FLOP = FlipFlop("dfrbpq_1", 48.9888, 0.5105, 30.108, 21.426)


def read_flip_flop(path: str | os.PathLike[str]) -> FlipFlop:
    """Read the smallest flip-flop of a Liberty file that has one output and stores one pin at a rising clock.

    Energies are those at a transition time of 0.0966 ns and a load of 6 fF, with set and reset inactive. A
    cycle in which nothing changes costs the clock pin's energies of both edges, mean over a stored 0 and 1.
    A change costs the output's energy instead of that of the clock's rise, and the data pin's energy, mean
    over both levels of the clock at which it may come.

    Raises
    ------
    AccelsimError
        If the file cannot be read, or has no such flip-flop with area, leakage and power tables.
    """
    library = parse_liberty(Path(path))
    units, voltage = units_of(library), voltage_of(library)
    templates = {group.name: group for group in library.all("lu_table_template", "power_lut_template")}
    found = [
        flip_flop
        for group in library.all("cell")
        if group.text("dont_use") != "true"
        and (flip_flop := _flip_flop(group, library, units, voltage, templates)) is not None
    ]
    if not found:
        raise AccelsimError(
            f"{Path(path).name} has no flip-flop with one output, one data pin, rising clock and power tables"
        )
    return min(found, key=lambda each: (each.area_um2, each.cell))


def _flip_flop(
    cell: Group, library: Group, units: Units, voltage: float, templates: Mapping[str, Group]
) -> FlipFlop | None:
    states = list(cell.all("ff"))
    pins = {pin.name: pin for pin in cell.all("pin")}
    outputs = [name for name, pin in pins.items() if pin.text("direction") == "output"]
    if len(states) != 1 or len(outputs) != 1:
        return None
    (state,), (q,) = states, outputs
    clock, data = state.text("clocked_on"), state.text("next_state")
    area, leakage = cell.number("area"), leakage_of(cell, library)
    if clock not in pins or data not in pins or area is None or leakage is None:
        return None
    controls = [parse_expression(state.text(name)) for name in ("clear", "preset") if state.text(name)]
    idle = _idle_levels(controls, sorted(pins.keys() - {clock, data, q}))
    if idle is None:
        return None

    def mean_power(pin: str, edges: tuple[str, ...], states: list[dict[str, int]]) -> float:
        related = clock if pin == q else pin
        cases = [(edge, idle | state) for edge in edges for state in states]
        return mean(_power(pins[pin], related, *case, units, templates) for case in cases)

    at_rest = [{data: bit, q: bit} for bit in (0, 1)]
    rise, fall = (mean_power(clock, (edge,), at_rest) for edge in ("rise", "fall"))
    stored = mean_power(q, ("rise", "fall"), [{}])
    moved = mean_power(data, ("rise", "fall"), [{clock: level, q: bit} for level in (0, 1) for bit in (0, 1)])
    if stored <= 0:
        return None
    clock_load, data_load = (
        (pins[name].number("capacitance") or 0.0) * units.capacitance * voltage**2 for name in (clock, data)
    )
    return FlipFlop(
        cell.name,
        area,
        leakage * units.leakage,
        rise + fall + clock_load,
        stored - rise + moved + data_load / 2,
    )


def _idle_levels(controls: list[Expression], pins: list[str]) -> dict[str, int] | None:
    """Return levels of the other pins at which nothing sets or clears the flip-flop."""
    for bits in product((0, 1), repeat=len(pins)):
        levels = dict(zip(pins, bits, strict=True))
        if all(variables(each) <= levels.keys() for each in controls) and not any(
            gates_of(each, levels, _evaluated) for each in controls
        ):
            return levels
    return None


def _power(
    pin: Group,
    related: str,
    edge: str,
    levels: Mapping[str, int],
    units: Units,
    templates: Mapping[str, Group],
) -> float:
    """Return the energy of an edge of a pin in a state; where the file has none for it, the general one."""
    general = 0.0
    for power in pin.all("internal_power"):
        if power.text("related_pin", related) != related:
            continue
        condition = power.text("when")
        for energy in energies_of(power, related, units, templates):
            value = float(getattr(energy, edge).at(_TRANSITION_NS, _LOAD_FF))
            if not condition:
                general = value
            elif _holds(parse_expression(condition), levels):
                return value
    return general


def _holds(condition: Expression, levels: Mapping[str, int]) -> bool:
    return variables(condition) <= levels.keys() and gates_of(condition, levels, _evaluated) == 1


def _evaluated(gate: Gate, a: int, b: int) -> int:
    """Return the output of a gate for operands 0 and 1, which are also the constant nets."""
    return {Gate.BUF: a, Gate.NOT: 1 - a, Gate.AND: a & b, Gate.OR: a | b, Gate.XOR: a ^ b}[gate]
