"""Two netlists on the same inputs, and whether their outputs differ."""

import numpy as np

from accelsim.errors import AccelsimError
from accelsim.netlist import Gate, Netlist, Port

__all__ = ["miter"]


def miter(left: Netlist, right: Netlist) -> Netlist:
    """Join two netlists with the same inputs into one whose single output bit tells that they differ.

    D. Brand, "Verification of Large Synthesized Designs", ICCAD 1993.

    Parameters
    ----------
    left, right : Netlist
        Input ports of the same widths, in the same order, and one output of the same width each; their names
        do not count.

    Raises
    ------
    AccelsimError
        If the ports differ in number or width.
    """
    shapes = [
        ([port.width for port in netlist.inputs], [port.width for port in netlist.outputs])
        for netlist in (left, right)
    ]
    if shapes[0] != shapes[1] or len(left.outputs) != 1:
        described = " and ".join(f"{inputs} to {outputs}" for inputs, outputs in shapes)
        raise AccelsimError(
            f"cannot compare {left.name} with {right.name}: port widths are {described}; "
            "expected the same, with one output"
        )
    first = left.first_gate_net
    moved = np.arange(right.net_count)
    moved[first:] += left.gate_count
    net = first + left.gate_count + right.gate_count
    added: list[tuple[Gate, int, int]] = []
    differs = []
    for one, other in zip(left.outputs[0].nets, right.outputs[0].nets, strict=True):
        differs.append(net + len(added))
        added.append((Gate.XOR, one, int(moved[other])))
    while len(differs) > 1:
        one, other, *rest = differs
        differs = [*rest, net + len(added)]
        added.append((Gate.OR, one, other))
    return Netlist(
        f"{left.name} against {right.name}",
        left.inputs,
        (Port("differs", tuple(differs)),),
        np.concatenate([left.opcodes, right.opcodes, np.array([gate for gate, *_ in added], dtype=np.uint8)]),
        np.concatenate([left.operands, moved[right.operands], np.array([(*nets, 0) for _, *nets in added])]),
    )
