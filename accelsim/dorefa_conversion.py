"""Conversion of a float network to DoReFa-Net's weights and activations, to be trained or as it is."""

import copy
from collections.abc import Iterable

from torch import Tensor, nn

from accelsim.calibration import input_ranges
from accelsim.conversion import WeightScales, check_calibration, check_float_net
from accelsim.dorefa import DorefaActivation, DorefaWeight, check_bits
from accelsim.dorefa_layers import dorefa_layer
from accelsim.errors import AccelsimError
from accelsim.quantized_layer import ReplaceableLayer
from accelsim.selection import selected_layers

__all__ = ["dorefa_network", "quantization_aware"]


def quantization_aware(
    net: nn.Module,
    weight_bits: int,
    activation_bits: int | None = None,
    *,
    calibration: Tensor | None = None,
    percentile: float | None = 99.9,
    layers: str | Iterable[str] | None = None,
) -> nn.Module:
    """Return a copy of a network whose layers multiply DoReFa-Net's weights and inputs, to be trained.

    The layers become `DorefaConv1d`, `DorefaConv2d` and `DorefaLinear`. Without calibration data weights are
    in [-1, 1] (but for those of one bit) and inputs in [0, 1], as in DoReFa-Net: such a network is trained
    from scratch. With it the network is a trained one that is trained further, and each weight keeps its
    range, and each layer's input that of the data.

    Parameters
    ----------
    net : nn.Module
        The float network; it is not changed.
    weight_bits : int
        From 1 to 16.
    activation_bits : int, optional
        Of the layers' inputs, from 1 to 16. Default: they stay float.
    calibration : float tensor of shape (images, ...), optional
        Inputs of the network that are typical of its use.
    percentile : float, optional
        Share of the inputs that a layer's range covers, above 50; None: all.
    layers : {"all", "conv", "linear"} or iterable of str, optional
        The layers to quantize. Default: all but the first and the last, as in DoReFa-Net.

    Returns
    -------
    nn.Module
        In the mode that ``net`` is in.

    Raises
    ------
    AccelsimError
        If a number of bits or another argument is out of range, the network has no such layer or is
        quantized or approximate already, or a layer that is to have quantized inputs takes negative ones of
        the calibration data.

    References
    ----------
    S. Zhou et al., "DoReFa-Net", arXiv:1606.06160, 2016, algorithm 1; gradients are not quantized here.
    """
    check_bits(weight_bits, "weights")
    if activation_bits is not None:
        check_bits(activation_bits, "activations")
    check_float_net(net)
    _check_percentile(percentile)
    converted = copy.deepcopy(net)
    chosen = selected_layers(converted, "all" if layers is None else layers)
    if layers is None:
        chosen = dict(list(chosen.items())[1:-1])
    if not chosen:
        raise AccelsimError(
            f"{type(net).__name__} has no layer between the first and the last, which stay float; "
            "choose with layers=[...]"
        )
    highest = dict.fromkeys(chosen, 1.0)
    if calibration is not None:
        check_calibration(calibration)
        original = copy.deepcopy(net).eval()
        ranges = input_ranges(
            original, {name: original.get_submodule(name) for name in chosen}, calibration, percentile
        )
        for name, (low, high) in ranges.items():
            if low < 0 and activation_bits is not None:
                raise AccelsimError(
                    f"layer {name} takes inputs down to {low:g}; DoReFa-Net's activations are 0 or more, as "
                    "after a ReLU"
                )
            highest[name] = high if high > 0 else 1.0
    for name, layer in chosen.items():
        weight = DorefaWeight(weight_bits) if calibration is None else _fitted(layer, weight_bits)
        inputs = None if activation_bits is None else DorefaActivation(activation_bits, highest[name])
        _replace(converted, layer, dorefa_layer(layer, weight, inputs, name))
    return converted


