"""Bit-parallel simulation of a netlist, a block of input vectors at a time (`accelsim.bit_planes`)."""

import os
from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

from accelsim.bit_planes import (
    BLOCK_VECTORS,
    count_in_plane,
    evaluate_gates,
    new_planes,
    pack_planes,
)
from accelsim.errors import AccelsimError
from accelsim.lut import MAX_LUT_WIDTH
from accelsim.netlist import FIRST_INPUT_NET, Netlist, Port
from accelsim.operands import broadcast_operands, checked_integers
from accelsim.transposition import numbers_of_planes
from accelsim.workers import share_tasks

__all__ = ["outputs", "outputs_in_order", "truth_table"]

#: Blocks that are over before a second thread would have begun.
_TOO_FEW_TO_SHARE = 16


def truth_table(netlist: Netlist) -> NDArray[np.unsignedinteger[Any]]:
    """Simulate every combination of the inputs.

    Parameters
    ----------
    netlist : Netlist
        At most 2 x 12 input bits in all, and one output of at most 64 bits.

    Returns
    -------
    array of shape (2^width of the first input, 2^width of the second, ...)
        The output's bit pattern, in the smallest unsigned type that holds it, indexed by the inputs' bit
        patterns.

    Raises
    ------
    AccelsimError
        If the netlist has more input bits, no input, or not exactly one output of at most 64 bits.
    """
    widths = [port.width for port in netlist.inputs]
    if sum(widths) > 2 * MAX_LUT_WIDTH:
        raise AccelsimError(
            f"{netlist.name} has {sum(widths)} input bits; "
            f"a truth table is made of at most {2 * MAX_LUT_WIDTH}"
        )
    vectors = 1 << sum(widths)

    def run(program: _Program, start: int, found: NDArray[Any]) -> None:
        _run_counted(program.steps, program.planes, program.bit_of_input, program.output, start, found)

    return _in_blocks(netlist, vectors, run).reshape([1 << width for width in widths])


def outputs(netlist: Netlist, *operands: ArrayLike) -> NDArray[np.unsignedinteger[Any]]:
    """Simulate given input vectors.

    Parameters
    ----------
    netlist : Netlist
        Inputs and one output of at most 64 bits each.
    *operands : integer arrays, broadcast together
        Bit patterns of each input port (negative numbers: their two's complement).

    Returns
    -------
    array of the broadcast shape
        The output's bit pattern, in the smallest unsigned type that holds it.

    Raises
    ------
    AccelsimError
        If the number of operands is not that of the input ports, an operand is not an integer that its port
        can hold, their shapes do not agree, a port is wider, or not exactly one output is there.
    """
    _check_output(netlist)
    if len(operands) != len(netlist.inputs):
        raise AccelsimError(
            f"{netlist.name} has {len(netlist.inputs)} inputs "
            f"({', '.join(port.name for port in netlist.inputs)}); got {len(operands)} operands"
        )
    given = [_checked_operand(netlist, *pair) for pair in zip(netlist.inputs, operands, strict=True)]
    arrays = broadcast_operands(given, netlist.name)
    values = np.stack([array.ravel().astype(np.int64, casting="unsafe").view(np.uint64) for array in arrays])
    widths = np.array([port.width for port in netlist.inputs])

    def run(program: _Program, start: int, found: NDArray[Any]) -> None:
        _run_given(program.steps, program.planes, values, widths, program.output, start, found)

    return _in_blocks(netlist, values.shape[1], run).reshape(arrays[0].shape)


def outputs_in_order(netlist: Netlist, first: int, count: int) -> NDArray[np.unsignedinteger[Any]]:
    """Simulate some consecutive entries of the truth table, which may be larger than any that fits memory.

    Runs on the caller's thread and releases the GIL.

    Parameters
    ----------
    netlist : Netlist
        One output of at most 64 bits.
    first : int
        Number of the first input vector, a multiple of 64: the inputs' bit patterns side by side, the last
        port in the least significant bits. Below 2^63.
    count : int
        How many vectors.

    Returns
    -------
    array of shape (count,)
        The output's bit pattern, in the smallest unsigned type that holds it.

    Raises
    ------
    AccelsimError
        If there is not exactly one output of at most 64 bits.
    """
    _check_output(netlist)
    program = _program(netlist)
    found = np.empty(count, dtype=_smallest_unsigned(netlist.outputs[0].width))
    _run_counted(program.steps, program.planes, program.bit_of_input, program.output, first, found)
    return found


class _Program(NamedTuple):
    """A netlist with a bit plane for each net; nets that no later gate reads give theirs to others.

    Parameters
    ----------
    steps : int32 array of shape (gates, 5)
        Opcode, plane of the gate's net, planes of its operands.
    planes : int
        Number of planes; the fewer, the more of them stay in the first-level cache. Constants and inputs
        have the planes of their net numbers, for good.
    output : int32 array of shape (width of the output,)
        Planes of the output's bits.
    bit_of_input : int64 array of shape (inputs,)
        Which bit of a vector's number each input takes: the last port's least significant bit is bit 0.
    """

    steps: NDArray[np.int32]
    planes: int
    output: NDArray[np.int32]
    bit_of_input: NDArray[np.int64]


