"""Arrays in which every cell, and what its ports are connected to, is chosen by itself."""

from collections.abc import Mapping, Sequence
from itertools import permutations
from types import MappingProxyType
from typing import Any

from amaranth.hdl import Const, Module

from accelsim.errors import AccelsimError
from accelsim.rtl.cells import FullAdder, checked_cell
from accelsim.rtl.multiplier import Multiplier
from accelsim.rtl.parameters import checked_width
from accelsim.rtl.partial_products import Row, unsigned_rows
from accelsim.rtl.reduction import product

__all__ = [
    "PORT_ORDERS",
    "CellArrayMultiplier",
    "cells_by_column",
    "cells_by_row",
    "checked_port_order",
    "same_cells",
]

#: What reaches a cell's ports ``a``, ``b``, ``cin``, in this order: partial product, sum from the row above,
#: carry of the row.
PORT_ORDERS = tuple("".join(order) for order in permutations("psc"))

_SIGNALS: Mapping[str, str] = MappingProxyType(
    {"p": "partial product", "s": "sum from the row above", "c": "carry of the row"}
)

#: Cell of each bit of each row of adders: ``[row - 1][bit]``, keys of `accelsim.rtl.cells.CELLS`.
CellGrid = tuple[tuple[str, ...], ...]


def checked_port_order(owner: str, order: str) -> str:
    """Return the order if it is one of `PORT_ORDERS`, else raise `AccelsimError`."""
    if order not in PORT_ORDERS:
        letters = ", ".join(f"{letter} ({signal})" for letter, signal in _SIGNALS.items())
        raise AccelsimError(
            f"{owner}: port order is {order!r}; expected for ports A, B, Cin each of the letters {letters}"
        )
    return order


def same_cells(width: int, cell: str) -> CellGrid:
    """Return the grid of an array that has this cell everywhere."""
    return cells_by_row(width, [cell] * (width - 1))


def cells_by_row(width: int, cells: Sequence[str]) -> CellGrid:
    """Return the grid of an array whose row ``i + 1`` has ``cells[i]``; ``width - 1`` rows have cells."""
    _check_count("rows", width, cells, width - 1)
    return tuple((cell,) * width for cell in cells)


def cells_by_column(width: int, cells: Sequence[str]) -> CellGrid:
    """Return the grid of an array whose column ``i + 1`` has ``cells[i]``.

    The ``2 width - 2`` columns of the product from the second to the last but one have cells.
    """
    _check_count("columns", width, cells, 2 * width - 2)
    return tuple(tuple(cells[row + bit - 1] for bit in range(width)) for row in range(1, width))


def _check_count(what: str, width: int, cells: Sequence[str], expected: int) -> None:
    if len(cells) != expected:
        raise AccelsimError(f"{len(cells)} {what} of cells given; an array of {width} bits has {expected}")


class CellArrayMultiplier(Multiplier):
    """Unsigned array of ripple-carry rows; row ``i`` adds ``a[i] * b`` with ``width`` full adders.

    Parameters
    ----------
    cells : tuple of tuples of str
        Cell of each bit of each row; `same_cells`, `cells_by_row`, `cells_by_column` make such grids.
    port_order : str
        One of `PORT_ORDERS`. A signal that a place in the array lacks (the first row's top sum, the carry
        into a row) is 0.

    Raises
    ------
    AccelsimError
        If the grid has not ``width`` cells in each of ``width - 1`` rows, or a parameter is unknown.
    """

    def __init__(self, cells: CellGrid, port_order: str = "psc") -> None:
        owner = type(self).__name__
        width = checked_width(owner, len(cells) + 1)
        super().__init__(width)
        for number, row in enumerate(cells, start=1):
            if len(row) != width:
                raise AccelsimError(f"{owner}: row {number} has {len(row)} cells; expected {width}")
            for cell in set(row):
                checked_cell(owner, cell)
        self.cells = cells
        self.port_order = checked_port_order(owner, port_order)

    def elaborate(self, platform: object) -> Module:
        """Describe the partial products and the rows of cells that add them up."""
        m = Module()
        total, *rows = unsigned_rows(m, self.a, self.b)
        for number, (row, cells) in enumerate(zip(rows, self.cells, strict=True), start=1):
            total = self._add_row(m, number, cells, row, total)
        m.d.comb += self.p.eq(product(total, self.width))
        return m

    def _add_row(self, m: Module, number: int, cells: tuple[str, ...], row: Row, total: Row) -> Row:
        sums = dict(total)
        carry: Any = Const(0, 1)
        for column, cell in zip(sorted(row), cells, strict=True):
            adder = FullAdder(cell)
            m.submodules[f"row{number}_column{column}"] = adder
            signals = {"p": row[column], "s": total.get(column, Const(0, 1)), "c": carry}
            ports = (adder.a, adder.b, adder.cin)
            m.d.comb += [
                port.eq(signals[letter]) for port, letter in zip(ports, self.port_order, strict=True)
            ]
            sums[column], carry = adder.sum, adder.cout
        sums[max(row) + 1] = carry
        return sums
