"""A layer as the array runs it: one matrix product per group, and where its activations lie in memory."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from accelsim.errors import AccelsimError
from accelsim.systolic_array import Gemm

__all__ = ["ArrayLayer", "Ifmap"]


@dataclass(frozen=True)
class Ifmap:
    """The input of a convolution in memory, one byte per value, and the rows of it that each output sees.

    A matrix product without a convolution is one with a 1 x 1 kernel: the pixels are the rows of an input of
    width 1, the depth is its channels.

    Parameters
    ----------
    height, width : int
        Size of the unpadded input.
    output_height, output_width : int
        Size of the output.
    kernel : tuple of int
        Rows and columns of the kernel.
    stride, dilation : int
        From one row of outputs, or of the kernel, to the next.
    top : int
        Rows of padding above the input, which are not in memory.
    """

    height: int
    width: int
    output_height: int
    output_width: int
    kernel: tuple[int, int] = (1, 1)
    stride: int = 1
    dilation: int = 1
    top: int = 0

    @classmethod
    def of_matrix(cls, pixels: int) -> "Ifmap":
        """Return that of a plain matrix product."""
        return cls(pixels, 1, pixels, 1)

    @property
    def kernel_area(self) -> int:
        """Products of one channel in one output."""
        return self.kernel[0] * self.kernel[1]

    def rows_seen(self, first: NDArray[np.int64], stop: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return how many rows of the input the pixels ``first`` to ``stop - 1`` see, of each range given."""
        ends = np.stack([first // self.output_width, (stop - 1) // self.output_width])
        ranges, inverse = np.unique(ends, axis=1, return_inverse=True)
        counts = [len(self._rows(int(low), int(high))) for low, high in ranges.T]
        return np.array(counts, np.int64)[inverse.reshape(-1)]

    def new_rows(self, stop: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return how many rows each of successive ranges of pixels, from 0 on, is the first to see."""
        seen = self._rows_until[(stop - 1) // self.output_width]
        return np.diff(seen, prepend=0)

    def channels_seen(self, first: NDArray[np.int64], stop: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return how many channels the products ``first`` to ``stop - 1`` of the depth come from."""
        return -(-stop // self.kernel_area) - first // self.kernel_area

    def new_channels(self, stop: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return how many channels each of successive ranges of the depth, from 0 on, is the first to see."""
        return np.diff(-(-stop // self.kernel_area), prepend=0)

    @cached_property
    def _rows_until(self) -> NDArray[np.int64]:
        """How many rows the outputs up to each row see."""
        seen: set[int] = set()
        counts = []
        for row in range(self.output_height):
            seen |= self._rows(row, row)
            counts.append(len(seen))
        return np.array(counts, np.int64)

    def _rows(self, low: int, high: int) -> set[int]:
        """Rows of the input that the output's rows ``low`` to ``high`` see."""
        outputs = np.arange(low, high + 1)[:, None] * self.stride - self.top
        found = outputs + np.arange(self.kernel[0]) * self.dilation
        return set(found[(found >= 0) & (found < self.height)].tolist())


@dataclass(frozen=True)
class ArrayLayer:
    """A convolution or linear layer for one image.

    Parameters
    ----------
    name : str
        Name of the layer.
    gemm : Gemm
        The matrix product of one group.
    ifmap : Ifmap
        Where the activations of one group lie.
    groups : int
        How many such products, which share nothing.
    output_bytes : int
        Size of an output: 1 for a code of the next layer, 4 for the sums of the last one.

    Raises
    ------
    AccelsimError
        If a size is not positive.
    """

    name: str
    gemm: Gemm
    ifmap: Ifmap
    groups: int = 1
    output_bytes: int = 1

    def __post_init__(self) -> None:
        if min(*self.gemm, self.groups) < 1:
            raise AccelsimError(
                f"layer {self.name} has depth {self.gemm.depth}, {self.gemm.pixels} pixels, "
                f"{self.gemm.channels} channels and {self.groups} groups; expected 1 or more of each"
            )

    @classmethod
    def matrix(cls, name: str, gemm: Gemm) -> "ArrayLayer":
        """Return a plain matrix product: a linear layer has one pixel."""
        return cls(name, gemm, Ifmap.of_matrix(gemm.pixels))

    @property
    def macs(self) -> int:
        """Products in all."""
        return self.groups * self.gemm.macs
