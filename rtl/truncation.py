"""Multipliers that leave partial products out: truncated and broken-array."""

from fractions import Fraction

from amaranth.hdl import Module

from accelsim.rtl.multiplier import Multiplier
from accelsim.rtl.parameters import checked_integer, dropped_columns, horizontal_levels
from accelsim.rtl.partial_products import constant_row, unsigned_rows
from accelsim.rtl.reduction import AdderCells, add_by_carry_save_rows, product

__all__ = ["BrokenArrayMultiplier", "TruncatedMultiplier", "correction_constant"]


def correction_constant(width: int, columns: int) -> int:
    """Return the constant that makes up for dropped partial products on average.

    A partial product of uniform operands is 1 with probability 1/4, so the dropped ones are worth
    ``E = sum of 2^(i+j) / 4 over i + j < columns``; the constant is E rounded (half up) to a multiple of
    ``2^columns``, the weight of the least column that is left. After M. J. Schulte and E. E. Swartzlander,
    "Truncated Multiplication with Correction Constant", VLSI Signal Processing VI, 1993 (who also correct for
    rounding the product to n bits; here it keeps all ``2 width`` bits, so there is no such error).
    """
    dropped = sum(1 << i + j for i in range(width) for j in range(width) if i + j < columns)
    unit = 1 << columns
    return int(Fraction(dropped, 4 * unit) + Fraction(1, 2)) * unit


class BrokenArrayMultiplier(Multiplier):
    """Unsigned carry-save array with cells omitted: ``sum of a[i] b[j] 2^(i+j) over i >= h and i + j >= v``.

    The break levels are those of H. R. Mahdiani, A. Ahmadi, S. M. Fakhraie and C. Lucas, "Bio-Inspired
    Imprecise Computational Blocks for Efficient VLSI Implementation of Soft-Computing Applications", IEEE
    TCAS-I 57(4), 2010: the horizontal level h omits the cells of the h uppermost rows, which hold the
    partial products of the bits 0 ... h-1 of ``a``; the vertical level v omits the cells of the v rightmost
    columns, of weight below ``2^v``. An omitted cell puts out 0. The final adder is exact.

    Parameters
    ----------
    width : int
        Bits of each operand, 2 to 32.
    horizontal : int
        Horizontal break level, 0 (nothing omitted) to ``width - 1``.
    vertical : int
        Vertical break level, 0 (nothing omitted) to ``2 width - 2``.

    Raises
    ------
    AccelsimError
        If a parameter is out of its range.
    """

    def __init__(self, width: int, horizontal: int, vertical: int) -> None:
        super().__init__(width)
        owner = type(self).__name__
        self.horizontal = checked_integer(owner, "horizontal", horizontal, horizontal_levels(width))
        self.vertical = checked_integer(owner, "vertical", vertical, dropped_columns(width))

    def elaborate(self, platform: object) -> Module:
        """Describe what is left of the array."""
        return _broken_array(self, self.horizontal, self.vertical, correction=0)


class TruncatedMultiplier(Multiplier):
    """Unsigned carry-save array without its least significant columns of partial products.

    The product is ``sum of a[i] b[j] 2^(i+j) over i + j >= columns``, plus `correction_constant` if
    corrected; its ``columns`` least significant bits are 0. The constant takes free inputs of the first row
    of cells.

    Parameters
    ----------
    width : int
        Bits of each operand, 2 to 32.
    columns : int
        Dropped columns, 0 to ``2 width - 2``.
    corrected : bool
        Whether to add the constant.

    Raises
    ------
    AccelsimError
        If a parameter is out of its range.
    """

    def __init__(self, width: int, columns: int, corrected: bool = False) -> None:
        super().__init__(width)
        self.columns = checked_integer(type(self).__name__, "columns", columns, dropped_columns(width))
        self.corrected = corrected

    def elaborate(self, platform: object) -> Module:
        """Describe what is left of the array, and the constant."""
        correction = correction_constant(self.width, self.columns) if self.corrected else 0
        return _broken_array(self, 0, self.columns, correction)


def _broken_array(multiplier: Multiplier, horizontal: int, vertical: int, correction: int) -> Module:
    m = Module()
    kept = [
        {column: bit for column, bit in row.items() if column >= vertical}
        for row in unsigned_rows(m, multiplier.a, multiplier.b)[horizontal:]
    ]
    total = add_by_carry_save_rows(AdderCells(m), kept, constant_row(correction))
    m.d.comb += multiplier.p.eq(product(total, multiplier.width))
    return m
