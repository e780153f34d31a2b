"""Which layers and functions of a PyTorch network have an integer counterpart."""

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import fx, nn

from accelsim.errors import AccelsimError

__all__ = [
    "Addition",
    "Concatenation",
    "FloatOperation",
    "Padding",
    "Reshaping",
    "Selection",
    "float_operation",
    "is_dropped",
    "not_covered",
]


@dataclass(frozen=True)
class Addition:
    """The sum of two tensors."""


@dataclass(frozen=True)
class Concatenation:
    """Tensors one after another along the channels."""


@dataclass(frozen=True)
class Reshaping:
    """The same values in another shape, images apart."""


@dataclass(frozen=True)
class Padding:
    """Zeros around the values; ``widths`` before and after, per dimension after that of the images."""

    widths: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Selection:
    """Some of the values; ``index`` has a slice per dimension after that of the images."""

    index: tuple[slice, ...]


#: A layer of PyTorch, or what it has a function or an operator for but no layer.
FloatOperation = nn.Module | Addition | Concatenation | Reshaping | Padding | Selection

_COVERED = (
    "Conv2d, Linear, BatchNorm1d, BatchNorm2d, ReLU, ReLU6, MaxPool2d, AvgPool2d, AdaptiveAvgPool2d, "
    "Flatten, ZeroPad2d, Dropout, Identity, additions, concatenations of channels, means over space, "
    "reshapes and slices"
)
_DROPPED = (nn.Identity, nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.Dropout3d, nn.AlphaDropout)


class _NotCoveredError(Exception):
    """What is not covered about a layer."""


def is_dropped(node: fx.Node, modules: Mapping[str, nn.Module]) -> bool:
    """Return whether a step of a network in evaluation mode passes on its input as it is."""
    if node.op == "call_module":
        return type(modules[str(node.target)]) in _DROPPED
    if node.op == "call_method":
        return node.target in {"contiguous", "detach", "clone"}
    if node.op == "call_function" and node.target in {F.dropout, F.dropout2d}:
        training = node.args[2] if len(node.args) > 2 else node.kwargs.get("training", True)
        return not training
    return False


def float_operation(node: fx.Node, modules: Mapping[str, nn.Module], name: str) -> FloatOperation:
    """Return what a step of a traced network does.

    Parameters
    ----------
    node : fx.Node
        The step; ``meta["shape"]`` of the steps it depends on is their shape, images first.
    modules : mapping of str to nn.Module
        The layers of the network.
    name : str
        Name of the step in error messages.

    Raises
    ------
    AccelsimError
        If it has no integer counterpart; names the step and its type.
    """
    try:
        return _of_node(node, modules)
    except _NotCoveredError as refused:
        raise not_covered(node, modules, name, str(refused)) from None
    except TypeError:
        raise not_covered(node, modules, name, "has arguments that are not covered") from None


def _of_node(node: fx.Node, modules: Mapping[str, nn.Module]) -> FloatOperation:
    if any(source.op == "get_attr" for source in node.all_input_nodes):
        raise _NotCoveredError("takes a parameter of the net")
    if node.op == "call_module":
        operation = _of_module(modules[str(node.target)])
    elif node.target in _FUNCTIONS:
        operation = _FUNCTIONS[node.target](*node.args, **node.kwargs)
    else:
        raise _NotCoveredError("")
    _check_shapes(operation, node.all_input_nodes[0].meta["shape"], node.meta["shape"])
    return operation


def _check_shapes(
    operation: FloatOperation, input_shape: tuple[int, ...], output_shape: tuple[int, ...]
) -> None:
    if output_shape[:1] != input_shape[:1]:
        raise _NotCoveredError("mixes images")
    if isinstance(operation, nn.Linear) and len(input_shape) != 2:
        raise _NotCoveredError(f"takes an input of shape {input_shape[1:]} per image")
    if isinstance(operation, nn.AdaptiveAvgPool2d):
        sizes = list(zip(input_shape[2:], output_shape[2:], strict=False))
        if any(size % count for size, count in sizes):
            raise _NotCoveredError(
                f"takes means over {input_shape[2:]} pixels in {output_shape[2:]} unequal parts"
            )


def not_covered(node: fx.Node, modules: Mapping[str, nn.Module], name: str, why: str = "") -> AccelsimError:
    """Return the error of a step without an integer counterpart, for a reason other than its type perhaps."""
    if node.op == "call_module":
        kind = type(modules[str(node.target)]).__name__
    else:
        kind = node.target if isinstance(node.target, str) else getattr(node.target, "__name__", "function")
    what = f"layer {name} ({kind}) {why}" if why else f"layer {name} is of type {kind}"
    can = "" if why else f"; it can do {_COVERED}"
    return AccelsimError(f"{what}, which an integer-only network cannot do{can}")


