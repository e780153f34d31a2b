"""Conversion of a PyTorch network to one on approximate multipliers."""

import copy
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Literal, get_args

import numpy as np
import torch
from torch import Tensor, nn

from accelsim.accumulator import Accumulator
from accelsim.approx_dorefa_layers import approximate_dorefa_layer
from accelsim.batch_norms import fold_batch_norms
from accelsim.calibration import input_ranges
from accelsim.dorefa_layers import DorefaLayer
from accelsim.errors import AccelsimError, nearest, own_errors
from accelsim.float_mac_layers import ApproxFloatLayer, approximate_float_layer
from accelsim.float_products import FloatProducts
from accelsim.functional_layers import make_functional_layers
from accelsim.gate_multiplier import IntegerMultiplier
from accelsim.gemm import check_multiplier
from accelsim.layers import (
    ActivationOperand,
    ApproxLayer,
    Gradient,
    LayerOptions,
    approximate_layer,
)
from accelsim.matrix_product import MatrixProduct
from accelsim.quantization import quant_params, weight_params
from accelsim.quantized_layer import ReplaceableLayer
from accelsim.selection import Multipliers, approximate_layers, lut_of_each, selected_layers, shown_name
from accelsim.smoothed_difference import SmoothedDifference

__all__ = [
    "Calibrator",
    "WeightScales",
    "approximate",
    "check_calibration",
    "check_choices",
    "check_float_net",
    "swap_lut",
]

WeightScales = Literal["per-tensor", "per-channel"]
Calibrator = Literal["min-max", "percentile"]


