"""Registers in a row, which delay a word by some cycles."""

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

__all__ = ["DelayLine"]


class DelayLine(wiring.Component):
    """Delays ``i`` to ``o`` by some of the cycles in which ``enable`` is on.

    Parameters
    ----------
    width : int
        Bits of the word.
    cycles : int
        By how many cycles; 1 or more.
    """

    _MustUse__silence = True  # see accelsim.rtl.multiplier.Multiplier

    def __init__(self, width: int, cycles: int) -> None:
        self.width = width
        self.cycles = cycles
        self.module_name = f"delay_{width}x{cycles}"
        super().__init__({"enable": In(1), "i": In(width), "o": Out(width)})

    def elaborate(self, platform: object) -> Module:
        """Describe one shift register, the newest word in its lowest bits."""
        m = Module()
        words = Signal(self.width * self.cycles)
        with m.If(self.enable):
            m.d.sync += words.eq(Cat(self.i, words))
        m.d.comb += self.o.eq(words[-self.width :])
        return m
