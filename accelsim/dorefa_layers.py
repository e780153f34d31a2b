"""Convolution and linear layers with DoReFa-Net's weights and inputs, which train like any others."""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from accelsim.dorefa import DorefaActivation, DorefaWeight
from accelsim.errors import AccelsimError
from accelsim.fingerprint import fingerprint
from accelsim.quantized_layer import ReplaceableLayer

__all__ = ["DorefaConv1d", "DorefaConv2d", "DorefaLayer", "DorefaLinear", "dorefa_layer"]

#: Bits up to which levels are the operands of a multiplier's table, and their sums are kept exact.
_INTEGER_BITS = 8
#: Integers below it are exact in float32, whatever the order in which they are summed.
_EXACT_IN_FLOAT32 = 1 << 24


class DorefaLayer(nn.Module):
    """A convolution or linear layer whose weight, and input if asked for, are DoReFa-Net's levels.

    ``weight`` is the latent weight, what is trained; `quantized_weight` is what the layer multiplies by. The
    bias is not quantized. Gradients are straight-through: those of the quantizers without their rounding.

    In evaluation mode, with both at most 8 bits, the layer sums products of integers, ``sum_k i_k (2 j_k -
    n)`` for an input ``s i / m`` and a weight ``t (2 j - n) / n`` (levels ``i`` of 0 to ``m``, ``j`` of 0 to
    ``n``), exactly, and multiplies the sum by ``s / m * t / n``, and adds the bias, in float64, rounded once:
    what a layer on an exact integer multiplier computes, bit for bit. Otherwise it computes with the real
    numbers that levels stand for.

    Parameters
    ----------
    layer : nn.Conv2d or nn.Linear
        The float layer; its parameters are shared, and its weight taken for the latent one.
    quantizer : DorefaWeight
        Quantizer of the weight.
    activation : DorefaActivation, optional
        Quantizer of the input; None: the input stays as it is.
    name : str
        Name of the layer in error messages.
    """

    weight: Tensor
    bias: Any
    quantization: Tensor

    def _quantize(
        self,
        layer: ReplaceableLayer,
        quantizer: DorefaWeight,
        activation: DorefaActivation | None,
        name: str,
    ) -> None:
        self.weight, self.bias = layer.weight, layer.bias
        self.quantizer, self.activation, self.name = quantizer, activation, name
        self._kept: tuple[tuple[Any, ...], tuple[Tensor, Tensor]] | None = None
        self.train(layer.training)
        # Weights of another width would be taken for these without it.
        self.register_buffer("quantization", torch.tensor([self.weight_bits, self.activation_bits or 0]))

    @property
    def weight_bits(self) -> int:
        """Bits of the weight."""
        return self.quantizer.bits

    @property
    def activation_bits(self) -> int | None:
        """Bits of the input; None if it is not quantized."""
        return None if self.activation is None else self.activation.bits

    @property
    def depth(self) -> int:
        """Products that one output sums."""
        return self.weight[0].numel()

    def quantized_weight(self) -> Tensor:
        """Return the weight that the layer multiplies by, of the latent weight's shape."""
        weight: Tensor = self.quantizer(self.weight)
        return weight

    @torch.no_grad()
    def settle(self) -> None:
        """Put each latent weight in the middle of its level, where rounding does not take it to another."""
        self.weight.copy_(self.quantizer.right_inverse(self.quantized_weight()))

    def sums(self, input: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
        """Return the sums of products of an input and a weight, with a bias."""
        raise NotImplementedError

    def forward(self, input: Tensor) -> Tensor:
        """Return the output of an input of the float layer's shape."""
        return self.evaluate(input, self.weight, self.bias)

    def evaluate(self, input: Tensor, latent: Tensor, bias: Tensor | None) -> Tensor:
        """Return the output for a latent weight and a bias other than the layer's own."""
        values = input.to(latent.dtype)  # autocast may have made a bfloat16 of it
        if self.activation is None:
            return self.sums(values, self.quantizer(latent), bias)
        if self.training or max(self.weight_bits, self.activation.bits) > _INTEGER_BITS:
            return self.sums(self.activation(values), self.quantizer(latent), bias)
        inputs = self.activation.levels(values)
        weights, scales = self._levels_and_scales(latent)
        sums = self.sums(inputs.to(weights.dtype), weights).double()
        channels = (-1, *(1,) * (latent.dim() - 2))
        sums = sums * scales.reshape(channels)
        if bias is not None:
            sums = sums + bias.double().reshape(channels)
        return sums.to(latent.dtype)

    def _levels_and_scales(self, latent: Tensor) -> tuple[Tensor, Tensor]:
        """Return the weight's levels, in a type that sums their products exactly, and the scales of the sums.

        Those of the layer's own weight are kept until it changes, where no gradient is wanted of it.
        """
        assert self.activation is not None
        is_trained = torch.is_grad_enabled() and latent.requires_grad
        is_own = latent is self.weight and type(latent) is nn.Parameter and latent.is_cpu
        # What inference mode makes could not be used outside of it.
        if is_trained or not is_own or torch.is_inference_mode_enabled():
            return self._derived(latent)
        origin = tuple(map(fingerprint, (latent, self.quantizer.scale, self.activation.scale)))
        if self._kept is None or self._kept[0] != origin:
            self._kept = origin, self._derived(latent)
        return self._kept[1]

    def _derived(self, latent: Tensor) -> tuple[Tensor, Tensor]:
        assert self.activation is not None
        weights = self.quantizer.levels(latent)
        most = self.activation.steps * weights.detach().flatten(1).abs().sum(1).max()
        return weights.double() if most >= _EXACT_IN_FLOAT32 else weights, self.scales(latent)

    def scales(self, latent: Tensor | None = None) -> Tensor:
        """Return what the integer sums are multiplied by, float64 of shape (1,) or (outputs,)."""
        assert self.activation is not None
        unit = self.quantizer.unit(self.weight if latent is None else latent)
        return self.activation.unit.double() * unit.flatten().double()

    def _load_from_state_dict(self, state_dict: dict[str, Any], prefix: str, *others: Any) -> None:
        """Refuse the state of a layer of other widths before anything is taken from it."""
        given = state_dict.get(f"{prefix}quantization")
        if given is not None and given.tolist() != self.quantization.tolist():
            raise AccelsimError(
                f"layer {self.name} has {_described(self.quantization)}; the state given has "
                f"{_described(given)}"
            )
        super()._load_from_state_dict(state_dict, prefix, *others)


class DorefaConv1d(DorefaLayer, nn.Conv1d):
    """A 1-D convolution with DoReFa-Net's weights and inputs; see `DorefaLayer`."""

    def __init__(
        self,
        conv: nn.Conv1d,
        quantizer: DorefaWeight,
        activation: DorefaActivation | None = None,
        name: str = "layer",
    ) -> None:
        nn.Conv1d.__init__(self, **_shape_of(conv))
        self._quantize(conv, quantizer, activation, name)

    def sums(self, input: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
        """Return the sums of products of an input and a weight, with a bias."""
        output: Tensor = self._conv_forward(input, weight, bias)
        return output


class DorefaConv2d(DorefaLayer, nn.Conv2d):
    """A 2-D convolution with DoReFa-Net's weights and inputs; see `DorefaLayer`."""

    def __init__(
        self,
        conv: nn.Conv2d,
        quantizer: DorefaWeight,
        activation: DorefaActivation | None = None,
        name: str = "layer",
    ) -> None:
        nn.Conv2d.__init__(self, **_shape_of(conv))
        self._quantize(conv, quantizer, activation, name)

    def sums(self, input: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
        """Return the sums of products of an input and a weight, with a bias."""
        output: Tensor = self._conv_forward(input, weight, bias)
        return output


class DorefaLinear(DorefaLayer, nn.Linear):
    """A fully connected layer with DoReFa-Net's weights and inputs; see `DorefaLayer`."""

    def __init__(
        self,
        linear: nn.Linear,
        quantizer: DorefaWeight,
        activation: DorefaActivation | None = None,
        name: str = "layer",
    ) -> None:
        nn.Linear.__init__(
            self, linear.in_features, linear.out_features, linear.bias is not None, device="meta"
        )
        self._quantize(linear, quantizer, activation, name)

    def sums(self, input: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
        """Return the sums of products of an input and a weight, with a bias."""
        return F.linear(input, weight, bias)


def dorefa_layer(
    layer: ReplaceableLayer,
    quantizer: DorefaWeight,
    activation: DorefaActivation | None = None,
    name: str = "layer",
) -> DorefaLayer:
    """Return the quantized layer in place of a float one; see `DorefaLayer`."""
    if isinstance(layer, nn.Conv1d):
        return DorefaConv1d(layer, quantizer, activation, name)
    if isinstance(layer, nn.Conv2d):
        return DorefaConv2d(layer, quantizer, activation, name)
    assert isinstance(layer, nn.Linear)
    return DorefaLinear(layer, quantizer, activation, name)


def _shape_of(conv: nn.Conv1d | nn.Conv2d) -> dict[str, Any]:
    """Return the arguments that make a convolution like this one, without memory for its weight."""
    same = (
        "in_channels", "out_channels", "kernel_size", "stride", "padding", "dilation", "groups",
        "padding_mode",
    )  # fmt: skip
    return {**{name: getattr(conv, name) for name in same}, "bias": conv.bias is not None, "device": "meta"}


def _described(quantization: Tensor) -> str:
    weight_bits, activation_bits = quantization.tolist()
    inputs = f"inputs of {activation_bits}" if activation_bits else "float inputs"
    return f"weights of {weight_bits} bits and {inputs}"
