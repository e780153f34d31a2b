"""Standard cells: what each computes, and its area, leakage, capacitances, delays and energies.

Units throughout: um^2, ns, fF, fJ, nW, V.
"""

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from accelsim.boolean_expressions import Expression
from accelsim.errors import AccelsimError, nearest

__all__ = ["Cell", "CellLibrary", "InputPin", "SwitchingEnergy", "Table", "TimingArc"]


@dataclass(frozen=True)
class Table:
    """A quantity over the input's transition time and the load at the output.

    Parameters
    ----------
    transitions : tuple of float
        Transition times of the input, in ns, rising; one entry where the quantity does not depend on it.
    loads : tuple of float
        Capacitances at the output, in fF, likewise.
    values : tuple of tuples of float
        One row for each transition time.
    """

    transitions: tuple[float, ...]
    loads: tuple[float, ...]
    values: tuple[tuple[float, ...], ...]

    def at(self, transition: float, load: float) -> float:
        """Interpolate bilinearly; outside the table, the outermost segments are continued."""
        row, down = _segment(self.transitions, transition)
        column, right = _segment(self.loads, load)
        upper = _between(self.values[row], column, right)
        if len(self.transitions) == 1:
            return upper
        return upper + down * (_between(self.values[row + 1], column, right) - upper)


def _segment(grid: tuple[float, ...], at: float) -> tuple[int, float]:
    """Return the segment of a grid that a point lies in, and how far along the point is (0 to 1 inside)."""
    if len(grid) == 1:
        return 0, 0.0
    first = min(max(bisect_right(grid, at) - 1, 0), len(grid) - 2)
    return first, (at - grid[first]) / (grid[first + 1] - grid[first])


def _between(row: tuple[float, ...], column: int, part: float) -> float:
    return row[0] if len(row) == 1 else row[column] + part * (row[column + 1] - row[column])


@dataclass(frozen=True)
class TimingArc:
    """Delay (ns) and transition time (ns) of the output when one input changes.

    Parameters
    ----------
    pin : str
        The input.
    sense : {"positive", "negative", "both"}
        Whether the output rises when the input rises, when it falls, or may do either.
    rise_delay, fall_delay, rise_transition, fall_transition : Table
        For the *output's* rising and falling edge.
    """

    pin: str
    sense: Literal["positive", "negative", "both"]
    rise_delay: Table
    fall_delay: Table
    rise_transition: Table
    fall_transition: Table


@dataclass(frozen=True)
class SwitchingEnergy:
    """Energy (fJ) spent inside the cell when the output, or a lone input, rises and falls.

    Parameters
    ----------
    pin : str
        The input whose change makes the output change, or which changes alone.
    rise, fall : Table
        Energy of either edge.
    """

    pin: str
    rise: Table
    fall: Table

    def mean(self, transition: float, load: float) -> float:
        """Mean of both edges, which over a long stream of operands are equally frequent."""
        return (self.rise.at(transition, load) + self.fall.at(transition, load)) / 2


@dataclass(frozen=True)
class InputPin:
    """An input of a cell.

    Parameters
    ----------
    name : str
        Its name.
    capacitance : float
        What it loads its net with, in fF.
    energies : tuple of SwitchingEnergy
        Energies of a change that the output does not follow, over all states of the other inputs.
    """

    name: str
    capacitance: float
    energies: tuple[SwitchingEnergy, ...] = ()


@dataclass(frozen=True)
class Cell:
    """A combinational cell with one output.

    Parameters
    ----------
    name : str
        Its name.
    area : float
        In um^2.
    leakage : float
        Static power in nW, mean over the input states.
    inputs : tuple of InputPin
        In the order of the file.
    output : str
        Name of the output.
    function : Expression
        The output as a function of the inputs' names.
    timing : tuple of TimingArc
        One or several for each input.
    energies : tuple of SwitchingEnergy
        Energies of a change of the output; one or several for each input.
    lacking : tuple of str
        What the file does not say of this cell but a cost needs.
    """

    name: str
    area: float
    leakage: float
    inputs: tuple[InputPin, ...]
    output: str
    function: Expression
    timing: tuple[TimingArc, ...]
    energies: tuple[SwitchingEnergy, ...]
    lacking: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class CellLibrary:
    """Cells of one process at one operating point.

    Parameters
    ----------
    name : str
        Name of the library.
    source : str
        Where the figures come from: a file, or a citation.
    voltage : float
        Supply voltage in V.
    cells : mapping of str to Cell
        By name.
    """

    name: str
    source: str
    voltage: float
    cells: Mapping[str, Cell] = field(repr=False)

    def cell(self, name: str) -> Cell:
        """Return a cell of which everything is known that a cost needs.

        Raises
        ------
        AccelsimError
            If there is no such cell, or the library lacks figures of it.
        """
        if name not in self.cells:
            raise AccelsimError(f"{self.source} has no combinational cell {name}{nearest(name, self.cells)}")
        cell = self.cells[name]
        if cell.lacking:
            raise AccelsimError(f"{self.source}: cell {name} has no {', no '.join(cell.lacking)}")
        return cell
