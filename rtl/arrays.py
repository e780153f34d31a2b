"""Multipliers that add up all partial products: arrays and trees of any adder cell."""

from abc import abstractmethod

from amaranth.hdl import Module

from accelsim.rtl.cells import checked_cell
from accelsim.rtl.multiplier import Multiplier
from accelsim.rtl.parameters import approximate_columns, checked_integer
from accelsim.rtl.partial_products import Row, baugh_wooley_rows, unsigned_rows
from accelsim.rtl.reduction import (
    AdderCells,
    add_by_carry_save_rows,
    add_by_dadda_tree,
    add_by_ripple_rows,
    add_by_wallace_tree,
    product,
)

__all__ = [
    "ArrayMultiplier",
    "BaughWooleyMultiplier",
    "CarrySaveMultiplier",
    "CellMultiplier",
    "DaddaMultiplier",
    "WallaceMultiplier",
]


class CellMultiplier(Multiplier):
    """A multiplier made of adder cells, approximate ones in its least significant columns.

    Parameters
    ----------
    width : int
        Bits of each operand, 2 to 32.
    cell : str
        Adder cell: ``exact``, ``ama1`` ... ``ama5``.
    columns : int, optional
        Columns of the product, counted from the least significant, that hold this cell; exact cells in the
        others. 0 to ``2 width``; default: all. A carry out of column ``2 width - 1``, which exact cells
        never produce, is lost.

    Raises
    ------
    AccelsimError
        If a parameter is out of its range.
    """

    def __init__(
        self, width: int, cell: str = "exact", columns: int | None = None, *, signed: bool = False
    ) -> None:
        super().__init__(width, signed)
        owner = type(self).__name__
        self.cell = checked_cell(owner, cell).name
        allowed = approximate_columns(width)
        self.columns = allowed[-1] if columns is None else checked_integer(owner, "columns", columns, allowed)

    def elaborate(self, platform: object) -> Module:
        """Describe the partial products and the cells that add them up."""
        m = Module()
        cells = AdderCells(m, self.cell, self.columns)
        m.d.comb += self.p.eq(product(self._add(cells, self._partial_products(m)), self.width))
        return m

    def _partial_products(self, m: Module) -> list[Row]:
        return unsigned_rows(m, self.a, self.b)

    @abstractmethod
    def _add(self, cells: AdderCells, rows: list[Row]) -> Row: ...


class ArrayMultiplier(CellMultiplier):
    """Unsigned array of ripple-carry rows; row ``i`` adds ``a[i] * b``.

    With AMA5 in all n x n cells it computes ``(a & 1) * b + 2^n * b[n-1] * (a & ~1)``.
    """

    def _add(self, cells: AdderCells, rows: list[Row]) -> Row:
        return add_by_ripple_rows(cells, rows)


class CarrySaveMultiplier(CellMultiplier):
    """Unsigned carry-save (Braun) array with a final ripple-carry adder; row ``i`` adds ``a[i] * b``."""

    def _add(self, cells: AdderCells, rows: list[Row]) -> Row:
        return add_by_carry_save_rows(cells, rows)


class WallaceMultiplier(CellMultiplier):
    """Unsigned Wallace tree (1964) with a final ripple-carry adder."""

    def _add(self, cells: AdderCells, rows: list[Row]) -> Row:
        return add_by_wallace_tree(cells, rows)


class DaddaMultiplier(CellMultiplier):
    """Unsigned Dadda tree (1965) with a final ripple-carry adder."""

    def _add(self, cells: AdderCells, rows: list[Row]) -> Row:
        return add_by_dadda_tree(cells, rows)


class BaughWooleyMultiplier(ArrayMultiplier):
    """Signed array of ripple-carry rows on the partial products of Baugh and Wooley (1973).

    The parameters are those of `CellMultiplier`.
    """

    def __init__(self, width: int, cell: str = "exact", columns: int | None = None) -> None:
        super().__init__(width, cell, columns, signed=True)

    def _partial_products(self, m: Module) -> list[Row]:
        return baugh_wooley_rows(m, self.a, self.b)
