"""A netlist as text for other programs: flat Verilog and BLIF, with ports ``a``, ``b`` and ``p``."""

from collections.abc import Callable

from accelsim.errors import AccelsimError
from accelsim.netlist import Gate, Netlist

__all__ = ["blif_of", "flat_verilog_of"]

_EXPRESSIONS = {
    Gate.BUF: "{0}",
    Gate.NOT: "~{0}",
    Gate.AND: "{0} & {1}",
    Gate.NAND: "~({0} & {1})",
    Gate.OR: "{0} | {1}",
    Gate.NOR: "~({0} | {1})",
    Gate.XOR: "{0} ^ {1}",
    Gate.XNOR: "~({0} ^ {1})",
    Gate.ANDNOT: "{0} & ~{1}",
    Gate.ORNOT: "{0} | ~{1}",
    Gate.MUX: "{2} ? {1} : {0}",
}
#: Rows of the truth table, operands and output, as BLIF has them.
_COVERS = {
    Gate.BUF: ("1 1",),
    Gate.NOT: ("0 1",),
    Gate.AND: ("11 1",),
    Gate.NAND: ("11 0",),
    Gate.OR: ("00 0",),
    Gate.NOR: ("00 1",),
    Gate.XOR: ("10 1", "01 1"),
    Gate.XNOR: ("00 1", "11 1"),
    Gate.ANDNOT: ("10 1",),
    Gate.ORNOT: ("01 0",),
    Gate.MUX: ("1-0 1", "-11 1"),
}
_OPERANDS = {Gate.BUF: 1, Gate.NOT: 1, Gate.MUX: 3}


def flat_verilog_of(netlist: Netlist, name: str, signed: bool) -> str:
    """Return a Verilog-2001 module with one assignment a gate.

    Parameters
    ----------
    netlist : Netlist
        A multiplier: two inputs, one output.
    name : str
        Name of the module, a Verilog identifier.
    signed : bool
        Whether the ports are declared signed.
    """
    net_name = _namer(netlist, "1'b0", "1'b1")
    a, b = (port.width for port in netlist.inputs)
    kind = "signed " if signed else ""
    gates = range(netlist.first_gate_net, netlist.net_count)
    lines = [
        f"module {name}(a, b, p);",
        f"  input {kind}[{a - 1}:0] a;",
        f"  input {kind}[{b - 1}:0] b;",
        f"  output {kind}[{netlist.outputs[0].width - 1}:0] p;",
        *(f"  wire {net_name(net)};" for net in gates),
    ]
    for net, gate, operands in _gates(netlist):
        expression = _EXPRESSIONS[gate].format(*(net_name(operand) for operand in operands))
        lines.append(f"  assign {net_name(net)} = {expression};")
    lines += [f"  assign p[{bit}] = {net_name(net)};" for bit, net in enumerate(netlist.outputs[0].nets)]
    return "\n".join([*lines, "endmodule", ""])


def blif_of(netlist: Netlist, name: str) -> str:
    """Return a netlist in the Berkeley Logic Interchange Format.

    Parameters
    ----------
    netlist : Netlist
        A multiplier: two inputs, one output.
    name : str
        Name of the model.
    """
    net_name = _namer(netlist, "zero", "one")
    inputs = [net_name(net) for port in netlist.inputs for net in port.nets]
    products = [f"p[{bit}]" for bit in range(netlist.outputs[0].width)]
    lines = [
        f".model {name}",
        f".inputs {' '.join(inputs)}",
        f".outputs {' '.join(products)}",
        ".names zero",
        ".names one",
        "1",
    ]
    for net, gate, operands in _gates(netlist):
        lines += [f".names {' '.join(map(net_name, (*operands, net)))}", *_COVERS[gate]]
    for product, net in zip(products, netlist.outputs[0].nets, strict=True):
        lines += [f".names {net_name(net)} {product}", "1 1"]
    return "\n".join([*lines, ".end", ""])


def _gates(netlist: Netlist) -> list[tuple[int, Gate, list[int]]]:
    """List each gate's net, kind, and operands."""
    return [
        (net, Gate(opcode), operands[: _OPERANDS.get(Gate(opcode), 2)])
        for net, (opcode, operands) in enumerate(
            zip(netlist.opcodes.tolist(), netlist.operands.tolist(), strict=True), netlist.first_gate_net
        )
    ]


def _namer(netlist: Netlist, zero: str, one: str) -> Callable[[int], str]:
    if len(netlist.inputs) != 2 or len(netlist.outputs) != 1:
        raise AccelsimError(
            f"{netlist.name} has {len(netlist.inputs)} inputs and {len(netlist.outputs)} outputs; "
            "a multiplier has two and one"
        )
    names = {0: zero, 1: one}
    for operand, port in zip("ab", netlist.inputs, strict=True):
        names |= {net: f"{operand}[{bit}]" for bit, net in enumerate(port.nets)}
    return lambda net: names.get(net, f"n{net}")
