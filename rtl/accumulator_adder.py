"""The adder of a MAC, which wraps or saturates."""

from amaranth.hdl import Module, Mux, Shape
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from accelsim.accumulator import Accumulator

__all__ = ["AccumulatorAdder"]


class AccumulatorAdder(wiring.Component):
    """Adds ``product`` to ``acc`` if ``works`` is on; ``sum`` is ``acc`` if it is not.

    Parameters
    ----------
    accumulator : Accumulator
        Width of ``acc`` and ``sum``, which are signed, and what becomes of a sum that leaves it.
    product : Shape
        Width and signedness of the product, which the accumulator holds.
    """

    _MustUse__silence = True  # see accelsim.rtl.multiplier.Multiplier

    module_name = "accumulator_adder"

    def __init__(self, accumulator: Accumulator, product: Shape) -> None:
        self.accumulator = accumulator
        acc = Shape(accumulator.bits, signed=True)
        super().__init__({"acc": In(acc), "product": In(product), "works": In(1), "sum": Out(acc)})

    def elaborate(self, platform: object) -> Module:
        """Describe the sum, and its ends if it saturates."""
        m = Module()
        total = self.acc + Mux(self.works, self.product, 0)
        if self.accumulator.overflow == "saturate":
            low, high = self.accumulator.low, self.accumulator.high
            total = Mux(total > high, high, Mux(total < low, low, total))
        m.d.comb += self.sum.eq(total)
        return m
