"""Programs of two-input gates: a netlist as the loop that evaluates candidates of a search reads it.

Numba's cache of a compiled function looks at the function's own file only. The search is compiled from this
file, `accelsim.bit_plane_errors`, `accelsim.error_measure` and `accelsim.rtl.evolution_kernel`: whoever
changes one of them removes the ``__pycache__`` folders beside the others.
"""

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from accelsim.netlist import Gate, Netlist

__all__ = ["FUNCTION_COUNT", "PLANE_WORDS", "Program", "run_program", "two_input"]

#: Words of 64 input vectors in a bit plane: the planes of an 8 x 8 multiplier stay in the first-level cache.
PLANE_WORDS = 32
#: Gates with at most two operands have the first opcodes.
FUNCTION_COUNT = int(Gate.ORNOT) + 1


def two_input(netlist: Netlist) -> Netlist:
    """Return the same circuit of gates with at most two operands, without buffers and unread gates.

    A multiplexer ``b if c else a`` becomes ``a xor (c and (a xor b))``.
    """
    first = netlist.first_gate_net
    wanted = _read_by_outputs(netlist)
    new_net = list(range(netlist.net_count))
    opcodes: list[int] = []
    operands: list[tuple[int, int, int]] = []

    def add(gate: Gate, a: int, b: int = 0) -> int:
        opcodes.append(int(gate))
        operands.append((a, b, 0))
        return first + len(opcodes) - 1

    for index in np.flatnonzero(wanted).tolist():
        gate = Gate(int(netlist.opcodes[index]))
        a, b, c = (new_net[net] for net in netlist.operands[index].tolist())
        if gate is Gate.BUF:
            new_net[first + index] = a
        elif gate is Gate.MUX:
            new_net[first + index] = add(Gate.XOR, a, add(Gate.AND, c, add(Gate.XOR, a, b)))
        else:
            new_net[first + index] = add(gate, a, 0 if gate is Gate.NOT else b)
    outputs = tuple(
        type(port)(port.name, tuple(new_net[net] for net in port.nets)) for port in netlist.outputs
    )
    return Netlist(
        netlist.name,
        netlist.inputs,
        outputs,
        np.array(opcodes, dtype=np.uint8),
        np.array(operands, dtype=np.int32).reshape(-1, 3),
    )


_OPERANDS_READ = {Gate.BUF: 1, Gate.NOT: 1, Gate.MUX: 3}


def _read_by_outputs(netlist: Netlist) -> NDArray[np.bool_]:
    wanted = np.zeros(netlist.net_count, dtype=bool)
    for port in netlist.outputs:
        wanted[list(port.nets)] = True
    first = netlist.first_gate_net
    for index in range(netlist.gate_count - 1, -1, -1):
        if wanted[first + index]:
            read = _OPERANDS_READ.get(Gate(int(netlist.opcodes[index])), 2)
            wanted[netlist.operands[index, :read]] = True
    return wanted[first:]


class Program(NamedTuple):
    """Steps that evaluate a circuit of two-input gates, one bit plane per net.

    Parameters
    ----------
    steps : int32 array of shape (gates, 4)
        Opcode, plane of the result, planes of the operands.
    output : int32 array of shape (width of the output,)
        Planes of the output's bits.
    planes : int
        Number of planes: constants 0 and 1, inputs, gates.
    """

    steps: NDArray[np.int32]
    output: NDArray[np.int32]
    planes: int

    @classmethod
    def of(cls, netlist: Netlist) -> "Program":
        """Return the program of a netlist with one output."""
        circuit = two_input(netlist)
        targets = circuit.first_gate_net + np.arange(circuit.gate_count)
        steps = np.column_stack([circuit.opcodes, targets, circuit.operands[:, :2]]).astype(np.int32)
        return cls(steps, np.array(circuit.outputs[0].nets, dtype=np.int32), circuit.net_count)


#: Coefficients of each function's algebraic normal form ``c0 xor c1 a xor c2 b xor c3 a b``, as masks: one
#: expression without branches evaluates every gate, so that no gate is mispredicted.
_COEFFICIENTS = np.array(
    [
        [0, 1, 0, 0],  # BUF
        [1, 1, 0, 0],  # NOT
        [0, 0, 0, 1],  # AND
        [1, 0, 0, 1],  # NAND
        [0, 1, 1, 1],  # OR
        [1, 1, 1, 1],  # NOR
        [0, 1, 1, 0],  # XOR
        [1, 1, 1, 0],  # XNOR
        [0, 1, 0, 1],  # ANDNOT
        [1, 0, 1, 1],  # ORNOT
    ],
    dtype=np.uint64,
) * ~np.uint64(0)


@njit(cache=True, nogil=True)
def run_program(steps: NDArray[np.int32], count: int, values: NDArray[np.uint64]) -> None:
    """Run the first ``count`` steps on the planes of one block of input vectors.

    Parameters
    ----------
    steps : int32 array of shape (at least count, 4)
        As in `Program`.
    count : int
        Number of steps.
    values : uint64 array of shape (planes, PLANE_WORDS)
        Constants and inputs filled in; the steps fill in the others.
    """
    words = values.reshape(-1)
    width = np.uint64(PLANE_WORDS)
    for step in range(count):
        function = np.uint64(steps[step, 0])
        y, a, b = (
            np.uint64(steps[step, 1]) * width,
            np.uint64(steps[step, 2]) * width,
            np.uint64(steps[step, 3]) * width,
        )
        c0, c1 = _COEFFICIENTS[function, 0], _COEFFICIENTS[function, 1]
        c2, c3 = _COEFFICIENTS[function, 2], _COEFFICIENTS[function, 3]
        for word in range(PLANE_WORDS):
            i = np.uint64(word)
            left, right = words[a + i], words[b + i]
            words[y + i] = c0 ^ (left & c1) ^ (right & (c2 ^ (left & c3)))
