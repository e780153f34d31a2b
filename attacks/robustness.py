"""Algorithm 1 of Siddique & Hoque (2022): robustness of approximate networks under transferred attacks."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from itertools import product
from math import ceil
from typing import TypeVar

import torch
from torch import nn

from accelsim.attacks.attack import Attack, checked_budget
from accelsim.attacks.crafting import BATCH_SIZE, check_batch_size, check_seed, craft
from accelsim.attacks.intervals import wilson_interval
from accelsim.attacks.network import CheckedNetwork, check_images
from accelsim.attacks.registry import build_attack
from accelsim.attacks.replay import replayed
from accelsim.attacks.table import RobustnessTable
from accelsim.errors import AccelsimError
from accelsim.progress import progress_bar

__all__ = ["evaluate_robustness"]

Entry = TypeVar("Entry")


def evaluate_robustness(
    source: nn.Module,
    victims: Mapping[str, nn.Module],
    attacks: Iterable[str | Attack],
    budgets: Iterable[float],
    images: torch.Tensor,
    labels: torch.Tensor,
    *,
    seed: int = 0,
    batch_size: int = BATCH_SIZE,
    progress: bool = False,
) -> RobustnessTable:
    """Craft adversarial examples on the source network and replay them on every victim.

    Algorithm 1 of A. Siddique and K. A. Hoque, "Is Approximation Universally Defensive Against Adversarial
    Attacks in Deep Neural Networks?" (DATE 2022): the adversary knows the accurate float network and not the
    victims' arithmetic. Each example is crafted once, per attack and budget, and shown to all victims.
    Robustness is the share of *all* images that the victim still classifies correctly, so that an image
    misclassified without any perturbation counts against it; budget 0 gives the clean accuracy.

    The result is determined by the arguments: neither the order of attacks and budgets nor the set of victims
    changes a cell (see `craft` for the random streams). A victim is a function of the image alone, so an
    image that the attack left unchanged is classified once for all cells.

    Parameters
    ----------
    source : nn.Module
        Accurate float network in evaluation mode, images (N, ...) to logits (N, classes).
    victims : mapping of str to nn.Module
        Networks under attack, by the name they have in the table: float, quantized or approximate.
    attacks : iterable of str or Attack
        Names, or what `build_attack` returns; of the kind ``fixed-budget``.
    budgets : iterable of float
        Perturbation budgets, each in its attack's norm over pixels in [0, 1].
    images : float tensor of shape (N, ...)
        Pixels in [0, 1].
    labels : int64 tensor of shape (N,)
        True classes.
    seed : int
        Any whole number.
    batch_size : int
        Images attacked and classified together; part of the result's identity.
    progress : bool
        Whether to show a progress bar on stderr, if it is a terminal.

    Returns
    -------
    RobustnessTable
        A row per attack, budget and victim.

    Raises
    ------
    AccelsimError
        If an argument is of another type, a list is empty or has duplicates, an attack is unknown or has no
        budget, a budget is negative or NaN, the images or labels are not as above, a network cannot classify
        them, its classes are not the source's, or it answers NaN.
    """
    chosen = [_attack(attack) for attack in _listed("attacks", attacks, '["fgm-l2"]')]
    for attack in chosen:
        attack.require_kind("fixed-budget")
    levels = [checked_budget(budget) for budget in _listed("budgets", budgets, "[0, 0.1]")]
    if not isinstance(victims, Mapping):
        raise AccelsimError(
            f"victims is a {type(victims).__name__}; expected a mapping of names to networks, such as "
            '{"float": net}'
        )
    _check_list("attack", [attack.label for attack in chosen])
    _check_list("budget", levels)
    _check_list("victim", list(victims))
    check_images(images, labels)
    check_batch_size(batch_size)
    check_seed(seed)
    classes = CheckedNetwork(source, "the source network", images[:1]).classes
    judges = {name: CheckedNetwork(net, f"victim {name}", images[:1]) for name, net in victims.items()}
    for judge in judges.values():
        if judge.classes != classes:
            raise AccelsimError(f"{judge.name} has {judge.classes} classes and the source network {classes}")

    crafted_levels = sum(level > 0 for level in levels)
    steps = len(chosen) * (crafted_levels * ceil(len(images) / batch_size) + len(levels) * len(judges))
    rows = []
    with progress_bar("attacks", steps, progress) as step:
        clean = {
            name: judge.classifies_correctly(images, labels, batch_size) for name, judge in judges.items()
        }
        for attack, budget in product(chosen, levels):
            finished = partial(step, f"{attack.label} {budget:g}")
            adversarial = craft(
                attack, source, images, labels, budget, seed, batch_size=batch_size, finished=finished
            )
            for name, judge in judges.items():
                correct = replayed(judge, clean[name], images, adversarial, labels, batch_size)
                rows.append((attack.label, attack.norm, budget, name, *_counts(correct)))
                finished()
    return RobustnessTable.from_rows(rows)


def _listed(what: str, entries: Iterable[Entry], example: str) -> list[Entry]:
    if isinstance(entries, str) or not isinstance(entries, Iterable):
        raise AccelsimError(f"{what} is {entries!r}; expected a list, such as {example}")
    return list(entries)


def _attack(attack: str | Attack) -> Attack:
    if isinstance(attack, Attack):
        return attack
    if isinstance(attack, str):
        return build_attack(attack)
    raise AccelsimError(f"attacks holds {attack!r}; expected names, or what build_attack returns")


def _counts(correct: torch.Tensor) -> tuple[int, int, float, float, float]:
    """Return images, correct ones, their percentage, and the bounds of its interval."""
    n, count = len(correct), int(correct.sum())
    low, high = wilson_interval(count, n)
    return n, count, 100 * count / n, 100 * low, 100 * high


def _check_list(what: str, entries: Sequence[object]) -> None:
    if not entries:
        raise AccelsimError(f"no {what} is given; expected at least one")
    entry, times = Counter(entries).most_common(1)[0]
    if times > 1:
        raise AccelsimError(f"{what} {entry} is listed {times} times")
