"""The exact array multiplier that a multiplier's cost is put in relation to."""

from amaranth.hdl import Module, signed, unsigned
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from accelsim.netlist import Netlist
from accelsim.rtl.catalogue import find_circuit
from accelsim.rtl.circuits import Circuit
from accelsim.rtl.float_circuits import FloatCircuit
from accelsim.rtl.library import describe
from accelsim.rtl.synthesis import synthesise

__all__ = ["exact_reference"]


def exact_reference(circuit: Circuit) -> tuple[str, Netlist]:
    """Return name and netlist of the exact array multiplier of a circuit's widths and signedness, or format.

    Operands of different widths take the array of the wider one, with the narrower operand extended, and
    synthesis removes what the extension leaves constant or unread.
    """
    if isinstance(circuit, FloatCircuit):
        name = f"{circuit.form.name}_exact"
        return name, find_circuit(name).netlist()
    width = max(circuit.a_width, circuit.b_width)
    name = f"mul{width}{'s' if circuit.signed else 'u'}_exact"
    if circuit.a_width == circuit.b_width:
        return name, find_circuit(name).netlist()
    name += f"_{circuit.a_width}x{circuit.b_width}"
    return name, synthesise(_Rectangular(circuit.a_width, circuit.b_width, circuit.signed), name)


class _Rectangular(wiring.Component):
    """An exact square array, its narrower operand extended by zeros or its sign."""

    def __init__(self, a_width: int, b_width: int, is_signed: bool) -> None:
        shape = signed if is_signed else unsigned
        self.array = describe(f"mul{max(a_width, b_width)}{'s' if is_signed else 'u'}_exact").build()
        super().__init__(
            {"a": In(shape(a_width)), "b": In(shape(b_width)), "p": Out(shape(a_width + b_width))}
        )

    def elaborate(self, platform: object) -> Module:
        """Connect the operands and the lower bits of the product."""
        m = Module()
        m.submodules.array = self.array
        m.d.comb += [self.array.a.eq(self.a), self.array.b.eq(self.b), self.p.eq(self.array.p)]
        return m
