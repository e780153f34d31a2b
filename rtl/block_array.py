"""A significand multiplier of small approximate arrays, summed by exact adders: that of Ax-FPM's code."""

from functools import reduce
from operator import add

from amaranth.hdl import Module, Mux
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from accelsim.errors import AccelsimError
from accelsim.rtl.cell_array import CellArrayMultiplier, checked_port_order, same_cells
from accelsim.rtl.parameters import checked_width

__all__ = ["BlockArrayMultiplier"]


class BlockArrayMultiplier(wiring.Component):
    """Unsigned multiplier that cuts its operands into blocks and multiplies each pair in an own array.

    The arrays overestimate, so their exact sum may take one bit more than an exact product. Ports ``a`` and
    ``b`` have ``width`` bits, ``p`` has ``2 width + 1``, or ``2 width`` if overflow is halved.

    Parameters
    ----------
    width : int
        Bits of each operand, a multiple of ``block``.
    block : int
        Bits of a block, at least 2.
    cell : str
        Adder cell of the arrays.
    port_order : str
        As for `accelsim.rtl.cell_array.CellArrayMultiplier`.
    halves_overflow : bool
        Whether a sum that takes the extra bit is halved, instead of given as it is.

    Raises
    ------
    AccelsimError
        If a parameter is out of its range.
    """

    _MustUse__silence = True  # see accelsim.rtl.multiplier.Multiplier

    def __init__(
        self,
        width: int,
        block: int = 4,
        cell: str = "ama5",
        port_order: str = "psc",
        *,
        halves_overflow: bool = False,
    ) -> None:
        owner = type(self).__name__
        self.width = checked_width(owner, width)
        self.block = checked_width(owner, block)
        if width % block:
            raise AccelsimError(f"{owner}: width is {width}; expected a multiple of the block's {block} bits")
        self.signed = False
        self.cells = same_cells(block, cell)
        self.port_order = checked_port_order(owner, port_order)
        self.halves_overflow = halves_overflow
        super().__init__(
            {"a": In(width), "b": In(width), "p": Out(2 * width + (0 if halves_overflow else 1))}
        )

    def elaborate(self, platform: object) -> Module:
        """Describe the blocks' arrays and the sum of their products."""
        m = Module()
        products = []
        for row in range(0, self.width, self.block):
            for column in range(0, self.width, self.block):
                array = CellArrayMultiplier(self.cells, self.port_order)
                m.submodules[f"array_{row}_{column}"] = array
                m.d.comb += [
                    array.a.eq(self.a[row : row + self.block]),
                    array.b.eq(self.b[column : column + self.block]),
                ]
                products.append(array.p << row + column)
        total = reduce(add, products)[: 2 * self.width + 1]
        if self.halves_overflow:
            total = Mux(total[-1], total >> 1, total)
        m.d.comb += self.p.eq(total)
        return m
