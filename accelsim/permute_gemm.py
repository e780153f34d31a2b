"""Matrix products by look-up in registers, on CPUs with AVX-512 VBMI."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from accelsim.columns import Columns, images_and_place
from accelsim.columns_kernel import copy_columns, find_runs
from accelsim.gemm_kernel import fill_in_offsets
from accelsim.permute_kernel import LANES, arrange, sum_rows
from accelsim.workers import share_tasks

__all__ = ["MAX_PLANES", "PackedTable", "permute_gemm", "registers_loaded"]

#: Bytes of an entry, less the smallest of its row, beyond which look-ups in memory are faster.
MAX_PLANES = 3
#: Registers of codes, by the bytes of an entry: as many as leave room for the table and its sums.
_VECTORS = {1: 8, 2: 4, 3: 2}
#: Depth of one pass, at the end of which sums are widened and stored: 16-bit sums hold 257 bytes.
_DEPTH = 256
#: Tasks for each thread, and channels of one at least: each task copies the codes of its pixels.
_TASKS, _CHANNELS = 6, 16


@dataclass(frozen=True, eq=False)
class PackedTable:
    """A table of products as the instructions take it: bytes of what exceeds the smallest entry of a row.

    Parameters
    ----------
    bytes : uint8 array of shape (weight patterns, planes, 128 or 256)
        Byte planes, the lowest first.
    smallest : int32 array of shape (weight patterns,) or ()
        Smallest entry of each row, or of the table where that takes no more bytes.
    """

    bytes: NDArray[np.uint8]
    smallest: NDArray[np.int32]

    @classmethod
    def of(cls, table: NDArray[np.int32]) -> "PackedTable":
        """Pack a table of shape (weight patterns, activation patterns)."""
        smallest = table.min(axis=1).astype(np.int64)
        planes = _bytes((table.max(axis=1) - smallest).max())
        if _bytes(table.max() - smallest.min()) == planes:
            smallest = smallest.min()
        excess = (table - smallest.reshape(-1, 1)).astype(np.uint32)
        patterns = 2 * LANES if table.shape[1] <= 2 * LANES else 4 * LANES
        size = len(table) * planes * patterns
        space = np.zeros(size + LANES, np.uint8)
        start = -space.ctypes.data % LANES  # a register's worth of entries is in one line of the cache
        packed = space[start : start + size].reshape(len(table), planes, patterns)
        for plane in range(planes):
            packed[:, plane, : table.shape[1]] = excess >> np.uint32(8 * plane)
        return cls(packed, smallest.astype(np.int32))

    @property
    def planes(self) -> int:
        """Bytes of an entry."""
        return int(self.bytes.shape[1])


def permute_gemm(
    table: PackedTable, x: NDArray[np.uint8] | Columns, w: NDArray[np.uint8], threads: int
) -> NDArray[np.int32]:
    """Return what `accelsim.gemm.lut_gemm` returns.

    Parameters
    ----------
    table : PackedTable
        The products, of up to `MAX_PLANES` bytes.
    x : uint8 array of shape (groups, depth, pixels), or Columns
        Activation codes.
    w : uint8 array of shape (groups, channels, depth)
        Weight codes.
    threads : int
        Threads that share the work.

    Returns
    -------
    int32 array of shape (groups, channels, pixels)
        Modulo 2^32.
    """
    groups, channels, depth = w.shape
    pixels = x.shape[2]
    offsets = np.empty((groups, channels, 1), np.int32)
    if table.smallest.ndim:
        fill_in_offsets(table.smallest, w, offsets)
    else:
        offsets[:] = depth * int(table.smallest)
    images, place = images_and_place(x)
    out = np.empty((groups, channels, pixels), np.int32)
    if depth == 0:
        out[:] = offsets
    cut = _blocks(pixels, _VECTORS[table.planes])
    shares = 1
    if threads > 1:
        tasks = groups * sum(blocks for _, blocks, _ in cut)
        shares = min(-(-_TASKS * threads // max(1, tasks)), -(-channels // _CHANNELS))
    parts = [
        (
            partial(
                _kernel(vectors, table.planes, table.bytes.shape[2] // (2 * LANES)),
                table.bytes, images, place, w, offsets, out, first_pixel, blocks, shares,
            ),
            groups * blocks * shares,
        )
        for first_pixel, blocks, vectors in cut
    ]  # fmt: skip

    def run(first: int, stop: int) -> None:
        begin = 0
        for part, tasks in parts:
            own = max(first, begin) - begin, min(stop, begin + tasks) - begin
            if own[0] < own[1]:
                part(*own)
            begin += tasks

    share_tasks(run, sum(tasks for _, tasks in parts), threads)
    return out


def _bytes(largest: np.int64) -> int:
    return max(1, (int(largest).bit_length() + 7) // 8)


def registers_loaded(planes: int, pixels: int, channels: int) -> int:
    """Return the registers of codes and tables of one depth: about proportional to the time."""
    registers = sum(blocks * (vectors + 2) for _, blocks, vectors in _blocks(pixels, _VECTORS[planes]))
    return channels * registers


def _blocks(pixels: int, vectors: int) -> list[tuple[int, int, int]]:
    """Return first pixel, number and registers of blocks that are as equal as can be.

    A block of few registers loads the tables as often as one of many.
    """
    registers = -(-pixels // LANES)
    blocks = max(1, -(-registers // vectors))
    narrow, wider = divmod(registers, blocks)
    cut = [(0, wider, narrow + 1), (wider * (narrow + 1) * LANES, blocks - wider, narrow)]
    return [block for block in cut if block[1] and block[2]]


@cache
def _kernel(vectors: int, planes: int, parts: int) -> Callable[..., None]:
    @njit(cache=True, nogil=True)
    def run(
        tables: Any, images: Any, place: Any, w: Any, offsets: Any, out: Any,
        first_pixel: int, blocks: int, shares: int, first: int, stop: int,
    ) -> None:  # fmt: skip
        """Run tasks ``first`` to ``stop - 1``: a share of a group's channels over a block of pixels each."""
        channels, depth = w.shape[1:]
        width = vectors * LANES
        deepest = min(_DEPTH, depth)
        space = np.zeros(deepest * width + 2 * LANES, np.uint8)
        aligned = space[-space.ctypes.data % LANES :]  # as in `PackedTable.of`
        codes = aligned[: deepest * width].reshape(deepest, width)
        sums, runs = np.empty(width, np.int32), np.empty((width, 3), np.int64)
        own_channels = images.shape[1] // len(w)
        for task in range(first, stop):
            group, block, share = task // shares // blocks, task // shares % blocks, task % shares
            left = first_pixel + block * width
            used = min(width, out.shape[2] - left)
            own_runs = runs[: find_runs(images, place, left, used, runs)]
            for k in range(0, depth, _DEPTH):
                deep = min(_DEPTH, depth - k)
                copy_columns(images, place, group * own_channels, k, own_runs, deep, width, aligned)
                arrange(vectors, codes, deep)
                for channel in range(channels * share // shares, channels * (share + 1) // shares):
                    own, rows = out[group, channel, left : left + used], w[group, channel, k:]
                    if k == 0:
                        offset = offsets[group, channel, 0]
                        for pixel in range(used):
                            own[pixel] = offset
                    if used == width:
                        sum_rows(vectors, planes, parts, tables, codes, rows, 0, deep, own)
                        continue
                    for pixel in range(used):  # the compiler makes more of it than of slices
                        sums[pixel] = own[pixel]
                    sum_rows(vectors, planes, parts, tables, codes, rows, 0, deep, sums)
                    for pixel in range(used):
                        own[pixel] = sums[pixel]

    return run
