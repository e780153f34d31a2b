"""A netlist that grows gate by gate."""

from collections.abc import Mapping, Sequence

import numpy as np

from accelsim.netlist import FIRST_INPUT_NET, Gate, Netlist, Port

__all__ = ["NetlistBuilder"]


class NetlistBuilder:
    """Gates in the order in which they are added, and the input ports they begin with.

    Parameters
    ----------
    widths : mapping of str to int
        Bits of each input port, by name, in order.

    Attributes
    ----------
    inputs : tuple of Port
        The input ports and their nets.
    """

    def __init__(self, widths: Mapping[str, int]) -> None:
        ports = []
        net = FIRST_INPUT_NET
        for name, width in widths.items():
            ports.append(Port(name, tuple(range(net, net + width))))
            net += width
        self.inputs = tuple(ports)
        self._first_gate_net = net
        self._gates: list[tuple[int, int, int, int]] = []

    def add(self, gate: Gate, a: int, b: int = 0, c: int = 0) -> int:
        """Add a gate that reads nets ``a``, ``b``, ``c`` and return the net it drives."""
        self._gates.append((int(gate), a, b, c))
        return self._first_gate_net + len(self._gates) - 1

    def netlist(self, name: str, outputs: Mapping[str, Sequence[int]]) -> Netlist:
        """Return the netlist whose output ports have given nets, least significant first."""
        rows = np.array(self._gates, dtype=np.int32).reshape(-1, 4)
        ports = tuple(Port(port, tuple(nets)) for port, nets in outputs.items())
        return Netlist(name, self.inputs, ports, rows[:, 0].astype(np.uint8), rows[:, 1:])
