"""The registry of the networks."""

from collections.abc import Callable
from dataclasses import dataclass
from types import MappingProxyType

import torch
from torch import nn

from accelsim.errors import AccelsimError, nearest
from accelsim.models.alexnet import alexnet, alexnet_cifar, alexnet_siddique, alexnet_siddique_mnist
from accelsim.models.lenet import ffnn, lenet5, lenet5_cifar, lenet5_guesmi, lenet5_guesmi_code, mnist_a
from accelsim.models.mobilenet import mobilenet
from accelsim.models.resnet import resnet20, resnet32, resnet44
from accelsim.models.seeds import check_seed
from accelsim.models.vgg import vgg8

__all__ = ["Architecture", "architecture", "build_network", "is_convolutional", "network_names"]


@dataclass(frozen=True)
class Architecture:
    """A network before it has weights.

    Parameters
    ----------
    name : str
        Its name.
    build : callable
        Returns it with PyTorch's own initial weights.
    image_shape : tuple of int
        Channels, height and width of the images that it takes, pixels in [0, 1].
    classes : int
        Logits that it returns for each.
    """

    name: str
    build: Callable[[], nn.Module]
    image_shape: tuple[int, int, int]
    classes: int


_ARCHITECTURES = MappingProxyType(
    {
        each.name: each
        for each in (
            Architecture("lenet5", lenet5, (1, 28, 28), 10),
            Architecture("lenet5_cifar", lenet5_cifar, (3, 32, 32), 10),
            Architecture("lenet5_guesmi", lenet5_guesmi, (1, 28, 28), 10),
            Architecture("lenet5_guesmi_code", lenet5_guesmi_code, (1, 28, 28), 10),
            Architecture("mnist_a", mnist_a, (1, 28, 28), 10),
            Architecture("ffnn", ffnn, (1, 28, 28), 10),
            Architecture("resnet20", resnet20, (3, 32, 32), 10),
            Architecture("resnet32", resnet32, (3, 32, 32), 10),
            Architecture("resnet44", resnet44, (3, 32, 32), 10),
            Architecture("mobilenet", mobilenet, (3, 32, 32), 10),
            Architecture("vgg8", vgg8, (3, 32, 32), 10),
            Architecture("alexnet_cifar", alexnet_cifar, (3, 32, 32), 10),
            Architecture("alexnet_siddique", alexnet_siddique, (3, 32, 32), 10),
            Architecture("alexnet_siddique_mnist", alexnet_siddique_mnist, (1, 28, 28), 10),
            Architecture("alexnet", alexnet, (3, 224, 224), 1000),
        )
    }
)


def network_names() -> list[str]:
    """Return the names that `build_network` knows."""
    return list(_ARCHITECTURES)


def architecture(name: str) -> Architecture:
    """Return a network's architecture.

    Raises
    ------
    AccelsimError
        If the name is unknown.
    """
    if name not in _ARCHITECTURES:
        hint = nearest(name, _ARCHITECTURES) or f"; there are {', '.join(_ARCHITECTURES)}"
        raise AccelsimError(f"unknown network {name!r}{hint}")
    return _ARCHITECTURES[name]


def is_convolutional(name: str) -> bool:
    """Return whether a network has convolutional layers.

    Raises
    ------
    AccelsimError
        If the name is unknown.
    """
    return any(isinstance(module, nn.Conv1d | nn.Conv2d) for module in build_network(name).modules())


def build_network(name: str, *, seed: int = 0) -> nn.Module:
    """Return an untrained network.

    It takes a float32 tensor of shape (N, channels, height, width), those of its `Architecture`, with pixels
    in [0, 1], and returns logits of shape (N, classes).

    Parameters
    ----------
    name : str
        Name of the network.
    seed : int
        Seed of the initial weights (PyTorch's own initialisation), from 0 to 2^63 - 1; its global generator
        is left as it was.

    Raises
    ------
    AccelsimError
        If the name is unknown, or the seed out of range.
    """
    check_seed(seed, "initial weights")
    wanted = architecture(name)
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        return wanted.build()
