"""Partial products of two operands, as rows of bits."""

from typing import Any

from amaranth.hdl import Const, Module, Signal

__all__ = ["Row", "baugh_wooley_rows", "constant_row", "unsigned_rows"]

#: Bits of one addend by column: the bit in column ``c`` has weight ``2^c``; absent columns are zero.
Row = dict[int, Any]


def unsigned_rows(m: Module, a: Any, b: Any) -> list[Row]:
    """Form the AND array of two unsigned operands.

    Returns
    -------
    list of Row
        Row ``i`` is ``a[i] * b * 2^i``: the bit ``a[i] & b[j]`` is in column ``i + j``.
    """
    return _rows(m, a, b, [0] * len(a))


def baugh_wooley_rows(m: Module, a: Any, b: Any) -> list[Row]:
    """Form the partial products of two n-bit operands in two's complement, all of them to be added.

    The bits with exactly one sign bit in them are complemented, and ones are added in columns ``n`` and
    ``2n - 1`` (they stand in row 0, whose bits there are free): the modified form of C. R. Baugh and B. A.
    Wooley, "A Two's Complement Parallel Array Multiplication Algorithm", IEEE Trans. Computers C-22(12),
    1973.
    """
    width = len(a)
    sign = 1 << (width - 1)
    rows = _rows(m, a, b, [sign] * (width - 1) + [sign - 1])
    rows[0] |= constant_row(1 << width | 1 << (2 * width - 1))
    return rows


def constant_row(value: int) -> Row:
    """Return the ones of a constant as a row."""
    return {column: Const(1, 1) for column in range(value.bit_length()) if value >> column & 1}


def _rows(m: Module, a: Any, b: Any, complemented: list[int]) -> list[Row]:
    rows = []
    for i, inverted in enumerate(complemented):
        bits = Signal(len(b), name=f"pp{i}")
        m.d.comb += bits.eq((b & a[i].replicate(len(b))) ^ inverted)
        rows.append({i + j: bits[j] for j in range(len(b))})
    return rows
