"""Which layers of a network are meant, and which multiplier each of them gets."""

from collections.abc import Callable, Iterable, Mapping

import torch
from torch import nn

from accelsim.dorefa_layers import DorefaConv1d, DorefaConv2d, DorefaLayer, DorefaLinear
from accelsim.errors import AccelsimError, nearest
from accelsim.float_mac_layers import ApproxFloatLayer
from accelsim.float_products import FloatProducts
from accelsim.gate_multiplier import IntegerMultiplier
from accelsim.layers import ApproxLayer
from accelsim.matrix_product import MatrixProduct
from accelsim.quantized_layer import ReplaceableLayer

__all__ = [
    "AnyMultiplier",
    "Multipliers",
    "approximate_layers",
    "lut_of_each",
    "selected_layers",
    "shown_name",
]

#: What a layer multiplies with: integers by a LUT or by gates, or floats.
AnyMultiplier = IntegerMultiplier | FloatProducts

#: One multiplier for all layers; one for each by name, or in order; or a rule that takes a layer's name and
#: the layer. None: the layer stays as it is.
Multipliers = (
    AnyMultiplier
    | Mapping[str, AnyMultiplier | None]
    | list[AnyMultiplier | None]
    | Callable[[str, nn.Module], AnyMultiplier | None]
)

_KINDS: Mapping[str, tuple[type[nn.Module], ...]] = {
    "all": (nn.Conv1d, nn.Conv2d, nn.Linear, MatrixProduct),
    "conv": (nn.Conv1d, nn.Conv2d),
    "linear": (nn.Linear, MatrixProduct),
}


_QUANTIZED: Mapping[str, tuple[type[nn.Module], ...]] = {
    "all": (DorefaConv1d, DorefaConv2d, DorefaLinear),
    "conv": (DorefaConv1d, DorefaConv2d),
    "linear": (DorefaLinear,),
}


def shown_name(name: str, layer: nn.Module) -> str:
    """Return what messages call a layer: its name in the network, or its kind if it is the whole network."""
    return name or type(layer).__name__


def approximate_layers(net: nn.Module) -> dict[str, ApproxLayer | ApproxFloatLayer]:
    """Return the approximate layers of a network by name.

    Raises
    ------
    AccelsimError
        If there is none.
    """
    found = {
        name: module
        for name, module in net.named_modules()
        if isinstance(module, ApproxLayer | ApproxFloatLayer)
    }
    if not found:
        raise AccelsimError(f"{type(net).__name__} has no approximate layer; approximate() makes them")
    return found


def selected_layers(net: nn.Module, layers: str | Iterable[str]) -> dict[str, ReplaceableLayer]:
    """Return the chosen layers by name; a layer used in several places has the name of the first.

    Only `Conv1d`, `Conv2d` and `Linear` themselves are found: what a subclass does with its weight is not
    known here. In a network with DoReFa-Net's layers these alone are found: what is float there stays so.

    Raises
    ------
    AccelsimError
        If a name is unknown or no such layer, nothing is chosen, or a chosen layer has hooks, which the layer
        that replaces it would lose, is not on the CPU, or has weights of another type than float32 and
        float64.
    """
    first_names = {id(module): name for name, module in net.named_modules()}
    modules = dict(net.named_modules(remove_duplicate=False))
    quantized = any(isinstance(module, DorefaLayer) for module in modules.values())
    kinds = _QUANTIZED if quantized else _KINDS
    found = {name: module for name, module in net.named_modules() if type(module) in kinds["all"]}
    if not found:
        raise AccelsimError(f"{type(net).__name__} has no Conv1d, Conv2d or Linear layer to replace")
    if isinstance(layers, str):
        if layers not in _KINDS:
            hint = f'; for one layer write layers=["{layers}"]' if layers in modules else ""
            raise AccelsimError(
                f'layers is "{layers}"; expected "all", "conv", "linear" or a list of layer names'
                f"{hint or nearest(layers, _KINDS)}"
            )
        chosen = {name: module for name, module in found.items() if type(module) in kinds[layers]}
        if not chosen:
            raise AccelsimError(f"{type(net).__name__} has no {layers} layer to replace")
    else:
        if not isinstance(layers, Iterable):
            raise AccelsimError(f'layers is {layers!r}; expected "all", "conv", "linear" or a list of names')
        layers = list(layers)
        for name in layers:
            if not isinstance(name, str):
                raise AccelsimError(f"layers holds {name!r}; expected names{_listing(found)}")
            if name not in modules:
                raise AccelsimError(f"the net has no layer {name!r}{nearest(name, found) or _listing(found)}")
            if quantized and type(modules[name]) in _KINDS["all"]:
                raise AccelsimError(f"layer {name} is float in a quantized net{_listing(found)}")
            if type(modules[name]) not in kinds["all"]:
                kind = type(modules[name]).__name__
                raise AccelsimError(
                    f"layer {name} is a {kind}; only Conv1d, Conv2d and Linear can be replaced"
                )
        wanted = {first_names[id(modules[name])] for name in layers}
        chosen = {name: module for name, module in found.items() if name in wanted}
        if not chosen:
            raise AccelsimError(f"layers is empty; choose from {', '.join(map(_written, found))}")
    return {name: _replaceable(shown_name(name, module), module) for name, module in chosen.items()}


