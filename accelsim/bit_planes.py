"""Bit planes: the values of a net under a block of input vectors, 64 vectors a word; compiled.

Bit ``j`` of word ``i`` of a net's bit plane is the net's value under input vector ``64 i + j`` of the
block, so that one logic instruction evaluates a gate for as many vectors as a register has bits.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from accelsim.netlist import Gate

__all__ = [
    "BLOCK_VECTORS",
    "PLANE_WORDS",
    "count_in_plane",
    "evaluate_gates",
    "new_planes",
    "pack_planes",
]

#: Words of a plane.
PLANE_WORDS = 64
#: Input vectors evaluated by one pass over the gates.
BLOCK_VECTORS = 64 * PLANE_WORDS

_BUF, _NOT, _AND, _NAND, _OR, _NOR, _XOR, _XNOR, _ANDNOT, _ORNOT, _MUX = (int(gate) for gate in Gate)


@njit(cache=True, nogil=True)
def new_planes(count: int) -> NDArray[np.uint64]:
    """Return planes of zeros, but for plane 1, the constant 1."""
    values = np.zeros((count, PLANE_WORDS), dtype=np.uint64)
    values[1] = ~np.uint64(0)
    return values


@njit(cache=True, nogil=True)
def count_in_plane(plane: NDArray[np.uint64], bit: int, start: int) -> None:
    """Fill a plane with bit ``bit`` of the vector numbers from ``start``, a multiple of 64, on."""
    if bit < 6:
        period = np.uint64(2) << np.uint64((1 << bit) - 1)
        word = (
            ~np.uint64(0) // (period + np.uint64(1)) * period if bit < 5 else ~np.uint64(0) << np.uint64(32)
        )
        plane[:] = word
        return
    for i in range(PLANE_WORDS):
        plane[i] = ~np.uint64(0) if ((start >> 6) + i) >> (bit - 6) & 1 else np.uint64(0)


@njit(cache=True, nogil=True)
def pack_planes(given: NDArray[np.uint64], planes: NDArray[np.uint64]) -> None:
    """Transpose numbers of shape (up to `BLOCK_VECTORS`,) into a plane for each of their bits."""
    planes[:] = np.uint64(0)
    for bit in range(len(planes)):
        plane = planes[bit]
        for vector in range(len(given)):
            plane[vector >> 6] |= (given[vector] >> np.uint64(bit) & np.uint64(1)) << np.uint64(vector & 63)


@njit(cache=True, nogil=True)
def evaluate_gates(steps: NDArray[np.int32], values: NDArray[np.uint64]) -> None:
    """Evaluate gates for one block of vectors.

    Parameters
    ----------
    steps : int32 array of shape (gates, 5)
        Opcode, plane of the gate's net, planes of its three operands.
    values : uint64 array of shape (planes, words)
        The planes; those of the gates' nets are filled in.
    """
    for gate in range(len(steps)):
        opcode = steps[gate, 0]
        y, a = values[steps[gate, 1]], values[steps[gate, 2]]
        b, c = values[steps[gate, 3]], values[steps[gate, 4]]
        if opcode == _AND:
            for i in range(PLANE_WORDS):
                y[i] = a[i] & b[i]
        elif opcode == _XOR:
            for i in range(PLANE_WORDS):
                y[i] = a[i] ^ b[i]
        elif opcode == _NAND:
            for i in range(PLANE_WORDS):
                y[i] = ~(a[i] & b[i])
        elif opcode == _OR:
            for i in range(PLANE_WORDS):
                y[i] = a[i] | b[i]
        elif opcode == _NOR:
            for i in range(PLANE_WORDS):
                y[i] = ~(a[i] | b[i])
        elif opcode == _XNOR:
            for i in range(PLANE_WORDS):
                y[i] = ~(a[i] ^ b[i])
        elif opcode == _ANDNOT:
            for i in range(PLANE_WORDS):
                y[i] = a[i] & ~b[i]
        elif opcode == _ORNOT:
            for i in range(PLANE_WORDS):
                y[i] = a[i] | ~b[i]
        elif opcode == _MUX:
            for i in range(PLANE_WORDS):
                y[i] = a[i] ^ (c[i] & (a[i] ^ b[i]))
        elif opcode == _NOT:
            for i in range(PLANE_WORDS):
                y[i] = ~a[i]
        else:
            for i in range(PLANE_WORDS):
                y[i] = a[i]
