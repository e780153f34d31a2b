"""Max and average pooling on codes."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from accelsim.integer_operations import IntegerOperation, codes_of, levels_of
from accelsim.quantization import QuantParams

__all__ = ["AveragePool", "MaxPool", "Window"]

Pair = tuple[int, int]


@dataclass(frozen=True)
class Window:
    """Where a pooling window goes; pairs are (rows, columns).

    Parameters
    ----------
    kernel, stride, padding, dilation : pair of int
        As in `torch.nn.MaxPool2d`.
    """

    kernel: Pair
    stride: Pair
    padding: Pair = (0, 0)
    dilation: Pair = (1, 1)

    def reach(self, size: Pair, output: Pair) -> tuple[Pair, Pair]:
        """Return how many rows, and columns, an output needs before and after an input of that size."""
        rows, columns = (
            (pad, max(0, (outputs - 1) * stride + dilation * (kernel - 1) + 1 - pad - inputs))
            for inputs, outputs, kernel, stride, pad, dilation in zip(
                size, output, self.kernel, self.stride, self.padding, self.dilation, strict=True
            )
        )
        return rows, columns

    def reduce(self, operation: np.ufunc, padded: NDArray[Any], output: Pair) -> NDArray[Any]:
        """Return the window's values joined by ``operation``, over the last two dimensions."""
        result: NDArray[Any] | None = None
        spans = [(count - 1) * stride + 1 for count, stride in zip(output, self.stride, strict=True)]
        for row in range(self.kernel[0]):
            for column in range(self.kernel[1]):
                top, left = row * self.dilation[0], column * self.dilation[1]
                seen = padded[
                    ..., top : top + spans[0] : self.stride[0], left : left + spans[1] : self.stride[1]
                ]
                result = seen.copy() if result is None else operation(result, seen, out=result)
        assert result is not None
        return result


@dataclass(frozen=True, eq=False, kw_only=True)
class MaxPool(IntegerOperation):
    """The largest level in a window; padding is lower than any.

    Parameters
    ----------
    source : QuantParams
        Quantization of the input.
    window : Window
        Where it goes.
    """

    source: QuantParams
    window: Window

    kind = "max_pool"

    def run(self, *codes: NDArray[Any]) -> NDArray[Any]:
        """Return the output for a batch."""
        rows, columns = codes[0].shape[2:]
        output = self.output_shape[1], self.output_shape[2]
        sides = ((0, 0), (0, 0), *self.window.reach((rows, columns), output))
        # Two's complement with its sign bit inverted is in the order of the numbers, from 0 on.
        sign = np.uint8(self.source.signed << self.source.bits - 1)
        return self.window.reduce(np.maximum, np.pad(codes[0] ^ sign, sides), output) ^ sign


@dataclass(frozen=True, eq=False, kw_only=True)
class AveragePool(IntegerOperation):
    """The mean level of a window, rounded to nearest, halves away from zero, as in TensorFlow Lite.

    A global mean may leave out the dimensions of the pixels.

    Parameters
    ----------
    source : QuantParams
        Quantization of the input.
    window : Window
        Where it goes.
    counts_padding : bool
        Whether padding counts as zeros, or does not count.
    """

    source: QuantParams
    window: Window
    counts_padding: bool = True

    kind = "average_pool"

    def run(self, *codes: NDArray[Any]) -> NDArray[Any]:
        """Return the output for a batch."""
        rows, columns = codes[0].shape[2:]
        output = (self.output_shape[1], self.output_shape[2]) if self.output_shape[1:] else (1, 1)
        levels = levels_of(codes[0], self.source)
        within = self.window.padding if self.counts_padding else (0, 0)
        sides = tuple((pad, pad) for pad in within)
        levels = np.pad(levels, ((0, 0), (0, 0), *sides), constant_values=int(self.source.zero_point))
        counted = np.ones((rows + 2 * within[0], columns + 2 * within[1]), np.int64)
        # What lies beyond that counts for nothing.
        beyond = tuple(
            (before - pad, max(0, after - pad))
            for (before, after), pad in zip(self.window.reach((rows, columns), output), within, strict=True)
        )
        sums = self.window.reduce(np.add, np.pad(levels, ((0, 0), (0, 0), *beyond)), output)
        count = self.window.reduce(np.add, np.pad(counted, beyond), output)
        means = (2 * np.abs(sums) + count) // (2 * count)
        codes_of_means = codes_of(np.where(sums < 0, -means, means), self.source)
        return codes_of_means.reshape(-1, *self.output_shape)