def _in_blocks(
    netlist: Netlist, vectors: int, run: Callable[[_Program, int, NDArray[Any]], None]
) -> NDArray[Any]:
    """Share the blocks of ``vectors`` among the cores; ``run`` fills in outputs from a first vector on."""
    _check_output(netlist)
    program = _program(netlist)
    found = np.empty(vectors, dtype=_smallest_unsigned(netlist.outputs[0].width))
    blocks = -(-vectors // BLOCK_VECTORS)

    def run_blocks(first: int, stop: int) -> None:
        run(program, first * BLOCK_VECTORS, found[first * BLOCK_VECTORS : stop * BLOCK_VECTORS])

    share_tasks(run_blocks, blocks, 1 if blocks <= _TOO_FEW_TO_SHARE else os.cpu_count() or 1)
    return found


def _checked_operand(netlist: Netlist, port: Port, operand: ArrayLike) -> NDArray[Any]:
    if port.width > 64:
        raise AccelsimError(f"{netlist.name} has input {port.name} of {port.width} bits; expected at most 64")
    low, high = -(1 << port.width >> 1), (1 << port.width) - 1
    return checked_integers(operand, low, high, f"{netlist.name}: operand {port.name}")


def _check_output(netlist: Netlist) -> None:
    if not netlist.inputs:
        raise AccelsimError(f"{netlist.name} has no inputs; a netlist without them is not simulated")
    if len(netlist.outputs) != 1 or netlist.outputs[0].width > 64:
        shown = ", ".join(f"{port.name} ({port.width} bits)" for port in netlist.outputs)
        raise AccelsimError(f"{netlist.name} has outputs {shown}; expected one of at most 64 bits")


def _smallest_unsigned(bits: int) -> np.dtype[Any]:
    return np.dtype(f"u{next(size for size in (1, 2, 4, 8) if bits <= 8 * size)}")


@lru_cache(maxsize=64)
def _program(netlist: Netlist) -> _Program:
    operands, first = netlist.operands, netlist.first_gate_net
    last_reader = np.full(netlist.net_count, -1, dtype=np.int64)
    for column in range(3):
        np.maximum.at(last_reader, operands[:, column], np.arange(len(operands)))
    last_reader[:first] = last_reader[list(netlist.outputs[0].nets)] = len(operands)
    plane = np.arange(netlist.net_count, dtype=np.int32)
    steps = np.empty((len(operands), 5), dtype=np.int32)
    free: list[int] = []
    planes = first
    for gate, (opcode, nets) in enumerate(zip(netlist.opcodes.tolist(), operands.tolist(), strict=True)):
        if free:
            target = free.pop()
        else:
            target, planes = planes, planes + 1
        plane[first + gate] = target
        steps[gate] = (opcode, target, plane[nets[0]], plane[nets[1]], plane[nets[2]])
        free.extend(int(plane[net]) for net in set(nets) if last_reader[net] == gate)
        if last_reader[first + gate] < 0:
            free.append(target)
    widths = [port.width for port in netlist.inputs]
    bits = [np.arange(width) + sum(widths[index + 1 :]) for index, width in enumerate(widths)]
    return _Program(steps, planes, plane[list(netlist.outputs[0].nets)], np.concatenate(bits))


@njit(cache=True, nogil=True)
def _run_counted(
    program: NDArray[np.int32],
    planes: int,
    bit_of_input: NDArray[np.int64],
    ports: NDArray[np.int32],
    start: int,
    found: NDArray[Any],
) -> None:
    """Run vectors ``start`` ... of the enumeration in which input ``i`` is bit ``bit_of_input[i]``."""
    values = new_planes(planes)
    for block in range(0, len(found), BLOCK_VECTORS):
        for i in range(len(bit_of_input)):
            count_in_plane(values[FIRST_INPUT_NET + i], bit_of_input[i], start + block)
        evaluate_gates(program, values)
        numbers_of_planes(values, ports, found[block : block + BLOCK_VECTORS])


@njit(cache=True, nogil=True)
def _run_given(
    program: NDArray[np.int32],
    planes: int,
    inputs: NDArray[np.uint64],
    widths: NDArray[np.int64],
    ports: NDArray[np.int32],
    start: int,
    found: NDArray[Any],
) -> None:
    """Run the vectors ``inputs[:, start:]``."""
    values = new_planes(planes)
    for block in range(0, len(found), BLOCK_VECTORS):
        net = FIRST_INPUT_NET
        count = min(BLOCK_VECTORS, len(found) - block)
        for port in range(len(widths)):
            given = inputs[port, start + block : start + block + count]
            pack_planes(given, values[net : net + widths[port]])
            net += widths[port]
        evaluate_gates(program, values)
        numbers_of_planes(values, ports, found[block : block + count])
