"""Convolution and linear layers whose multiplications run on an approximate multiplier."""

import numpy as np
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from accelsim.accumulator import Accumulator
from accelsim.approx_layer import BLOCK_BYTES, ActivationOperand, ApproxLayer, CallShape
from accelsim.errors import AccelsimError
from accelsim.im2col import ConvGeometry, im2col, row_blocks
from accelsim.lut import Lut
from accelsim.quantization import QuantParams

__all__ = [
    "ActivationOperand",
    "ApproxConv2d",
    "ApproxLayer",
    "ApproxLinear",
    "CallShape",
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

    def __init__(
        self,
        conv: nn.Conv2d,
        lut: Lut,
        activation: QuantParams,
        weight: QuantParams,
        *,
        activation_operand: ActivationOperand = "a",
        accumulator: Accumulator | None = None,
        name: str = "conv",
    ) -> None:
        super().__init__(
            conv,
            lut,
            activation,
            weight,
            activation_operand=activation_operand,
            accumulator=accumulator,
            name=name,
        )
        if conv.padding_mode != "zeros":
            raise AccelsimError(
                f"layer {name} has padding mode {conv.padding_mode!r}; the engine pads with zeros only"
            )
        self.geometry = ConvGeometry.of(conv)
        self.in_channels, self.out_channels = conv.in_channels, conv.out_channels
        self.kernel_size, self.stride, self.dilation = conv.kernel_size, conv.stride, conv.dilation
        self.padding, self.padding_mode = conv.padding, conv.padding_mode

    def forward(self, input: Tensor) -> Tensor:
        """Return the output (images, channels, rows, columns) of an input of that shape, or of one image."""
        output = self._run(input[None])[0] if input.dim() == 3 else self._run(input)
        return self._recorded(input, output)

    def accumulate(self, codes: NDArray[np.uint8], threads: int = 1) -> NDArray[np.int64]:
        """Return the integer outputs, as `ApproxLayer.accumulate` says."""
        images, channels, rows, columns = self._output_shape(codes.shape)
        padded = self._padded(codes)
        sums = np.empty((channels, images, rows, columns), np.int64)
        for first, count in row_blocks(rows, self._bytes(images * columns), BLOCK_BYTES):
            block = self._corrected_sums(im2col(padded, self.geometry, first, count), threads)
            sums[:, :, first : first + count] = block.reshape(channels, images, count, columns)
        return sums.swapaxes(0, 1)

    def _padded(self, codes: NDArray[np.uint8]) -> NDArray[np.uint8]:
        left, right, top, bottom = self.geometry.padding
        sides = ((0, 0), (0, 0), (top, bottom), (left, right))
        return np.pad(codes, sides, constant_values=int(self.activation_zero_point))

    def exact(self, input: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        """Return what the float convolution computes; its gradients are the surrogate."""
        at = self.geometry
        padded = F.pad(input, at.padding)
        return F.conv2d(padded, weight, bias, at.stride, 0, at.dilation, at.groups)

    def _output_shape(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        at = self.geometry
        if len(input_shape) != 4 or input_shape[1] != at.channels:
            raise AccelsimError(
                f"layer {self.name} was given an input of shape {tuple(input_shape)}; "
                f"expected (images, {at.channels}, rows, columns)"
            )
        size = at.output_size(*input_shape[2:])
        if min(size) < 1:
            raise AccelsimError(
                f"layer {self.name} was given an input of shape {tuple(input_shape)}, "
                f"smaller than its {at.kernel[0]} x {at.kernel[1]} kernel"
            )
        return input_shape[0], len(self.weight), *size


class ApproxLinear(ApproxLayer):
    """A fully connected layer on an approximate multiplier.

    ``in_features`` and ``out_features`` are those of the float layer. See `ApproxLayer` for the arithmetic,
    the parameters and the errors.
    """

    def __init__(
        self,
        linear: nn.Linear,
        lut: Lut,
        activation: QuantParams,
        weight: QuantParams,
        *,
        activation_operand: ActivationOperand = "a",
        accumulator: Accumulator | None = None,
        name: str = "linear",
    ) -> None:
        super().__init__(
            linear,
            lut,
            activation,
            weight,
            activation_operand=activation_operand,
            accumulator=accumulator,
            name=name,
        )
        self.in_features, self.out_features = linear.in_features, linear.out_features

    def forward(self, input: Tensor) -> Tensor:
        """Return the output (..., out_features) of an input (..., in_features)."""
        if input.dim() == 0:
            self._output_shape(input.shape)
        output = self._run(input.reshape(-1, input.shape[-1]))
        return self._recorded(input, output.reshape(*input.shape[:-1], len(self.weight)))

    def accumulate(self, codes: NDArray[np.uint8], threads: int = 1) -> NDArray[np.int64]:
        """Return the integer outputs, as `ApproxLayer.accumulate` says."""
        return self._corrected_sums(codes.T[None], threads).T

    def exact(self, input: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        """Return what the float layer computes; its gradients are the surrogate."""
        return F.linear(input, weight, bias)

    def _output_shape(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        if len(input_shape) != 2 or input_shape[1] != self.depth:
            raise AccelsimError(
                f"layer {self.name} was given an input of shape {tuple(input_shape)}; "
                f"expected (..., {self.depth})"
            )
        return input_shape[0], len(self.weight)


def approximate_layer(
    layer: nn.Conv2d | nn.Linear,
    lut: Lut,
    activation: QuantParams,
    weight: QuantParams,
    *,
    activation_operand: ActivationOperand = "a",
    accumulator: Accumulator | None = None,
    name: str = "layer",
) -> ApproxConv2d | ApproxLinear:
    """Return the approximate layer in place of a float one; see `ApproxLayer`."""
    kind: type[ApproxConv2d] | type[ApproxLinear]
    kind = ApproxConv2d if isinstance(layer, nn.Conv2d) else ApproxLinear
    return kind(
        layer,  # type: ignore[arg-type]  # of the kind just asked for
        lut,
        activation,
        weight,
        activation_operand=activation_operand,
        accumulator=accumulator,
        name=name,
    )
