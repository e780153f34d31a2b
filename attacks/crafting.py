"""Adversarial examples of one attack at one budget."""

import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy

import numpy as np
import torch
from torch import nn

from accelsim.attacks.network import CheckedNetwork, check_images, foolbox_model
from accelsim.attacks.registry import Attack, build_attack, checked_budget
from accelsim.errors import AccelsimError

__all__ = ["BATCH_SIZE", "check_batch_size", "check_seed", "craft"]

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
    finished : callable, optional
        Called after each batch, to show progress.

    Returns
    -------
    float tensor like ``images``
        Images that the attack could not turn may be unchanged.

    Raises
    ------
    AccelsimError
        If the attack is unknown, the budget negative or NaN, the seed no whole number, the images or labels
        are not as above, the source cannot classify them, answers NaN, or passes no gradient to an attack
        that needs it.
    """
    attack = build_attack(attack) if isinstance(attack, str) else attack
    budget = checked_budget(budget)
    check_images(images, labels)
    check_batch_size(batch_size)
    check_seed(seed)
    if budget == 0:
        return images.clone()
    model = foolbox_model(_crafting_copy(source, images[:1], labels), images.device)
    adversary = attack.construct()
    adversarial = torch.empty_like(images)
    for start in range(0, len(images), batch_size):
        batch = slice(start, start + batch_size)
        clean = images[batch]
        identity = [int(seed), attack.name, sorted(attack.parameters.items()), budget.hex(), start]
        with _random_streams(identity, images.device), torch.set_grad_enabled(attack.needs_gradients):
            perturbed = adversary.run(model, clean, labels[batch], epsilon=budget)
        clipped = adversary.distance.clip_perturbation(clean, perturbed, budget)
        adversarial[batch] = clipped.clamp(0, 1)
        if finished:
            finished()
    return adversarial


def check_batch_size(batch_size: int) -> None:
    """Raise `AccelsimError` unless a batch holds at least one image."""
    if not isinstance(batch_size, int) or batch_size < 1:
        raise AccelsimError(f"batch size {batch_size} is out of range; expected a whole number from 1 up")


def check_seed(seed: int) -> None:
    """Raise `AccelsimError` unless the seed is a whole number."""
    if not isinstance(seed, int | np.integer):
        raise AccelsimError(f"seed is {seed!r}; expected a whole number")


def _crafting_copy(source: nn.Module, example: torch.Tensor, labels: torch.Tensor) -> CheckedNetwork:
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


@contextmanager
def _random_streams(identity: list[object], device: torch.device) -> Iterator[None]:
    """Seed the global generators from the identity's hash, and put them back afterwards."""
    digest = hashlib.sha256(json.dumps(identity).encode()).digest()
    seed = int.from_bytes(digest[:8], "little")
    gpus = [device] if device.type == "cuda" else []
    numpy_state = np.random.get_state()  # noqa: NPY002 (Foolbox draws from the legacy global generator)
    with torch.random.fork_rng(devices=gpus):
        torch.default_generator.manual_seed(seed)
        for gpu in gpus:
            with torch.cuda.device(gpu):
                torch.cuda.manual_seed(seed)
        np.random.seed(seed % (1 << 32))  # noqa: NPY002
        try:
            yield
        finally:
            np.random.set_state(numpy_state)  # noqa: NPY002
