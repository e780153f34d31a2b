"""Matrix products on the gates of a multiplier, 512 products an instruction: no table, so any width."""

import os
from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from accelsim.bit_sliced_kernel import run_tasks
from accelsim.errors import AccelsimError
from accelsim.folded_gates import FoldableGates, FoldedGates
from accelsim.netlist import Netlist
from accelsim.plane_vectors import PLANE_WORDS
from accelsim.workers import share_tasks

__all__ = ["MAX_OPERAND_WIDTH", "bit_sliced_gemm", "check_gates"]

#: Narrowest and widest operand, in bits.
MIN_OPERAND_WIDTH, MAX_OPERAND_WIDTH = 2, 16
#: Weights that are folded into gates together, and how many such sets are kept: some 25 MB each.
_WEIGHTS_AT_A_TIME, _SETS_KEPT = 1 << 12, 32


def bit_sliced_gemm(
    netlist: Netlist,
    x: NDArray[np.uint16],
    w: NDArray[np.uint16],
    *,
    signed: bool,
    activation_operand: Literal["a", "b"] = "a",
    threads: int | None = None,
) -> NDArray[np.int64]:
    """Return ``out[g, o, p] = sum_k product(x[g, k, p], w[g, o, k])`` of a multiplier's gates.

    The gates run on bit planes of 2048 pixels; what each weight makes constant is folded away first, once
    for each value among the weights; products are added in bit planes too, in as many bits as the exact sum
    can take.

    Parameters
    ----------
    netlist : Netlist
        A multiplier: two inputs, ``a`` first, of 2 to 16 bits, and one output of their bits together.
    x : uint16 array of shape (groups, depth, pixels)
        Activation codes (bit patterns).
    w : uint16 array of shape (groups, channels, depth)
        Weight codes.
    signed : bool
        Whether products are two's complement.
    activation_operand : {"a", "b"}
        The input that activations go to.
    threads : int, optional
        Threads that share the work; default: one per core. The result does not depend on their number.

    Returns
    -------
    int64 array of shape (groups, channels, pixels)
        Exact sums.

    Raises
    ------
    AccelsimError
        If the netlist is no such multiplier, a type or shape is another, or a code does not fit its operand.
    """
    gates = _foldable(netlist, 1 if activation_operand == "a" else 0)
    _check_codes(gates, x, w)
    (groups, channels, depth), pixels = w.shape, x.shape[2]
    bits = netlist.outputs[0].width + max(depth - 1, 0).bit_length()
    planes = _bit_planes(x, gates.activation_width)
    out = np.empty((groups, channels, pixels), np.int64)
    per_pass = max(1, _WEIGHTS_AT_A_TIME // max(1, groups * depth))
    for first in range(0, channels, per_pass):
        own = slice(first, first + per_pass)
        values, programs = np.unique(w[:, own], return_inverse=True)
        numbers = programs.reshape(w[:, own].shape).astype(np.int32)
        part = np.empty_like(out[:, own], order="C")
        folded = _folded(gates, values.tobytes())
        _fill_in_sums(folded, planes, numbers, signed, bits, part, threads or os.cpu_count() or 1)
        out[:, own] = part
    return out


def _fill_in_sums(
    folded: FoldedGates,
    x: NDArray[np.uint64],
    programs: NDArray[np.int32],
    signed: bool,
    bits: int,
    out: NDArray[np.int64],
    threads: int,
) -> None:
    groups, channels, pixels = out.shape
    blocks = -(-pixels // (64 * PLANE_WORDS))
    steps, outputs, planes = folded.steps, folded.outputs, folded.planes

    def run(first: int, stop: int) -> None:
        run_tasks(folded.starts, steps, outputs, planes, x, programs, signed, bits, out, blocks, first, stop)

    share_tasks(run, groups * channels * blocks, threads)


def _bit_planes(x: NDArray[np.uint16], width: int) -> NDArray[np.uint64]:
    """Return planes of shape (groups, depth, bits, words) of codes of shape (groups, depth, pixels)."""
    words = -(-x.shape[2] // 64)
    planes = np.zeros((*x.shape[:2], width, words * 8), np.uint8)
    for bit in range(width):
        packed = np.packbits((x >> np.uint16(bit) & np.uint16(1)).astype(np.bool_), axis=2, bitorder="little")
        planes[:, :, bit, : packed.shape[2]] = packed
    return planes.view("<u8").astype(np.uint64, copy=False)


def check_gates(netlist: Netlist) -> None:
    """Raise unless a netlist is a multiplier that `bit_sliced_gemm` runs."""
    widths = [port.width for port in netlist.inputs]
    outputs = [port.width for port in netlist.outputs]
    narrow, wide = MIN_OPERAND_WIDTH, MAX_OPERAND_WIDTH
    if len(widths) != 2 or not all(narrow <= width <= wide for width in widths) or outputs != [sum(widths)]:
        raise AccelsimError(
            f"{netlist.name} has inputs of {widths} and outputs of {outputs} bits; bit-sliced layers take a "
            f"multiplier of two operands of {narrow} to {wide} bits, and a product of both together"
        )


@lru_cache(maxsize=16)
def _foldable(netlist: Netlist, weight_port: int) -> FoldableGates:
    check_gates(netlist)
    return FoldableGates(netlist, weight_port)


@lru_cache(maxsize=_SETS_KEPT)
def _folded(gates: FoldableGates, weights: bytes) -> FoldedGates:
    return gates.folded(np.frombuffer(weights, np.uint16))


def _check_codes(gates: FoldableGates, x: NDArray[np.uint16], w: NDArray[np.uint16]) -> None:
    if (x.dtype, x.ndim, w.dtype, w.ndim) != (np.dtype(np.uint16), 3, np.dtype(np.uint16), 3):
        shown = ", ".join(f"{array.dtype}{list(array.shape)}" for array in (x, w))
        raise AccelsimError(f"bit_sliced_gemm got {shown}; expected uint16[g, k, p], uint16[g, o, k]")
    if (w.shape[0], w.shape[2]) != x.shape[:2]:
        raise AccelsimError(
            f"bit_sliced_gemm got x of shape {x.shape} (groups, depth, pixels) and w of shape {w.shape} "
            "(groups, channels, depth): groups and depth must agree"
        )
    for codes, width, what in (
        (w, gates.weight_width, "weight"),
        (x, gates.activation_width, "activation"),
    ):
        if codes.size and int(codes.max()) >> width:
            raise AccelsimError(f"{what} code {codes.max()} does not fit an operand of {width} bits")
