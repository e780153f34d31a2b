"""How many images a network classifies as labelled."""

import torch
from torch import Tensor, nn

from accelsim.errors import AccelsimError

__all__ = ["accuracy_percent", "correct_count"]


def accuracy_percent(net: nn.Module, images: Tensor, labels: Tensor, batch_size: int = 256) -> float:
    """Return the share of images that `correct_count` counts, in percent.

    Raises
    ------
    AccelsimError
        As `correct_count`.
    """
    return 100 * correct_count(net, images, labels, batch_size) / len(images)


def correct_count(net: nn.Module, images: Tensor, labels: Tensor, batch_size: int = 256) -> int:
    """Return how many images have their label's logit as the largest.

    The network is run in evaluation mode and left in the mode it was in.

    Parameters
    ----------
    net : nn.Module
        Any network that returns logits of shape (N, classes).
    images : float32 tensor of shape (N, channels, height, width)
    labels : int64 tensor of shape (N,)
    batch_size : int
        Images per pass; it bounds the memory needed.

    Raises
    ------
    AccelsimError
        If there is no image, the numbers of images and labels differ, or the batch size is below 1.
    """
    if not len(images) or len(images) != len(labels):
        raise AccelsimError(f"accuracy needs as many labels as images, got {len(labels)} for {len(images)}")
    if batch_size < 1:
        raise AccelsimError(f"batch size must be at least 1, not {batch_size}")
    was_training = net.training
    net.eval()
    try:
        with torch.no_grad():
            predicted = torch.cat([net(batch).argmax(dim=1) for batch in torch.split(images, batch_size)])
    finally:
        net.train(was_training)
    return int((predicted == labels).sum())
