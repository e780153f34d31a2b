"""Switching activity: how often each net of a circuit changes over a stream of operands.

Simulated without delays: a net changes at most once from one operand pair to the next, glitches are not
counted. Sixty-four operand pairs are simulated at once, and the changes between neighbours counted as the
ones of ``plane ^ (plane << 1)``.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

from accelsim.bit_planes import BLOCK_VECTORS, PLANE_WORDS, evaluate_gates, new_planes, pack_planes
from accelsim.errors import AccelsimError
from accelsim.netlist import FIRST_INPUT_NET, Netlist

__all__ = ["Activity", "count_toggles"]


@dataclass(frozen=True, eq=False)
class Activity:
    """Changes of nets over a stream of operands.

    Parameters
    ----------
    operations : int
        Steps from one operand pair to the next.
    toggles : int64 array of shape (nets,)
        How often each net changed.
    quiet_toggles : int64 array, one entry for each watched pair
        How often the first net of each watched pair changed while the second did not.
    """

    operations: int
    toggles: NDArray[np.int64]
    quiet_toggles: NDArray[np.int64]


def count_toggles(
    netlist: Netlist, *operands: ArrayLike, watched: Sequence[tuple[int, int]] = ()
) -> Activity:
    """Count how often each net changes over a stream of operands.

    Parameters
    ----------
    netlist : Netlist
        Any circuit.
    *operands : integer arrays of shape (n,)
        Bit patterns of each input port in the order of the stream (negative numbers: their two's
        complement), n at least 2.
    watched : sequence of tuple of two int
        Pairs of nets, of which the changes of the first without a change of the second are counted.

    Raises
    ------
    AccelsimError
        If the number of operands is not that of the input ports, or the stream has fewer than two entries.
    """
    if len(operands) != len(netlist.inputs):
        raise AccelsimError(
            f"{netlist.name} has {len(netlist.inputs)} inputs; got {len(operands)} streams of operands"
        )
    values = np.stack([np.asarray(operand).astype(np.int64).view(np.uint64) for operand in operands])
    if values.shape[1] < 2:
        raise AccelsimError(
            "a stream of operands needs at least 2 entries: activity is counted from one to the next"
        )
    steps = np.column_stack(
        [netlist.opcodes, netlist.first_gate_net + np.arange(netlist.gate_count), netlist.operands]
    ).astype(np.int32)
    widths = np.array([port.width for port in netlist.inputs])
    pairs = np.array(watched, dtype=np.int64).reshape(-1, 2)
    toggles = np.zeros(netlist.net_count, dtype=np.int64)
    quiet = np.zeros(len(pairs), dtype=np.int64)
    _count_changes(steps, netlist.net_count, values, widths, pairs, toggles, quiet)
    return Activity(values.shape[1] - 1, toggles, quiet)


@njit(cache=True, nogil=True)
def _count_changes(
    steps: NDArray[np.int32],
    nets: int,
    inputs: NDArray[np.uint64],
    widths: NDArray[np.int64],
    pairs: NDArray[np.int64],
    toggles: NDArray[np.int64],
    quiet: NDArray[np.int64],
) -> None:
    """Add the changes along ``inputs`` of shape (ports, n) to ``toggles`` and ``quiet``."""
    values = new_planes(nets)
    changes = np.zeros((nets, PLANE_WORDS), dtype=np.uint64)  # constants never change
    last = np.zeros(nets, dtype=np.uint64)  # each net's value in the vector before the block
    for block in range(0, inputs.shape[1], BLOCK_VECTORS):
        count = min(BLOCK_VECTORS, inputs.shape[1] - block)
        net = FIRST_INPUT_NET
        for port in range(len(widths)):
            pack_planes(inputs[port, block : block + count], values[net : net + widths[port]])
            net += widths[port]
        evaluate_gates(steps, values)
        words = (count + 63) >> 6
        beyond = np.uint64((64 - (count & 63)) & 63)
        for net in range(FIRST_INPUT_NET, nets):
            carry = last[net]
            for word in range(words):
                plane = values[net, word]
                changes[net, word] = plane ^ (plane << np.uint64(1) | carry)
                carry = plane >> np.uint64(63)
            last[net] = carry
            if block == 0:  # nothing comes before the first vector
                changes[net, 0] &= ~np.uint64(1)
            changes[net, words - 1] &= ~np.uint64(0) >> beyond
            for word in range(words):
                toggles[net] += _ones(changes[net, word])
        for pair in range(len(pairs)):
            first, second = changes[pairs[pair, 0]], changes[pairs[pair, 1]]
            for word in range(words):
                quiet[pair] += _ones(first[word] & ~second[word])


@njit(cache=True, nogil=True, inline="always")
def _ones(word: np.uint64) -> np.int64:
    """Count the ones of a word, in ever wider fields (Warren, Hacker's Delight, 2012, section 5-1)."""
    word -= word >> np.uint64(1) & np.uint64(0x5555555555555555)
    word = (word & np.uint64(0x3333333333333333)) + (word >> np.uint64(2) & np.uint64(0x3333333333333333))
    word = word + (word >> np.uint64(4)) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return np.int64(word * np.uint64(0x0101010101010101) >> np.uint64(56))
