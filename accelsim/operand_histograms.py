"""Which operand pairs the layers of a network on approximate multipliers multiply, and how often."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from accelsim.approx_layer import ApproxLayer
from accelsim.errors import AccelsimError
from accelsim.gate_multiplier import GateMultiplier
from accelsim.layers import ApproxConv2d

__all__ = ["operand_histograms"]

_IMAGES_AT_A_TIME = 8


def operand_histograms(net: nn.Module, images: Tensor, batch_size: int = 256) -> dict[str, NDArray[np.int64]]:
    """Count the operand pairs that each approximate layer multiplies while a network classifies images.

    The counts are those of every single product, zero padding included. At each place ``k`` of the sum that
    makes an output, all weights there meet all activations there, so that the counts of pairs are the sum
    over ``k`` of the outer products of the histograms of both.

    Parameters
    ----------
    net : nn.Module
        A network with layers on approximate multipliers, see `accelsim.conversion.approximate`.
    images : tensor of shape (images, channels, height, width)
        Its input.
    batch_size : int
        Images classified at a time.

    Returns
    -------
    dict of str to int64 array of shape (2^a_width, 2^b_width)
        By the layer's name: how often each pair occurred, indexed ``[a, b]`` by bit patterns.

    Raises
    ------
    AccelsimError
        If no layer of the network is on an approximate multiplier, or one runs on gates.
    """
    layers = {name: module for name, module in net.named_modules() if isinstance(module, ApproxLayer)}
    if not layers:
        raise AccelsimError("the network has no layer on an approximate multiplier; convert it first")
    for name, layer in layers.items():
        if isinstance(layer.lut, GateMultiplier):
            raise AccelsimError(
                f"layer {name} runs on the gates of {layer.lut.name}; pairs are counted of a Lut"
            )
    counts = {
        name: np.zeros((1 << layer.lut.a_width, 1 << layer.lut.b_width), dtype=np.int64)
        for name, layer in layers.items()
    }

    def recorder(name: str) -> Callable[[nn.Module, tuple[Any, ...], dict[str, Any]], None]:
        def record(layer: nn.Module, inputs: tuple[Any, ...], named: dict[str, Any]) -> None:
            assert isinstance(layer, ApproxLayer)
            counts[name] += _pairs_of(layer, inputs[0] if inputs else named["input"])

        return record

    handles = [
        layer.register_forward_pre_hook(recorder(name), with_kwargs=True) for name, layer in layers.items()
    ]
    try:
        with torch.no_grad():
            for batch in torch.split(images, batch_size):
                net(batch)
    finally:
        for handle in handles:
            handle.remove()
    return counts


def _pairs_of(layer: ApproxLayer, input: Tensor) -> NDArray[np.int64]:
    """Return the counts of operand pairs of one call of a layer."""
    activations, weights = 1 << layer.activation_bits, 1 << layer.weight_bits
    weight_codes = layer.quantized_weight().codes
    groups, _, depth = weight_codes.shape
    seen = np.zeros((groups, depth, activations), dtype=np.int64)
    values = input.detach().numpy()
    one = len(layer.kernel_size) + 1 if isinstance(layer, ApproxConv2d) else 1
    values = values.reshape(-1, *values.shape[-one:])
    for first in range(0, len(values), _IMAGES_AT_A_TIME):
        codes = layer.activation_codes(values[first : first + _IMAGES_AT_A_TIME])
        seen += _histograms(layer.columns(codes), activations)
    used = _histograms(weight_codes.swapaxes(1, 2), weights)
    pairs: NDArray[np.int64] = np.einsum("gda,gdw->aw", seen, used)
    return pairs if layer.activation_operand == "a" else pairs.T


def _histograms(codes: NDArray[np.uint8], levels: int) -> NDArray[np.int64]:
    """Return the histograms along the last axis, of shape (..., levels)."""
    rows = codes.reshape(-1, codes.shape[-1])
    offset = np.arange(len(rows), dtype=np.int64)[:, None] * levels
    counts: NDArray[np.int64] = np.bincount((rows + offset).ravel(), minlength=len(rows) * levels)
    return counts.reshape(*codes.shape[:-1], levels)
