"""Figures of a Liberty file, in our units: supply voltage, leakage, tables of energies and delays."""

import re
from collections.abc import Mapping
from itertools import pairwise
from typing import NamedTuple

from accelsim.cell_library import SwitchingEnergy, Table
from accelsim.errors import AccelsimError
from accelsim.liberty import Group

__all__ = ["Units", "energies_of", "leakage_of", "table_of", "units_of", "voltage_of"]

#: Powers of ten of the prefixes of units.
_PREFIXES = {"": 0, "m": -3, "u": -6, "n": -9, "p": -12, "f": -15, "a": -18}


class Units(NamedTuple):
    """Factors from the file's units to ours."""

    time: float  # to ns
    capacitance: float  # to fF
    leakage: float  # to nW
    energy: float  # to fJ


def units_of(library: Group) -> Units:
    """Return the units that a library states.

    Raises
    ------
    AccelsimError
        If one is missing or not understood; with its line.
    """
    seconds = _unit(library, "time_unit", "s")
    volts = _unit(library, "voltage_unit", "V")
    watts = _unit(library, "leakage_power_unit", "W")
    load = library.attributes.get("capacitive_load_unit")
    if load is None or len(load.values) != 2 or load.values[1].lower() not in {"pf", "ff"}:
        raise library.error("capacitive_load_unit must be (number, pf) or (number, ff)")
    try:
        farads = float(load.values[0]) * (1e-12 if load.values[1].lower() == "pf" else 1e-15)
    except ValueError:
        raise AccelsimError(
            f"{library.file}, line {load.line}: capacitive_load_unit must be (number, pf) or (number, ff)"
        ) from None
    # The unit of energy follows from those of capacitance and voltage.
    return Units(seconds * 1e9, farads * 1e15, watts * 1e9, farads * volts**2 * 1e15)


def _unit(library: Group, name: str, symbol: str) -> float:
    """Return a unit such as ``"10ps"`` in the unit of its symbol."""
    text = library.text(name)
    found = re.fullmatch(rf"(\d+(?:\.\d+)?)\s*([munpfa]?){symbol}", text, re.IGNORECASE)
    if not found:
        shown = f"is {text!r}" if text else "is missing"
        attribute = library.attributes.get(name)
        line = attribute.line if attribute else library.line
        raise AccelsimError(f"{library.file}, line {line}: {name} {shown}; expected such as '1n{symbol}'")
    return float(found[1]) * 10.0 ** _PREFIXES[found[2].lower()]


def voltage_of(library: Group) -> float:
    """Return the nominal supply voltage in V.

    Raises
    ------
    AccelsimError
        If it is missing or not positive.
    """
    voltage = library.number("nom_voltage")
    if voltage is None or voltage <= 0:
        raise library.error("nom_voltage, the supply that C V^2 needs, is missing or not positive")
    return voltage * _unit(library, "voltage_unit", "V")


def leakage_of(cell: Group, library: Group) -> float | None:
    """Return a cell's leakage in the file's unit, mean over its states; None where the file says nothing."""
    stated = cell.number("cell_leakage_power")
    if stated is not None:
        return stated
    states = [state.number("value") for state in cell.all("leakage_power")]
    known = [value for value in states if value is not None]
    return sum(known) / len(known) if known else library.number("default_cell_leakage_power")


def energies_of(
    power: Group, pin: str, units: Units, templates: Mapping[str, Group]
) -> list[SwitchingEnergy]:
    """Return what an ``internal_power`` group says of a change of a pin: one entry, or none."""
    tables = {
        group.kind: table_of(group, templates, units, units.energy)
        for group in power.all("power", "rise_power", "fall_power")
    }
    if "power" in tables:  # both edges alike
        return [SwitchingEnergy(pin, tables["power"], tables["power"])]
    if not tables:
        return []
    nothing = Table((0.0,), (0.0,), ((0.0,),))
    return [SwitchingEnergy(pin, tables.get("rise_power", nothing), tables.get("fall_power", nothing))]


def table_of(group: Group, templates: Mapping[str, Group], units: Units, scale: float) -> Table:
    """Return a table times a factor; its template says which index is the load, and has indices it lacks.

    Raises
    ------
    AccelsimError
        If its indices and values do not go together; with its line.
    """
    values = tuple(value * scale for value in group.numbers("values"))
    template = templates.get(group.name)
    axes = []
    for number in (1, 2):
        grid = group.numbers(f"index_{number}")
        variable = ""
        if template is not None:
            grid = grid or template.numbers(f"index_{number}")
            variable = template.text(f"variable_{number}")
        if not variable:
            continue
        is_load = variable == "total_output_net_capacitance"
        if not is_load and variable not in {"input_net_transition", "input_transition_time"}:
            raise group.error(f"a table over {variable} is not understood")
        if len(grid) == 0 or any(low >= high for low, high in pairwise(grid)):
            raise group.error(f"index_{number} of {group.kind} is missing or does not rise")
        factor = units.capacitance if is_load else units.time
        axes.append((is_load, tuple(entry * factor for entry in grid)))
    sizes = [len(grid) for _, grid in axes]
    expected = 1
    for size in sizes:
        expected *= size
    if len(values) != expected:
        raise group.error(f"{group.kind} has {len(values)} values; its indices ask for {expected}")
    grids = dict(axes)
    if len(grids) != len(axes):
        raise group.error(f"both indices of {group.kind} are over the same variable")
    transitions, loads = grids.get(False, (0.0,)), grids.get(True, (0.0,))
    if axes and axes[0][0]:  # the load comes first: rows are loads
        rows = [values[at :: len(transitions)] for at in range(len(transitions))]
    else:
        rows = [values[at : at + len(loads)] for at in range(0, len(values), len(loads))]
    return Table(transitions, loads, tuple(rows))
