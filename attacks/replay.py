"""Adversarial examples shown to a victim whose answers to the clean images are known."""

import torch

from accelsim.attacks.network import CheckedNetwork

__all__ = ["replayed"]


def replayed(
    judge: CheckedNetwork,
    clean: torch.Tensor,
    images: torch.Tensor,
    adversarial: torch.Tensor,
    labels: torch.Tensor,
    batch_size: int,
) -> torch.Tensor:
    """Return which adversarial images a victim classifies correctly, bool of shape (N,).

    A victim is a function of the image alone, so images that the attack left unchanged are not classified
    again.

    Parameters
    ----------
    judge : CheckedNetwork
        The victim.
    clean : bool tensor of shape (N,)
        Which of the clean images it classifies correctly; not changed.
    images, adversarial : float tensors of shape (N, ...)
        Clean and adversarial images.
    labels : int64 tensor of shape (N,)
        True classes.
    batch_size : int
        Images classified together.
    """
    changed = (adversarial != images).flatten(1).any(dim=1)
    correct = clean.clone()
    correct[changed] = judge.classifies_correctly(adversarial[changed], labels[changed], batch_size)
    return correct
