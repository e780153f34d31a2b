"""A PyTorch network as a list of layers: traced, with batch normalisation folded and activations merged."""

import copy
import operator
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, fx, nn

from accelsim.batch_norms import fused, norms_after_layers
from accelsim.calibration import observed_ranges, run_batches
from accelsim.errors import AccelsimError
from accelsim.float_layers import (
    Addition,
    Concatenation,
    FloatOperation,
    float_operation,
    is_dropped,
    not_covered,
)
from accelsim.tracing import trace

__all__ = ["FloatGraph", "FloatLayer", "float_graph", "with_children"]

_MAC_LAYERS = (nn.Conv2d, nn.Linear)
_BATCH_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d)
_ACTIVATIONS = (nn.ReLU, nn.ReLU6)
_IN_PLACE = {operator.iadd, torch.relu_, "relu_", "add_"}


@dataclass(frozen=True, eq=False)
class FloatLayer:
    """One step of a float network.

    Parameters
    ----------
    name : str
        Unique in the network: that of the layer (``features.0``), with ``#2`` and so on for its later calls,
        or that of the function (``add_1``).
    layer_name : str
        Name of the layer without the number of the call.
    operation : FloatOperation
        What it does.
    inputs : tuple of str
        Names of the steps that it takes the outputs of, or of the network's input.
    input_shapes : tuple of shapes
        Shape of each input for one image.
    output_shape : tuple of int
        Shape of the output for one image.
    node : fx.Node
        Where the output, after the activation, is in the traced network.
    activation : nn.ReLU or nn.ReLU6, optional
        The activation merged into it.
    """

    name: str
    layer_name: str
    operation: FloatOperation
    inputs: tuple[str, ...]
    input_shapes: tuple[tuple[int, ...], ...]
    output_shape: tuple[int, ...]
    node: fx.Node
    activation: nn.Module | None = None

    @property
    def is_mac(self) -> bool:
        """Whether it sums products."""
        return isinstance(self.operation, _MAC_LAYERS)

    @property
    def rescales(self) -> bool:
        """Whether its output has a scale of its own, rather than that of its input."""
        return isinstance(self.operation, (*_MAC_LAYERS, *_BATCH_NORMS, Addition, Concatenation))


@dataclass(frozen=True, eq=False)
class FloatGraph:
    """A traced float network.

    Parameters
    ----------
    module : fx.GraphModule
        What computes its output, batch normalisation folded, in evaluation mode.
    input, output : str
        Names of its input and of the step whose output is its own.
    input_shape : tuple of int
        Shape of one image.
    layers : tuple of FloatLayer
        Its steps in order.
    """

    module: fx.GraphModule
    input: str
    output: str
    input_shape: tuple[int, ...]
    layers: tuple[FloatLayer, ...]

    def ranges(
        self, names: Iterable[str], calibration: Tensor, percentile: float | None
    ) -> dict[str, tuple[float, float]]:
        """Return the range of the network's input or of steps' outputs, as `input_ranges` does."""
        nodes = {layer.name: layer.node for layer in self.layers}
        nodes[self.input] = next(node for node in self.module.graph.nodes if node.op == "placeholder")
        wanted = {name: nodes[name] for name in names}

        def observe(observers: Any) -> None:
            by_node = {wanted[name]: observer for name, observer in observers.items()}

            def see(node: fx.Node, value: object) -> None:
                if node in by_node:
                    by_node[node].update(value)

            run_batches(_Watched(self.module, see).run, calibration)

        return observed_ranges(wanted, observe, percentile)


class _Watched(fx.Interpreter):
    """Runs a traced network and shows what each step returns."""

    def __init__(self, module: fx.GraphModule, see: Callable[[fx.Node, object], None]) -> None:
        super().__init__(module)
        self.extra_traceback = False  # messages are those of the network's own functions
        self._see = see

    def run_node(self, n: fx.Node) -> Any:
        value = super().run_node(n)
        self._see(n, value)
        return value


def float_graph(net: nn.Module, image: Tensor) -> FloatGraph:
    """Return a network as a list of layers.

    Identity and dropout are left out. Batch normalisation becomes part of the convolution or linear layer
    before it, if that is all that takes its output. A ReLU or ReLU6 is merged into the layer before it, if
    that has a scale of its own and nothing else takes its output.

    Parameters
    ----------
    net : nn.Module
        The float network; it is not changed.
    image : float tensor of shape (1, ...)
        An image that it takes.

    Raises
    ------
    AccelsimError
        If the network cannot be traced, does not take the image, takes or returns several tensors, or has a
        layer without an integer counterpart.
    """
    shared = {id(parameter): parameter for parameter in net.parameters()}  # which nothing changes in place
    module = trace(with_children(copy.deepcopy(net, shared).eval())).eval()
    _resolve_in_place(module)
    _drop(module)
    _fold_batch_norms(module)
    shape_of = _shapes(module, image)
    nodes = list(module.graph.nodes)
    for node in nodes:
        node.meta["shape"] = shape_of.get(node)
    inputs = [node for node in nodes if node.op == "placeholder" and node.users]
    (output,) = (node for node in nodes if node.op == "output")
    result = output.args[0]
    if len(inputs) != 1 or not isinstance(result, fx.Node):
        given = "another thing than one tensor" if len(inputs) == 1 else f"{len(inputs)} inputs"
        verb = "returns" if len(inputs) == 1 else "takes"
        raise AccelsimError(f"the net {verb} {given}; an integer-only network has one input and one output")
    layers = _merged(_layers(module, inputs[0]))
    names = {layer.node: layer.name for layer in layers} | {inputs[0]: inputs[0].name}
    return FloatGraph(module, inputs[0].name, names[result], _per_image(inputs[0]), tuple(layers))


