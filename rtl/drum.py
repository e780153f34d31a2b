"""DRUM, the dynamic range unbiased multiplier of Hashemi, Bahar and Reda."""

from amaranth.hdl import Cat, Const, Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from accelsim.rtl.arrays import DaddaMultiplier
from accelsim.rtl.multiplier import Multiplier
from accelsim.rtl.parameters import checked_integer, segment_widths

__all__ = ["DrumMultiplier", "DrumSegment"]


class DrumSegment(wiring.Component):
    """The k bits of an operand from its leading one on, the last of them set to 1.

    Ports: ``operand`` in; ``segment`` (k bits) and ``shift``, the weight of its last bit, out. An operand
    below ``2^k`` is its own segment, with shift 0.
    """

    _MustUse__silence = True  # see accelsim.rtl.multiplier.Multiplier

    def __init__(self, width: int, segment: int) -> None:
        self._width = width
        self._segment = segment
        super().__init__(
            {"operand": In(width), "segment": Out(segment), "shift": Out(range(width - segment + 1))}
        )

    def elaborate(self, platform: object) -> Module:
        """Describe the leading-one detector and the selection."""
        m = Module()
        m.d.comb += self.segment.eq(self.operand[: self._segment])
        for leading in range(self._segment, self._width):
            last = leading - self._segment + 1
            with m.If(self.operand[leading]):
                m.d.comb += [
                    self.segment.eq(Cat(Const(1, 1), self.operand[last + 1 : leading + 1])),
                    self.shift.eq(last),
                ]
        return m


class DrumMultiplier(Multiplier):
    """Unsigned multiplier of two k-bit segments, by an exact k x k Dadda multiplier and a shifter.

    S. Hashemi, R. I. Bahar and S. Reda, "DRUM: A Dynamic Range Unbiased Multiplier for Approximate
    Applications", ICCAD 2015. Setting each segment's last bit to 1 stands for the mean of the bits that are
    cut off.

    Parameters
    ----------
    width : int
        Bits of each operand, 2 to 32.
    segment : int
        k, the bits of a segment: 2 to `width` (exact).

    Raises
    ------
    AccelsimError
        If a parameter is out of its range.
    """

    def __init__(self, width: int, segment: int) -> None:
        super().__init__(width)
        self.segment = checked_integer(type(self).__name__, "segment", segment, segment_widths(width))

    def elaborate(self, platform: object) -> Module:
        """Describe the two segments, their multiplier, and the shifter."""
        m = Module()
        m.submodules.segment_a = segment_a = DrumSegment(self.width, self.segment)
        m.submodules.segment_b = segment_b = DrumSegment(self.width, self.segment)
        m.submodules.core = core = DaddaMultiplier(self.segment)
        m.d.comb += [
            segment_a.operand.eq(self.a),
            segment_b.operand.eq(self.b),
            core.a.eq(segment_a.segment),
            core.b.eq(segment_b.segment),
            self.p.eq(core.p << (segment_a.shift + segment_b.shift)),
        ]
        return m
