"""The combinational cells of a Liberty file."""

import os
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Literal

from accelsim.boolean_expressions import parse_expression, variables
from accelsim.cell_library import Cell, CellLibrary, InputPin, TimingArc
from accelsim.errors import AccelsimError
from accelsim.liberty import Group, parse_liberty
from accelsim.liberty_figures import Units, energies_of, leakage_of, table_of, units_of, voltage_of

__all__ = ["read_cells"]

_STATEFUL = ("ff", "latch", "ff_bank", "latch_bank", "statetable")
_SENSES: dict[str, Literal["positive", "negative", "both"]] = {
    "positive_unate": "positive",
    "negative_unate": "negative",
    "non_unate": "both",
}
_EDGES = ("cell_rise", "cell_fall", "rise_transition", "fall_transition")


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
    units, voltage = units_of(library), voltage_of(library)
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


def _cell(group: Group, library: Group, units: Units, templates: Mapping[str, Group]) -> Cell | None:
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
        for energy in energies_of(power, pin, units, templates)
    )
    area, leakage = group.number("area"), leakage_of(group, library)
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


def _input(pin: Group, library: Group, units: Units, templates: Mapping[str, Group]) -> InputPin:
    capacitance = pin.number("capacitance")
    if capacitance is None:
        capacitance = library.number("default_input_pin_cap")
    if capacitance is None:
        raise pin.error(f"pin {pin.name} has no capacitance")
    energies = tuple(
        energy
        for power in pin.all("internal_power")
        for energy in energies_of(power, pin.name, units, templates)
    )
    return InputPin(pin.name, capacitance * units.capacitance, energies)


def _arc(arc: Group, pin: str, units: Units, templates: Mapping[str, Group]) -> TimingArc:
    tables = {group.kind: group for group in arc.all(*_EDGES)}
    if len(tables) != len(_EDGES):
        missing = next(edge for edge in _EDGES if edge not in tables)
        raise arc.error(f"timing group has no {missing} table")
    rise, fall, rise_transition, fall_transition = (
        table_of(tables[edge], templates, units, units.time) for edge in _EDGES
    )
    sense = arc.text("timing_sense", "non_unate")
    if sense not in _SENSES:
        raise arc.error(f"timing_sense {sense!r} is none of {', '.join(_SENSES)}")
    return TimingArc(pin, _SENSES[sense], rise, fall, rise_transition, fall_transition)
