"""Cells that share their adversarial examples, evaluated: a pure function of their descriptions."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from accelsim.attacks.crafting import craft
from accelsim.attacks.network import CheckedNetwork
from accelsim.attacks.one_thread import one_thread
from accelsim.attacks.replay import replayed
from accelsim.attacks.sweeps.cells import Crafting, Victim
from accelsim.attacks.sweeps.content import Content
from accelsim.errors import AccelsimError

__all__ = ["Evaluator", "Verdicts", "evaluate", "parts_of"]

#: Images that are handed out together: few enough to share a group among processes. Part of the engine.
PART = 1000


@dataclass(frozen=True, eq=False)
class Verdicts:
    """What victims make of the same examples.

    Parameters
    ----------
    correct : list of bool array of shape (N,)
        For each victim, which images it classifies as labelled.
    crafting_seconds : float
        Wall time of making the examples.
    inference_seconds : list of float
        Wall time of each victim.
    """

    correct: list[NDArray[np.bool_]]
    crafting_seconds: float
    inference_seconds: list[float]


def parts_of(crafting: Crafting) -> list[tuple[int, int]]:
    """Return the ranges of images that may be evaluated apart: whole batches, or all for some attacks.

    Raises
    ------
    AccelsimError
        If the crafting is not resolved.
    """
    count = crafting.images.count
    if count is None:
        raise AccelsimError(
            "this crafting does not say how many images it takes; resolved([cell]) fills it in"
        )
    if crafting.budget and crafting.built_attack().whole_set:
        return [(0, count)]
    size = max(PART // crafting.batch_size, 1) * crafting.batch_size
    return [(first, min(first + size, count)) for first in range(0, count, size)]


def evaluate(crafting: Crafting, victims: Sequence[Victim]) -> Verdicts:
    """Craft adversarial examples once and show them to every victim.

    The result is determined by the descriptions: each part of the images is crafted and classified on one
    thread, from random streams of its own.

    Parameters
    ----------
    crafting : Crafting
        Resolved.
    victims : sequence of Victim
        Resolved.

    Raises
    ------
    AccelsimError
        If what a description names cannot be loaded or has another hash, or a network and the images do not
        fit.
    """
    evaluator = Evaluator()
    return joined([evaluator.part(crafting, victims, *part) for part in parts_of(crafting)])


def joined(parts: Sequence[Verdicts]) -> Verdicts:
    """Return the verdicts on all images from those on their parts, in order."""
    return Verdicts(
        [np.concatenate(own) for own in zip(*(part.correct for part in parts), strict=True)],
        sum(part.crafting_seconds for part in parts),
        [sum(own) for own in zip(*(part.inference_seconds for part in parts), strict=True)],
    )


class Evaluator:
    """Evaluates parts of groups, and keeps what the next one needs too: content, and clean verdicts.

    Parameters
    ----------
    content : Content, optional
        Where networks and images come from.
    """

    def __init__(self, content: Content | None = None) -> None:
        self._content = content or Content()
        self._clean: dict[tuple[str, str | None, int, int, int], torch.Tensor] = {}

    def part(self, crafting: Crafting, victims: Sequence[Victim], first: int, stop: int) -> Verdicts:
        """Evaluate one of `parts_of` a crafting.

        Raises
        ------
        AccelsimError
            As `evaluate`.
        """
        with one_thread():
            images, labels = (tensor[first:stop] for tensor in self._content.images(crafting.images))
            start = time.perf_counter()
            adversarial = None
            if crafting.budget:
                adversarial = craft(
                    crafting.built_attack(),
                    self._content.network(crafting.source).net,
                    images,
                    labels,
                    crafting.budget,
                    crafting.seed,
                    batch_size=crafting.batch_size,
                    first_image=first,
                )
            crafting_seconds = time.perf_counter() - start
            correct, seconds = [], []
            for victim in victims:
                start = time.perf_counter()
                net = self._content.victim(victim)
                judge = CheckedNetwork(net, f"victim {victim.label}", images[:1])
                key = (victim.identity, crafting.images.sha256, first, stop, crafting.batch_size)
                if key not in self._clean:
                    self._clean[key] = judge.classifies_correctly(images, labels, crafting.batch_size)
                verdict = self._clean[key]
                if adversarial is not None:
                    verdict = replayed(judge, verdict, images, adversarial, labels, crafting.batch_size)
                correct.append(verdict.numpy())
                seconds.append(time.perf_counter() - start)
        return Verdicts(correct, crafting_seconds, seconds)
