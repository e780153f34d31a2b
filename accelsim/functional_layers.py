"""Calls of functions on parameters, ``F.conv2d(x, self.weight)`` or ``x @ self.weight``, as layers."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from accelsim.calibration import run_batches
from accelsim.matrix_product import MatrixProduct

__all__ = ["call_stack", "make_functional_layers", "why_exact"]


@dataclass(frozen=True, eq=False)
class _Call:
    """A call of a function that sums products of its input and a weight."""

    kind: type[nn.Module]
    input: Tensor
    weight: Tensor
    bias: Tensor | None = None
    options: tuple[Any, ...] = ()

    def on(self, parameter: object) -> "_Call | None":
        """Return the same call with a parameter that is its weight, or its weight transposed."""
        if self.weight is parameter:
            return self
        if self.kind in _TRANSPOSED and isinstance(parameter, Tensor) and parameter.dim() == 2:
            # A transposed parameter is a new tensor each time; what it shares is the memory.
            there, here = self.weight, parameter.T
            if (there.data_ptr(), there.shape, there.stride()) == (
                here.data_ptr(),
                here.shape,
                here.stride(),
            ):
                return _Call(_TRANSPOSED[self.kind], self.input, parameter, self.bias)
        return None

    def layer(self) -> nn.Module:
        """Return the layer that computes this call."""
        assert isinstance(self.weight, nn.Parameter)
        if self.kind is MatrixProduct:
            return MatrixProduct(self.weight)
        outputs, inputs, *kernel = self.weight.shape
        if self.kind is nn.Linear:
            layer: nn.Module = nn.Linear(inputs, outputs, bias=False, device="meta")
        else:
            inputs *= self.options[-1]
            layer = self.kind(inputs, outputs, tuple(kernel), *self.options, bias=False, device="meta")
        layer.weight = self.weight
        if self.bias is not None:
            layer.bias = self.bias
        return layer


_TRANSPOSED: Mapping[type[nn.Module], type[nn.Module]] = {nn.Linear: MatrixProduct, MatrixProduct: nn.Linear}


def _linear(input: Tensor, weight: Tensor, bias: Tensor | None = None) -> _Call:
    return _Call(nn.Linear, input, weight, bias)


def _conv(
    kind: type[nn.Module], input: Tensor, weight: Tensor, bias: Tensor | None = None,
    stride: Any = 1, padding: Any = 0, dilation: Any = 1, groups: int = 1,
) -> _Call:  # fmt: skip
    options = (tuple(each) if isinstance(each, list) else each for each in (stride, padding, dilation))
    return _Call(kind, input, weight, bias, (*options, groups))


def _product(
    input: Tensor, other: Tensor | None = None, mat2: Tensor | None = None, **_: Any
) -> _Call | None:
    weight = mat2 if other is None else other
    return _Call(MatrixProduct, input, weight) if weight is not None and weight.dim() == 2 else None


_FUNCTIONS: Mapping[Any, Callable[..., _Call | None]] = {
    F.linear: _linear,
    torch.conv1d: partial(_conv, nn.Conv1d),
    torch.conv2d: partial(_conv, nn.Conv2d),
    **dict.fromkeys((torch.matmul, torch.mm, Tensor.matmul, Tensor.mm, Tensor.__matmul__), _product),
}


def _call(func: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> _Call | None:
    return _FUNCTIONS[func](*args, **kwargs) if func in _FUNCTIONS else None


def why_exact(
    func: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any], parameters: Iterable[nn.Parameter]
) -> str | None:
    """Return why a call of a function cannot become a layer; None if it can, or sums no products."""
    call = _call(func, args, kwargs)
    if call is None:
        return None
    if not any(call.on(parameter) for parameter in parameters):
        return "neither operand is a parameter"
    if call.bias is not None and not isinstance(call.bias, nn.Parameter):
        return "its bias is not a parameter"
    return None


def make_functional_layers(net: nn.Module, image: Tensor) -> None:
    """Give each module a layer for every function that it calls on a parameter, and let it run there.

    The calls are those that happen while an image passes through the network. The layer is named after the
    function (``conv2d``, ``matmul_1``) and shares the parameter. Modules of `torch.nn` itself, and modules
    whose ``forward`` was replaced, stay as they are.

    Parameters
    ----------
    net : nn.Module
        The network, which is changed; what it computes is not.
    image : float tensor of shape (1, ...)
        An input of it.
    """
    with call_stack(net) as stack, _Finder(list(net.parameters()), stack) as finder:
        run_batches(net, image)
    for owner, made in finder.made.items():
        owner.forward = _Redirected(owner, made)


@dataclass(frozen=True, eq=False)
class _Made:
    """A layer made for calls of a function: its name in the module, and what the calls are like."""

    name: str
    kind: type[nn.Module]
    options: tuple[Any, ...]


class _Finder(TorchFunctionMode):
    """Makes layers of the calls that it sees."""

    def __init__(self, parameters: list[nn.Parameter], stack: list[tuple[str, nn.Module]]) -> None:
        super().__init__()
        self.made: dict[nn.Module, list[_Made]] = {}
        self._parameters, self._stack = parameters, stack

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        call = _call(func, args, kwargs or {})
        if call is not None and self._stack and not _is_fixed(owner := self._stack[-1][1]):
            self._make(owner, func.__name__.strip("_"), call)
        return func(*args, **(kwargs or {}))

    def _make(self, owner: nn.Module, function: str, call: _Call) -> None:
        on = next((found for each in self._parameters if (found := call.on(each))), None)
        made = self.made.setdefault(owner, [])
        if on is None or not _is_parameter_or_none(on.bias) or _layer_for(owner, made, call) is not None:
            return
        name = _free_name(owner, function)
        owner.add_module(name, on.layer().train(owner.training))
        made.append(_Made(name, on.kind, on.options))


class _Redirected:
    """The ``forward`` of a module, in which some calls of functions go to layers of the module.

    Takes the place of the method in the module's own attributes, so that class, attributes and control flow
    of the module stay what they are.
    """

    def __init__(self, owner: nn.Module, made: list[_Made]) -> None:
        self._owner, self._made = owner, made

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        with _Redirection(self._owner, self._made):
            return type(self._owner).forward(self._owner, *args, **kwargs)


class _Redirection(TorchFunctionMode):
    def __init__(self, owner: nn.Module, made: list[_Made]) -> None:
        super().__init__()
        self._owner, self._made = owner, made

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        call = _call(func, args, kwargs or {})
        layer = None if call is None else _layer_for(self._owner, self._made, call)
        if call is None or layer is None:
            return func(*args, **(kwargs or {}))
        return layer(call.input)


def _layer_for(owner: nn.Module, made: Iterable[_Made], call: _Call) -> nn.Module | None:
    """Return the layer that computes a call."""
    for each in made:
        layer = owner.get_submodule(each.name)
        on = call.on(layer.weight)
        if on is not None and (on.kind, on.options) == (each.kind, each.options) and on.bias is layer.bias:
            return layer
    return None


def _is_parameter_or_none(bias: Tensor | None) -> bool:
    return bias is None or isinstance(bias, nn.Parameter)


def _is_fixed(module: nn.Module) -> bool:
    return type(module).__module__.startswith("torch.nn.") or "forward" in module.__dict__


def _free_name(owner: nn.Module, name: str) -> str:
    number = 0
    while hasattr(owner, found := f"{name}_{number}" if number else name):
        number += 1
    return found


@contextmanager
def call_stack(net: nn.Module) -> Iterator[list[tuple[str, nn.Module]]]:
    """Yield the names and modules whose ``forward`` is running, outermost first, as a network runs."""
    stack: list[tuple[str, nn.Module]] = []
    names = {module: name for name, module in net.named_modules()}

    def enter(module: nn.Module, _: object) -> None:
        stack.append((names[module], module))

    def leave(*_: object) -> None:
        stack.pop()

    with ExitStack() as hooks:
        for module in names:
            hooks.enter_context(module.register_forward_pre_hook(enter))
            hooks.enter_context(module.register_forward_hook(leave, always_call=True))
        yield stack
