"""The compiled loops of `accelsim.columns` and `accelsim.im2col`."""

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from accelsim.float_gemm_kernel import LANES, copy_lanes

__all__ = ["Place", "copy_columns", "find_runs", "lay_out", "sum_columns"]

#: Rows and columns of the kernel; its stride down and across; its dilation down and across; the first row of
#: the output, how many, and its columns.
Place = tuple[int, int, int, int, int, int, int, int, int]


@njit(nogil=True)
def find_runs(padded: NDArray[Any], place: Place, left: int, used: int, runs: NDArray[np.int64]) -> int:
    """Fill in where each run of pixels side by side begins, and its length; return how many there are.

    Parameters
    ----------
    padded : array of shape (images, channels, height, width)
        Codes, padding included.
    place : Place
        Where the kernel goes.
    left, used : int
        First pixel and number of pixels, of those of all images in the rows of the output.
    runs : int64 array of shape (used, 3)
        Receives the place in the images of what the kernel's first element sees of the first channel, the
        place among the pixels, and the length.
    """
    _, channels, height, width = padded.shape
    _, _, down, across, _, _, first, rows, columns = place
    image, row, column = left // (rows * columns), left // columns % rows, left % columns
    count = done = 0
    while done < used:
        length = min(columns - column, used - done)
        runs[count, 0] = (image * channels * height + down * (first + row)) * width + across * column
        runs[count, 1] = done
        runs[count, 2] = length
        count, done, column, row = count + 1, done + length, 0, row + 1
        if row == rows:
            row, image = 0, image + 1
    return count


@njit(nogil=True)
def copy_columns(
    padded: NDArray[Any],
    place: Place,
    first_channel: int,
    first_depth: int,
    runs: NDArray[np.int64],
    deep: int,
    width: int,
    target: NDArray[Any],
) -> None:
    """Fill in ``target[k * width + p]``, for ``deep`` depths from ``first_depth`` on.

    Numbers side by side are copied 16 at a time, and with them what follows in memory, over which the next
    run is copied then: up to 15 numbers behind the last one.

    Parameters
    ----------
    padded, place, runs
        As in `find_runs`, which has filled in ``runs``.
    first_channel : int
        That of the depth 0.
    first_depth, deep : int
        Depths wanted.
    width : int
        Numbers of a depth in ``target``, at least 15 of which follow the last one.
    target : array of the codes' type
        The result.
    """
    high, wide, _, across, apart, aside, _, _, columns = place
    source, height, length_of_row = padded.reshape(-1), padded.shape[2], padded.shape[3]
    last = runs[len(runs) - 1]
    end = last[0] + last[2] + LANES  # of what is read beyond the last run
    for row in range(deep):
        k = first_depth + row
        channel, i, j = first_channel + k // (high * wide), k // wide % high, k % wide
        start, line = (channel * height + apart * i) * length_of_row + aside * j, row * width
        if across > 1 or start + end > len(source):
            for run in range(len(runs)):
                at, to = start + runs[run, 0], line + runs[run, 1]
                for x in range(runs[run, 2]):
                    target[to + x] = source[at + across * x]
        elif columns <= LANES:
            for run in range(len(runs)):
                copy_lanes(1, source, start + runs[run, 0], target, line + runs[run, 1])
        else:
            for run in range(len(runs)):
                at, to = start + runs[run, 0], line + runs[run, 1]
                for x in range(0, runs[run, 2], LANES):
                    copy_lanes(1, source, at + x, target, to + x)


@njit(cache=True, nogil=True)
def lay_out(padded: NDArray[Any], place: Place, target: NDArray[Any]) -> None:
    """Copy the columns of all channels and pixels; see `copy_columns`."""
    high, wide, _, _, _, _, _, rows, columns = place
    images, channels = padded.shape[:2]
    pixels = images * rows * columns
    if pixels == 0:
        return
    runs = np.empty((images * rows, 3), np.int64)
    find_runs(padded, place, 0, pixels, runs)
    copy_columns(padded, place, 0, 0, runs, channels * high * wide, pixels, target)


@njit(cache=True, nogil=True)
def sum_columns(
    padded: NDArray[Any], place: Place, plane: NDArray[np.integer[Any]], sums: NDArray[np.int64]
) -> None:
    """Fill in the sum over the depth for each group and pixel: over channels, kernel rows, then columns.

    Parameters
    ----------
    padded, place
        As in `find_runs`.
    plane : integer array of shape (height, width)
        To work in; its type holds the sums.
    sums : int64 array of shape (groups, images, rows, columns)
        The result.
    """
    high, wide, down, across, apart, aside, first, rows, columns = place
    images, channels, _, width = padded.shape
    groups = len(sums)
    own = channels // groups
    top, bottom = down * first, down * (first + rows - 1) + apart * (high - 1) + 1
    seen, total = np.empty(width, plane.dtype), np.empty(columns, plane.dtype)
    for group in range(groups):
        for image in range(images):
            flat = plane[top:bottom].reshape(-1)
            flat[:] = 0
            for channel in range(group * own, (group + 1) * own):
                codes = padded[image, channel, top:bottom].reshape(-1)
                for at in range(len(flat)):
                    flat[at] += codes[at]
            for y in range(rows):
                seen[:], total[:] = 0, 0
                for i in range(high):
                    line = plane[down * (first + y) + apart * i]
                    for x in range(width):
                        seen[x] += line[x]
                for j in range(wide):
                    shifted = seen[aside * j :]
                    if across == 1:  # vector instructions
                        for x in range(columns):
                            total[x] += shifted[x]
                    else:
                        for x in range(columns):
                            total[x] += shifted[across * x]
                result = sums[group, image, y]
                for x in range(columns):
                    result[x] = total[x]
