"""Is an elaborated module a combinational circuit, every net driven once? Asked before optimisation.

Yosys' optimisation makes a constant of an undriven net, and may replace an undefined value with what suits
it, so these questions are put to the flattened design as the frontend left it.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from accelsim.errors import AccelsimError

__all__ = ["FlatModule", "check_drivers", "check_loops", "check_stateless", "is_unused_port", "place"]

_STATE = re.compile(r"dff|latch|_sr_|\$sr|\$ff|_ff_", re.IGNORECASE)
_SHOWN = 4
#: Ports of a read-only memory's cell that a combinational one leaves open.
_UNUSED_PORTS = re.compile(r"RD_(CLK|EN|ARST|SRST)|WR_\w+")


class FlatModule:
    """A flattened module in Yosys' JSON.

    Parameters
    ----------
    file : str
        The multiplier's file, for messages that Yosys gives no place for.
    name : str
        The module's name.
    body : mapping
        Its part of the JSON.
    """

    def __init__(self, file: str, name: str, body: Mapping[str, Any]) -> None:
        self.file = file
        self.name = name
        self.ports: dict[str, dict[str, Any]] = body["ports"]
        self.cells: dict[str, dict[str, Any]] = body["cells"]
        self.nets: dict[str, dict[str, Any]] = body["netnames"]
        self.place = place(body["attributes"], file)
        self.net_of_bit: dict[int | str, str] = {}
        for net, about in self.nets.items():
            for bit in about["bits"]:
                if bit not in self.net_of_bit or not about.get("hide_name"):
                    self.net_of_bit[bit] = net

    def place_of_net(self, net: str) -> str:
        """Return where a net is declared, as ``file:line``."""
        return place(self.nets[net]["attributes"], self.file) if net in self.nets else self.file


def place(attributes: Mapping[str, Any], file: str) -> str:
    """Return ``file:line`` of the innermost place that an object came from, or the file alone."""
    source = str(attributes.get("src", "")).split("|")[-1]
    found = re.match(r"(.+?):(\d+)", source)
    return f"{found[1]}:{found[2]}" if found else file


def is_unused_port(port: str) -> bool:
    """Return whether a port of a memory's cell means nothing where the memory is a constant table."""
    return _UNUSED_PORTS.fullmatch(port) is not None


def check_stateless(module: FlatModule) -> None:
    """Raise `AccelsimError` if a cell holds state: a latch, a flip-flop, a memory that is written."""
    holding = {
        what: (cell, held) for name, cell in module.cells.items() for what, held in _held(module, name, cell)
    }
    for what in (
        "memory",
        "latch",
        "flip-flop",
    ):  # a memory brings flip-flops along
        if what in holding:
            cell, held = holding[what]
            advice = "; assign it on every path" if what == "latch" else ""
            raise AccelsimError(
                f"{place(cell['attributes'], module.file)}: a {what} holds {held}; expected a combinational "
                f"circuit{advice}"
            )


def _held(module: FlatModule, name: str, cell: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Return what kind of state a cell holds, and of which net or memory; nothing if it holds none."""
    kind, parameters = cell["type"], cell["parameters"]
    if kind.startswith("$mem"):
        if kind.startswith("$memwr") or int(str(parameters.get("WR_PORTS", "0")), 2) > 0:
            yield "memory", str(parameters["MEMID"]).lstrip("\\")
    elif _STATE.search(kind):
        nets = [
            module.net_of_bit[bit] for bit in cell["connections"].get("Q", ()) if bit in module.net_of_bit
        ]
        yield "latch" if "latch" in kind.lower() else "flip-flop", nets[0] if nets else name


def check_drivers(module: FlatModule) -> None:
    """Raise `AccelsimError` if a net that is read has no driver or two, or high impedance (z) is used."""
    drivers: dict[int | str, str] = {}
    readers: dict[int | str, None] = {}

    def drive(bits: Sequence[int | str], driver: str, where: str) -> None:
        for bit in bits:
            if bit in drivers or isinstance(bit, str):
                net = next((module.net_of_bit[near] for near in [bit, *bits] if isinstance(near, int)), bit)
                also = drivers.get(bit, f"constant {bit}")
                raise AccelsimError(f"{where}: {net} is driven twice, by {driver} and by {also}")
            drivers[bit] = driver

    for port, about in module.ports.items():
        if about["direction"] == "input":
            drive(about["bits"], f"input {port}", module.place)
        else:
            readers.update(dict.fromkeys(about["bits"]))
    for cell in module.cells.values():
        where = place(cell["attributes"], module.file)
        for port, bits in cell["connections"].items():
            if cell["port_directions"][port] != "input":
                drive(bits, f"a gate of {where}", where)
            elif not is_unused_port(port):
                readers.update(dict.fromkeys(bits))
    if "z" in readers:
        raise AccelsimError(f"{module.place}: {module.name} uses high impedance (z); expected 0, 1 and gates")
    loose = list(
        dict.fromkeys(
            module.net_of_bit[bit] for bit in readers if isinstance(bit, int) and bit not in drivers
        )
    )
    if loose:
        where = module.place_of_net(loose[0])
        raise AccelsimError(
            f"{where}: {_shown(loose)} {'is' if len(loose) == 1 else 'are'} read but never driven"
        )


def check_loops(module: FlatModule, report: str) -> None:
    """Raise `AccelsimError` if Yosys' ``check`` reports a combinational loop."""
    _, found, loop = report.partition("found logic loop")
    if not found:
        return
    loop = loop.partition("\nWarning:")[0]
    places = re.findall(r"source: (\S+?:\d+)", loop) or [module.file]
    bits = [
        bit
        for cell in re.findall(r"^    cell (\S+) ", loop, re.MULTILINE)
        for bit in module.cells.get(cell, {"connections": {}})["connections"].get("Y", ())
    ]
    nets = dict.fromkeys(module.net_of_bit[bit] for bit in bits if bit in module.net_of_bit)
    named = [net for net in nets if not module.nets[net].get("hide_name")]
    through = f" through {_shown(named)}" if named else ""
    raise AccelsimError(f"{places[0]}: combinational loop{through}")


def _shown(names: Iterable[str]) -> str:
    names = list(names)
    return ", ".join(names[:_SHOWN]) + (", …" if len(names) > _SHOWN else "")
