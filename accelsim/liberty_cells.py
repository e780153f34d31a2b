"""The cells of a Liberty file: from its groups and units to ours."""

import os
import re
from collections.abc import Mapping
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Literal, NamedTuple

from accelsim.boolean_expressions import parse_expression, variables
from accelsim.cell_library import Cell, CellLibrary, InputPin, SwitchingEnergy, Table, TimingArc
from accelsim.errors import AccelsimError
from accelsim.liberty import Group, parse_liberty

__all__ = ["read_cells"]

_STATEFUL = ("ff", "latch", "ff_bank", "latch_bank", "statetable")
_SENSES: dict[str, Literal["positive", "negative", "both"]] = {
    "positive_unate": "positive",
    "negative_unate": "negative",
    "non_unate": "both",
}
_EDGES = ("cell_rise", "cell_fall", "rise_transition", "fall_transition")
#: Powers of ten of the prefixes of units.
_PREFIXES = {"": 0, "m": -3, "u": -6, "n": -9, "p": -12, "f": -15, "a": -18}


class _Units(NamedTuple):
    """Factors from the file's units to ours."""

    time: float  # to ns
    capacitance: float  # to fF
    leakage: float  # to nW
    energy: float  # to fJ


def read_cells(path: str | os.PathLike[str]) -> CellLibrary:
    """Read the combinational one-output cells of a Liberty file with delay and power tables.

    Cells that hold state, have tri-state outputs, several outputs or none, or are marked ``dont_use`` are
    left out: ABC maps to none of them.

    Parameters
    ----------
    path : path-like
        The file.

    Raises
    ------
    AccelsimError
        If the file is missing, breaks the syntax, lacks units or a nominal voltage, has no combinational
        cell, or has no power tables; the message has the line where there is one.
    """
    path = Path(path)
    try:
        modified = path.stat().st_mtime_ns
    except OSError as error:
        raise AccelsimError(f"cannot read {path}: {error.strerror or error}") from error
    return _read(path.absolute(), modified)


@lru_cache(maxsize=4)
def _read(path: Path, modified: int) -> CellLibrary:
    library = parse_liberty(path)
    units, voltage = _units(library), _voltage(library)
    templates = {group.name: group for group in library.all("lu_table_template", "power_lut_template")}
    cells = {
        cell.name: cell
        for group in library.all("cell")
        if (cell := _cell(group, library, units, templates)) is not None
    }
    if not cells:
        raise AccelsimError(f"{path.name} has no combinational cell with one output and its function")
    if not any(cell.energies for cell in cells.values()):
        raise AccelsimError(
            f"{path.name} has no power tables (internal_power groups); energy cannot be estimated without"
        )
    return CellLibrary(library.name, path.name, voltage, cells)


def _units(library: Group) -> _Units:
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
    return _Units(seconds * 1e9, farads * 1e15, watts * 1e9, farads * volts**2 * 1e15)


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


def _voltage(library: Group) -> float:
    voltage = library.number("nom_voltage")
    if voltage is None or voltage <= 0:
        raise library.error("nom_voltage, the supply that C V^2 needs, is missing or not positive")
    return voltage * _unit(library, "voltage_unit", "V")


def _cell(group: Group, library: Group, units: _Units, templates: Mapping[str, Group]) -> Cell | None:
    pins = list(group.all("pin"))
    outputs = [pin for pin in pins if pin.text("direction") == "output"]
    unusable = any(True for _ in group.all(*_STATEFUL)) or group.text("dont_use") == "true"
    if unusable or len(outputs) != 1 or len(outputs) + _inputs(pins) != len(pins):
        return None
    (output,) = outputs
    if "function" not in output.attributes or "three_state" in output.attributes:
        return None
    try:
        function = parse_expression(output.text("function"))
    except AccelsimError as error:
        raise AccelsimError(
            f"{group.file}, line {output.attributes['function'].line}: cell {group.name}: {error}"
        ) from None
    inputs = tuple(_input(pin, library, units, templates) for pin in pins if pin.text("direction") == "input")
    unknown = variables(function) - {pin.name for pin in inputs}
    if unknown:
        raise output.error(f"cell {group.name}: its function names {min(unknown)}, which is no input")
    timing = tuple(
        _arc(arc, pin, units, templates)
        for arc in output.all("timing")
        if arc.text("timing_type", "combinational") == "combinational"
        for pin in arc.text("related_pin").split()
    )
    energies = tuple(
        energy
        for power in output.all("internal_power")
        for pin in power.text("related_pin").split()
        for energy in _energies(power, pin, units, templates)
    )
    area, leakage = group.number("area"), _leakage(group, library)
    depends = variables(function)
    lacking = {
        "area": area is None,
        "leakage power": leakage is None,
        "delay table of every input": not depends <= {arc.pin for arc in timing},
        "power table of every input": not depends <= {energy.pin for energy in energies},
    }
    return Cell(
        group.name,
        area or 0.0,
        (leakage or 0.0) * units.leakage,
        inputs,
        output.name,
        function,
        timing,
        energies,
        tuple(what for what, lacks in lacking.items() if lacks),
    )


def _inputs(pins: list[Group]) -> int:
    return sum(pin.text("direction") == "input" for pin in pins)


def _leakage(cell: Group, library: Group) -> float | None:
    stated = cell.number("cell_leakage_power")
    if stated is not None:
        return stated
    states = [state.number("value") for state in cell.all("leakage_power")]
    known = [value for value in states if value is not None]
    return sum(known) / len(known) if known else library.number("default_cell_leakage_power")


def _input(pin: Group, library: Group, units: _Units, templates: Mapping[str, Group]) -> InputPin:
    capacitance = pin.number("capacitance")
    if capacitance is None:
        capacitance = library.number("default_input_pin_cap")
    if capacitance is None:
        raise pin.error(f"pin {pin.name} has no capacitance")
    energies = tuple(
        energy
        for power in pin.all("internal_power")
        for energy in _energies(power, pin.name, units, templates)
    )
    return InputPin(pin.name, capacitance * units.capacitance, energies)


def _arc(arc: Group, pin: str, units: _Units, templates: Mapping[str, Group]) -> TimingArc:
    tables = {group.kind: group for group in arc.all(*_EDGES)}
    if len(tables) != len(_EDGES):
        missing = next(edge for edge in _EDGES if edge not in tables)
        raise arc.error(f"timing group has no {missing} table")
    rise, fall, rise_transition, fall_transition = (
        _table(tables[edge], templates, units, units.time) for edge in _EDGES
    )
    sense = arc.text("timing_sense", "non_unate")
    if sense not in _SENSES:
        raise arc.error(f"timing_sense {sense!r} is none of {', '.join(_SENSES)}")
    return TimingArc(pin, _SENSES[sense], rise, fall, rise_transition, fall_transition)


def _energies(power: Group, pin: str, units: _Units, templates: Mapping[str, Group]) -> list[SwitchingEnergy]:
    tables = {
        group.kind: _table(group, templates, units, units.energy)
        for group in power.all("power", "rise_power", "fall_power")
    }
    if "power" in tables:  # both edges alike
        return [SwitchingEnergy(pin, tables["power"], tables["power"])]
    if not tables:
        return []
    nothing = Table((0.0,), (0.0,), ((0.0,),))
    return [SwitchingEnergy(pin, tables.get("rise_power", nothing), tables.get("fall_power", nothing))]


def _table(group: Group, templates: Mapping[str, Group], units: _Units, scale: float) -> Table:
    """Read a table; its template says which index is the load, and has the indices that it lacks."""
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
