"""Adversarial examples crafted and judged chunk by chunk: each a cell, which processes share."""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from accelsim.attacks.attack import Attack, Parameter
from accelsim.attacks.evaluation import craft_examples
from accelsim.attacks.network import CheckedNetwork
from accelsim.attacks.outcome import Crafted, Outcome
from accelsim.attacks.registry import build_attack
from accelsim.attacks.reproduction.cells import Cell, Cells, Tensors
from accelsim.attacks.threat_models import ThreatModel

__all__ = ["CHUNK", "Examples", "judged"]

#: Images that are crafted in one go and kept together: a stopped run loses no more.
CHUNK = 250

_OUTCOME = ("correct", "eligible", "crafted", "fooled", "l0", "l2", "linf", "mse")


@dataclass(frozen=True, eq=False, kw_only=True)
class Examples:
    """Adversarial examples that are wanted.

    Parameters
    ----------
    name : str
        What they are, for messages and files.
    identity : mapping of str to JSON values
        What tells the attacked networks and their data from others.
    threat_model : ThreatModel
        What the attacker knows; its name tells it from others.
    attack : Attack
        One of the registry.
    budget : float, optional
        As for `craft_examples`.
    victim : nn.Module
        The network on its hardware.
    images : float tensor of shape (N, ...)
        Pixels in [0, 1].
    labels : int64 tensor of shape (N,)
        True classes.
    seed : int
        Of the attack.
    batch_size : int
        Images attacked together.
    """

    name: str
    identity: Mapping[str, Any]
    threat_model: ThreatModel
    attack: Attack
    victim: nn.Module
    images: Tensor
    labels: Tensor
    budget: float | None = None
    seed: int = 0
    batch_size: int

    def cells(self) -> list[Cell]:
        """Return their chunks: one where the attack takes all images at once."""
        size = len(self.images) if self.attack.whole_set else CHUNK
        parameters = sorted(self.attack.parameters.items())
        found = []
        for start in range(0, len(self.images), size):
            images, labels = (each[start : start + size].clone() for each in (self.images, self.labels))
            identity = {
                **self.identity,
                "threat_model": self.threat_model.name,
                "attack": [self.attack.name, parameters, self.budget],
                "seed": [self.seed, start],
                "images": _hash(images, labels),
                "batch_size": self.batch_size,
            }
            compute = partial(
                _craft, self.threat_model, self.attack.name, dict(parameters), self.victim, images, labels,
                self.budget, self.seed + 1_000_003 * start, self.batch_size,
            )  # fmt: skip
            found.append(Cell(f"{self.name} from {start}", identity, compute))
        return found

    def crafted(self, cells: Cells, begun: Callable[[Cell], object]) -> Crafted:
        """Return them from their cells; see `Cells.all_tensors`."""
        found = cells.all_tensors(self.cells(), begun)
        joined = {
            key: torch.cat([each[key] for each in found]) for key in ("adversarial", "attacked", "fooled")
        }
        classes = int(found[0]["classes"])
        seconds = sum(float(each["seconds"]) for each in found)
        return Crafted(
            images=self.images, labels=self.labels, **joined, classes=classes, seconds=seconds,
            batch_size=self.batch_size,
        )  # fmt: skip


def judged(
    crafted: Crafted,
    judge: nn.Module,
    name: str,
    identity: Mapping[str, Any],
    cells: Cells,
    begun: Callable[[Cell], object],
) -> Outcome:
    """Return what a network makes of examples, from its cells.

    Parameters
    ----------
    crafted : Crafted
        The examples.
    judge : nn.Module
        The network on its hardware.
    name : str
        What messages and files call it.
    identity : mapping of str to JSON values
        What tells it from other networks.
    cells : Cells
        Finished results.
    begun : callable
        As for `Cells.all_tensors`.
    """
    parts = list(_chunks(crafted))
    clean = cells.all_tensors(
        [
            Cell(
                f"clean {name}",
                {**identity, "clean": _hash(each.images, each.labels), "batch_size": each.batch_size},
                partial(_judge_clean, judge, name, each.images, each.labels, each.batch_size),
            )
            for each in parts
        ],
        begun,
    )
    found = cells.all_tensors(
        [
            Cell(
                f"judged {name}",
                {**identity, "judged": _hash(each.images, each.labels, each.adversarial, each.attacked)},
                partial(_judge, each, judge, name, own["correct"]),
            )
            for each, own in zip(parts, clean, strict=True)
        ],
        begun,
    )
    joined = {key: torch.cat([each[key] for each in found]).numpy() for key in _OUTCOME}
    return Outcome(**joined, seconds=crafted.seconds)


def _chunks(crafted: Crafted) -> Iterator[Crafted]:
    names = ("images", "adversarial", "labels", "attacked", "fooled")
    for chunk in zip(*(torch.split(getattr(crafted, name), CHUNK) for name in names), strict=True):
        yield replace(crafted, **{name: own.clone() for name, own in zip(names, chunk, strict=True)})


def _craft(
    threat_model: ThreatModel,
    attack: str,
    parameters: Mapping[str, Parameter],
    victim: nn.Module,
    images: Tensor,
    labels: Tensor,
    budget: float | None,
    seed: int,
    batch_size: int,
) -> Tensors:
    built = build_attack(attack, **parameters)
    found = craft_examples(threat_model, built, victim, images, labels, budget, seed, batch_size=batch_size)
    return {
        "adversarial": found.adversarial.contiguous(),
        "attacked": found.attacked,
        "fooled": found.fooled,
        "classes": torch.tensor(found.classes),
        "seconds": torch.tensor(found.seconds, dtype=torch.float64),
    }


def _judge_clean(judge: nn.Module, name: str, images: Tensor, labels: Tensor, batch_size: int) -> Tensors:
    checked = CheckedNetwork(judge, name, images[:1])
    return {"correct": checked.classifies_correctly(images, labels, batch_size)}


def _judge(crafted: Crafted, judge: nn.Module, name: str, correct: Tensor) -> Tensors:
    found = crafted.judged(judge, name, correct)
    return {key: torch.from_numpy(np.ascontiguousarray(getattr(found, key))) for key in _OUTCOME}


def _hash(*tensors: Tensor) -> str:
    digest = hashlib.sha256()
    for tensor in tensors:
        digest.update(tensor.contiguous().numpy().tobytes())
    return digest.hexdigest()
