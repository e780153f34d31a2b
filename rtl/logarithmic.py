"""Mitchell's logarithmic multiplier."""

from amaranth.hdl import Cat, Const, Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from accelsim.rtl.multiplier import Multiplier

__all__ = ["BinaryLogarithm", "MitchellMultiplier"]


class BinaryLogarithm(wiring.Component):
    """Mitchell's approximation ``log2(2^k (1 + x)) = k + x`` for 0 <= x < 1, of an n-bit operand.

    Ports: ``operand`` in; ``characteristic`` k and ``fraction`` x (n-1 bits, a fixed-point number below 1)
    out, both 0 for operand 0.
    """

    _MustUse__silence = True  # see accelsim.rtl.multiplier.Multiplier

    def __init__(self, width: int) -> None:
        self._width = width
        super().__init__(
            {"operand": In(width), "characteristic": Out(range(width)), "fraction": Out(width - 1)}
        )

    def elaborate(self, platform: object) -> Module:
        """Describe the leading-one detector and the shifter."""
        m = Module()
        for leading in range(self._width):
            with m.If(self.operand[leading]):
                below = self.operand[:leading]
                m.d.comb += [
                    self.characteristic.eq(leading),
                    self.fraction.eq(Cat(Const(0, self._width - 1 - leading), below)),
                ]
        return m


class MitchellMultiplier(Multiplier):
    """Unsigned multiplier by the sum of two binary logarithms; 0 if an operand is 0.

    J. N. Mitchell, "Computer Multiplication and Division Using Binary Logarithms", IRE Trans. Electronic
    Computers EC-11(4), 1962. For operands ``2^k1 (1 + x1)`` and ``2^k2 (1 + x2)`` the product is
    ``2^(k1+k2) (1 + x1 + x2)`` if ``x1 + x2 < 1`` and ``2^(k1+k2+1) (x1 + x2)`` otherwise. It is never too
    large, and at most 1/9 too small. All fraction bits are kept, so the integer product has no further
    error.

    Parameters
    ----------
    width : int
        Bits of each operand, 2 to 32.

    Raises
    ------
    AccelsimError
        If the width is out of its range.
    """

    def __init__(self, width: int) -> None:
        super().__init__(width)

    def elaborate(self, platform: object) -> Module:
        """Describe the two logarithms, their sum, and the antilogarithm."""
        m = Module()
        m.submodules.log_a = log_a = BinaryLogarithm(self.width)
        m.submodules.log_b = log_b = BinaryLogarithm(self.width)
        m.d.comb += [log_a.operand.eq(self.a), log_b.operand.eq(self.b)]
        fraction_bits = self.width - 1
        logarithm = Cat(log_a.fraction, log_a.characteristic) + Cat(log_b.fraction, log_b.characteristic)
        mantissa = Cat(logarithm[:fraction_bits], Const(1, 1))
        scaled = mantissa << logarithm[fraction_bits:]
        with m.If(self.a.any() & self.b.any()):
            m.d.comb += self.p.eq(scaled >> fraction_bits)
        return m
