"""Layers with DoReFa-Net's weights and inputs whose products come from an approximate multiplier."""

from typing import Any, Unpack

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from accelsim.approx_layer import ApproxLayer, LayerOptions
from accelsim.dorefa_layers import DorefaConv1d, DorefaConv2d, DorefaLayer
from accelsim.errors import AccelsimError
from accelsim.fingerprint import fingerprint
from accelsim.gate_multiplier import IntegerMultiplier
from accelsim.layers import ApproxConv1d, ApproxConv2d, ApproxLinear
from accelsim.quantization import MAX_BITS, QuantParams
from accelsim.zero_points import QuantizedWeight

__all__ = ["ApproxDorefaLayer", "approximate_dorefa_layer"]


class ApproxDorefaLayer(ApproxLayer):
    """A `DorefaLayer` on an approximate multiplier: the same levels, products from the multiplier.

    An input ``s i / m`` has the code ``i``. A weight ``t (2 j - n) / n`` has the code ``j`` on an unsigned
    multiplier, which is affine with zero point ``n / 2``, and ``2 j - n`` on a signed one. With an exact
    multiplier the layer computes what the `DorefaLayer` does, up to 8 bits bit for bit. Nothing is
    calibrated. Gradients are those of the `DorefaLayer`.

    Parameters
    ----------
    layer : DorefaLayer
        The quantized layer; its parameters are shared, not copied.
    lut : Lut or GateMultiplier
        The multiplier.
    **options
        As for `ApproxLayer`.

    Raises
    ------
    AccelsimError
        If the layer's input is not quantized, the levels of input or weight do not fit the multiplier's
        operands, the gradient is another than straight-through, or as `ApproxLayer` says.
    """

    def __init__(self, layer: Any, lut: IntegerMultiplier, **options: Unpack[LayerOptions]) -> None:
        where = f"layer {options.get('name', layer.name)}"
        if layer.activation is None:
            raise AccelsimError(f"{where} has float inputs; {lut.name} multiplies integers")
        if options.get("gradient", "straight-through") != "straight-through":
            raise AccelsimError(f'{where} has levels as in DoReFa-Net: its gradient is "straight-through"')
        widths = (lut.a_width, lut.b_width)
        if options.get("activation_operand", "a") == "b":
            widths = widths[::-1]
        given = (layer.activation_bits, layer.weight_bits)
        if any(bits > width - lut.signed for bits, width in zip(given, widths, strict=True)):
            fits = " and ".join(str(width - lut.signed) for width in widths)
            kind = "signed" if lut.signed else "unsigned"
            raise AccelsimError(
                f"{where} has inputs of {given[0]} and weights of {given[1]} bits; {lut.name}, "
                f"{kind} {lut.a_width} x {lut.b_width} bits, takes up to {fits}"
            )
        steps = layer.quantizer.steps
        unit = layer.quantizer.unit(layer.weight).detach().reshape(-1).numpy()
        if len(unit) == 1:
            unit = unit[0]
        zero_point = np.full(unit.shape, 0.0 if lut.signed else steps / 2)
        super().__init__(
            layer,
            lut,
            QuantParams(layer.activation.unit.numpy(), np.array(0), widths[0], lut.signed),
            QuantParams(unit * (1 if lut.signed else 2), zero_point, widths[1], lut.signed),
            **options,
        )
        self.quantizer, self.activation = layer.quantizer, layer.activation

    def activation_codes(self, values: NDArray[np.floating[Any]]) -> NDArray[Any]:
        """Return the codes of a batch of inputs."""
        if np.isnan(values).any():
            raise AccelsimError(f"an input of layer {self.name} is NaN, which has no quantized level")
        with torch.no_grad():
            levels = self.activation.levels(torch.from_numpy(values))
        return np.asarray(levels.numpy(), np.uint8 if self.activation_bits <= MAX_BITS else np.uint16)

    def output_scales(self, weight: Tensor) -> NDArray[np.float64]:
        """Return what the corrected sums are multiplied by, of shape () or (channels,)."""
        unit = self.quantizer.unit(weight).flatten().numpy() * (1 if self.signed else 2)
        return np.asarray(self.activation_scale.numpy().astype(np.float64) * unit)

    def quantized_weight(self, weight: Tensor | None = None) -> QuantizedWeight:
        """Return the codes of the latent weight, derived anew whenever it has changed."""
        latent = (self.weight if weight is None else weight).detach()
        origin = (fingerprint(latent), fingerprint(self.quantizer.scale))
        found = self._quantized
        if found is None or origin != found[0]:
            odd = self.quantizer.levels(latent).numpy().astype(np.int64).reshape(self.channels, -1)
            levels = odd if self.signed else (odd + self.quantizer.steps) // 2
            codes = levels & ((1 << self.weight_bits) - 1)
            codes = codes.astype(np.uint8 if self.weight_bits <= MAX_BITS else np.uint16)
            codes.flags.writeable = False
            codes = codes.reshape(self.groups, self.channels // self.groups, -1)
            zero_point = 0.0 if self.signed else self.quantizer.steps / 2
            sums = levels.sum(axis=1).reshape(*codes.shape[:2], 1)
            found = self._quantized = origin, QuantizedWeight(codes, sums, np.full(sums.shape, zero_point))
        return found[1]

    def exact(self, input: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        """Return what the layer computes with exact products; its gradients are the surrogate."""
        return super().exact(self.activation(input), self.quantizer(weight), bias)  # type: ignore[safe-super]


class ApproxDorefaConv1d(ApproxDorefaLayer, ApproxConv1d):
    """A 1-D convolution; see `ApproxDorefaLayer`."""


class ApproxDorefaConv2d(ApproxDorefaLayer, ApproxConv2d):
    """A 2-D convolution; see `ApproxDorefaLayer`."""


class ApproxDorefaLinear(ApproxDorefaLayer, ApproxLinear):
    """A fully connected layer; see `ApproxDorefaLayer`."""


def approximate_dorefa_layer(
    layer: DorefaLayer, lut: IntegerMultiplier, **options: Unpack[LayerOptions]
) -> ApproxDorefaLayer:
    """Return the layer on a multiplier in place of a quantized one; see `ApproxDorefaLayer`."""
    if isinstance(layer, DorefaConv1d):
        return ApproxDorefaConv1d(layer, lut, **options)
    if isinstance(layer, DorefaConv2d):
        return ApproxDorefaConv2d(layer, lut, **options)
    return ApproxDorefaLinear(layer, lut, **options)