def with_children(net: nn.Module) -> nn.Module:
    """Return a layer alone in a container, named after its type: only there is it traced as a layer."""
    return net if any(True for _ in net.children()) else nn.Sequential(OrderedDict({type(net).__name__: net}))


def _resolve_in_place(module: fx.GraphModule) -> None:
    """Let what runs after a function in place take that function's output, which is what it sees."""
    modules = dict(module.named_modules())
    position = {node: index for index, node in enumerate(module.graph.nodes)}
    for node in module.graph.nodes:
        if node.op == "call_module" and getattr(modules[str(node.target)], "inplace", False):
            modules[str(node.target)].inplace = False
        elif not (node.target in _IN_PLACE or node.kwargs.get("inplace")):
            continue
        after = position[node]
        node.all_input_nodes[0].replace_all_uses_with(node, lambda user, after=after: position[user] > after)


def _drop(module: fx.GraphModule) -> None:
    modules = dict(module.named_modules())
    for node in list(module.graph.nodes):
        if is_dropped(node, modules):
            node.replace_all_uses_with(node.all_input_nodes[0])
            module.graph.erase_node(node)
    module.recompile()


def _fold_batch_norms(module: fx.GraphModule) -> None:
    modules = dict(module.named_modules())
    for before, node in norms_after_layers(module):
        layer = fused(modules[str(before.target)], modules[str(node.target)])
        module.add_submodule(str(before.target), layer)
        modules[str(before.target)] = layer
        node.replace_all_uses_with(before)
        module.graph.erase_node(node)
    module.delete_all_unused_submodules()
    module.recompile()


def _shapes(module: fx.GraphModule, image: Tensor) -> dict[fx.Node, tuple[int, ...]]:
    """Return the shape of every tensor in the network for two images, which tells images from the rest."""
    shapes: dict[fx.Node, tuple[int, ...]] = {}
    modules = dict(module.named_modules())

    def see(node: fx.Node, value: object) -> None:
        if isinstance(value, Tensor):
            shapes[node] = tuple(value.shape)
        elif (
            node.op != "output"
            and isinstance(value, Iterable)
            and any(isinstance(part, Tensor) for part in value)
        ):
            name = str(node.target) if node.op == "call_module" else node.name
            raise not_covered(node, modules, name, "returns several tensors")

    run_batches(_Watched(module, see).run, torch.cat([image, image]))
    return shapes


def _layers(module: fx.GraphModule, input: fx.Node) -> Iterator[FloatLayer]:
    modules, calls = dict(module.named_modules()), Counter[str]()
    names = {input: input.name}
    for node in module.graph.nodes:
        if node.op not in {"call_module", "call_function", "call_method"} or node.meta["shape"] is None:
            continue  # sizes and arithmetic with them
        layer_name = str(node.target) if node.op == "call_module" else node.name
        calls[layer_name] += 1
        name = layer_name if calls[layer_name] == 1 else f"{layer_name}#{calls[layer_name]}"
        operation = float_operation(node, modules, name)
        sources = [source for source in _arguments(node) if source.meta["shape"] is not None]
        names[node] = name
        yield FloatLayer(
            name,
            layer_name,
            operation,
            tuple(names[source] for source in sources),
            tuple(map(_per_image, sources)),
            _per_image(node),
            node,
        )


def _arguments(node: fx.Node) -> list[fx.Node]:
    """Return the steps that a step takes, one that it takes twice twice."""
    found: list[fx.Node] = []
    fx.map_arg((node.args, node.kwargs), found.append)
    return found


def _per_image(node: fx.Node) -> tuple[int, ...]:
    return tuple(node.meta["shape"][1:])


def _merged(layers: Iterable[FloatLayer]) -> list[FloatLayer]:
    merged: dict[str, FloatLayer] = {}
    renamed: dict[str, str] = {}
    for layer in layers:
        inputs = tuple(renamed.get(name, name) for name in layer.inputs)
        before = merged.get(inputs[0])
        if (
            isinstance(layer.operation, _ACTIVATIONS)
            and before is not None
            and (before.rescales and before.activation is None and len(before.node.users) == 1)
        ):
            merged[before.name] = replace(before, node=layer.node, activation=layer.operation)
            renamed[layer.name] = before.name
        else:
            merged[layer.name] = replace(layer, inputs=inputs)
    return list(merged.values())
