"""Chromosome of Cartesian genetic programming: one row of gates, any of which reads any before it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from accelsim.errors import AccelsimError
from accelsim.netlist import Gate, Netlist, Port
from accelsim.rtl.evolution_kernel import random_below
from accelsim.two_input_gates import FUNCTION_COUNT, two_input

__all__ = ["Chromosome"]


@dataclass(frozen=True, eq=False)
class Chromosome:
    """A multiplier in the form that mutations work on.

    Nets are numbered as in `Netlist`: constants, inputs, then one per node. Nodes that no output depends on
    stay in the chromosome; they are the room in which neutral drift prepares the next step (Miller and
    Thomson, "Cartesian Genetic Programming", EuroGP 2000).

    Parameters
    ----------
    inputs : tuple of Port
    output : Port
        Ports of the netlist.
    nodes : int32 array of shape (nodes, 3)
        Function (`Gate` of at most two operands) and the nets it reads.
    """

    inputs: tuple[Port, ...]
    output: Port
    nodes: NDArray[np.int32]

    @classmethod
    def of(cls, netlist: Netlist, nodes: int, generator: NDArray[np.uint64]) -> "Chromosome":
        """Spread a netlist's gates evenly over ``nodes`` nodes; the others are random.

        Parameters
        ----------
        netlist : Netlist
            A circuit with one output.
        nodes : int
            Length of the chromosome.
        generator : uint64 array of shape (4,)
            State of `random_below`, advanced.

        Raises
        ------
        AccelsimError
            If the netlist has more gates than that, or not exactly one output.
        """
        if len(netlist.outputs) != 1:
            raise AccelsimError(f"{netlist.name} has {len(netlist.outputs)} outputs; a multiplier has one")
        circuit = two_input(netlist)
        gates, first = circuit.gate_count, circuit.first_gate_net
        if gates > nodes:
            raise AccelsimError(f"{netlist.name} has {gates} two-input gates, more than the {nodes} nodes")
        genes = np.empty((nodes, 3), dtype=np.int32)
        for node in range(nodes):
            stops = (FUNCTION_COUNT, first + node, first + node)
            genes[node] = [random_below(generator, stop) for stop in stops]
        place = first + np.arange(gates) * nodes // max(gates, 1)
        new_net = np.concatenate([np.arange(first), place])
        genes[place - first, 0] = circuit.opcodes
        genes[place - first, 1:] = new_net[circuit.operands[:, :2]]
        output = circuit.outputs[0]
        moved = Port(output.name, tuple(int(new_net[net]) for net in output.nets))
        return cls(circuit.inputs, moved, genes)

    def netlist(self, name: str) -> Netlist:
        """Return the gates that the outputs depend on."""
        operands = np.column_stack([self.nodes[:, 1:], np.zeros(len(self.nodes), dtype=np.int32)])
        operands[self.nodes[:, 0] == Gate.NOT, 1] = 0
        whole = Netlist(name, self.inputs, (self.output,), self.nodes[:, 0].astype(np.uint8), operands)
        return two_input(whole)
