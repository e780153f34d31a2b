"""Search for arrays that mix adder cells so as to reach given error figures with few gates.

HEAP, the heterogeneous multiplier that Guesmi et al. (ASPLOS 2021, appendix A) compare with, is not public;
its figures are: MRED 0.12, NMED 0.03, 34 % of magnitudes above exact. `HEAP_LIKE` is an array with the same
figures that this search found.
"""

from collections.abc import Callable, Sequence
from dataclasses import astuple, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from accelsim.errors import AccelsimError
from accelsim.rtl.cell_array import CellGrid, cells_by_column, cells_by_row
from accelsim.rtl.cells import CELLS

__all__ = [
    "HEAP_LIKE",
    "HEAP_TARGET",
    "Found",
    "SignificandErrors",
    "SignificandSample",
    "grid_of",
    "search_cells",
]

#: Digits of `Found.digits`.
_CELLS = ("exact", "ama1", "ama2", "ama3", "ama4", "ama5")
#: Two-input gates of each cell's logic, inverted inputs free; AMA5 is wires.
_GATES = {"exact": 5, "ama1": 4, "ama2": 5, "ama3": 3, "ama4": 2, "ama5": 0}
#: Mean exponent factor of a number drawn uniformly from 0 to 1: its mean, 1/2, over its significand's, 3/2.
_MEAN_POWER = 1 / 3


@dataclass(frozen=True)
class SignificandErrors:
    """Errors of a float multiplier over operands drawn uniformly from 0 to 1, but for rounding.

    Attributes
    ----------
    mred : float
        Mean of ``|error| / exact``.
    nmed : float
        Mean of ``|error|`` over the largest exact product, 1.
    share_above : float
        Share of products whose magnitude is above exact.
    """

    mred: float
    nmed: float
    share_above: float


#: Figures of HEAP, as printed by Guesmi et al. (2021), table 8 and appendix A.
HEAP_TARGET = SignificandErrors(0.12, 0.03, 0.34)
#: What rounds to the printed digits.
_PRINTED = SignificandErrors(0.005, 0.005, 0.005)


class SignificandSample:
    """Random significands as bit planes, to evaluate arrays of any cells on.

    The significand of a number drawn uniformly from 0 to 1 is uniform and independent of the exponent, so
    the errors over such numbers follow from those over uniform significands.

    Parameters
    ----------
    width : int
        Bits of a significand, hidden one included.
    pairs : int
        Number of operand pairs, a multiple of 64.
    seed : int
        Seed of the operands.
    """

    def __init__(self, width: int, pairs: int, seed: int) -> None:
        if pairs < 64 or pairs % 64:
            raise AccelsimError(f"{pairs} pairs asked for; expected a positive multiple of 64")
        generator = np.random.default_rng(seed)
        self.width = width
        self.a, self.b = generator.integers(1 << width - 1, 1 << width, (2, pairs))
        self._planes = [[_plane(bits >> i & 1) for i in range(width)] for bits in (self.a, self.b)]

    def products(self, cells: CellGrid) -> NDArray[np.float64]:
        """Return what `accelsim.rtl.cell_array.CellArrayMultiplier` of these cells computes."""
        a, b = self._planes
        zero = np.zeros_like(a[0])
        total: dict[int, Any] = {bit: a[0] & b[bit] for bit in range(self.width)}
        for row, row_cells in enumerate(cells, start=1):
            carry = zero
            for bit, cell in enumerate(row_cells):
                above = total.get(row + bit, zero)
                total[row + bit], carry = CELLS[cell].logic(a[row] & b[bit], above, carry)
            total[row + self.width] = carry
        found = np.zeros(len(self.a))
        for column, plane in total.items():
            found += np.unpackbits(plane.view(np.uint8), bitorder="little") * 2.0**column
        return found

    def errors(self, cells: CellGrid) -> SignificandErrors:
        """Measure an array of these cells."""
        exact = self.a.astype(np.float64) * self.b
        error = self.products(cells) - exact
        unit = 4.0 ** (self.width - 1)
        return SignificandErrors(
            float(np.mean(np.abs(error) / exact)),
            float(np.mean(np.abs(error)) / unit * _MEAN_POWER**2),
            float(np.mean(error > 0)),
        )


def _plane(bits: NDArray[Any]) -> NDArray[np.uint64]:
    return np.packbits(bits.astype(np.uint8), bitorder="little").view(np.uint64)


