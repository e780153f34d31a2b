"""Convolution and linear layers whose multiplications run on an approximate float multiplier."""

from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from accelsim.approx_layer import ActivationOperand, CallShape
from accelsim.errors import AccelsimError
from accelsim.float_gemm import FloatFactor, sum_float_products
from accelsim.float_products import FloatProducts
from accelsim.floats import Float32ClosedForm
from accelsim.im2col import ConvGeometry
from accelsim.matrix_product import MatrixProduct
from accelsim.product_slopes import ProductSlopes, slope_gradients
from accelsim.quantized_layer import ReplaceableLayer
from accelsim.straight_through import straight_through, with_gradients

__all__ = [
    "ApproxFloatConv",
    "ApproxFloatLayer",
    "ApproxFloatLinear",
    "LayerBlock",
    "approximate_float_layer",
]

#: Bound on the padded images that are convolved together.
_BLOCK_BYTES = 16 << 20


@dataclass(frozen=True, eq=False)
class LayerBlock:
    """The matrix product of some images of a batch.

    Parameters
    ----------
    images : slice
        Which images.
    x, w : FloatFactor
        Activations, with zeros around them, and weights.
    groups_out : int64 array of shape (groups,)
        Offsets of the groups in the images' outputs.
    padded_shape : tuple of int
        Shape of the activations with zeros around them.
    inner : index
        Where in them the activations are.
    """

    images: slice
    x: FloatFactor
    w: FloatFactor
    groups_out: NDArray[np.int64]
    padded_shape: tuple[int, ...]
    inner: Any = ()

    def cropped(self, padded: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return what stands at the activations in an array of the padded shape."""
        own: NDArray[np.float32] = padded[self.inner]
        return own


class ApproxFloatLayer(nn.Module):
    """A layer of a network in float32 on an approximate float multiplier.

    An output is ``sum mul(x, w) + bias``: products added up in float32 from +0 on in the order of the weight
    (input channel, kernel row, kernel column), as `accelsim.float_gemm` says, the bias last. Nothing is
    quantized, so there is nothing to calibrate.

    Backward is the `straight_through` surrogate: the gradients with respect to input, weight and bias are
    those of the exact float layer; or those of the multiplier's own products, see `follow_products`.

    Parameters
    ----------
    layer : nn.Conv1d, nn.Conv2d, nn.Linear or MatrixProduct
        The float layer; its parameters are shared, not copied.
    multiplier : FloatProducts
        The multiplier.
    activation_operand : {"a", "b"}
        The multiplier's operand that the activation goes to; the weight goes to the other.
    name : str
        Name of the layer in error messages.

    Raises
    ------
    AccelsimError
        If the layer is not on the CPU or not of float32, or its padding mode is not ``"zeros"``. Called with
        an input of another device or type, or of another shape.
    """

    weight: Tensor
    bias: Tensor | None

    def __init__(
        self,
        layer: ReplaceableLayer,
        multiplier: FloatProducts,
        *,
        activation_operand: ActivationOperand = "a",
        name: str = "layer",
    ) -> None:
        super().__init__()
        self.name = name
        self.multiplier = multiplier
        self.activation_operand = activation_operand
        self.gradient: Literal["straight-through"] | ProductSlopes = "straight-through"
        self.weight, self.bias = layer.weight, layer.bias
        transposed = isinstance(layer, MatrixProduct)
        self.depth = len(layer.weight) if transposed else layer.weight[0].numel()
        self.calls: list[CallShape] = []
        self.records_calls = False
        self._check(layer.weight, "has weights")

    @abstractmethod
    def exact(self, input: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        """Return what the float layer computes; its gradients are the surrogate."""

    @abstractmethod
    def _output_shape(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        """Return the shape (images, channels, ...) of a batch's output; raise if the input does not fit."""

    @abstractmethod
    def blocks(self, values: NDArray[np.float32], weight: NDArray[np.float32]) -> Iterator[LayerBlock]:
        """Cut a batch of inputs into blocks of images, each a matrix product."""

    def follow_products(self, slopes: ProductSlopes) -> None:
        """Take gradients of the multiplier's own products from now on.

        Raises
        ------
        AccelsimError
            If the multiplier has no closed form.
        """
        if not isinstance(self.multiplier, Float32ClosedForm):
            raise AccelsimError(
                f"layer {self.name} multiplies with {self.multiplier.name}, which has no closed form to take "
                "slopes of; only straight-through gradients go through it"
            )
        self.gradient = slopes

    def _run(self, input: Tensor) -> Tensor:
        """Return the output of a batch, straight-through gradients attached."""
        self._check(self.weight, "has weights")
        self._check(input, "was given an input")
        self._output_shape(input.shape)
        if self.records_calls:
            with torch._C.DisableTorchFunction():  # else it could be taken for a call on a parameter
                return self.exact(input, self.weight, self.bias)
        if isinstance(self.gradient, ProductSlopes):
            gradients = partial(slope_gradients, self, self.gradient)
            return with_gradients(self._evaluate, gradients, input, self.weight, self.bias)
        return straight_through(self._evaluate, self.exact, input, self.weight, self.bias)

    def _check(self, tensor: Tensor, what: str) -> None:
        if tensor.device.type != "cpu" or tensor.dtype != torch.float32:
            raise AccelsimError(
                f"layer {self.name} {what} of {tensor.dtype} on {tensor.device}; a float multiplier takes "
                "torch.float32 on the CPU"
            )

    def _evaluate(self, input: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        values = np.ascontiguousarray(input.detach().numpy())
        out = np.zeros(self._output_shape(values.shape), np.float32)
        weights = np.ascontiguousarray(weight.detach().numpy())
        for block in self.blocks(values, weights):
            sum_float_products(
                self.multiplier, block.x, block.w, out[block.images].reshape(-1), block.groups_out,
                activation_operand=self.activation_operand, threads=torch.get_num_threads(),
            )  # fmt: skip
        if bias is not None:
            out += bias.detach().numpy().reshape(-1, *(1 for _ in out.shape[2:]))
        return torch.from_numpy(out)

    def _recorded(self, input: Tensor, output: Tensor) -> Tensor:
        if self.records_calls:
            macs = self.depth * output.numel()
            self.calls.append(CallShape(tuple(input.shape[1:]), tuple(output.shape[1:]), macs))
        return output

    def extra_repr(self) -> str:
        """Return what `repr` shows beside the class."""
        shape = "x".join(str(side) for side in self.weight.shape)
        operand = self.activation_operand
        return f"weight {shape}, multiplier {self.multiplier.name}, activation is operand {operand}"


class ApproxFloatConv(ApproxFloatLayer):
    """A 1-D or 2-D convolution on an approximate float multiplier; see `ApproxFloatLayer`.

    Any stride, zero padding, dilation and groups. Padded zeros are multiplied like any other.
    ``in_channels``, ``kernel_size`` and so on are those of the float layer.
    """

    def __init__(
        self,
        conv: nn.Conv1d | nn.Conv2d,
        multiplier: FloatProducts,
        *,
        activation_operand: ActivationOperand = "a",
        name: str = "conv",
    ) -> None:
        super().__init__(conv, multiplier, activation_operand=activation_operand, name=name)
        if conv.padding_mode != "zeros":
            raise AccelsimError(
                f"layer {name} has padding mode {conv.padding_mode!r}; the engine pads with zeros only"
            )
        self.geometry = ConvGeometry.of(conv)
        self.in_channels, self.out_channels = conv.in_channels, conv.out_channels
        self.kernel_size, self.stride, self.dilation = conv.kernel_size, conv.stride, conv.dilation
        self.padding, self.padding_mode, self.groups = conv.padding, conv.padding_mode, conv.groups
        self._dimensions = len(conv.kernel_size)

    def forward(self, input: Tensor) -> Tensor:
        """Return the output (images, channels, ...) of an input of that shape, or of one image."""
        alone = input.dim() == 1 + self._dimensions
        output = self._run(input[None])[0] if alone else self._run(input)
        return self._recorded(input, output)

    def exact(self, input: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        """Return what the float convolution computes; its gradients are the surrogate."""
        padded = F.pad(input, self.geometry.padding[: 2 * self._dimensions])
        function: Any = F.conv1d if self._dimensions == 1 else F.conv2d
        output: Tensor = function(padded, weight, bias, self.stride, 0, self.dilation, self.groups)
        return output

    def blocks(self, values: NDArray[np.float32], weight: NDArray[np.float32]) -> Iterator[LayerBlock]:
        """Cut a batch of inputs into blocks of images, each a matrix product."""
        at, groups = self.geometry, self.groups
        left, right, top, bottom = at.padding
        images = values.reshape(*values.shape[:2], -1, values.shape[-1])
        rows, columns = at.output_size(*images.shape[2:])
        height, width = images.shape[2] + top + bottom, images.shape[3] + left + right
        # Offsets in a padded image, by (channel, kernel row, kernel column) and by output pixel.
        channel, line, pixel = np.ogrid[: at.channels, : at.kernel[0], : at.kernel[1]]
        depth_at = (channel * height + line * at.dilation[0]) * width + pixel * at.dilation[1]
        lines, pixels = np.ogrid[:rows, :columns]
        pixels_at = (lines * at.stride[0] * width + pixels * at.stride[1]).reshape(-1)
        per_group, area = self.out_channels // groups, rows * columns
        channels = np.arange(per_group)
        w = FloatFactor(
            weight.reshape(-1),
            np.arange(groups)[:, None] * per_group * at.depth + np.arange(at.depth),
            channels * at.depth,
            channels * area,
        )
        size = at.channels * height * width
        per_block = max(1, _BLOCK_BYTES // (4 * size))
        for first in range(0, len(images), per_block):
            padded = at.padded(images[first : first + per_block], 0)
            image = np.arange(len(padded))[:, None]
            x = FloatFactor(
                padded.reshape(-1),
                depth_at.reshape(groups, at.depth),
                (image * size + pixels_at).reshape(-1),
                (image * self.out_channels * area + np.arange(area)).reshape(-1),
            )
            yield LayerBlock(
                slice(first, first + per_block), x, w, np.arange(groups) * per_group * area, padded.shape,
                (..., slice(top, height - bottom), slice(left, width - right)),
            )  # fmt: skip

    def _output_shape(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        shape, dimensions = tuple(input_shape), self._dimensions
        if len(shape) != 2 + dimensions or shape[1] != self.in_channels:
            sides = "rows, columns" if dimensions == 2 else "length"
            raise AccelsimError(
                f"layer {self.name} was given an input of shape {shape}; "
                f"expected (images, {self.in_channels}, {sides})"
            )
        size = self.geometry.output_size(*(1, *shape[2:])[-2:])[-dimensions:]
        if min(size) < 1:
            raise AccelsimError(
                f"layer {self.name} was given an input of shape {shape}, "
                f"smaller than its {' x '.join(map(str, self.kernel_size))} kernel"
            )
        return shape[0], self.out_channels, *size


class ApproxFloatLinear(ApproxFloatLayer):
    """A fully connected layer on an approximate float multiplier; see `ApproxFloatLayer`.

    ``in_features`` and ``out_features`` are those of the float layer.
    """

    def __init__(
        self,
        linear: nn.Linear | MatrixProduct,
        multiplier: FloatProducts,
        *,
        activation_operand: ActivationOperand = "a",
        name: str = "linear",
    ) -> None:
        super().__init__(linear, multiplier, activation_operand=activation_operand, name=name)
        self.in_features, self.out_features = linear.in_features, linear.out_features
        self.transposed = isinstance(linear, MatrixProduct)

    def forward(self, input: Tensor) -> Tensor:
        """Return the output (..., out_features) of an input (..., in_features)."""
        if input.dim() == 0:
            self._output_shape(input.shape)
        output = self._run(input.reshape(-1, input.shape[-1]))
        return self._recorded(input, output.reshape(*input.shape[:-1], self.out_features))

    def exact(self, input: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        """Return what the float layer computes; its gradients are the surrogate."""
        return F.linear(input, weight.T if self.transposed else weight, bias)

    def blocks(self, values: NDArray[np.float32], weight: NDArray[np.float32]) -> Iterator[LayerBlock]:
        """Return the matrix product of a batch, in one block."""
        depth, channels = self.in_features, np.arange(self.out_features)
        images, k = np.arange(len(values)), np.arange(depth)[None]
        steps = (self.out_features, 1) if self.transposed else (1, depth)
        x = FloatFactor(values.reshape(-1), k, images * depth, images * self.out_features)
        w = FloatFactor(weight.reshape(-1), k * steps[0], channels * steps[1], channels)
        yield LayerBlock(slice(None), x, w, np.zeros(1, np.int64), values.shape)

    def _output_shape(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        if len(input_shape) != 2 or input_shape[1] != self.in_features:
            raise AccelsimError(
                f"layer {self.name} was given an input of shape {tuple(input_shape)}; "
                f"expected (..., {self.in_features})"
            )
        return input_shape[0], self.out_features


def approximate_float_layer(
    layer: ReplaceableLayer,
    multiplier: FloatProducts,
    *,
    activation_operand: ActivationOperand = "a",
    name: str = "layer",
) -> ApproxFloatLayer:
    """Return the approximate layer in place of a float one; see `ApproxFloatLayer`."""
    if isinstance(layer, nn.Conv1d | nn.Conv2d):
        return ApproxFloatConv(layer, multiplier, activation_operand=activation_operand, name=name)
    return ApproxFloatLinear(layer, multiplier, activation_operand=activation_operand, name=name)
