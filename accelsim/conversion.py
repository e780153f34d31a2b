"""Conversion of a PyTorch network to one on approximate multipliers, and what became of each layer."""

import copy
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import torch
from torch import Tensor, nn

from accelsim.accumulator import Accumulator
from accelsim.calibration import input_ranges, own_errors
from accelsim.errors import AccelsimError, nearest
from accelsim.gemm import check_multiplier
from accelsim.layers import ActivationOperand, ApproxConv2d, ApproxLayer, approximate_layer
from accelsim.lut import Lut
from accelsim.quantization import quant_params, weight_params
from accelsim.selection import lut_of_each, selected_layers, shown_name

__all__ = [
    "Calibrator",
    "LayerReport",
    "WeightScales",
    "approximate",
    "check_calibration",
    "check_choices",
    "check_float_net",
    "layer_report",
    "swap_lut",
]

WeightScales = Literal["per-tensor", "per-channel"]
Calibrator = Literal["min-max", "percentile"]


@dataclass(frozen=True)
class LayerReport:
    """One approximate layer of a network.

    Parameters
    ----------
    name : str
        Where the layer is in the network (the first place of a shared one).
    kind : {"conv", "linear"}
        Convolution or fully connected.
    input_shape, output_shape : tuple of int
        Shapes for one image, without the batch; those of the first call if there are several.
    macs_per_image : int
        Products per image, over all calls; padded pixels included.
    activation_scale, activation_zero_point
        Quantization of the input.
    weight_scales, weight_zero_points : tuple
        Quantization of the weight: one entry, or one per output channel.
    multiplier : str
        Name of the LUT.
    activation_operand : {"a", "b"}
        Operand of the multiplier that the activation goes to.
    """

    name: str
    kind: Literal["conv", "linear"]
    input_shape: tuple[int, ...]
    output_shape: tuple[int, ...]
    macs_per_image: int
    activation_scale: float
    activation_zero_point: int
    weight_scales: tuple[float, ...]
    weight_zero_points: tuple[int, ...]
    multiplier: str
    activation_operand: ActivationOperand


def approximate(
    net: nn.Module,
    lut: Lut | Mapping[str, Lut],
    *,
    calibration: Tensor,
    layers: str | Iterable[str] = "all",
    activation_operand: ActivationOperand = "a",
    weights: WeightScales = "per-tensor",
    calibrator: Calibrator = "min-max",
    percentile: float = 99.9,
    accumulator: Accumulator | None = None,
) -> nn.Module:
    """Return a quantized copy of a network in which layers run on an approximate multiplier.

    Calibration data runs through the float network (in eval mode); each chosen layer's input and weight are
    quantized to the widths of the multiplier's operands, affine for an unsigned multiplier and symmetric for
    a signed one, and the layer becomes an `ApproxConv2d` or `ApproxLinear`. Other layers stay float.

    Parameters
    ----------
    net : nn.Module
        The float network; it is not changed.
    lut : Lut, or mapping of str to Lut
        The multiplier of all layers, or of each chosen layer by name.
    calibration : float tensor of shape (images, ...)
        Inputs of the network that are typical of its use.
    layers : {"all", "conv", "linear"} or iterable of str
        Which `Conv2d` and `Linear` layers to replace: all, those of one kind, or those named.
    activation_operand : {"a", "b"}
        The multiplier's operand that activations go to; most approximate multipliers do not commute.
    weights : {"per-tensor", "per-channel"}
        One weight scale and zero point per layer, or per output channel; they cover all weights. They stay
        as they are when the network is trained further: a weight that leaves the range saturates.
    calibrator : {"min-max", "percentile"}
        Whether activation ranges cover all values, or leave out ``100 - percentile`` percent at either end.
    percentile : float
        Above 50, up to 100.
    accumulator : Accumulator, optional
        What the products are summed in, one after another; default: 32 bits, and a layer whose sums could
        overflow them is refused.

    Returns
    -------
    nn.Module
        In eval mode. A module used in several places remains one module.

    Raises
    ------
    AccelsimError
        If an argument is not one of those above, the calibration data is empty, not finite or does not fit
        the network, a layer is not reached by it or bypassed, a layer cannot be replaced, is not on the CPU
        or not of float32 or float64, or the network has no layer to replace or is approximate already.
    """
    check_choices(activation_operand, weights, calibrator, percentile)
    check_float_net(net)
    check_calibration(calibration)
    converted = copy.deepcopy(net).eval()
    chosen = selected_layers(converted, layers)
    luts = lut_of_each(lut, chosen)
    for name, layer in chosen.items():
        where = f"layer {shown_name(name, layer)}"
        check_multiplier(luts[name], layer.weight[0].numel(), where, accumulator)
    ranges = input_ranges(converted, chosen, calibration, percentile if calibrator == "percentile" else None)
    replacements: dict[nn.Module, ApproxLayer] = {}
    for name, layer in chosen.items():
        own = luts[name]
        bits = (own.a_width, own.b_width) if activation_operand == "a" else (own.b_width, own.a_width)
        replacements[layer] = approximate_layer(
            layer,
            own,
            quant_params(*ranges[name], bits[0], own.signed),
            weight_params(
                layer.weight.detach().numpy(), bits[1], own.signed, per_channel=weights == "per-channel"
            ),
            activation_operand=activation_operand,
            accumulator=accumulator,
            name=shown_name(name, layer),
        )
    converted = _replaced(converted, replacements).eval()
    _record_calls(converted, calibration[:1])
    return converted