def _of_module(module: nn.Module) -> FloatOperation:
    kind = type(module)
    if kind is nn.Conv2d and module.padding_mode != "zeros":
        raise _NotCoveredError(f"has padding mode {module.padding_mode!r}")
    if kind in {nn.BatchNorm1d, nn.BatchNorm2d} and module.running_mean is None:
        raise _NotCoveredError("has no running statistics")
    if kind is nn.MaxPool2d and module.return_indices:
        raise _NotCoveredError("returns indices")
    if kind is nn.AvgPool2d and module.divisor_override is not None:
        raise _NotCoveredError("has a divisor of its own")
    if kind is nn.ZeroPad2d:
        return _pad(None, module.padding)
    if kind in {nn.Flatten, nn.Unflatten}:
        return Reshaping()
    if kind in {
        nn.Conv2d, nn.Linear, nn.BatchNorm1d, nn.BatchNorm2d, nn.ReLU, nn.ReLU6, nn.MaxPool2d, nn.AvgPool2d,
        nn.AdaptiveAvgPool2d,
    }:  # fmt: skip
        return module
    raise _NotCoveredError("")


def _relu(input: fx.Node, inplace: bool = False) -> FloatOperation:
    return nn.ReLU()


def _relu6(input: fx.Node, inplace: bool = False) -> FloatOperation:
    return nn.ReLU6()


def _max_pool(
    input: fx.Node, kernel_size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1,
    ceil_mode: bool = False, return_indices: bool = False,
) -> FloatOperation:  # fmt: skip
    return _of_module(nn.MaxPool2d(kernel_size, stride or None, padding, dilation, return_indices, ceil_mode))


def _average_pool(
    input: fx.Node, kernel_size: Any, stride: Any = None, padding: Any = 0, ceil_mode: bool = False,
    count_include_pad: bool = True, divisor_override: int | None = None,
) -> FloatOperation:  # fmt: skip
    return _of_module(
        nn.AvgPool2d(kernel_size, stride or None, padding, ceil_mode, count_include_pad, divisor_override)
    )


def _adaptive_average_pool(input: fx.Node, output_size: Any) -> FloatOperation:
    return nn.AdaptiveAvgPool2d(output_size)


def _mean(input: fx.Node, dim: Any = None, keepdim: bool = False) -> FloatOperation:
    dimensions = len(input.meta["shape"])
    over = {d % dimensions for d in (dim if isinstance(dim, list | tuple) else [dim]) if d is not None}
    if dimensions != 4 or over != {2, 3}:
        raise _NotCoveredError(f"takes the mean over dimensions {dim}")
    return nn.AdaptiveAvgPool2d(1)


def _add(input: fx.Node, other: fx.Node, *, alpha: float = 1) -> FloatOperation:
    if not all(isinstance(term, fx.Node) for term in (input, other)) or alpha != 1:
        raise _NotCoveredError("adds a constant or a multiple")
    if input.meta["shape"] != other.meta["shape"]:
        raise _NotCoveredError("adds tensors of different shapes")
    return Addition()


def _concatenate(tensors: Any, dim: int = 0) -> FloatOperation:
    if dim % len(tensors[0].meta["shape"]) != 1:
        raise _NotCoveredError(f"concatenates along dimension {dim}")
    return Concatenation()


def _reshape(input: fx.Node, *sizes: Any, **named: Any) -> FloatOperation:
    return Reshaping()


def _pad(input: Any, pad: Any, mode: str = "constant", value: float | None = None) -> FloatOperation:
    if mode != "constant" or value or min(pad) < 0:
        raise _NotCoveredError(f"pads {tuple(pad)} in mode {mode!r} with {value}")
    return Padding(tuple(zip(pad[::2], pad[1::2], strict=True))[::-1])


def _select(input: fx.Node, index: Any) -> FloatOperation:
    given = list(index) if isinstance(index, tuple) else [index]
    dimensions = len(input.meta["shape"])
    if Ellipsis in given:
        at = given.index(Ellipsis)
        given[at : at + 1] = [slice(None)] * (dimensions - len(given) + 1)
    given += [slice(None)] * (dimensions - len(given))
    if given[0] != slice(None) or not all(isinstance(part, slice) for part in given):
        raise _NotCoveredError(f"selects {index}")
    return Selection(tuple(given[1:]))


_FUNCTIONS: Mapping[Any, Callable[..., FloatOperation]] = {
    F.relu: _relu, torch.relu: _relu, "relu": _relu, F.relu6: _relu6,
    torch.relu_: _relu, "relu_": _relu,
    F.max_pool2d: _max_pool, torch.max_pool2d: _max_pool,
    F.avg_pool2d: _average_pool,
    F.adaptive_avg_pool2d: _adaptive_average_pool,
    torch.mean: _mean, "mean": _mean,
    operator.add: _add, operator.iadd: _add, torch.add: _add, "add": _add, "add_": _add,
    torch.cat: _concatenate, torch.concat: _concatenate,
    torch.flatten: _reshape, "flatten": _reshape, "view": _reshape, torch.reshape: _reshape,
    "reshape": _reshape, torch.squeeze: _reshape, "squeeze": _reshape, torch.unsqueeze: _reshape,
    "unsqueeze": _reshape,
    F.pad: _pad,
    operator.getitem: _select,
}  # fmt: skip
