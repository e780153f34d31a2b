"""Netlist from the JSON that Yosys writes of a flat module of simple gates."""

import json
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from accelsim.errors import AccelsimError
from accelsim.netlist import Gate, Netlist, Port

__all__ = ["netlist_from_json"]

_INPUTS = {  # Yosys cell type: gate, and the cell's ports in the order of the gate's operands
    "$_BUF_": (Gate.BUF, "A"),
    "$_NOT_": (Gate.NOT, "A"),
    "$_AND_": (Gate.AND, "AB"),
    "$_NAND_": (Gate.NAND, "AB"),
    "$_OR_": (Gate.OR, "AB"),
    "$_NOR_": (Gate.NOR, "AB"),
    "$_XOR_": (Gate.XOR, "AB"),
    "$_XNOR_": (Gate.XNOR, "AB"),
    "$_ANDNOT_": (Gate.ANDNOT, "AB"),
    "$_ORNOT_": (Gate.ORNOT, "AB"),
    "$_MUX_": (Gate.MUX, "ABS"),
}
_STATEFUL = ("DFF", "LATCH", "_FF_", "_SR_", "$mem", "SDFF", "ALDFF")

_Bit = int | str


def netlist_from_json(text: str, module: str | None = None, ports: Sequence[str] = ()) -> Netlist:
    """Read a netlist, sorting its gates topologically.

    Parameters
    ----------
    text : str
        Output of ``write_json`` for a design whose module consists of Yosys' simple combinational gates.
    module : str, optional
        Which module; may be left out where there is only one.
    ports : sequence of str
        Names of ports that come first, in this order; Yosys does not keep that of an RTLIL file.

    Raises
    ------
    AccelsimError
        If a cell holds state (latch, flip-flop) or is not a simple gate, a net has no driver or several, or
        the gates form a loop.
    """
    modules = json.loads(text)["modules"]
    if module is None:
        if len(modules) != 1:
            raise AccelsimError(f"expected one module, found {', '.join(modules) or 'none'}")
        module = next(iter(modules))
    body = modules[module]
    rank = {port: index for index, port in enumerate(ports)}
    body["ports"] = dict(sorted(body["ports"].items(), key=lambda item: rank.get(item[0], len(rank))))
    return _read(module, body)


def _read(name: str, body: dict[str, Any]) -> Netlist:
    net_of: dict[_Bit, int] = {"0": 0, "1": 1}
    names = {bit: net for net, about in body["netnames"].items() for bit in about["bits"]}
    ports = body["ports"].items()
    inputs = tuple(
        _input_port(name, port, about["bits"], net_of)
        for port, about in ports
        if about["direction"] == "input"
    )
    gates = _gates(name, body["cells"], net_of)
    order = _sorted(name, gates, net_of, names)
    for output, _, _ in order:
        net_of[output] = len(net_of)

    def net(bit: _Bit, reader: str) -> int:
        if bit not in net_of:
            shown = f"constant {bit}" if isinstance(bit, str) else f"net {names.get(bit, bit)}"
            raise AccelsimError(f"{name}: {shown}, which {reader} reads, is undriven")
        return net_of[bit]

    operands = np.zeros((len(order), 3), dtype=np.int32)
    for row, (_, gate, bits) in zip(operands, order, strict=True):
        row[: len(bits)] = [net(bit, f"a gate {gate.name}") for bit in bits]
    outputs = tuple(
        Port(port, tuple(net(bit, f"output {port}") for bit in about["bits"]))
        for port, about in ports
        if about["direction"] != "input"
    )
    opcodes = np.array([gate for _, gate, _ in order], dtype=np.uint8)
    return Netlist(name, inputs, outputs, opcodes, operands)


def _input_port(module: str, port: str, bits: Iterable[_Bit], net_of: dict[_Bit, int]) -> Port:
    nets = []
    for bit in bits:
        if bit in net_of:
            raise AccelsimError(f"{module}: input {port} has a bit that something else drives too")
        net_of[bit] = len(net_of)
        nets.append(net_of[bit])
    return Port(port, tuple(nets))


_Cell = tuple[_Bit, Gate, tuple[_Bit, ...]]  # output bit, gate, operand bits


def _gates(module: str, cells: dict[str, Any], net_of: dict[_Bit, int]) -> dict[_Bit, _Cell]:
    gates: dict[_Bit, _Cell] = {}
    for cell, about in cells.items():
        kind = about["type"]
        if kind not in _INPUTS:
            if any(word in kind.upper() for word in _STATEFUL):
                raise AccelsimError(
                    f"{module}: cell {cell} ({kind}) holds state; expected a combinational circuit without "
                    f"latches and flip-flops"
                )
            raise AccelsimError(f"{module}: unknown cell {kind} ({cell}); expected {', '.join(_INPUTS)}")
        gate, ports = _INPUTS[kind]
        (output,) = about["connections"]["Y"]
        if output in gates or output in net_of:
            raise AccelsimError(f"{module}: cell {cell} ({kind}) drives a net that something else drives too")
        gates[output] = (output, gate, tuple(about["connections"][port][0] for port in ports))
    return gates


def _sorted(
    module: str, gates: dict[_Bit, _Cell], net_of: dict[_Bit, int], names: dict[_Bit, str]
) -> list[_Cell]:
    """Return the gates so that each comes after those it reads (Kahn 1962)."""
    waiting = {output: len({bit for bit in bits if bit in gates}) for output, (_, _, bits) in gates.items()}
    readers: dict[_Bit, list[_Bit]] = {}
    for output, (_, _, bits) in gates.items():
        for bit in {bit for bit in bits if bit in gates}:
            readers.setdefault(bit, []).append(output)
    ready = [output for output, count in waiting.items() if not count]
    order: list[_Cell] = []
    for output in ready:  # grows while it is walked
        order.append(gates[output])
        for reader in readers.get(output, ()):
            waiting[reader] -= 1
            if not waiting[reader]:
                ready.append(reader)
    if len(order) < len(gates):
        stuck = sorted({names.get(output, str(output)) for output, count in waiting.items() if count})
        shown = ", ".join(stuck[:4]) + (", …" if len(stuck) > 4 else "")
        raise AccelsimError(f"{module}: combinational loop through {shown}")
    return order
