"""A network as the attacks see it: in evaluation mode, on the images' device, with real logits."""

from copy import deepcopy
from itertools import chain
from typing import Any

import torch
from torch import nn

from accelsim.errors import AccelsimError, own_errors

__all__ = ["CheckedNetwork", "check_images", "crafting_copy", "foolbox_model"]


class CheckedNetwork(nn.Module):
    """A classifier whose every answer is checked; one image is tried at once.

    Parameters
    ----------
    network : nn.Module
        Maps images (N, ...) to logits (N, classes); in evaluation mode.
    name : str
        What errors call it.
    example : float tensor of shape (1, ...)
        An image of the kind and on the device that it will be given.

    Attributes
    ----------
    classes : int
        Number of logits per image.

    Raises
    ------
    AccelsimError
        If the network is no `nn.Module`, in training mode, on another device, does not accept the image, or
        answers anything but logits (N, classes). Later, when called: if a logit is NaN, or a gradient is
        wanted and the network is not differentiable.
    """

    def __init__(self, network: nn.Module, name: str, example: torch.Tensor) -> None:
        if not isinstance(network, nn.Module):
            raise AccelsimError(f"{name} is a {type(network).__name__}; expected a torch.nn.Module")
        if any(module.training for module in network.modules()):
            raise AccelsimError(f"{name} is in training mode; call its eval() first")
        for tensor in chain(network.parameters(), network.buffers()):
            if tensor.device != example.device:
                raise AccelsimError(f"{name} is on {tensor.device} and the images on {example.device}")
        super().__init__()
        self.name = name
        self.network = network
        self.eval()
        refusal = f"{name} does not accept images of shape {tuple(example.shape[1:])}"
        with torch.no_grad(), own_errors(refusal):
            self.classes = self(example).shape[1]

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return the checked logits of images (N, ...), shape (N, classes)."""
        logits = self.network(images)
        if not isinstance(logits, torch.Tensor) or logits.ndim != 2 or len(logits) != len(images):
            answer = tuple(logits.shape) if isinstance(logits, torch.Tensor) else type(logits).__name__
            raise AccelsimError(
                f"{self.name} answers {answer} to {len(images)} images; expected logits of shape "
                f"({len(images)}, classes)"
            )
        if images.requires_grad and not logits.requires_grad:
            raise AccelsimError(f"{self.name} passes no gradient to its images, which this attack needs")
        if not_numbers := int(logits.isnan().any(dim=1).sum()):
            raise AccelsimError(f"{self.name} answers NaN logits to {not_numbers} of {len(images)} images")
        return logits

    @torch.no_grad()
    def classifies_correctly(
        self, images: torch.Tensor, labels: torch.Tensor, batch_size: int
    ) -> torch.Tensor:
        """Return for which images the largest logit is the label's, bool of shape (N,)."""
        correct = torch.empty_like(labels, dtype=torch.bool)
        for start in range(0, len(images), batch_size):
            batch = slice(start, start + batch_size)
            correct[batch] = self(images[batch]).argmax(dim=1) == labels[batch]
        return correct


def crafting_copy(source: nn.Module, example: torch.Tensor, labels: torch.Tensor) -> CheckedNetwork:
    """Copy the source to compute image gradients only, as fast as the CPU can."""
    checked = CheckedNetwork(source, "the source network", example)
    if labels.max().item() >= checked.classes:
        raise AccelsimError(
            f"label {labels.max().item()} is not one of the source's {checked.classes} classes"
        )
    copy = deepcopy(checked).requires_grad_(False)
    # With the channels innermost, convolutions' image gradients are 1.6 times as fast. A network that
    # reshapes activations with view() refuses that layout.
    try:
        with torch.no_grad():
            _laid_out(copy, torch.channels_last)(example)
    except (AccelsimError, RuntimeError):
        _laid_out(copy, torch.contiguous_format)
    return copy


def _laid_out(network: CheckedNetwork, layout: torch.memory_format) -> CheckedNetwork:
    return network.to(memory_format=layout)  # type: ignore[call-overload, no-any-return]  # absent from its stubs


def foolbox_model(network: CheckedNetwork, device: torch.device) -> Any:
    """Return the network as a Foolbox model with pixels in [0, 1] (``foolbox.PyTorchModel``)."""
    from foolbox.models.pytorch import PyTorchModel

    return PyTorchModel(network, bounds=(0, 1), device=device)


def check_images(images: torch.Tensor, labels: torch.Tensor) -> None:
    """Check a set of labelled images.

    Parameters
    ----------
    images : float tensor of shape (N, ...)
        Pixels in [0, 1].
    labels : int64 tensor of shape (N,)
        Classes from 0 up.

    Raises
    ------
    AccelsimError
        If they are no tensors, there are no images, a pixel is not a number in [0, 1], or the labels do not
        fit the images.
    """
    for what, given in (("images", images), ("labels", labels)):
        if not isinstance(given, torch.Tensor) or given.ndim == 0:
            shown = "single number" if isinstance(given, torch.Tensor) else type(given).__name__
            raise AccelsimError(f"{what} are a {shown}; expected a torch.Tensor with one entry per image")
    if len(images) == 0:
        raise AccelsimError("there are no images to attack")
    if not images.is_floating_point():
        raise AccelsimError(f"images are of type {images.dtype}; expected floating-point pixels in [0, 1]")
    low, high = images.min().item(), images.max().item()
    if not 0 <= low <= high <= 1:  # NaN fails too
        raise AccelsimError(f"pixels range from {low:g} to {high:g}; expected numbers in [0, 1]")
    if labels.shape != images.shape[:1] or labels.dtype != torch.int64:
        raise AccelsimError(
            f"labels have shape {tuple(labels.shape)} and type {labels.dtype}; "
            f"expected one int64 class for each of {len(images)} images"
        )
    if labels.device != images.device:
        raise AccelsimError(f"labels are on {labels.device} and the images on {images.device}")
    if labels.min().item() < 0:
        raise AccelsimError(f"label {labels.min().item()} is not a class; expected numbers from 0 up")
