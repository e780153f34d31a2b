"""The matrix that a convolution multiplies its weights with, made where and when it is read."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from accelsim.columns_kernel import Place, sum_columns
from accelsim.gemm_kernel import frozen, sum_codes
from accelsim.im2col import ConvGeometry, im2col
from accelsim.scratch import scratch

__all__ = ["Columns", "code_sums", "images_and_place", "laid_out"]


@dataclass(frozen=True, eq=False)
class Columns:
    """What `im2col` returns for some rows of a convolution's output, before it is laid out.

    Parameters
    ----------
    padded : uint8 or uint16 array of shape (images, channels, height, width)
        Codes, padding included.
    geometry : ConvGeometry
        Kernel, stride, dilation and groups.
    first_row, rows : int
        The output rows wanted.
    """

    padded: NDArray[Any]
    geometry: ConvGeometry
    first_row: int
    rows: int

    @cached_property
    def shape(self) -> tuple[int, int, int]:
        """Groups, depth and pixels."""
        pixels = len(self.padded) * self.rows * self.place[-1]
        return self.geometry.groups, self.geometry.depth, pixels

    @cached_property
    def place(self) -> Place:
        """Where the kernel goes, for compiled loops."""
        return self.geometry.place(self.padded.shape[3], self.first_row, self.rows)


def laid_out(x: "NDArray[Any] | Columns") -> NDArray[Any]:
    """Return the matrix (groups, depth, pixels): of columns, in memory that the next ones are put in."""
    if isinstance(x, Columns):
        return im2col(x.padded, x.geometry, x.first_row, x.rows, scratch)
    return x


def images_and_place(x: "NDArray[Any] | Columns") -> tuple[NDArray[Any], Place]:
    """Return images (images, channels, height, width) whose columns are the matrix, and where they are."""
    if isinstance(x, Columns):
        return frozen(x.padded), x.place
    groups, depth, pixels = x.shape
    return frozen(x).reshape(1, groups * depth, 1, pixels), (1, 1, 1, 1, 1, 1, 0, 1, pixels)


def code_sums(x: "NDArray[Any] | Columns") -> NDArray[np.int64]:
    """Return the sums of codes over the depth, of shape (groups, pixels)."""
    groups, _, pixels = x.shape
    sums = np.empty((groups, pixels), np.int64)
    if isinstance(x, Columns):
        images, place = images_and_place(x)
        wide_enough = np.uint32 if images.dtype == np.uint8 else np.int64
        plane = np.empty(images.shape[2:], wide_enough)
        sum_columns(images, place, plane, sums.reshape(groups, len(images), x.rows, place[-1]))
    else:
        sum_codes(frozen(x), sums)
    return sums
