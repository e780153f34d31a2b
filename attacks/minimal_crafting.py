"""Adversarial examples of an attack that looks for the smallest perturbation that fools."""

import inspect
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from accelsim.attacks.attack import Attack, Norm
from accelsim.attacks.crafting import BATCH_SIZE, check_batch_size, check_seed, perturbed_images
from accelsim.attacks.network import CheckedNetwork, check_images, crafting_copy, foolbox_model
from accelsim.attacks.random_streams import random_streams
from accelsim.attacks.registry import build_attack
from accelsim.attacks.starting_points import starting_points

__all__ = ["MinimalExamples", "craft_minimal", "perturbation_norms"]


@dataclass(frozen=True, eq=False)
class MinimalExamples:
    """What a minimal-norm attack found, image by image.

    Parameters
    ----------
    images : float tensor of shape (N, ...)
        Pixels in [0, 1]: the adversarial example where one was found, else the clean image; the clean image
        as well where the source misclassifies that one already.
    fools : bool tensor of shape (N,)
        Whether the source's answer to it differs from the label.
    norms : float tensor of shape (N,)
        Norm of its perturbation in the attack's norm, infinite where it does not fool. The median over all
        images is the field's usual summary.
    """

    images: torch.Tensor
    fools: torch.Tensor
    norms: torch.Tensor


def craft_minimal(
    attack: str | Attack,
    source: nn.Module,
    images: torch.Tensor,
    labels: torch.Tensor,
    seed: int = 0,
    *,
    batch_size: int = BATCH_SIZE,
    finished: Callable[[], object] | None = None,
) -> MinimalExamples:
    """Return the smallest perturbations with which an untargeted attack fools the source network.

    Everything is as in `craft`: a copy of the source is attacked, each batch has random streams of its own,
    and the caller's generators are left as they were. The attack gets those images of a batch alone that the
    source classifies correctly. Attacks by answers alone walk along the decision boundary from a starting
    point (see `accelsim.attacks.starting_points`); an image for which there is none is not attacked.

    An example found lies on the source's decision boundary, or just behind it. That it fails on another
    network says little about that network: see the explanation of robustness.

    Parameters
    ----------
    attack : str or Attack
        A name, or what `build_attack` returns; of the kind ``minimal-norm``.
    source : nn.Module
        Network in evaluation mode, images (N, ...) to logits (N, classes).
    images : float tensor of shape (N, ...)
        Pixels in [0, 1], on the source's device.
    labels : int64 tensor of shape (N,)
        True classes.
    seed : int
        Any whole number.
    batch_size : int
        Images attacked together; part of the result's identity.
    finished : callable, optional
        Called after each batch, to show progress.

    Returns
    -------
    MinimalExamples
        Images, which of them fool the source, and the norms of their perturbations.

    Raises
    ------
    AccelsimError
        If the attack is unknown or has a budget, the seed is no whole number, the images or labels are not
        as above, the source cannot classify them, answers NaN, or passes no gradient to an attack that needs
        it, or the attack fails or returns no images.
    """
    attack = build_attack(attack) if isinstance(attack, str) else attack
    attack.require_kind("minimal-norm")
    check_images(images, labels)
    check_batch_size(batch_size)
    check_seed(seed)
    network = crafting_copy(source, images[:1], labels)
    judge = CheckedNetwork(source, "the source network", images[:1])
    adversary = attack.construct()
    found = images.clone()
    size = len(images) if attack.whole_set else batch_size
    for start in range(0, len(images), size):
        batch = slice(start, start + size)
        identity = [int(seed), attack.name, sorted(attack.parameters.items()), attack.kind, start]
        with random_streams(identity, images.device), torch.set_grad_enabled(attack.needs_gradients):
            found[batch] = _perturbed(adversary, attack, network, images[batch], labels[batch])
        for _ in range(0, len(images[batch]), batch_size):
            if finished:
                finished()
    fools = ~judge.classifies_correctly(found, labels, batch_size)
    found = torch.where(fools.view(-1, *[1] * (images.ndim - 1)), found, images)
    norms = perturbation_norms(found - images, attack.norm).where(fools, torch.inf)
    return MinimalExamples(found, fools, norms)


def perturbation_norms(perturbations: torch.Tensor, norm: Norm) -> torch.Tensor:
    """Return the norm of each perturbation.

    Parameters
    ----------
    perturbations : float tensor of shape (N, ...)
        Differences of pixels in [0, 1].
    norm : {"l0", "l2", "linf"}
        As in `Attack`.

    Returns
    -------
    float tensor of shape (N,)
    """
    order = {"l0": 0, "l2": 2, "linf": torch.inf}[norm]
    norms: torch.Tensor = torch.linalg.vector_norm(perturbations.flatten(1), order, dim=1)
    return norms


def _perturbed(
    adversary: Any, attack: Attack, network: CheckedNetwork, images: torch.Tensor, labels: torch.Tensor
) -> torch.Tensor:
    """Attack those images of a batch that are classified correctly, and leave the others as they are."""
    result = images.clone()
    attackable = network.classifies_correctly(images, labels, len(images))
    starts = {}
    if "starting_points" in inspect.signature(adversary.run).parameters:
        points, have_start = starting_points(network, images, labels, attackable)
        attackable &= have_start
        starts["starting_points"] = points[attackable]
    if not attackable.any():
        return result
    model = foolbox_model(network, images.device)
    with warnings.catch_warnings():
        # Foolbox's boundary attack averages queues that it has just emptied.
        warnings.filterwarnings("ignore", "Mean of empty slice", RuntimeWarning)
        perturbed = perturbed_images(
            adversary, attack, model, images[attackable], labels[attackable], **starts
        )
    result[attackable] = perturbed.clamp(0, 1)
    return result
