"""Conversion of a trained float network to DoReFa-Net's weights and activations, without training."""

import copy
from collections.abc import Iterable

from torch import Tensor, nn
from torch.nn.utils import parametrize

from accelsim.calibration import input_ranges
from accelsim.conversion import WeightScales, check_calibration, check_float_net
from accelsim.dorefa import DorefaActivation, DorefaWeight, check_bits
from accelsim.errors import AccelsimError
from accelsim.selection import selected_layers

__all__ = ["dorefa_network"]


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
    Straight-through gradients reach the latent weights, so that the copy can be trained further.

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
        In evaluation mode. A layer's ``weight`` is the quantized one; the latent one is in its
        ``parametrizations``.

    Raises
    ------
    AccelsimError
        If a number of bits or another argument is out of range, the network has no such layer or is
        approximate already, or activations are to be quantized without calibration data or in a network
        without `nn.ReLU`.
    """
    check_bits(weight_bits, "weights")
    check_float_net(net)
    if weights not in {"per-tensor", "per-channel"}:
        raise AccelsimError(f"weights is {weights!r}; expected per-tensor or per-channel")
    converted = copy.deepcopy(net).eval()
    chosen = selected_layers(converted, "all" if layers is None else layers)
    if layers is None:
        chosen = dict(list(chosen.items())[:-1])
    for layer in chosen.values():
        fitted = DorefaWeight.fitted(layer.weight, weight_bits, per_channel=weights == "per-channel")
        parametrize.register_parametrization(layer, "weight", fitted)
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
    if percentile is not None and not 50 < percentile <= 100:
        raise AccelsimError(f"percentile is {percentile!r}; expected above 50, up to 100")
    original = copy.deepcopy(net).eval()
    found = {name: module for name, module in original.named_modules() if type(module) is nn.ReLU}
    if not found:
        raise AccelsimError(f"{type(net).__name__} has no nn.ReLU whose output could be quantized")
    ranges = input_ranges(original, found, calibration, percentile)
    for name, (_, high) in ranges.items():
        activation = DorefaActivation(bits, high if high > 0 else 1.0)
        for holder in _holders(converted, converted.get_submodule(name)):
            setattr(*holder, activation)


def _holders(net: nn.Module, module: nn.Module) -> list[tuple[nn.Module, str]]:
    """Return each module that has ``module`` as a child, and the child's name."""
    return [
        (parent, name)
        for parent in net.modules()
        for name, child in parent._modules.items()
        if child is module
    ]
