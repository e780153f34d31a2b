"""A multiplier's gates with one operand known: what is left of them for each weight, compiled."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numba import njit
from numpy.typing import NDArray

from accelsim.netlist import Gate, Netlist
from accelsim.two_input_gates import two_input

__all__ = ["FoldableGates", "FoldedGates"]

#: A gate's coefficients ``c0 xor c1 a xor c2 b xor c3 a b`` (algebraic normal form) as bits of a number.
_NORMAL_FORM = {
    Gate.BUF: 0b0010,
    Gate.NOT: 0b0011,
    Gate.AND: 0b1000,
    Gate.NAND: 0b1001,
    Gate.OR: 0b1110,
    Gate.NOR: 0b1111,
    Gate.XOR: 0b0110,
    Gate.XNOR: 0b0111,
    Gate.ANDNOT: 0b1010,
    Gate.ORNOT: 0b1101,
}


@dataclass(frozen=True, eq=False)
class FoldedGates:
    """Programs for some weights, one after another.

    Parameters
    ----------
    starts : int64 array of shape (weights + 1,)
        First step of each weight's program, and the end of the last one.
    steps : uint16 array of shape (steps, 4)
        Coefficients ``c1 + 2 c2 + 4 c3`` of ``c1 a xor c2 b xor c3 a b``, plane of the result, planes of
        ``a`` and ``b``. Plane 0 is always 0; those of the activation's bits follow.
    outputs : uint16 array of shape (weights, bits of the product)
        ``2 plane + inverted`` of each bit.
    planes : int
        Planes that the programs use.
    """

    starts: NDArray[np.int64]
    steps: NDArray[np.uint16]
    outputs: NDArray[np.uint16]
    planes: int


class FoldableGates:
    """A multiplier whose weight operand is to be replaced by constants.

    Parameters
    ----------
    netlist : Netlist
        Two inputs and one output.
    weight_port : int
        0 or 1: the input that the weight goes to.
    """

    def __init__(self, netlist: Netlist, weight_port: int) -> None:
        self._gates = two_input(netlist)
        self.weight_width = netlist.inputs[weight_port].width
        self.activation_width = netlist.inputs[1 - weight_port].width
        self._weight_nets = np.array(netlist.inputs[weight_port].nets)
        self._activation_nets = np.array(netlist.inputs[1 - weight_port].nets)

    @cached_property
    def _forms(self) -> NDArray[np.uint8]:
        return np.array([_NORMAL_FORM[Gate(int(op))] for op in self._gates.opcodes], np.uint8)

    def folded(self, weights: NDArray[np.uint16]) -> FoldedGates:
        """Return what is left of the gates for each of some weights' bit patterns.

        Constants are propagated; inverters, buffers and inverted gates become a property of what reads them;
        gates that no output needs are left out.
        """
        gates = self._gates
        starts = np.zeros(len(weights) + 1, np.int64)
        outputs = np.zeros((len(weights), gates.outputs[0].width), np.uint16)
        steps = np.empty((len(weights) * gates.gate_count, 4), np.uint16)
        planes = _fold(
            self._forms,
            gates.operands,
            gates.first_gate_net,
            np.array(gates.outputs[0].nets),
            self._weight_nets,
            self._activation_nets,
            weights,
            starts,
            steps,
            outputs,
        )
        return FoldedGates(starts, steps[: starts[-1]].copy(), outputs, planes)


@njit(cache=True, nogil=True)
def _fold(
    forms: NDArray[np.uint8],
    operands: NDArray[np.int32],
    first_gate: int,
    output_nets: NDArray[np.int64],
    weight_nets: NDArray[np.int64],
    activation_nets: NDArray[np.int64],
    weights: NDArray[np.uint16],
    starts: NDArray[np.int64],
    steps: NDArray[np.uint16],
    outputs: NDArray[np.uint16],
) -> int:
    """Fill in the programs and return how many planes they use."""
    nets = first_gate + len(forms)
    # What each net is: another one (0: the constant 0) or itself, inverted or not.
    same, inverted = np.zeros(nets, np.int32), np.zeros(nets, np.uint8)
    left = np.empty((len(forms), 3), np.int32)  # what is left of each gate: coefficients, nets it reads
    last_reader = np.empty(nets, np.int32)
    plane = np.zeros(nets, np.int32)
    free = np.empty(nets, np.int32)
    always = 1 + len(activation_nets)
    most = always
    inverted[1] = 1
    for i in range(len(activation_nets)):
        same[activation_nets[i]] = activation_nets[i]
        plane[activation_nets[i]] = 1 + i
    for n in range(len(weights)):
        for i in range(len(weight_nets)):
            inverted[weight_nets[i]] = weights[n] >> i & 1
        for gate in range(len(forms)):
            net = first_gate + gate
            a, b = same[operands[gate, 0]], same[operands[gate, 1]]
            form = forms[gate]
            c0, c1, c2, c3 = form & 1, form >> 1 & 1, form >> 2 & 1, form >> 3
            if inverted[operands[gate, 0]]:
                c0, c2 = c0 ^ c1, c2 ^ c3
            if inverted[operands[gate, 1]]:
                c0, c1 = c0 ^ c2, c1 ^ c3
            if a == b:
                c1, c2, c3 = c1 ^ c2 ^ c3, 0, 0
            if a == 0:
                c1, c3 = 0, 0
            if b == 0:
                c2, c3 = 0, 0
            inverted[net] = c0
            if c3 or (c1 and c2):
                same[net] = net
                left[gate, 0], left[gate, 1], left[gate, 2] = c1 + 2 * c2 + 4 * c3, a, b
            else:
                same[net] = a if c1 else b if c2 else 0
        last_reader[:] = -1
        for net in output_nets:
            last_reader[same[net]] = len(forms)
        for gate in range(len(forms) - 1, -1, -1):
            net = first_gate + gate
            if same[net] == net and last_reader[net] >= 0:
                for i in range(1, 3):
                    last_reader[left[gate, i]] = max(last_reader[left[gate, i]], gate)
        used, spare, step = always, 0, starts[n]
        for gate in range(len(forms)):
            net = first_gate + gate
            if same[net] != net or last_reader[net] < 0:
                continue
            if spare:
                spare -= 1
                plane[net] = free[spare]
            else:
                plane[net], used = used, used + 1
            steps[step, 0], steps[step, 1] = left[gate, 0], plane[net]
            for i in range(1, 3):
                operand = left[gate, i]
                steps[step, 1 + i] = plane[operand]
                if last_reader[operand] == gate and plane[operand] >= always:
                    free[spare] = plane[operand]
                    spare += 1
            step += 1
        starts[n + 1] = step
        most = max(most, used)
        for i in range(len(output_nets)):
            net = output_nets[i]
            outputs[n, i] = 2 * plane[same[net]] + inverted[net]
    return most
