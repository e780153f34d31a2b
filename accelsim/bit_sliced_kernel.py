"""The compiled loops of `accelsim.bit_sliced_gemm`."""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from accelsim.plane_vectors import PLANE_WORDS, add_planes, run_steps
from accelsim.transposition import numbers_of_planes

__all__ = ["run_tasks"]


@njit(cache=True, nogil=True)
def run_tasks(
    starts: NDArray[np.int64],
    steps: NDArray[np.uint16],
    outputs: NDArray[np.uint16],
    planes: int,
    x: NDArray[np.uint64],
    programs: NDArray[np.int32],
    signed: bool,
    bits: int,
    out: NDArray[np.int64],
    blocks: int,
    first: int,
    stop: int,
) -> None:
    """Run tasks ``first`` to ``stop - 1``: a block of pixels of one channel each.

    Parameters
    ----------
    starts, steps, outputs, planes
        As in `FoldedGates`.
    x : uint64 array of shape (groups, depth, bits, words)
        Bit planes of the activations.
    programs : int32 array of shape (groups, channels, depth)
        Which program each weight has.
    signed : bool
        Whether products are two's complement.
    bits : int
        Bits that hold every sum, up to 64.
    out : int64 array of shape (groups, channels, pixels)
        Filled in: the sums.
    blocks : int
        Blocks of the pixels.
    """
    channels, depth = programs.shape[1:]
    used = x.shape[2]
    values = np.zeros((planes, PLANE_WORDS), np.uint64)
    total = np.zeros((bits, PLANE_WORDS), np.uint64)
    ports = np.arange(bits).astype(np.int32)
    numbers = np.zeros(64 * PLANE_WORDS, np.uint64)
    for task in range(first, stop):
        block, channel = task % blocks, task // blocks % channels
        group = task // blocks // channels
        left = block * PLANE_WORDS
        words = min(PLANE_WORDS, x.shape[3] - left)
        total[:] = np.uint64(0)
        for k in range(depth):
            program = programs[group, channel, k]
            values[1 : 1 + used, :words] = x[group, k, :, left : left + words]
            run_steps(values, steps, starts[program], starts[program + 1])
            add_planes(values, outputs[program], signed, total, bits)
        numbers_of_planes(total, ports, numbers)
        own = out[group, channel, left * 64 : (left + words) * 64]
        unused = np.int64(64 - bits)
        for p in range(len(own)):
            number = np.int64(numbers[p])
            own[p] = number << unused >> unused if signed else number
