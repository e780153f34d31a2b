"""Static timing analysis: when the last bit of the product is there.

Every net has an arrival and a transition time for its rising and for its falling edge. A cell's delay and
output transition are looked up in its tables at the input's transition time and the output's load; the
latest arrival and, independently, the slowest transition go on (graph-based analysis, as in Bhasker and
Chadha, Static Timing Analysis for Nanometer Designs, 2009, chapters 3 and 8). Constants never arrive.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from accelsim.mapped_netlist import MappedNetlist

__all__ = ["Timing", "analyse_timing"]

_RISE, _FALL = 0, 1
#: Edges of the input that make the output rise and fall.
_CAUSES = {
    "positive": ((_RISE,), (_FALL,)),
    "negative": ((_FALL,), (_RISE,)),
    "both": ((_RISE, _FALL), (_RISE, _FALL)),
}


@dataclass(frozen=True, eq=False)
class Timing:
    """Result of a timing analysis.

    Parameters
    ----------
    delay : float
        Arrival of the latest output in ns.
    transitions : float array of shape (nets, 2)
        Transition time in ns of each net's rising and falling edge.
    critical_path : tuple of str
        Cells from an input to the latest output.
    """

    delay: float
    transitions: NDArray[np.float64]
    critical_path: tuple[str, ...]


def analyse_timing(mapped: MappedNetlist) -> Timing:
    """Find the critical path of a mapped netlist.

    All inputs change at time 0, without transition time; the outputs of the circuit carry no load, and wires
    neither resistance nor capacitance.
    """
    nets, loads = mapped.netlist.net_count, mapped.loads.tolist()
    arrivals = [[0.0, 0.0] for _ in range(nets)]
    transitions = [[0.0, 0.0] for _ in range(nets)]
    arrivals[0] = arrivals[1] = [-np.inf, -np.inf]
    came_from: dict[tuple[int, int], tuple[int, int]] = {}
    cell_at: dict[int, str] = {}
    for instance in mapped.instances:
        pins = {pin.name: net for pin, net in zip(instance.cell.inputs, instance.inputs, strict=True)}
        output, load = instance.output, loads[instance.output]
        cell_at[output] = instance.cell.name
        arrived, slow = [-np.inf, -np.inf], [0.0, 0.0]
        for arc in instance.cell.timing:
            net = pins[arc.pin]
            tables = ((arc.rise_delay, arc.rise_transition), (arc.fall_delay, arc.fall_transition))
            for edge, (delay, transition) in enumerate(tables):
                for cause in _CAUSES[arc.sense][edge]:
                    if arrivals[net][cause] == -np.inf:
                        continue
                    at = transitions[net][cause]
                    arrival = arrivals[net][cause] + delay.at(at, load)
                    if arrival > arrived[edge]:
                        arrived[edge] = arrival
                        came_from[output, edge] = (net, cause)
                    slow[edge] = max(slow[edge], transition.at(at, load))
        arrivals[output], transitions[output] = arrived, slow
    ends = [
        (arrivals[net][edge], net, edge)
        for port in mapped.netlist.outputs
        for net in port.nets
        for edge in (_RISE, _FALL)
        if arrivals[net][edge] > 0
    ]
    if not ends:
        return Timing(0.0, np.array(transitions), ())
    latest, net, edge = max(ends)
    path = []
    while (net, edge) in came_from:
        path.append(cell_at[net])
        net, edge = came_from[net, edge]
    return Timing(latest, np.array(transitions), tuple(reversed(path)))