def swap_lut(net: nn.Module, lut: Lut | Mapping[str, Lut]) -> nn.Module:
    """Return a copy of an approximate network on another multiplier, with the same calibration.

    Parameters
    ----------
    net : nn.Module
        A network from `approximate`; it is not changed. The copy shares its float parameters.
    lut : Lut, or mapping of str to Lut
        The new multiplier of all approximate layers, or of each by name.

    Raises
    ------
    AccelsimError
        If the network is not approximate, or a multiplier's widths or signedness are not the old one's.
    """
    luts = lut_of_each(lut, _approximate_layers(net))
    swapped = copy.deepcopy(net, {id(parameter): parameter for parameter in net.parameters()})
    for name, layer in _approximate_layers(swapped).items():
        layer.set_multiplier(luts[name])
    return swapped


def layer_report(net: nn.Module) -> list[LayerReport]:
    """Return one row per approximate layer, in the order of the network's modules.

    Raises
    ------
    AccelsimError
        If the network is not approximate.
    """
    return [
        LayerReport(
            name=name,
            kind="conv" if isinstance(layer, ApproxConv2d) else "linear",
            input_shape=layer.calls[0].input_shape,
            output_shape=layer.calls[0].output_shape,
            macs_per_image=sum(call.macs for call in layer.calls),
            activation_scale=float(layer.activation_scale),
            activation_zero_point=int(layer.activation_zero_point),
            weight_scales=tuple(layer.weight_scale.reshape(-1).tolist()),
            weight_zero_points=tuple(layer.weight_zero_point.reshape(-1).tolist()),
            multiplier=layer.lut.name,
            activation_operand=layer.activation_operand,
        )
        for name, layer in _approximate_layers(net).items()
    ]


def _approximate_layers(net: nn.Module) -> dict[str, ApproxLayer]:
    found = {name: module for name, module in net.named_modules() if isinstance(module, ApproxLayer)}
    if not found:
        raise AccelsimError(f"{type(net).__name__} has no approximate layer; approximate() makes them")
    return found


def _replaced(net: nn.Module, replacements: Mapping[nn.Module, ApproxLayer]) -> nn.Module:
    if net in replacements:
        return replacements[net]
    for parent in net.modules():
        for name, child in list(parent._modules.items()):
            if child is not None and child in replacements:
                setattr(parent, name, replacements[child])
    return net


def _record_calls(net: nn.Module, image: Tensor) -> None:
    """Run one image, so that each layer knows its shapes and none is found to be bypassed later.

    Without hooks: they would keep `nn.TransformerEncoderLayer` from the path on which it bypasses layers.
    """
    layers = _approximate_layers(net)
    for layer in layers.values():
        layer.records_calls = True
    with torch.no_grad(), own_errors("the net does not run on approximate layers"):
        net(image)
    for layer in layers.values():
        layer.records_calls = False
    for name, layer in layers.items():
        if not layer.calls:
            raise AccelsimError(
                f"layer {name} is bypassed: the net uses its weight without calling it; leave it out with "
                "layers=[...]"
            )


def check_choices(
    activation_operand: ActivationOperand, weights: WeightScales, calibrator: Calibrator, percentile: float
) -> None:
    """Raise unless these arguments of `approximate` are among those it takes."""
    _check_choice("activation_operand", activation_operand, get_args(ActivationOperand))
    _check_choice("weights", weights, get_args(WeightScales))
    _check_choice("calibrator", calibrator, get_args(Calibrator))
    if not isinstance(percentile, int | float | np.floating) or not 50 < percentile <= 100:
        raise AccelsimError(f"percentile is {percentile!r}; expected above 50, up to 100")


def check_float_net(net: nn.Module) -> None:
    """Raise unless this is a network without approximate layers."""
    if not isinstance(net, nn.Module):
        raise AccelsimError(f"the net is a {type(net).__name__}; expected a torch.nn.Module")
    if any(isinstance(module, ApproxLayer) for module in net.modules()):
        raise AccelsimError(
            "the net is approximate already; start from the float net, or change the multiplier with swap_lut"
        )


def check_calibration(calibration: Tensor) -> None:
    """Raise unless this can be calibration data."""
    if not isinstance(calibration, Tensor):
        raise AccelsimError(f"calibration data is a {type(calibration).__name__}; expected a torch.Tensor")
    if calibration.device.type != "cpu":
        raise AccelsimError(f"calibration data is on {calibration.device}; approximate layers run on the CPU")
    if calibration.dim() == 0 or calibration.numel() == 0:
        raise AccelsimError(f"calibration data of shape {tuple(calibration.shape)} is empty")
    if not torch.isfinite(calibration).all():
        raise AccelsimError("calibration data holds NaN or infinity")


def _check_choice(what: str, given: object, choices: tuple[str, ...]) -> None:
    if given not in choices:
        raise AccelsimError(
            f"{what} is {given!r}; expected {' or '.join(choices)}{nearest(str(given), choices)}"
        )