def approximate(
    net: nn.Module,
    lut: Multipliers,
    *,
    calibration: Tensor | None = None,
    layers: str | Iterable[str] = "all",
    activation_operand: ActivationOperand = "a",
    weights: WeightScales = "per-tensor",
    calibrator: Calibrator = "min-max",
    percentile: float = 99.9,
    accumulator: Accumulator | None = None,
    gradient: Gradient = "straight-through",
    fold_batch_norm: bool = True,
) -> nn.Module:
    """Return a quantized copy of a network in which layers run on an approximate multiplier.

    Calibration data runs through the float network (in eval mode); each chosen layer's input and weight are
    quantized to the widths of the multiplier's operands, affine for an unsigned multiplier and symmetric for
    a signed one, and the layer becomes an `ApproxConv1d`, `ApproxConv2d` or `ApproxLinear`. A convolution or
    linear function that a module calls on a parameter, such as ``F.conv2d(x, self.weight)`` or
    ``x @ self.weight``, becomes a layer of that module, named after the function. Everything else stays
    float; `accelsim.exact_operations` lists what of it multiplies.

    A layer on a float multiplier is not quantized: it becomes an `ApproxFloatConv` or `ApproxFloatLinear`.
    In a network from `quantization_aware` its quantized layers are put on the multiplier with the levels that
    they have, whose widths the operands must hold; nothing is calibrated, and its float layers stay float.

    The network keeps its classes, names and control flow. `torch.fx` traces it to find the batch
    normalisation that alone takes the output of a chosen layer; it is folded into the layer, and an
    `nn.Identity` takes its place. In what cannot be traced (control flow that depends on data) layers are
    replaced all the same, and batch normalisation stays float.

    Parameters
    ----------
    net : nn.Module
        The float network; it is not changed.
    lut : Lut, GateMultiplier or FloatProducts, mapping of str to these, list of these, or callable
        The multiplier of all chosen layers, of each by name or in order, or a rule that is called with each
        layer's name and the float layer. Instead of one, None leaves the layer float.
    calibration : float tensor of shape (images, ...), optional
        Inputs of the network that are typical of its use. May be left out where all multipliers are those of
        floats; then functions on parameters and batch normalisation stay exact, and there is no
        `layer_report`: one image is enough for these.
    layers : {"all", "conv", "linear"} or iterable of str
        Which convolution (1-D and 2-D) and linear layers to replace: all, those of one kind, or those named.
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
    gradient : "straight-through" or SmoothedDifference
        The surrogate for training and attacks: the gradients of the exact float layers, or those that follow
        each multiplier's own products.
    fold_batch_norm : bool
        Whether batch normalisation becomes part of the layers before it, as on an accelerator.

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
    _check_exact_net(net)
    if calibration is not None:
        check_calibration(calibration)
    if gradient != "straight-through" and not isinstance(gradient, SmoothedDifference):
        raise AccelsimError(f'gradient is {gradient!r}; expected "straight-through" or SmoothedDifference()')
    with own_errors("the net cannot be copied"):
        converted = copy.deepcopy(net).eval()
    if calibration is not None:
        with suppress(AccelsimError):  # a net that does not run is refused below, by a message on what it is
            make_functional_layers(converted, calibration[:1])
    chosen = selected_layers(converted, layers)
    multipliers = lut_of_each(lut, chosen)
    chosen = {name: chosen[name] for name in multipliers}
    to_quantize = {
        name: chosen[name]
        for name, own in multipliers.items()
        if isinstance(own, IntegerMultiplier) and not isinstance(chosen[name], DorefaLayer)
    }
    for name, own in multipliers.items():
        where = f"layer {shown_name(name, chosen[name])}"
        if isinstance(own, IntegerMultiplier):
            check_multiplier(own, _rows(chosen[name])[0].numel(), where, accumulator)
            if calibration is None and name in to_quantize:
                raise AccelsimError(f"{where} is to be quantized for {own.name}: give calibration data")
        elif isinstance(chosen[name], DorefaLayer):
            raise AccelsimError(f"{where} has integer levels as in DoReFa-Net; {own.name} multiplies floats")
        elif gradient != "straight-through":
            raise AccelsimError(f'{where} multiplies floats ({own.name}): its gradient is "straight-through"')
    if fold_batch_norm and calibration is not None:
        fold_batch_norms(converted, chosen.values(), calibration[:1])
    ranges = {}
    if calibration is not None and to_quantize:
        clipped = percentile if calibrator == "percentile" else None
        ranges = input_ranges(converted, to_quantize, calibration, clipped)
    replacements: dict[nn.Module, ApproxLayer | ApproxFloatLayer] = {}
    for name, layer in chosen.items():
        own, shown = multipliers[name], shown_name(name, layer)
        if isinstance(own, FloatProducts):
            replacements[layer] = approximate_float_layer(
                layer, own, activation_operand=activation_operand, name=shown
            )
            continue
        options = LayerOptions(
            activation_operand=activation_operand, accumulator=accumulator, gradient=gradient, name=shown
        )
        if isinstance(layer, DorefaLayer):
            replacements[layer] = approximate_dorefa_layer(layer, own, **options)
            continue
        bits = (own.a_width, own.b_width) if activation_operand == "a" else (own.b_width, own.a_width)
        replacements[layer] = approximate_layer(
            layer,
            own,
            quant_params(*ranges[name], bits[0], own.signed),
            weight_params(_rows(layer).numpy(), bits[1], own.signed, per_channel=weights == "per-channel"),
            **options,
        )
    converted = _replaced(converted, replacements).eval()
    if calibration is not None:
        _record_calls(converted, calibration[:1])
    return converted


def _rows(layer: ReplaceableLayer) -> Tensor:
    """Return the weight with one row per output."""
    weight = layer.weight.detach()
    return weight.T if isinstance(layer, MatrixProduct) else weight


def swap_lut(net: nn.Module, lut: Multipliers) -> nn.Module:
    """Return a copy of an approximate network on another multiplier, with the same calibration.

    Parameters
    ----------
    net : nn.Module
        A network from `approximate`; it is not changed. The copy shares its float parameters.
    lut : Lut, GateMultiplier or FloatProducts, mapping of str to these, list of these, or callable
        The new multiplier of all approximate layers, of each by name or in order, or a rule that takes a
        layer's name and the approximate layer. None: the layer keeps its multiplier.

    Raises
    ------
    AccelsimError
        If the network is not approximate, or a multiplier's widths or signedness are not the old one's, or
        only one of both multiplies floats.
    """
    luts = lut_of_each(lut, approximate_layers(net))
    swapped = copy.deepcopy(net, {id(parameter): parameter for parameter in net.parameters()})
    layers = approximate_layers(swapped)
    for name, new in luts.items():
        layer = layers[name]
        if isinstance(layer, ApproxLayer) and isinstance(new, IntegerMultiplier):
            layer.set_multiplier(new)
        elif isinstance(layer, ApproxFloatLayer) and isinstance(new, FloatProducts):
            layer.multiplier = new
        else:
            kind = "integers" if isinstance(layer, ApproxLayer) else "floats"
            raise AccelsimError(
                f"layer {name} multiplies {kind}, and {new.name} does not; start from the float net"
            )
    return swapped


def _replaced(net: nn.Module, replacements: Mapping[nn.Module, nn.Module]) -> nn.Module:
    if net in replacements:
        return replacements[net]
    for parent in net.modules():
        for name, child in list(parent._modules.items()):
            if child is not None and child in replacements:
                setattr(parent, name, replacements[child])
    return net


def _record_calls(net: nn.Module, image: Tensor) -> None:
    """Run one image, so that each layer knows its shapes and none is found to be bypassed later.

    Layers compute exact products meanwhile: only shapes matter, and codes of the weights would take memory
    beside the float net. Without hooks, which would keep `nn.TransformerEncoderLayer` from the path on which
    it bypasses layers.
    """
    layers = approximate_layers(net)
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
    """Raise unless this is a network without approximate and quantized layers."""
    _check_exact_net(net)
    if any(isinstance(module, DorefaLayer) for module in net.modules()):
        raise AccelsimError("the net is quantized already, as in DoReFa-Net; start from the float net")


def _check_exact_net(net: nn.Module) -> None:
    if not isinstance(net, nn.Module):
        raise AccelsimError(f"the net is a {type(net).__name__}; expected a torch.nn.Module")
    if any(isinstance(module, ApproxLayer | ApproxFloatLayer) for module in net.modules()):
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
