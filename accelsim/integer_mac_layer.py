"""A convolution or linear layer of an integer-only network."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from accelsim.accumulator import Accumulator
from accelsim.approx_layer import ActivationOperand, table_by_weight
from accelsim.gemm import lut_gemm
from accelsim.im2col import ConvGeometry, im2col
from accelsim.integer_operations import IntegerOperation
from accelsim.lut import Lut
from accelsim.quantization import QuantParams
from accelsim.requantization import Requantization
from accelsim.systolic_array import Gemm
from accelsim.zero_points import QuantizedWeight, corrected

__all__ = ["IntegerMacLayer", "MacEngine", "fast_engine"]


def fast_engine(
    layer: "IntegerMacLayer", x: NDArray[np.uint8], threads: int | None = None
) -> NDArray[np.int32]:
    """Return the accumulators of a layer by `lut_gemm`; see `MacEngine`."""
    return lut_gemm(layer.table, x, layer.weight.codes, accumulator=layer.accumulator, threads=threads)


@dataclass(frozen=True, eq=False, kw_only=True)
class IntegerMacLayer(IntegerOperation):
    """Sums of approximate products, corrected exactly for zero points, with an integer bias, requantized.

        ``output = requantize(acc - zw * sum_k x + offset)``

    where ``acc`` is the accumulator's ``sum_k mul(x, w)`` and ``offset`` a constant of each channel.

    Parameters
    ----------
    input_shape : tuple of int
        Shape of its input for one image.
    source : QuantParams
        Quantization of its input.
    lut : Lut
        The multiplier.
    activation_operand : {"a", "b"}
        The multiplier's operand that the activation goes to.
    weight : QuantizedWeight
        Codes of shape (groups, channels, depth), with their sums and zero points.
    bias : int64 array of shape (channels of all groups,)
        In units of the input's scale times the weight's, within int32.
    geometry : ConvGeometry, optional
        Where the kernel goes; None for a linear layer.
    accumulator : Accumulator
        What the products are summed in, in the order of the depth.
    scale : float array of shape () or (channels of all groups,)
        Real value of one unit of the corrected sums.
    requantization : Requantization, optional
        To the output's codes; None for the layer whose sums are the network's output.
    """

    input_shape: tuple[int, ...]
    source: QuantParams
    lut: Lut
    activation_operand: ActivationOperand
    weight: QuantizedWeight
    bias: NDArray[np.int64]
    geometry: ConvGeometry | None
    accumulator: Accumulator
    scale: NDArray[np.float64]
    requantization: Requantization | None

    @property
    def kind(self) -> str:
        """``"conv"`` or ``"linear"``."""
        return "linear" if self.geometry is None else "conv"

    @property
    def table(self) -> NDArray[np.int32]:
        """Products, int32 of shape (weight patterns, activation patterns)."""
        return table_by_weight(self.lut, self.activation_operand)

    @property
    def groups(self) -> int:
        """Groups of channels that do not see one another."""
        return len(self.weight.codes)

    @property
    def pixels(self) -> int:
        """Outputs per channel and image."""
        return math.prod(self.output_shape[1:])

    @property
    def gemm(self) -> Gemm:
        """The matrix product of one image and group."""
        _, channels, depth = self.weight.codes.shape
        return Gemm(depth, self.pixels, channels)

    @cached_property
    def offset(self) -> NDArray[np.int64]:
        """``bias + depth * zx * zw - zx * sum_k w``, int64 of shape (channels of all groups,)."""
        constant = self.gemm.depth * self.weight.zero_points - self.weight.sums
        return self.bias + int(self.source.zero_point) * constant.reshape(-1)

    @property
    def bytes_per_image(self) -> int:
        """Memory that `run` needs: im2col, accumulators, sums and codes."""
        per_pixel = self.gemm.depth * self.groups + 22 * len(self.bias)
        return self.pixels * per_pixel

    def columns(self, codes: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return the activations of each output, ``x`` of shape (groups, depth, images * pixels).

        Parameters
        ----------
        codes : uint8 array of shape ``(images, *input_shape)``
            Padding carries the code of zero.
        """
        if self.geometry is None:
            return np.ascontiguousarray(codes.T)[None]
        padded = self.geometry.padded(codes, int(self.source.zero_point))
        return im2col(padded, self.geometry, 0, self.output_shape[1])

    def corrected(self, accumulators: NDArray[np.int32], x: NDArray[np.uint8]) -> NDArray[np.int64]:
        """Return ``acc - zw * sum_k x + offset``.

        Parameters
        ----------
        accumulators : int32 array of shape (groups, channels, images * pixels)
            Sums of products.
        x : uint8 array of shape (groups, depth, images * pixels)
            The `columns`.

        Returns
        -------
        int64 array of shape (channels of all groups, images * pixels)
        """
        return corrected(accumulators, x, self.weight, int(self.source.zero_point)) + self.bias[:, None]

    def run(self, *codes: NDArray[Any], engine: "MacEngine" = fast_engine) -> NDArray[Any]:
        """Return the output for a batch; int64 sums if there is no requantization.

        Parameters
        ----------
        *codes : uint8 array of shape ``(images, *input_shape)``
            The input.
        engine : MacEngine
            What sums the products; default: `fast_engine`.
        """
        x = self.columns(codes[0])
        sums = self.corrected(engine(self, x), x)
        output = sums if self.requantization is None else self.requantization.apply(sums)
        by_channel = output.reshape(len(self.bias), len(codes[0]), *self.output_shape[1:])
        return np.ascontiguousarray(by_channel.swapaxes(0, 1))


#: Takes a layer and its activations ``x`` (groups, depth, pixels), uint8; returns the accumulators of shape
#: (groups, channels, pixels), int32.
MacEngine = Callable[[IntegerMacLayer, NDArray[np.uint8]], NDArray[np.int32]]
