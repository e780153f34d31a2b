"""Convolution and linear layers whose multiplications run on an approximate multiplier."""

from collections.abc import Iterator
from typing import Any, Unpack

import numpy as np
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from accelsim.approx_layer import (
    ActivationOperand,
    ApproxLayer,
    CallShape,
    Gradient,
    LayerOptions,
)
from accelsim.columns import Columns
from accelsim.errors import AccelsimError
from accelsim.gate_multiplier import IntegerMultiplier
from accelsim.im2col import ConvGeometry, col2im, im2col, row_blocks
from accelsim.matrix_product import MatrixProduct
from accelsim.quantization import QuantParams
from accelsim.quantized_layer import ReplaceableLayer

__all__ = [
    "ActivationOperand",
    "ApproxConv1d",
    "ApproxConv2d",
    "ApproxLayer",
    "ApproxLinear",
    "CallShape",
    "Gradient",
    "LayerOptions",
    "approximate_layer",
]


class ApproxConv2d(ApproxLayer):
    """A 2-D convolution on an approximate multiplier: any stride, zero padding, dilation and groups.

    ``in_channels``, ``kernel_size`` and so on are those of the float layer.
    Padded pixels carry the code of zero and go through the multiplier like any other, as they do in
    hardware. See `ApproxLayer` for the arithmetic, the parameters and the errors.

    Raises
    ------
    AccelsimError
        Also if the padding mode is not ``"zeros"``.
    """

    _DIMENSIONS = 2

    def __init__(
        self,
        conv: nn.Conv1d | nn.Conv2d,
        lut: IntegerMultiplier,
        activation: QuantParams,
        weight: QuantParams,
        **options: Unpack[LayerOptions],
    ) -> None:
        super().__init__(conv, lut, activation, weight, **options)
        if conv.padding_mode != "zeros":
            raise AccelsimError(
                f"layer {self.name} has padding mode {conv.padding_mode!r}; the engine pads with zeros only"
            )
        self.geometry = ConvGeometry.of(conv)
        self.in_channels, self.out_channels = conv.in_channels, conv.out_channels
        self.kernel_size, self.stride, self.dilation = conv.kernel_size, conv.stride, conv.dilation
        self.padding, self.padding_mode = conv.padding, conv.padding_mode

    def forward(self, input: Tensor) -> Tensor:
        """Return the output (images, channels, ...) of an input of that shape, or of one image."""
        alone = input.dim() == 1 + self._DIMENSIONS
        output = self._run(input[None])[0] if alone else self._run(input)
        return self._recorded(input, output)

    def _column_blocks(self, codes: NDArray[np.uint8]) -> Iterator[tuple[int, Columns]]:
        padded = self._padded(codes)
        rows, columns = self.geometry.output_size(*_as_image(codes.shape)[2:])
        for first, count in row_blocks(rows, self._bytes(len(codes) * columns), self._block_bytes):
            yield first * columns, Columns(padded, self.geometry, first, count)

    def columns(self, codes: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return the activation codes, as `ApproxLayer.columns` says."""
        padded = self._padded(codes)
        rows, _ = self.geometry.output_size(*_as_image(codes.shape)[2:])
        return im2col(padded, self.geometry, 0, rows)

    def scattered(self, columns: NDArray[np.float32], input_shape: tuple[int, ...]) -> NDArray[np.float32]:
        """Return the sum of columns, as `ApproxLayer.scattered` says."""
        return col2im(columns, self.geometry, _as_image(input_shape)).reshape(input_shape)

    def _padded(self, codes: NDArray[np.uint8]) -> NDArray[np.uint8]:
        return self.geometry.padded(codes.reshape(_as_image(codes.shape)), int(self.activation_zero_point))

    def exact(self, input: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        """Return what the float convolution computes; its gradients are the surrogate."""
        at, dimensions = self.geometry, self._DIMENSIONS
        padded = F.pad(input, at.padding[: 2 * dimensions])
        function: Any = F.conv1d if dimensions == 1 else F.conv2d
        output: Tensor = function(padded, weight, bias, self.stride, 0, self.dilation, at.groups)
        return output

    def _output_shape(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        at, dimensions = self.geometry, self._DIMENSIONS
        if len(input_shape) != 2 + dimensions or input_shape[1] != at.channels:
            sides = "rows, columns" if dimensions == 2 else "length"
            raise AccelsimError(
                f"layer {self.name} was given an input of shape {tuple(input_shape)}; "
                f"expected (images, {at.channels}, {sides})"
            )
        size = at.output_size(*_as_image(input_shape)[2:])[-dimensions:]
        if min(size) < 1:
            raise AccelsimError(
                f"layer {self.name} was given an input of shape {tuple(input_shape)}, "
                f"smaller than its {' x '.join(map(str, self.kernel_size))} kernel"
            )
        return input_shape[0], self.channels, *size


class ApproxConv1d(ApproxConv2d):
    """A 1-D convolution on an approximate multiplier; see `ApproxConv2d`, of which it is a single row."""

    _DIMENSIONS = 1


class ApproxLinear(ApproxLayer):
    """A fully connected layer on an approximate multiplier.

    ``in_features`` and ``out_features`` are those of the float layer. See `ApproxLayer` for the arithmetic,
    the parameters and the errors.
    """

    def __init__(
        self,
        linear: nn.Linear | MatrixProduct,
        lut: IntegerMultiplier,
        activation: QuantParams,
        weight: QuantParams,
        **options: Unpack[LayerOptions],
    ) -> None:
        super().__init__(linear, lut, activation, weight, **options)
        self.in_features, self.out_features = linear.in_features, linear.out_features

    def forward(self, input: Tensor) -> Tensor:
        """Return the output (..., out_features) of an input (..., in_features)."""
        if input.dim() == 0:
            self._output_shape(input.shape)
        output = self._run(input.reshape(-1, input.shape[-1]))
        return self._recorded(input, output.reshape(*input.shape[:-1], self.channels))

    def _column_blocks(self, codes: NDArray[np.uint8]) -> Iterator[tuple[int, NDArray[np.uint8]]]:
        yield 0, self.columns(codes)

    def columns(self, codes: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return the activation codes, as `ApproxLayer.columns` says."""
        return codes.T[None]

    def scattered(self, columns: NDArray[np.float32], input_shape: tuple[int, ...]) -> NDArray[np.float32]:
        """Return the columns, as `ApproxLayer.scattered` says."""
        return np.asarray(columns[0].T)

    def exact(self, input: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        """Return what the float layer computes; its gradients are the surrogate."""
        return F.linear(input, self.rows_of(weight), bias)

    def _output_shape(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        if len(input_shape) != 2 or input_shape[1] != self.depth:
            raise AccelsimError(
                f"layer {self.name} was given an input of shape {tuple(input_shape)}; "
                f"expected (..., {self.depth})"
            )
        return input_shape[0], self.channels


def approximate_layer(
    layer: ReplaceableLayer,
    lut: IntegerMultiplier,
    activation: QuantParams,
    weight: QuantParams,
    **options: Unpack[LayerOptions],
) -> ApproxLayer:
    """Return the approximate layer in place of a float one; see `ApproxLayer`."""
    if isinstance(layer, nn.Conv1d):
        return ApproxConv1d(layer, lut, activation, weight, **options)
    if isinstance(layer, nn.Conv2d):
        return ApproxConv2d(layer, lut, activation, weight, **options)
    return ApproxLinear(layer, lut, activation, weight, **options)


def _as_image(shape: tuple[int, ...]) -> tuple[int, int, int, int]:
    """Return the shape (images, channels, rows, columns), one row for a 1-D input."""
    images, channels, *size = shape
    rows, columns = size if len(size) == 2 else (1, *size)
    return images, channels, rows, columns
