"""Gradients of layers on a float multiplier that follow its own products, instead of the exact ones."""

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

from accelsim.errors import AccelsimError
from accelsim.floats import Float32ClosedForm
from accelsim.product_slopes_kernel import slopes_by_activation, slopes_by_weight
from accelsim.smoothed_difference import SmoothedDifference
from accelsim.workers import share_tasks

if TYPE_CHECKING:
    from accelsim.float_gemm import FloatFactor
    from accelsim.float_mac_layers import ApproxFloatLayer

__all__ = ["ProductSlopes", "slope_gradients", "with_product_slopes"]


@dataclass(frozen=True)
class ProductSlopes:
    """The gradient of a float multiplier's own products: their central difference along an operand.

    A product of Ax-FPM is piecewise linear in each operand, with jumps where a bit of the significand
    enters or leaves a block. The difference spans some pieces, so that it has the jumps in it, which an
    attacker wants to know about: ``(mul(x + h, w) - mul(x - h, w)) / 2h`` with ``h`` the relative step times
    ``|x|``, or times 2^-8, a grey level, where ``|x|`` is smaller.

    Parameters
    ----------
    relative_step : float
        Above 0, below 1. Small steps follow every jump, large ones the trend.

    Raises
    ------
    AccelsimError
        If the step is out of range.
    """

    relative_step: float = 2**-4

    def __post_init__(self) -> None:
        if not isinstance(self.relative_step, float) or not 0 < self.relative_step < 1:
            raise AccelsimError(
                f"relative_step is {self.relative_step!r}; expected a number above 0 and below 1"
            )


def with_product_slopes(net: nn.Module, slopes: ProductSlopes | None = None) -> nn.Module:
    """Return a copy of an approximate network whose gradients follow the products of its multipliers.

    Layers on float multipliers get `ProductSlopes`, those on LUTs `SmoothedDifference`. Parameters are
    shared; the network computes the same.

    Parameters
    ----------
    net : nn.Module
        A network from `accelsim.approximate`.
    slopes : ProductSlopes, optional
        Of the layers on float multipliers.

    Raises
    ------
    AccelsimError
        If it has no approximate layer, or one whose multiplier has neither a table nor a closed form.
    """
    from accelsim.float_mac_layers import ApproxFloatLayer
    from accelsim.gate_multiplier import GateMultiplier
    from accelsim.selection import approximate_layers

    copied = copy.deepcopy(net, {id(parameter): parameter for parameter in net.parameters()})
    for layer in approximate_layers(copied).values():
        if isinstance(layer, ApproxFloatLayer):
            layer.follow_products(slopes or ProductSlopes())
        elif isinstance(layer.lut, GateMultiplier):
            raise AccelsimError(
                f"layer {layer.name} multiplies with {layer.lut.name}, which has no table to take slopes of; "
                "only straight-through gradients go through it"
            )
        else:
            layer.gradient = SmoothedDifference()
    return copied


def slope_gradients(
    layer: "ApproxFloatLayer",
    slopes: ProductSlopes,
    gradient: Tensor,
    wanted: Sequence[bool],
    operands: Sequence[Tensor | None],
) -> list[Tensor | None]:
    """Return the gradients of a layer with respect to its input, weight and bias.

    Parameters
    ----------
    layer : ApproxFloatLayer
        The layer, on a `Float32ClosedForm`.
    slopes : ProductSlopes
        Whose slopes.
    gradient : float32 tensor of shape (images, channels, ...)
        Of the output.
    wanted : three bools
        Whether those of input, weight and bias are wanted.
    operands : three tensors
        Input, weight and bias, or None.
    """
    input, weight, bias = operands
    assert input is not None
    assert weight is not None
    assert isinstance(layer.multiplier, Float32ClosedForm)
    values = np.ascontiguousarray(input.detach().numpy())
    weights = np.ascontiguousarray(weight.detach().numpy())
    upstream = np.ascontiguousarray(gradient.detach().numpy())
    settings = (np.float32(slopes.relative_step), layer.multiplier.constants)
    is_a, threads = layer.activation_operand == "a", torch.get_num_threads()
    of_input = np.zeros_like(values)
    of_weight = np.zeros(weights.size)
    for block in layer.blocks(values, weights):
        images = len(values[block.images])
        factors = _arrays(block.x), _arrays(block.w), upstream[block.images].reshape(-1), block.groups_out
        padded = np.zeros(block.padded_shape, np.float32)
        if wanted[0]:
            items = len(block.x.items_at) // images
            along_input = partial(_along_input, factors, items, (is_a, *settings, padded.reshape(-1)))
            share_tasks(along_input, images, threads)
            of_input[block.images] = block.cropped(padded).reshape(of_input[block.images].shape)
        if wanted[1]:
            along_weight = partial(_along_weight, factors, (not is_a, *settings, of_weight))
            share_tasks(along_weight, len(block.w.items_at), threads)
    of_bias = None if bias is None else gradient.sum(dim=(0, *range(2, gradient.dim())))
    found = (
        torch.from_numpy(of_input),
        torch.from_numpy(of_weight.astype(np.float32).reshape(weights.shape)),
        of_bias,
    )
    return [tensor if want else None for tensor, want in zip(found, wanted, strict=True)]


def _along_input(factors: Any, items: int, rest: Any, first: int, stop: int) -> None:
    """Add the gradients of some images."""
    kernel: Any = slopes_by_activation
    kernel(*factors, first * items, stop * items, *rest)


def _along_weight(factors: Any, rest: Any, first: int, stop: int) -> None:
    """Add the gradients of the weights of some channels."""
    kernel: Any = slopes_by_weight
    kernel(*factors, first, stop, *rest)


def _arrays(factor: "FloatFactor") -> tuple[Any, ...]:
    return factor.values, factor.depth_at, factor.items_at, factor.items_out
