"""The gradients of a layer whose multiplier has slopes of its own."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from accelsim.smoothed_difference import slopes, sums_of_slopes

if TYPE_CHECKING:
    from accelsim.approx_layer import ApproxLayer

__all__ = ["smoothed_gradients"]

#: Bound on columns and their gradients, if they are those of more than one image.
_BLOCK_BYTES = 16 << 20


def smoothed_gradients(
    layer: "ApproxLayer",
    half_window: int,
    gradient: Tensor,
    wanted: Sequence[bool],
    operands: Sequence[Tensor | None],
) -> list[Tensor | None]:
    """Return the gradients of a layer with respect to its input, weight and bias.

    Of an output ``sx * sw * sum_k (mul(x, w) - zw * x - zx * w + zx * zw) + bias`` they are those of the
    corrections, which are exact, and the `slopes` of ``mul`` at the codes that it multiplied; rounding and
    saturation count as the identity. Computed in float32.

    Parameters
    ----------
    layer : ApproxLayer
        The layer.
    half_window : int
        As for `accelsim.smoothed_difference.SmoothedDifference`.
    gradient : float tensor of shape (images, channels, ...)
        Of the output.
    wanted : three bools
        Whether those of input, weight and bias are wanted.
    operands : three tensors
        Input, weight and bias, or None.
    """
    input, weight, bias = operands
    assert input is not None
    assert weight is not None
    values, activation = input.detach().numpy(), layer.activation_params
    quantized = layer.quantized_weight(weight)
    groups, channels, depth = quantized.codes.shape
    by_operand = slopes(layer.lut, half_window)
    if layer.activation_operand == "a":
        by_activation, by_weight = (np.ascontiguousarray(table.T) for table in by_operand)
    else:
        by_weight, by_activation = by_operand
    scale = np.broadcast_to(layer.weight_scale.numpy(), groups * channels).reshape(groups, channels, 1)
    zero_points = quantized.zero_points.astype(np.float32)
    of_input = np.empty(values.shape, np.float32)
    of_weight = np.zeros((groups, channels, depth))
    pixels = math.prod(gradient.shape[2:])
    size = max(1, _BLOCK_BYTES // (pixels * (5 * groups * depth + 8 * groups * channels)))
    for first in range(0, len(values), size):
        own = slice(first, first + size)
        given = gradient[own].detach().movedim(1, 0).float().numpy()
        upstream = np.ascontiguousarray(given.reshape(groups, channels, -1) * scale, np.float32)
        x = layer.columns(activation.quantize(values[own]))
        of_columns, products = sums_of_slopes(
            by_activation,
            by_weight,
            np.ascontiguousarray(x),
            quantized.codes,
            upstream,
            torch.get_num_threads(),
        )
        of_columns -= (upstream * zero_points).sum(axis=1, keepdims=True)
        of_input[own] = layer.scattered(of_columns, values[own].shape)
        zero_point = float(activation.zero_point)
        of_weight += products - zero_point * upstream.sum(axis=2, keepdims=True, dtype=np.float64)
    of_weight *= float(activation.scale) / scale
    rows = layer.rows_of(weight)
    weight_gradient = layer.rows_of(torch.from_numpy(of_weight).reshape(rows.shape)).to(weight.dtype)
    found = (
        torch.from_numpy(of_input).to(input.dtype),
        weight_gradient,
        None if bias is None else gradient.sum(dim=(0, *range(2, gradient.dim()))),
    )
    return [each if want else None for each, want in zip(found, wanted, strict=True)]
