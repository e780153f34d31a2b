"""Adding up rows of bits with adder cells: ripple-carry rows, carry-save rows, Wallace and Dadda trees.

These are the parts that all array-like multipliers are made of. Approximate cells are not symmetric in their
operands, so each function states which bit reaches which port of a cell.
"""

from collections.abc import Iterator

from amaranth.hdl import Cat, Const, Module, Value

from accelsim.rtl.cells import FullAdder, HalfAdder
from accelsim.rtl.partial_products import Row

__all__ = [
    "AdderCells",
    "add_by_carry_save_rows",
    "add_by_dadda_tree",
    "add_by_ripple_rows",
    "add_by_wallace_tree",
    "carry_save_add",
    "product",
    "ripple_add",
]


class AdderCells:
    """Places adder cells in a module: the given cell in the least significant columns, exact ones above.

    Parameters
    ----------
    m : Module
        The module that the cells become submodules of.
    cell : str
        Key of `accelsim.rtl.cells.CELLS`.
    columns : int
        Cells whose sum has a weight below ``2^columns`` are of this kind.
    """

    def __init__(self, m: Module, cell: str = "exact", columns: int = 0) -> None:
        self._m = m
        self._cell = cell
        self._columns = columns
        self._names: set[str] = set()

    def full(self, stage: str, column: int, a: Value, b: Value, cin: Value) -> tuple[Value, Value]:
        """Add three bits of a column; return the sum, and the carry into the next column."""
        adder = FullAdder(self._kind(column))
        self._m.d.comb += adder.cin.eq(cin)
        return self._place(adder, stage, column, a, b)

    def half(self, stage: str, column: int, a: Value, b: Value) -> tuple[Value, Value]:
        """Add two bits of a column; return the sum, and the carry into the next column."""
        return self._place(HalfAdder(self._kind(column)), stage, column, a, b)

    def _kind(self, column: int) -> str:
        return self._cell if column < self._columns else "exact"

    def _place(
        self, adder: FullAdder | HalfAdder, stage: str, column: int, a: Value, b: Value
    ) -> tuple[Value, Value]:
        spellings = (f"{stage}_column{column}{suffix}" for suffix in _suffixes())
        name = next(name for name in spellings if name not in self._names)
        self._names.add(name)
        self._m.submodules[name] = adder
        self._m.d.comb += [adder.a.eq(a), adder.b.eq(b)]
        return adder.sum, adder.cout


def ripple_add(cells: AdderCells, stage: str, a: Row, b: Row) -> Row:
    """Add two rows with a ripple-carry adder.

    Ports: ``a`` and ``b`` take the bits of those rows, ``cin`` the carry. A column with both bits and no
    carry is a half adder; one with a carry and any bit is a full adder (an absent bit is 0); a lone bit or
    carry is a wire.
    """
    total: Row = {}
    carry = None
    for column in range(min([*a, *b], default=0), max([*a, *b], default=-1) + 2):
        bits = [row[column] for row in (a, b) if column in row]
        if carry is not None and bits:
            zero = Const(0, 1)
            total[column], carry = cells.full(stage, column, a.get(column, zero), b.get(column, zero), carry)
        elif len(bits) == 2:
            total[column], carry = cells.half(stage, column, *bits)
        elif bits:
            total[column] = bits[0]
        elif carry is not None:
            total[column], carry = carry, None
    return total


def carry_save_add(cells: AdderCells, stage: str, a: Row, b: Row, cin: Row) -> tuple[Row, Row]:
    """Add three rows without carry propagation; return the row of sums and the row of carries.

    Ports: as the parameters. A column with two bits is a half adder whose ports take them in that order; a
    lone bit is a wire.
    """
    sums: Row = {}
    carries: Row = {}
    for column in sorted({*a, *b, *cin}):
        bits = [row[column] for row in (a, b, cin) if column in row]
        if len(bits) == 1:
            sums[column] = bits[0]
        else:
            add = cells.full if len(bits) == 3 else cells.half
            sums[column], carries[column + 1] = add(stage, column, *bits)
    return sums, carries


