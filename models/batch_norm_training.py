"""Batch normalisation that is there for the training alone."""

from collections import OrderedDict

import torch
from torch import nn

from accelsim.batch_norms import BATCH_NORMS, fold_batch_norms

__all__ = ["fold_training_norms", "with_training_norms"]


def with_training_norms(net: nn.Module) -> nn.Module:
    """Return a sequence with batch normalisation after each convolution and linear layer but the last.

    The layers are shared with ``net``. A network that is no plain sequence, or has batch normalisation of its
    own, is returned as it is.
    """
    if not isinstance(net, nn.Sequential) or any(isinstance(each, BATCH_NORMS) for each in net.modules()):
        return net
    layers = dict(net.named_children())
    summing = [name for name, layer in layers.items() if isinstance(layer, nn.Conv2d | nn.Linear)]
    normed = OrderedDict[str, nn.Module]()
    for name, layer in layers.items():
        normed[name] = layer
        if name not in summing[:-1]:
            continue
        if isinstance(layer, nn.Conv2d):
            normed[f"{name}_norm"] = nn.BatchNorm2d(layer.out_channels)
        elif isinstance(layer, nn.Linear):
            normed[f"{name}_norm"] = nn.BatchNorm1d(layer.out_features)
    return nn.Sequential(normed)


def fold_training_norms(net: nn.Module, normed: nn.Module, image_shape: tuple[int, ...]) -> None:
    """Make a network compute what it does with the batch normalisation that it was trained with.

    Parameters
    ----------
    net, normed : nn.Module
        A network and what `with_training_norms` made of it; ``net`` is changed, ``normed`` is used up.
    image_shape : tuple of int
        Channels, height and width of an image.
    """
    if normed is net:
        return
    normed.eval()
    layers = [layer for layer in normed.children() if isinstance(layer, nn.Conv2d | nn.Linear)]
    fold_batch_norms(normed, layers, torch.full((1, *image_shape), 0.5))
    net.load_state_dict(normed.state_dict())