def dorefa_network(
    net: nn.Module,
    weight_bits: int,
    activation_bits: int | None = None,
    *,
    calibration: Tensor | None = None,
    percentile: float | None = 99.9,
    weights: WeightScales = "per-tensor",
    layers: str | Iterable[str] | None = None,
) -> nn.Module:
    """Return a copy of a trained network with DoReFa-Net's quantized weights, and activations if asked for.

    DoReFa-Net is trained with its weights and activations in [-1, 1] and [0, 1]. Here each weight keeps the
    range that it has, and activations that of the calibration data; within them, levels are DoReFa-Net's.
    Straight-through gradients reach the latent weights. Activations are quantized where they arise, in
    `nn.ReLU`, not where a layer takes them in, as `quantization_aware` does.

    Parameters
    ----------
    net : nn.Module
        The float network; it is not changed.
    weight_bits : int
        From 1 to 16.
    activation_bits : int, optional
        From 1 to 16: each `nn.ReLU` becomes a `DorefaActivation`. Default: activations stay float.
    calibration : float tensor of shape (images, ...), optional
        Inputs of the network that are typical of its use; what activations are calibrated on.
    percentile : float, optional
        Share of each ReLU's inputs that its range covers, above 50; None: all.
    weights : {"per-tensor", "per-channel"}
        Whether the largest weight is that of a layer, as in DoReFa-Net, or of each output channel.
    layers : {"all", "conv", "linear"} or iterable of str, optional
        The layers whose weights are quantized. Default: all but the last, as in table 11 of Guesmi et al.
        (ASPLOS 2021).

    Returns
    -------
    nn.Module
        In evaluation mode; its layers are `DorefaConv1d`, `DorefaConv2d` and `DorefaLinear`.

    Raises
    ------
    AccelsimError
        If a number of bits or another argument is out of range, the network has no such layer or is
        quantized or approximate already, or activations are to be quantized without calibration data or in a
        network without `nn.ReLU`.
    """
    check_bits(weight_bits, "weights")
    check_float_net(net)
    if weights not in {"per-tensor", "per-channel"}:
        raise AccelsimError(f"weights is {weights!r}; expected per-tensor or per-channel")
    converted = copy.deepcopy(net).eval()
    chosen = selected_layers(converted, "all" if layers is None else layers)
    if layers is None:
        chosen = dict(list(chosen.items())[:-1])
    for name, layer in chosen.items():
        weight = _fitted(layer, weight_bits, per_channel=weights == "per-channel")
        _replace(converted, layer, dorefa_layer(layer, weight, name=name))
    if activation_bits is not None:
        _quantize_activations(net, converted, activation_bits, calibration, percentile)
    return converted.eval()


def _quantize_activations(
    net: nn.Module, converted: nn.Module, bits: int, calibration: Tensor | None, percentile: float | None
) -> None:
    check_bits(bits, "activations")
    if calibration is None:
        raise AccelsimError("activations are to be quantized: give calibration data")
    check_calibration(calibration)
    _check_percentile(percentile)
    original = copy.deepcopy(net).eval()
    found = {name: module for name, module in original.named_modules() if type(module) is nn.ReLU}
    if not found:
        raise AccelsimError(f"{type(net).__name__} has no nn.ReLU whose output could be quantized")
    ranges = input_ranges(original, found, calibration, percentile)
    for name, (_, high) in ranges.items():
        _replace(converted, converted.get_submodule(name), DorefaActivation(bits, high if high > 0 else 1.0))


def _fitted(layer: ReplaceableLayer, bits: int, *, per_channel: bool = False) -> DorefaWeight:
    """Return a quantizer of a layer's range, and make the layer's weight the latent one."""
    quantizer = DorefaWeight.fitted(layer.weight, bits, per_channel=per_channel)
    latent = quantizer.right_inverse(layer.weight.detach())
    layer.weight = nn.Parameter(latent, requires_grad=layer.weight.requires_grad)
    return quantizer


def _check_percentile(percentile: float | None) -> None:
    if percentile is not None and not 50 < percentile <= 100:
        raise AccelsimError(f"percentile is {percentile!r}; expected above 50, up to 100")


def _replace(net: nn.Module, module: nn.Module, other: nn.Module) -> None:
    """Put another module wherever ``module`` is a child."""
    for parent in net.modules():
        for name, child in parent._modules.items():
            if child is module:
                parent._modules[name] = other
