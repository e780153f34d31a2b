"""A netlist of standard cells, and the simple gates that compute the same."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from accelsim.boolean_expressions import gates_of
from accelsim.cell_library import Cell, CellLibrary
from accelsim.gate_costs import GATE_COSTS, gate_library
from accelsim.netlist import Gate, Netlist
from accelsim.netlist_builder import NetlistBuilder

__all__ = ["Instance", "MappedNetlist", "map_cells", "map_gates"]


@dataclass(frozen=True)
class Instance:
    """A cell in a circuit.

    Parameters
    ----------
    cell : Cell
        What it is an instance of.
    inputs : tuple of int
        Net at each input of the cell, in the cell's order.
    output : int
        The net it drives.
    """

    cell: Cell
    inputs: tuple[int, ...]
    output: int


@dataclass(frozen=True, eq=False)
class MappedNetlist:
    """Cells that together compute a netlist.

    Parameters
    ----------
    netlist : Netlist
        Simple gates that evaluate every cell's function; each cell's output is one of its nets, and the nets
        between cells are among its nets.
    library : CellLibrary
        Where the cells are from.
    instances : tuple of Instance
        In topological order.
    """

    netlist: Netlist
    library: CellLibrary
    instances: tuple[Instance, ...]

    @cached_property
    def loads(self) -> NDArray[np.float64]:
        """Capacitance in fF of the input pins on each net, an array of shape (nets,)."""
        found = np.zeros(self.netlist.net_count)
        for instance in self.instances:
            for pin, net in zip(instance.cell.inputs, instance.inputs, strict=True):
                found[net] += pin.capacitance
        return found

    def histogram(self) -> dict[str, int]:
        """Return how many cells of each kind there are, most frequent first."""
        counts: dict[str, int] = {}
        for instance in self.instances:
            counts[instance.cell.name] = counts.get(instance.cell.name, 0) + 1
        return dict(sorted(counts.items(), key=lambda entry: (-entry[1], entry[0])))


def map_gates(netlist: Netlist) -> MappedNetlist:
    """Take each gate as the cell of the built-in library that has its name; a buffer is a wire."""
    library = gate_library()
    root = list(range(netlist.net_count))  # the net that a wire comes from
    instances = []
    for index, (opcode, nets) in enumerate(
        zip(netlist.opcodes.tolist(), netlist.operands.tolist(), strict=True)
    ):
        gate, output = Gate(opcode), netlist.first_gate_net + index
        if gate not in GATE_COSTS:
            root[output] = root[nets[0]]
            continue
        cell = library.cells[gate.name]
        inputs = tuple(root[net] for net in nets[: len(cell.inputs)])
        instances.append(Instance(cell, inputs, output))
    return MappedNetlist(netlist, library, tuple(instances))


def map_cells(
    name: str,
    widths: Mapping[str, int],
    outputs: Mapping[str, Sequence[str]],
    cells: Iterable[tuple[Cell, Mapping[str, str]]],
    signals: Mapping[str, int],
    library: CellLibrary,
) -> MappedNetlist:
    """Build a mapped netlist from cells that are connected by named signals.

    Parameters
    ----------
    name : str
        Name of the netlist.
    widths : mapping of str to int
        Bits of each input port.
    outputs : mapping of str to sequence of str
        Signals of each output port, least significant first.
    cells : iterable of (Cell, mapping of pin to signal)
        In topological order.
    signals : mapping of str to int
        Nets of the signals that are inputs and constants.
    library : CellLibrary
        Where the cells are from.
    """
    builder = NetlistBuilder(widths)
    net_of = dict(signals)
    instances = []
    for cell, connections in cells:
        pins = {pin.name: net_of[connections[pin.name]] for pin in cell.inputs}
        output = net_of[connections[cell.output]] = gates_of(cell.function, pins, builder.add)
        instances.append(Instance(cell, tuple(pins.values()), output))
    nets = {port: [net_of[signal] for signal in bits] for port, bits in outputs.items()}
    return MappedNetlist(builder.netlist(name, nets), library, tuple(instances))
