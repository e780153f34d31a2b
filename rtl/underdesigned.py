"""The underdesigned multiplier of Kulkarni, Gupta and Ercegovac."""

from amaranth.hdl import Cat, Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from accelsim.rtl.multiplier import Multiplier
from accelsim.rtl.parameters import checked_power_of_two
from accelsim.rtl.partial_products import Row
from accelsim.rtl.reduction import AdderCells, carry_save_add, product, ripple_add

__all__ = ["UnderdesignedBlock", "UnderdesignedMultiplier"]


class UnderdesignedBlock(wiring.Component):
    """The 2 x 2 block: exact, but that 3 * 3 is 7, so that three product bits are enough."""

    _MustUse__silence = True  # see accelsim.rtl.multiplier.Multiplier

    def __init__(self) -> None:
        super().__init__({"a": In(2), "b": In(2), "p": Out(3)})

    def elaborate(self, platform: object) -> Module:
        """Describe the block's logic."""
        m = Module()
        a, b = self.a, self.b
        m.d.comb += self.p.eq(Cat(a[0] & b[0], (a[1] & b[0]) | (a[0] & b[1]), a[1] & b[1]))
        return m


class UnderdesignedMultiplier(Multiplier):
    """Unsigned recursive multiplier: four of half the width, added exactly, down to 2 x 2 blocks.

    P. Kulkarni, P. Gupta and M. Ercegovac, "Trading Accuracy for Power with an Underdesigned Multiplier
    Architecture", VLSI Design 2011.

    Parameters
    ----------
    width : int
        Bits of each operand: 2, 4, 8, 16 or 32.

    Raises
    ------
    AccelsimError
        If the width is not one of these.
    """

    def __init__(self, width: int) -> None:
        super().__init__(checked_power_of_two(type(self).__name__, width))

    def elaborate(self, platform: object) -> Module:
        """Describe the four parts and the adders."""
        m = Module()
        if self.width == 2:
            m.submodules.block = block = UnderdesignedBlock()
            m.d.comb += [block.a.eq(self.a), block.b.eq(self.b), self.p.eq(block.p)]
            return m
        half = self.width // 2
        parts: dict[str, Row] = {}
        for name, (first_a, first_b) in {
            "low_low": (0, 0),
            "low_high": (0, half),
            "high_low": (half, 0),
            "high_high": (half, half),
        }.items():
            part = m.submodules[name] = UnderdesignedMultiplier(half)
            m.d.comb += [
                part.a.eq(self.a[first_a : first_a + half]),
                part.b.eq(self.b[first_b : first_b + half]),
            ]
            parts[name] = {first_a + first_b + bit: part.p[bit] for bit in range(self.width)}
        cells = AdderCells(m)
        outer = parts["low_low"] | parts["high_high"]
        sums, carries = carry_save_add(cells, "middle", outer, parts["low_high"], parts["high_low"])
        m.d.comb += self.p.eq(product(ripple_add(cells, "final", sums, carries), self.width))
        return m
