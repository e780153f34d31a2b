"""What every multiplier description has in common: ports, width, signedness."""

from amaranth.hdl import signed as signed_shape
from amaranth.hdl import unsigned as unsigned_shape
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from accelsim.rtl.parameters import checked_width

__all__ = ["Multiplier"]


class Multiplier(wiring.Component):
    """A combinational multiplier with operands ``a`` and ``b`` and product ``p``.

    Parameters
    ----------
    width : int
        Bits of each operand, 2 to 32; ``p`` has twice as many.
    signed : bool
        Whether operands and product are two's complement.

    Raises
    ------
    AccelsimError
        If a parameter is out of its range.
    """

    # A description that is built only to ask for its width, or whose parameters turn out wrong, is no
    # mistake; Amaranth would warn that it was never elaborated.
    _MustUse__silence = True

    def __init__(self, width: int, signed: bool = False) -> None:
        self.width = checked_width(type(self).__name__, width)
        self.signed = signed
        shape = signed_shape if signed else unsigned_shape
        super().__init__({"a": In(shape(width)), "b": In(shape(width)), "p": Out(shape(2 * width))})
