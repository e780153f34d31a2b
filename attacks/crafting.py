"""Adversarial examples of an attack at a budget."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import nn

from accelsim.attacks.attack import Attack, checked_budget
from accelsim.attacks.margin_loss import Loss, use_loss
from accelsim.attacks.network import check_images, crafting_copy, foolbox_model
from accelsim.attacks.random_streams import random_streams
from accelsim.attacks.registry import build_attack
from accelsim.errors import AccelsimError, own_errors

__all__ = ["BATCH_SIZE", "check_batch_size", "check_seed", "craft", "perturbed_images"]

#: Images per batch. The activations of more no longer fit the processor's caches: an image gradient of
#: LeNet-5 costs 1.6 times as much in batches of 1,000 as in batches of 125.
BATCH_SIZE = 125


def craft(
    attack: str | Attack,
    source: nn.Module,
    images: torch.Tensor,
    labels: torch.Tensor,
    budget: float,
    seed: int = 0,
    *,
    batch_size: int = BATCH_SIZE,
    loss: Loss = "cross-entropy",
    first_image: int = 0,
    finished: Callable[[], object] | None = None,
) -> torch.Tensor:
    """Return adversarial images that an untargeted attack crafts on the source network.

    The attack runs on a copy of the source, whose parameters get no gradients. Its result is clipped to the
    budget's ball around the image (Foolbox's uniform linf noise can leave it by a little) and to [0, 1].

    Each batch has random streams of its own, seeded from the hash of (seed, attack, parameters, budget,
    number of the batch's first image), so the result depends on these and on ``batch_size``, and not on what
    was crafted before. The caller's generators (torch's and NumPy's global ones, from which the attacks draw)
    are left as they were; another thread must not draw from them meanwhile.

    Parameters
    ----------
    attack : str or Attack
        A name, or what `build_attack` returns.
    source : nn.Module
        Network in evaluation mode, images (N, ...) to logits (N, classes).
    images : float tensor of shape (N, ...)
        Pixels in [0, 1], on the source's device.
    labels : int64 tensor of shape (N,)
        True classes.
    budget : float
        Largest norm of the perturbation, in the attack's norm over pixels in [0, 1]. Budget 0 returns the
        images.
    seed : int
        Any whole number.
    batch_size : int
        Images attacked together; part of the result's identity.
    loss : {"cross-entropy", "margin"}
        What an attack that takes a loss increases; see `accelsim.attacks.margin_loss`.
    first_image : int
        Number of the first image, where these are a part of a set that begins at a batch: then the result is
        that part of the whole set's, but for an attack on the set as a whole.
    finished : callable, optional
        Called after each batch, to show progress.

    Returns
    -------
    float tensor like ``images``
        Images that the attack could not turn may be unchanged.

    Raises
    ------
    AccelsimError
        If the attack is unknown or has no budget, the budget is negative or NaN, the seed no whole number,
        the images or labels are not as above, the source cannot classify them, answers NaN, or passes no
        gradient to an attack that needs it, or the attack fails or returns no images.
    """
    attack = build_attack(attack) if isinstance(attack, str) else attack
    attack.require_kind("fixed-budget")
    budget = checked_budget(budget)
    check_images(images, labels)
    check_batch_size(batch_size)
    check_seed(seed)
    if budget == 0:
        return images.clone()
    model = foolbox_model(crafting_copy(source, images[:1], labels), images.device)
    adversary = attack.construct()
    use_loss(adversary, loss, attack.name)
    adversarial = torch.empty_like(images)
    size = len(images) if attack.whole_set else batch_size
    for start in range(0, len(images), size):
        batch = slice(start, start + size)
        clean = images[batch]
        identity = [
            int(seed),
            attack.name,
            sorted(attack.parameters.items()),
            budget.hex(),
            first_image + start,
        ]
        with random_streams(identity, images.device), torch.set_grad_enabled(attack.needs_gradients):
            perturbed = perturbed_images(adversary, attack, model, clean, labels[batch], epsilon=budget)
        clipped = adversary.distance.clip_perturbation(clean, perturbed, budget)
        adversarial[batch] = clipped.clamp(0, 1)
        for _ in range(0, len(images[batch]), batch_size):
            if finished:
                finished()
    return adversarial


def perturbed_images(
    adversary: Any, attack: Attack, model: Any, images: torch.Tensor, labels: torch.Tensor, **arguments: Any
) -> torch.Tensor:
    """Run an attack object on images, and check what it returns.

    Parameters
    ----------
    adversary : foolbox.attacks.Attack
        What `Attack.construct` returned.
    attack : Attack
        Its description.
    model : foolbox.Model
        Network under attack.
    images : float tensor of shape (N, ...)
    labels : int64 tensor of shape (N,)
    **arguments
        Further arguments of its ``run``.

    Raises
    ------
    AccelsimError
        If it fails, or returns anything but pixels in the images' shape.
    """
    with own_errors(f"attack {attack.name} failed"):
        perturbed = adversary.run(model, images, labels, **arguments)
    if not isinstance(perturbed, torch.Tensor) or perturbed.shape != images.shape:
        found = tuple(perturbed.shape) if isinstance(perturbed, torch.Tensor) else type(perturbed).__name__
        raise AccelsimError(
            f"attack {attack.name} returned {found} for images of shape {tuple(images.shape)}"
        )
    if perturbed.isnan().any():
        raise AccelsimError(f"attack {attack.name} returned pixels that are NaN")
    return perturbed.detach()


def check_batch_size(batch_size: int) -> None:
    """Raise `AccelsimError` unless a batch holds at least one image."""
    if not isinstance(batch_size, int) or batch_size < 1:
        raise AccelsimError(f"batch size {batch_size} is out of range; expected a whole number from 1 up")


def check_seed(seed: int) -> None:
    """Raise `AccelsimError` unless the seed is a whole number."""
    if not isinstance(seed, int | np.integer):
        raise AccelsimError(f"seed is {seed!r}; expected a whole number")
