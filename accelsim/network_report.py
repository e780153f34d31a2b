"""What became of each layer of a network, and what of it still multiplies exactly."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from torch import Tensor, nn
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

from accelsim.batch_norms import BATCH_NORMS
from accelsim.calibration import run_batches
from accelsim.errors import AccelsimError
from accelsim.float_mac_layers import ApproxFloatConv, ApproxFloatLayer
from accelsim.functional_layers import call_stack, why_exact
from accelsim.layers import ApproxConv2d, ApproxLayer
from accelsim.quantized_layer import ReplaceableLayer
from accelsim.selection import approximate_layers
from accelsim.tracing import traced_parts

__all__ = ["ExactOperation", "LayerReport", "exact_operations", "layer_report"]


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
        Quantization of the input; 1 and 0 in a layer on a float multiplier, which quantizes nothing.
    weight_scales, weight_zero_points : tuple
        Quantization of the weight: one entry, or one per output channel.
    multiplier : str
        Name of the multiplier.
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
    weight_zero_points: tuple[float, ...]
    multiplier: str
    activation_operand: str


@dataclass(frozen=True)
class ExactOperation:
    """One operation of a network that multiplies, and not on an approximate multiplier.

    Parameters
    ----------
    name : str
        The layer, or the module and the function that it calls (``attention.matmul``).
    kind : str
        Type of the layer, or name of the function.
    multiplications : int
        Multiplications, over all calls.
    reason : str
        Why it is exact.
    """

    name: str
    kind: str
    multiplications: int
    reason: str


def layer_report(net: nn.Module) -> list[LayerReport]:
    """Return one row per approximate layer, in the order of the network's modules.

    Raises
    ------
    AccelsimError
        If the network is not approximate, or was converted without an image.
    """
    return [_row(name, layer) for name, layer in approximate_layers(net).items()]


def _row(name: str, layer: ApproxLayer | ApproxFloatLayer) -> LayerReport:
    if not layer.calls:
        raise AccelsimError(f"the shapes of layer {name} are unknown: give approximate() a calibration image")
    activation: tuple[float, int] = (1.0, 0)
    scales: tuple[float, ...] = (1.0,)
    zero_points: tuple[float, ...] = (0,)
    if isinstance(layer, ApproxLayer):
        activation = float(layer.activation_scale), int(layer.activation_zero_point)
        scales = tuple(layer.weight_scale.reshape(-1).tolist())
        zero_points = tuple(layer.weight_zero_point.reshape(-1).tolist())
    return LayerReport(
        name=name,
        kind="conv" if isinstance(layer, ApproxConv2d | ApproxFloatConv) else "linear",
        input_shape=layer.calls[0].input_shape,
        output_shape=layer.calls[0].output_shape,
        macs_per_image=sum(call.macs for call in layer.calls),
        activation_scale=activation[0],
        activation_zero_point=activation[1],
        weight_scales=scales,
        weight_zero_points=zero_points,
        multiplier=layer.lut.name if isinstance(layer, ApproxLayer) else layer.multiplier.name,
        activation_operand=layer.activation_operand,
    )


def exact_operations(net: nn.Module, images: Tensor) -> list[ExactOperation]:
    """Return what multiplies exactly while images pass through a network, in order.

    Whatever code calls it, everything that PyTorch runs is seen: convolutions, matrix and element-wise
    products, attention, recurrent layers and normalisations. Not listed are divisions (average pooling is
    sums and one division by a constant), functions such as exponentials, and the rescaling of an approximate
    layer's integers.

    Parameters
    ----------
    net : nn.Module
        A network, of `approximate` or any other; it runs in the mode that it is in.
    images : float tensor of shape (images, ...)
        Its input.

    Raises
    ------
    AccelsimError
        If they do not fit the network.
    """
    seen: dict[str, ExactOperation] = {}
    untraceable = traced_parts(net).reasons
    with call_stack(net) as stack:
        functions = _Functions(list(net.parameters()))

        def see(operation: str, count: int) -> None:
            path, module = stack[-1] if stack else ("", net)
            if isinstance(module, ApproxLayer | ApproxFloatLayer):
                return  # what it computes exactly is part of the layer
            fixed = type(module).__module__.startswith("torch.nn.")
            function = functions.name or operation
            name = path if fixed else f"{path}.{function}".lstrip(".")
            if name in seen:
                seen[name] = replace(seen[name], multiplications=seen[name].multiplications + count)
                return
            reason = functions.reason
            if fixed:
                reason = _reason_of_layer(module, [each for _, each in stack], untraceable)
            kind = type(module).__name__ if fixed else function
            seen[name] = ExactOperation(name or kind, kind, count, reason)

        with functions, _Multiplications(see):
            run_batches(net, images)
    return list(seen.values())


def _reason_of_layer(layer: nn.Module, callers: list[nn.Module], untraceable: Mapping[nn.Module, str]) -> str:
    if type(layer) in BATCH_NORMS:
        for caller in callers:
            if caller in untraceable:
                return f"not folded, as {type(caller).__name__} cannot be traced: {untraceable[caller]}"
        return "not folded into a convolution or linear layer that alone passes it its input"
    if isinstance(layer, ReplaceableLayer):
        return "not among the layers chosen"
    return f"{type(layer).__name__} has no approximate counterpart"


class _Functions(TorchFunctionMode):
    """Knows which function the network has called, and why it is no layer."""

    def __init__(self, parameters: list[nn.Parameter]) -> None:
        super().__init__()
        self._parameters = parameters
        self.name, self.reason = "", ""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        before = self.name, self.reason
        self.name = getattr(func, "__name__", "").strip("_")
        why = why_exact(func, args, kwargs or {}, self._parameters)
        self.reason = why or f"{self.name} has no approximate counterpart"
        try:
            return func(*args, **(kwargs or {}))
        finally:
            self.name, self.reason = before


class _Multiplications(TorchDispatchMode):  # type: ignore[no-untyped-call]  # untyped in torch
    """Shows which operations multiply, and how often."""

    def __init__(self, see: Callable[[str, int], None]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._see = see

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        output = func(*args, **(kwargs or {}))
        name = func.overloadpacket.__name__.rstrip("_")
        if name in _COUNTS:
            count = _COUNTS[name](output[0] if isinstance(output, tuple) else output, args)
            if count:
                self._see(name, count)
        return output


def _convolution(output: Tensor, args: Any) -> int:
    input, weight, transposed = args[0], args[1], len(args) > 6 and args[6]
    return int((input if transposed else output).numel() * weight[0].numel())


def _matrix_product(at: int) -> Callable[[Tensor, Any], int]:
    """Return the count of a product whose first factor is argument ``at``."""
    return lambda output, args: output.numel() * int(args[at].shape[-1])


def _attention(output: Tensor, args: Any) -> int:
    query, key, value = args[:3]
    per_pair = query.shape[-1] + value.shape[-1]
    return int(math.prod(query.shape[:-1]) * key.shape[-2] * per_pair)


def _recurrent(output: Tensor, args: Any) -> int:
    input, of_input, of_state = args[:3]
    steps = input.numel() // input.shape[-1]
    return int(steps * (of_input.numel() + of_state.numel()))


def _power(output: Tensor, args: Any) -> int:
    """Count whole powers, multiplied up; others are logarithms and exponentials."""
    exponent = args[1]
    whole = not isinstance(args[0], int | float) and not isinstance(exponent, Tensor) and exponent % 1 == 0
    return output.numel() * max(0, int(exponent) - 1) if whole else 0


def _each(output: Tensor, args: Any) -> int:
    return output.numel()


#: Multiplications of PyTorch's operations, by name, from output and arguments.
_COUNTS: Mapping[str, Callable[[Tensor, Any], int]] = {
    "convolution": _convolution,
    **dict.fromkeys(("mm", "bmm", "mv", "dot", "linear"), _matrix_product(0)),
    **dict.fromkeys(("addmm", "addmv", "baddbmm"), _matrix_product(1)),
    **dict.fromkeys(
        ("_scaled_dot_product_flash_attention_for_cpu", "_scaled_dot_product_flash_attention",
         "_scaled_dot_product_efficient_attention", "_scaled_dot_product_attention_math"),
        _attention,
    ),
    "mkldnn_rnn_layer": _recurrent,
    "pow": _power,
    **dict.fromkeys(
        ("mul", "addcmul", "lerp", "native_batch_norm", "_native_batch_norm_legit",
         "_native_batch_norm_legit_no_training", "native_layer_norm", "native_group_norm"),
        _each,
    ),
}  # fmt: skip