@dataclass(frozen=True)
class Found:
    """What a search found.

    Attributes
    ----------
    digits : str
        Cell of each column (or row) from the least significant on: 0 is exact, 1 to 5 are AMA1 to AMA5.
    errors : SignificandErrors
        Over the pairs that the search used.
    deviation : float
        The largest of the deviations from the target, in units of its tolerance; at most 1 is a success.
    gates : int
        Two-input gates of the cells.
    """

    digits: str
    errors: SignificandErrors
    deviation: float
    gates: int


def grid_of(width: int, digits: str, lines: str = "columns") -> CellGrid:
    """Return the cells of an array of which each column (or row) has one kind, as `Found.digits` says.

    Raises
    ------
    AccelsimError
        If there is no such kind of lines or cell, or their number is not that of the array.
    """
    makers: dict[str, Callable[[int, Sequence[str]], CellGrid]] = {
        "columns": cells_by_column,
        "rows": cells_by_row,
    }
    if lines not in makers:
        raise AccelsimError(f"lines is {lines!r}; expected columns or rows")
    if not set(digits) <= set("012345"):
        raise AccelsimError(f"cells are {digits!r}; expected digits 0 (exact) to 5 (AMA5)")
    return makers[lines](width, [_CELLS[int(digit)] for digit in digits])


def search_cells(
    target: SignificandErrors = HEAP_TARGET,
    tolerance: SignificandErrors = _PRINTED,
    *,
    width: int = 24,
    lines: str = "columns",
    evaluations: int = 5000,
    pairs: int = 1 << 14,
    seed: int = 0,
    progress: Callable[[int], None] = lambda done: None,
) -> Found:
    """Search for an array with given error figures, one cell per column (or row), and few gates.

    A tenth of the evaluations goes to random starts: AMA5 up to a random column, random cells above. From
    the best of them on, one to three cells are drawn anew, and the child replaces its parent if it is not
    worse. The better of two is the one nearer to the target; where both lie within the tolerance, the one
    with fewer gates.

    Parameters
    ----------
    target, tolerance : SignificandErrors
        Figures to be reached, and how far off each may be; an infinite tolerance ignores a figure.
    width : int
        Bits of the significands.
    lines : {"columns", "rows"}
        What has one cell.
    evaluations : int
        Arrays to look at.
    pairs : int
        Operand pairs that each is measured on, a multiple of 64.
    seed : int
        Seed of operands and mutations; the same arguments find the same array.
    progress : callable, optional
        Called with the number of evaluations done.
    """
    generator = np.random.default_rng(seed)
    sample = SignificandSample(width, pairs, seed)
    count = width - 1 if lines == "rows" else 2 * width - 2

    def measured(numbers: NDArray[np.int64]) -> Found:
        digits = "".join(map(str, numbers))
        cells = grid_of(width, digits, lines)
        errors = sample.errors(cells)
        gates = sum(_GATES[cell] for row in cells for cell in row)
        return Found(digits, errors, _deviation(errors, target, tolerance), gates)

    def start() -> NDArray[np.int64]:
        numbers = generator.integers(0, len(_CELLS), count)
        numbers[: generator.integers(0, count)] = _CELLS.index("ama5")
        return numbers

    def mutated(numbers: NDArray[np.int64]) -> NDArray[np.int64]:
        child = numbers.copy()
        places = generator.choice(count, generator.integers(1, 4), replace=False)
        child[places] = generator.integers(0, len(_CELLS), len(places))
        return child

    parent = start()
    best = measured(parent)
    for done in range(1, evaluations):
        child = start() if done < evaluations // 10 else mutated(parent)
        found = measured(child)
        if _rank(found) <= _rank(best):
            parent, best = child, found
        progress(done + 1)
    return best


def _deviation(errors: SignificandErrors, target: SignificandErrors, tolerance: SignificandErrors) -> float:
    deviations: list[float] = [
        abs(found - wanted) / allowed
        for found, wanted, allowed in zip(astuple(errors), astuple(target), astuple(tolerance), strict=True)
    ]
    return max(deviations)


def _rank(found: Found) -> tuple[float, int]:
    return max(found.deviation, 1.0), found.gates


#: Cells of the columns of ``heap_like24``: ``search_cells().digits``.
HEAP_LIKE = "5555555555555555555555555555555555555533501103"
