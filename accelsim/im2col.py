"""A convolution as a matrix product: its geometry, and the matrix of what the kernel sees."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import nn

from accelsim.columns_kernel import Place, lay_out
from accelsim.float_gemm_kernel import LANES
from accelsim.gemm_kernel import frozen
from accelsim.scratch import Scratch

__all__ = ["ConvGeometry", "col2im", "im2col", "row_blocks"]

Pair = tuple[int, int]


@dataclass(frozen=True)
class ConvGeometry:
    """Where the kernel of a convolution goes; pairs are (rows, columns), and a 1-D one has one row.

    Parameters
    ----------
    channels : int
        Input channels of all groups.
    kernel, stride, dilation : pair of int
        As in `torch.nn.Conv2d`.
    padding : four ints
        Pixels padded on the left, right, top and bottom (the order of `torch.nn.functional.pad`).
    groups : int
        Groups of channels that do not see one another.
    """

    channels: int
    kernel: Pair
    stride: Pair
    dilation: Pair
    padding: tuple[int, int, int, int]
    groups: int

    @classmethod
    def of(cls, conv: nn.Conv1d | nn.Conv2d) -> "ConvGeometry":
        """Return the geometry of a layer.

        Padding ``"same"`` is ``dilation * (kernel - 1)`` pixels in all, the odd one on the right and below.
        """
        kernel, stride = _pair(conv.kernel_size, 1), _pair(conv.stride, 1)
        dilation = _pair(conv.dilation, 1)
        if conv.padding == "same":
            below, right = (d * (k - 1) for d, k in zip(dilation, kernel, strict=True))
            padding = (right // 2, right - right // 2, below // 2, below - below // 2)
        elif isinstance(conv.padding, str):  # "valid"
            padding = (0, 0, 0, 0)
        else:
            rows, columns = _pair(conv.padding, 0)
            padding = (columns, columns, rows, rows)
        return cls(conv.in_channels, kernel, stride, dilation, padding, conv.groups)

    @property
    def depth(self) -> int:
        """Products that one output sums."""
        return self.channels // self.groups * self.kernel[0] * self.kernel[1]

    def output_size(self, height: int, width: int) -> Pair:
        """Return rows and columns of the output of an unpadded input; below 1 if the kernel does not fit."""
        left, right, top, bottom = self.padding
        return self._steps(height + top + bottom, 0), self._steps(width + left + right, 1)

    def padded(self, images: NDArray[Any], zero: int) -> NDArray[Any]:
        """Return images (images, channels, height, width) with the code of zero around them."""
        if not any(self.padding):
            return images
        left, right, top, bottom = self.padding
        *others, height, width = images.shape
        padded = np.full((*others, top + height + bottom, left + width + right), zero, images.dtype)
        padded[..., top : top + height, left : left + width] = images
        return padded

    def place(self, width: int, first_row: int, rows: int) -> Place:
        """Return where the kernel goes in padded images of that width, for some rows of the output."""
        return (*self.kernel, *self.stride, *self.dilation, first_row, rows, self._steps(width, 1))

    def _steps(self, size: int, axis: int) -> int:
        return (size - self.dilation[axis] * (self.kernel[axis] - 1) - 1) // self.stride[axis] + 1


def im2col(
    padded: NDArray[np.uint8],
    geometry: ConvGeometry,
    first_row: int,
    rows: int,
    memory: Scratch | None = None,
) -> NDArray[np.uint8]:
    """Return what each kernel position sees in ``rows`` rows of the output from ``first_row`` on.

    Parameters
    ----------
    padded : uint8 array of shape (images, channels, height, width)
        Codes, padding included.
    geometry : ConvGeometry
        Kernel, stride, dilation and groups.
    first_row, rows : int
        The output rows wanted.
    memory : Scratch, optional
        Where to put the result; default: in memory of its own.

    Returns
    -------
    uint8 array of shape (groups, depth, images * rows * columns)
        ``depth`` runs over a group's channels, kernel rows and kernel columns, as a weight does.
    """
    place = geometry.place(padded.shape[3], first_row, rows)
    size = geometry.groups * geometry.depth * len(padded) * rows * place[-1]
    empty = np.empty if memory is None else memory.empty
    found = empty((size + LANES,), padded.dtype)  # as many as a copy may write beyond the end
    lay_out(frozen(padded), place, found)
    return found[:size].reshape(geometry.groups, geometry.depth, -1)


def col2im(
    columns: NDArray[np.float32], geometry: ConvGeometry, input_shape: tuple[int, int, int, int]
) -> NDArray[np.float32]:
    """Return the sum of what `im2col` would have taken from each pixel; the gradient of `im2col`.

    Parameters
    ----------
    columns : float32 array of shape (groups, depth, images * rows * columns)
        One value per place and position of the kernel.
    geometry : ConvGeometry
        Kernel, stride, dilation, padding and groups.
    input_shape : four ints
        Images, channels, height and width without padding.

    Returns
    -------
    float32 array of the input's shape
    """
    images, channels, height, width = input_shape
    left, right, top, bottom = geometry.padding
    rows, positions = geometry.output_size(height, width)
    values = columns.reshape(channels, *geometry.kernel, images, rows, positions)
    padded = np.zeros((channels, images, height + top + bottom, width + left + right), np.float32)
    down, across = geometry.stride
    for i, j in np.ndindex(*geometry.kernel):
        y, x = i * geometry.dilation[0], j * geometry.dilation[1]
        padded[:, :, y : y + down * rows : down, x : x + across * positions : across] += values[:, i, j]
    return padded[:, :, top : top + height, left : left + width].swapaxes(0, 1)


def row_blocks(rows: int, bytes_per_row: int, most_bytes: int) -> Iterator[Pair]:
    """Yield (first row, number of rows) of blocks of at most ``most_bytes``, or of one row."""
    per_block = max(1, most_bytes // bytes_per_row)
    for first in range(0, rows, per_block):
        yield first, min(per_block, rows - first)


def _pair(sides: tuple[int, ...], of_rows: int) -> Pair:
    """Return (rows, columns) of both, or of the columns alone."""
    rows, columns = sides if len(sides) == 2 else (of_rows, *sides)
    return rows, columns
