"""Networks traced by torch.fx, whole or as far as they can be."""

import traceback
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import fx, nn

from accelsim.dorefa_layers import DorefaLayer
from accelsim.errors import AccelsimError
from accelsim.float_mac_layers import ApproxFloatLayer
from accelsim.quantized_layer import QuantizedLayer

__all__ = ["TracedParts", "trace", "traced_parts"]

_FOREIGN = tuple(str(Path(module).resolve().parent) for module in (__file__, torch.__file__))


@dataclass(frozen=True, eq=False)
class TracedParts:
    """What of a network can be traced.

    Parameters
    ----------
    parts : tuple of fx.GraphModule
        The network, or those of its modules that are traced on their own, with the network's own layers.
    reasons : dict of nn.Module to str
        The modules that cannot be traced, and why.
    """

    parts: tuple[fx.GraphModule, ...]
    reasons: dict[nn.Module, str]


class _UntraceableError(Exception):
    """A module that cannot be traced, and why."""

    def __init__(self, module: nn.Module, reason: str) -> None:
        super().__init__(reason)
        self.module, self.reason = module, reason


class _Tracer(fx.Tracer):
    def __init__(self, leaves: Collection[nn.Module] = ()) -> None:  # GraphModule copies it without
        super().__init__()
        self._leaves = leaves
        self.failed: nn.Module | None = None

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        leaf = m in self._leaves or isinstance(m, QuantizedLayer | ApproxFloatLayer | DorefaLayer)
        return leaf or super().is_leaf_module(m, module_qualified_name)

    def call_module(self, m: nn.Module, forward: Any, args: Any, kwargs: Any) -> Any:
        try:
            return super().call_module(m, forward, args, kwargs)
        except Exception:
            self.failed = self.failed or m
            raise


def trace(net: nn.Module) -> fx.GraphModule:
    """Return a network as a graph of the layers of `torch.nn` and of functions.

    Raises
    ------
    AccelsimError
        If it cannot be traced; the message names the line of the network where that fails.
    """
    try:
        return _traced(net, ())
    except _UntraceableError as error:
        raise AccelsimError(f"the net cannot be traced by torch.fx: {error}") from error


def traced_parts(net: nn.Module) -> TracedParts:
    """Return graphs of the largest modules that can be traced; one that cannot is a layer in the others."""
    parts: list[fx.GraphModule] = []
    reasons: dict[nn.Module, str] = {}
    roots = [net]
    while roots:
        root = roots.pop()
        try:
            parts.append(_traced(root, reasons))
        except _UntraceableError as error:
            reasons[error.module] = error.reason
            roots += [] if error.module is root else [root]
            roots += [child for child in error.module.children() if any(True for _ in child.children())]
    return TracedParts(tuple(parts), reasons)


def _traced(net: nn.Module, leaves: Collection[nn.Module]) -> fx.GraphModule:
    tracer = _Tracer(leaves)
    try:
        return fx.GraphModule(net, tracer.trace(net), type(net).__name__)
    except Exception as error:
        raise _UntraceableError(tracer.failed or net, _reason(error)) from error


def _reason(error: Exception) -> str:
    """Return the error in one line, with the last line of the network's own code that led to it."""
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if not str(Path(frame.filename).resolve()).startswith(_FOREIGN)
    ]
    where = (
        f"{Path(frames[-1].filename).name}, line {frames[-1].lineno}, {frames[-1].line!r}: " if frames else ""
    )
    return f"{where}{type(error).__name__}: {' '.join(str(error).split())}"