def add_by_ripple_rows(cells: AdderCells, rows: list[Row]) -> Row:
    """Add row after row, each with its own ripple-carry adder.

    Ports: ``a`` = partial product, ``b`` = sum from the row above, ``cin`` = the row's carry.
    """
    total, *others = rows
    for number, row in enumerate(others, start=1):
        total = ripple_add(cells, f"row{number}", row, total)
    return total


def add_by_carry_save_rows(cells: AdderCells, rows: list[Row], constant: Row | None = None) -> Row:
    """Add row after row with saved carries, and those with a ripple-carry adder at the end.

    Ports: ``a`` = partial product, ``b`` = sum from the row above, ``cin`` = carry saved by the row above;
    in the final adder ``a`` = saved carry, ``b`` = sum, ``cin`` = ripple carry. The carry inputs of the
    first row of cells are free: they take the bits of `constant`.
    """
    sums, *others = rows
    carries = constant or {}
    for number, row in enumerate(others, start=1):
        sums, carries = carry_save_add(cells, f"row{number}", row, sums, carries)
    return ripple_add(cells, "final", carries, sums)


def add_by_wallace_tree(cells: AdderCells, rows: list[Row]) -> Row:
    """Add rows three at a time, stage after stage, until two are left for a final ripple-carry adder.

    C. S. Wallace, "A Suggestion for a Fast Multiplier", IEEE Trans. Electronic Computers EC-13(1), 1964. Of
    each three consecutive rows, the first feeds port ``a``, the second ``b``, the third ``cin``; their sums
    and carries become consecutive rows of the next stage, followed by the rows that were left over. Final
    adder: ``a`` = first row, ``b`` = second row.
    """
    stage = 0
    while len(rows) > 2:
        stage += 1
        reduced: list[Row] = []
        grouped = len(rows) // 3 * 3
        for first in range(0, grouped, 3):
            reduced += carry_save_add(cells, f"stage{stage}", *rows[first : first + 3])
        rows = reduced + rows[grouped:]
    return ripple_add(cells, "final", *rows)


def add_by_dadda_tree(cells: AdderCells, rows: list[Row]) -> Row:
    """Compress columns as late as possible to two rows, for a final ripple-carry adder.

    L. Dadda, "Some Schemes for Parallel Multipliers", Alta Frequenza 34, 1965: stage heights ..., 9, 6, 4,
    3, 2. A cell takes the first bits of its column in the order ``a``, ``b``, ``cin``; a column's bits are
    ordered by row at first, then: bits left over from the stage before, its sums, the carries from the
    column below. Final adder: ``a`` = first bit of the column, ``b`` = second.
    """
    columns = {c: [row[c] for row in rows if c in row] for c in range(max(max(row) for row in rows) + 1)}
    for stage, height in enumerate(_dadda_heights(max(map(len, columns.values()))), start=1):
        carries: list[Value] = []
        for column in range(max(columns) + 1):
            bits, incoming = columns[column], carries
            sums: list[Value] = []
            carries = []
            while (excess := len(bits) + len(sums) + len(incoming) - height) > 0:
                add, used = (cells.half, 2) if excess == 1 else (cells.full, 3)
                total, carry = add(f"stage{stage}", column, *bits[:used])
                bits = bits[used:]
                sums.append(total)
                carries.append(carry)
            columns[column] = bits + sums + incoming
        if carries:
            columns[max(columns) + 1] = carries
    first = {column: bits[0] for column, bits in columns.items() if bits}
    second = {column: bits[1] for column, bits in columns.items() if len(bits) == 2}
    return ripple_add(cells, "final", first, second)


def product(row: Row, width: int) -> Value:
    """Return the bits of a row as one value of ``2 width`` bits."""
    return Cat(row.get(column, Const(0, 1)) for column in range(2 * width))


def _dadda_heights(height: int) -> list[int]:
    heights = [2]
    while heights[-1] < height:
        heights.append(heights[-1] * 3 // 2)
    return [limit for limit in reversed(heights) if limit < height]


def _suffixes() -> Iterator[str]:
    yield ""
    number = 1
    while True:
        yield f"_{number}"
        number += 1
