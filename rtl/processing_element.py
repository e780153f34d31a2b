"""The processing element of a systolic array: a multiplier, an adder, and five registers."""

from amaranth.hdl import Module, Mux
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from accelsim.rtl.accumulator_adder import AccumulatorAdder
from accelsim.rtl.array_design import ArrayDesign
from accelsim.rtl.export import module_name
from accelsim.rtl.netlist_multiplier import component_of

__all__ = ["ProcessingElement"]


class ProcessingElement(wiring.Component):
    """A PE. Its registers change only in cycles with ``enable``; at reset they are 0.

    The registers are outputs, for the PEs to the right and below:

    ``left``, ``left_valid``
        Take ``left_in`` and ``left_valid_in``.
    ``top``, ``top_valid``
        Take ``top_in`` and ``top_valid_in``; with ``ws`` and ``is`` only while ``load`` is on.
    ``acc``
        With ``ws`` and ``is``, takes ``acc_in`` plus the product of ``left_in`` and ``top``, if both are
        valid. With ``os``, adds the product of ``left_in`` and ``top_in`` if both are valid; while ``drain``
        is on it takes ``acc_in`` instead.

    Parameters
    ----------
    design : ArrayDesign
        The array that it is for.

    Raises
    ------
    AccelsimError
        If the multiplier has no gates.
    """

    _MustUse__silence = True  # see accelsim.rtl.multiplier.Multiplier

    module_name = "processing_element"

    def __init__(self, design: ArrayDesign) -> None:
        self.design = design
        self.multiplier = component_of(design.circuit)
        self.multiplier.module_name = module_name(design.circuit)
        self.adder = AccumulatorAdder(design.array.accumulator, design.product_shape)
        self._stationary = design.array.dataflow != "os"
        left, top, acc = design.left_shape, design.top_shape, design.sum_shape
        super().__init__(
            {
                "enable": In(1),
                "load" if self._stationary else "drain": In(1),
                "left_in": In(left),
                "left_valid_in": In(1),
                "top_in": In(top),
                "top_valid_in": In(1),
                "acc_in": In(acc),
                "left": Out(left),
                "left_valid": Out(1),
                "top": Out(top),
                "top_valid": Out(1),
                "acc": Out(acc),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Describe the registers and what they take."""
        m = Module()
        m.submodules.multiplier = self.multiplier
        m.submodules.adder = self.adder
        operand, valid = (self.top, self.top_valid) if self._stationary else (self.top_in, self.top_valid_in)
        m.d.comb += [
            getattr(self.multiplier, self.design.left_operand).eq(self.left_in),
            getattr(self.multiplier, self.design.top_operand).eq(operand),
        ]
        m.d.comb += [
            self.adder.acc.eq(self.acc_in if self._stationary else self.acc),
            self.adder.product.eq(self.multiplier.p),
            self.adder.works.eq(self.left_valid_in & valid),
        ]
        with m.If(self.enable):
            m.d.sync += [self.left.eq(self.left_in), self.left_valid.eq(self.left_valid_in)]
            if self._stationary:
                m.d.sync += self.acc.eq(self.adder.sum)
                with m.If(self.load):
                    m.d.sync += [self.top.eq(self.top_in), self.top_valid.eq(self.top_valid_in)]
            else:
                m.d.sync += [
                    self.acc.eq(Mux(self.drain, self.acc_in, self.adder.sum)),
                    self.top.eq(self.top_in),
                    self.top_valid.eq(self.top_valid_in),
                ]
        return m