def lut_of_each(lut: Multipliers, layers: Mapping[str, nn.Module]) -> dict[str, AnyMultiplier]:
    """Return the multiplier of each layer that gets one.

    Parameters
    ----------
    lut : Lut, GateMultiplier or FloatProducts, mapping of str to these, list of these, or callable
        The multiplier of all layers, of each by name or in order, or a rule that is called with each layer's
        name and the layer. Instead of one, None leaves the layer out.
    layers : mapping of str to nn.Module
        The layers by name, in order.

    Raises
    ------
    AccelsimError
        If it is none of those, the number of multipliers is not that of the layers, a layer has none in a
        mapping, a name in the mapping is not one of the layers, or every layer is left out.
    """
    names = list(layers)
    given: Mapping[str, object]
    if isinstance(lut, Mapping):
        _check_names(lut, names)
        given = lut
    elif isinstance(lut, list | tuple):
        if len(lut) != len(names):
            raise AccelsimError(
                f"{len(lut)} multipliers are given for {len(names)} layers: {', '.join(map(_written, names))}"
            )
        given = dict(zip(names, lut, strict=True))
    elif callable(lut) and not isinstance(lut, AnyMultiplier):
        given = {name: lut(name, layer) for name, layer in layers.items()}
    else:
        given = dict.fromkeys(names, _checked(lut))
    found = {name: _checked(given[name]) for name in names if given[name] is not None}
    if not found:
        raise AccelsimError(f"every layer is left without a multiplier: {', '.join(map(_written, names))}")
    return found


def _check_names(given: Mapping[str, object], names: list[str]) -> None:
    for name in given:
        if name not in names:
            hint = nearest(name, names) if isinstance(name, str) else ""
            raise AccelsimError(
                f"a multiplier is given for {name!r}, which is not among the layers chosen"
                f"{hint or _listing(names)}"
            )
    missing = [name for name in names if name not in given]
    if missing:
        raise AccelsimError(
            f"no multiplier is given for layer {', '.join(map(_written, missing))}; name it in the mapping, "
            "or choose the layers to replace with layers=[...]"
        )


def _checked(lut: object) -> AnyMultiplier:
    if isinstance(lut, AnyMultiplier):
        return lut
    if isinstance(lut, str):
        raise AccelsimError(f'the multiplier is given by name; load_lut("{lut}") makes a LUT of it')
    raise AccelsimError(
        f"the multiplier is a {type(lut).__name__}; expected a Lut, GateMultiplier or FloatProducts"
    )


def _replaceable(name: str, module: nn.Module) -> ReplaceableLayer:
    assert isinstance(module, ReplaceableLayer)
    if module._forward_hooks or module._forward_pre_hooks or "weight" not in module._parameters:
        raise AccelsimError(
            f"layer {name} has forward hooks (weight_norm and spectral_norm put them there), which would be "
            "lost; remove them first"
        )
    if module.weight.device.type != "cpu":
        raise AccelsimError(
            f"layer {name} is on {module.weight.device}; approximate layers run on the CPU, where net.cpu() "
            "puts them"
        )
    if module.weight.dtype not in {torch.float32, torch.float64}:
        raise AccelsimError(
            f"layer {name} has weights of {module.weight.dtype}; expected float32 or float64, which "
            "net.float() makes of them"
        )
    return module


def _written(name: str) -> str:
    return name or "''"


def _listing(names: Iterable[str]) -> str:
    return f"; it has {', '.join(map(_written, names))}"
