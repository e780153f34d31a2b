"""Any multiplier of the library as an Amaranth component: its description, or its gates one by one."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.hdl import signed as signed_shape
from amaranth.hdl import unsigned as unsigned_shape
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from accelsim.netlist import Gate, Netlist
from accelsim.rtl.circuits import Circuit, DescribedCircuit

__all__ = ["NetlistMultiplier", "component_of"]

_LOGIC: Mapping[Gate, Callable[[Value, Value, Value], Value]] = MappingProxyType(
    {
        Gate.BUF: lambda a, b, c: a,
        Gate.NOT: lambda a, b, c: ~a,
        Gate.AND: lambda a, b, c: a & b,
        Gate.NAND: lambda a, b, c: ~(a & b),
        Gate.OR: lambda a, b, c: a | b,
        Gate.NOR: lambda a, b, c: ~(a | b),
        Gate.XOR: lambda a, b, c: a ^ b,
        Gate.XNOR: lambda a, b, c: ~(a ^ b),
        Gate.ANDNOT: lambda a, b, c: a & ~b,
        Gate.ORNOT: lambda a, b, c: a | ~b,
        Gate.MUX: lambda a, b, c: Mux(c, b, a),
    }
)


class NetlistMultiplier(wiring.Component):
    """A multiplier with operands ``a`` and ``b`` and product ``p``, made of the gates of a netlist.

    Parameters
    ----------
    netlist : Netlist
        A multiplier: two inputs, one output.
    signed : bool
        Whether operands and product are two's complement.
    """

    _MustUse__silence = True  # see accelsim.rtl.multiplier.Multiplier

    def __init__(self, netlist: Netlist, signed: bool) -> None:
        self.netlist = netlist
        self.signed = signed
        shape = signed_shape if signed else unsigned_shape
        a_width, b_width = (port.width for port in netlist.inputs)
        p_width = netlist.outputs[0].width
        super().__init__({"a": In(shape(a_width)), "b": In(shape(b_width)), "p": Out(shape(p_width))})

    def elaborate(self, platform: object) -> Module:
        """Describe each gate as an operation on the bits of ``a`` and ``b``."""
        m = Module()
        nets: list[Value] = [Const(0, 1), Const(1, 1), *self.a.as_unsigned(), *self.b.as_unsigned()]
        gates = zip(self.netlist.opcodes.tolist(), self.netlist.operands.tolist(), strict=True)
        for number, (opcode, operands) in enumerate(gates):
            net = Signal(name=f"n{self.netlist.first_gate_net + number}")
            m.d.comb += net.eq(_LOGIC[Gate(opcode)](*(nets[operand] for operand in operands)))
            nets.append(net)
        m.d.comb += self.p.eq(Cat(nets[net] for net in self.netlist.outputs[0].nets))
        return m


def component_of(circuit: Circuit) -> wiring.Component:
    """Return a new component with ports ``a``, ``b`` and ``p`` that multiplies as a circuit does.

    Raises
    ------
    AccelsimError
        If the circuit has no gates.
    """
    if isinstance(circuit, DescribedCircuit):
        return circuit.description.build()
    return NetlistMultiplier(circuit.netlist(), circuit.signed)
