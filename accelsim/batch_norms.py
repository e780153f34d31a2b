"""Batch normalisation that becomes part of the convolution or linear layer before it."""

from collections import Counter
from collections.abc import Collection
from contextlib import ExitStack
from typing import Any

import torch
from torch import Tensor, fx, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval, fuse_linear_bn_eval

from accelsim.calibration import run_batches
from accelsim.errors import AccelsimError
from accelsim.tracing import traced_parts

__all__ = ["BATCH_NORMS", "fold_batch_norms", "fused", "norms_after_layers"]

#: The layers that can be folded.
BATCH_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d)


def norms_after_layers(module: fx.GraphModule) -> list[tuple[fx.Node, fx.Node]]:
    """Return each convolution or linear layer and the batch normalisation that alone takes its output.

    The layer is called once; the normalisation has running statistics.
    """
    modules = dict(module.named_modules())
    calls = Counter(node.target for node in module.graph.nodes if node.op == "call_module")
    found = []
    for node in module.graph.nodes:
        before = node.all_input_nodes[0] if node.op == "call_module" and node.all_input_nodes else None
        if before is None or before.op != "call_module" or len(before.users) > 1 or calls[before.target] > 1:
            continue
        layer, norm = modules[str(before.target)], modules[str(node.target)]
        foldable = type(norm) in BATCH_NORMS and norm.running_mean is not None
        if foldable and type(layer) in {nn.Conv1d, nn.Conv2d, nn.Linear}:
            found.append((before, node))
    return found


def fused(layer: nn.Module, norm: nn.Module) -> nn.Module:
    """Return the layer that computes what both do in evaluation mode."""
    fuse: Any = fuse_linear_bn_eval if isinstance(layer, nn.Linear) else fuse_conv_bn_eval
    result: nn.Module = fuse(layer, norm)
    return result


def fold_batch_norms(net: nn.Module, layers: Collection[nn.Module], image: Tensor) -> None:
    """Fold batch normalisation into the layers before it, where a network can be traced.

    The layer gets a weight and a bias of its own, and an `nn.Identity` takes the normalisation's place. What
    is used in several places, shares its parameters or has hooks stays as it is.

    Parameters
    ----------
    net : nn.Module
        The network, in evaluation mode; it is changed.
    layers : collection of nn.Module
        The layers into which to fold.
    image : float tensor of shape (1, ...)
        An input of it, on which the result is compared.

    Raises
    ------
    AccelsimError
        If the network computes another thing afterwards, as one does that uses its layers in ways which
        tracing does not show.
    """
    if not any(type(module) in BATCH_NORMS for module in net.modules()):
        return
    parts = traced_parts(net).parts
    calls: Counter[nn.Module] = Counter()
    pairs: list[tuple[nn.Module, nn.Module]] = []
    for part in parts:
        modules = dict(part.named_modules())
        calls.update(modules[str(node.target)] for node in part.graph.nodes if node.op == "call_module")
        pairs += [
            (modules[str(before.target)], modules[str(after.target)])
            for before, after in norms_after_layers(part)
        ]
    owners = Counter(id(each) for module in net.modules() for each in module._parameters.values())
    pairs = [
        (layer, norm)
        for layer, norm in pairs
        if layer in layers
        and calls[layer] == calls[norm] == owners[id(layer.weight)] == 1
        and not any(map(_has_hooks, (layer, norm)))
    ]
    before = _outputs(net, [norm for _, norm in pairs], image)
    # Of a sequence, BatchNorm1d normalises another dimension than a linear layer's outputs.
    pairs = [
        (layer, norm)
        for layer, norm in pairs
        if not isinstance(layer, nn.Linear) or all(output.dim() == 2 for output in before[norm])
    ]
    for layer, norm in pairs:
        new = fused(layer, norm)
        layer._parameters.update(new._parameters)
        _replace(net, norm, nn.Identity())
    after = _outputs(net, [layer for layer, _ in pairs], image)
    for layer, norm in pairs:
        if len(before[norm]) != len(after[layer]) or not all(map(_close, before[norm], after[layer])):
            name = next(name for name, module in net.named_modules() if module is layer)
            raise AccelsimError(
                f"the batch normalisation after layer {name} cannot be folded: the net computes another "
                "thing then; keep it with fold_batch_norm=False"
            )


def _outputs(net: nn.Module, modules: list[nn.Module], image: Tensor) -> dict[nn.Module, list[Tensor]]:
    """Return what each module returns, call by call."""
    seen: dict[nn.Module, list[Tensor]] = {module: [] for module in modules}
    with ExitStack() as hooks:
        for module in modules:
            hooks.enter_context(
                module.register_forward_hook(lambda module, _, output: seen[module].append(output))
            )
        if modules:
            run_batches(net, image)
    return seen


def _close(first: Tensor, second: Tensor) -> bool:
    tolerance = 1e-3 * max(1e-6, float(first.abs().max()))
    return first.shape == second.shape and torch.allclose(first, second, rtol=1e-3, atol=tolerance)


def _has_hooks(module: nn.Module) -> bool:
    return bool(module._forward_hooks or module._forward_pre_hooks)


def _replace(net: nn.Module, old: nn.Module, new: nn.Module) -> None:
    for parent in net.modules():
        for name, child in list(parent._modules.items()):
            if child is old:
                setattr(parent, name, new)
