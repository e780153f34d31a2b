"""A run of the paper's experiments: its settings, its networks, and the examples crafted so far."""

import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch

from accelsim.attacks.attack import Attack
from accelsim.attacks.evaluation import craft_examples
from accelsim.attacks.guesmi2021.subjects import Subject, load_subject
from accelsim.attacks.outcome import Crafted, Outcome
from accelsim.attacks.reproduction import study as reproduction
from accelsim.attacks.threat_models import ThreatModel, Transfer

__all__ = ["BATCH_SIZE", "Study"]

#: Images attacked together.
BATCH_SIZE = 250

_NETWORKS = {"mnist": "lenet5_guesmi", "cifar10": "alexnet_cifar"}


@dataclass(frozen=True, eq=False, kw_only=True)
class Study(reproduction.Study):
    """Settings of a run, and what its parts share; see `accelsim.attacks.reproduction.study` too.

    Parameters
    ----------
    images : mapping of str to int
        How many test images of each data set are attacked.
    seed : int
        Of the attacks and everything drawn.
    liberty : Path, optional
        Liberty file of the cells that costs are estimated with.
    """

    images: dict[str, int]
    seed: int = 0
    liberty: Path | None = None
    _subjects: dict[tuple[str, str], Subject] = field(default_factory=dict, init=False, repr=False)

    def subject(self, dataset: str, network: str | None = None) -> Subject:
        """Return the network of the paper for a data set (or another one), with the images to attack."""
        key = network or _NETWORKS[dataset], dataset
        if key not in self._subjects:
            self._subjects[key] = load_subject(*key, self.images[dataset])
        return self._subjects[key]

    def crafted(
        self,
        subject: Subject,
        threat_model: ThreatModel,
        attack: Attack,
        victim: str,
        budget: float | None = None,
    ) -> Crafted:
        """Craft examples against a victim, or take them from the cells.

        Parameters
        ----------
        subject : Subject
            Networks and images.
        threat_model : ThreatModel
            What the attacker knows; its name tells it from others, and the victim's name, if it uses the
            victim.
        attack : Attack
            The attack.
        victim : str
            The victim; see `Subject.victim`.
        budget : float, optional
            As for `craft_examples`.
        """
        what = f"{threat_model.name} {attack.label} on {victim} ({subject.dataset.name})"
        identity = {
            **self.identity(subject),
            "threat_model": threat_model.name,
            "victim": "exact" if isinstance(threat_model, Transfer) else victim,
            "attack": [attack.name, sorted(attack.parameters.items())],
            "budget": budget,
            "seed": self.seed,
            "batch_size": BATCH_SIZE,
        }

        def compute() -> dict[str, torch.Tensor]:
            self.report(what)
            found = craft_examples(
                threat_model, attack, subject.victim(victim), subject.images, subject.labels, budget,
                self.seed, batch_size=BATCH_SIZE,
            )  # fmt: skip
            numbers = torch.tensor([found.classes, found.seconds], dtype=torch.float64)
            return {
                "adversarial": found.adversarial.contiguous(),
                "attacked": found.attacked,
                "fooled": found.fooled,
                "numbers": numbers,
            }

        kept = self.cells.tensors(f"{what} {budget or ''}", identity, compute)
        classes, seconds = kept["numbers"].tolist()
        return Crafted(
            subject.images, kept["adversarial"], subject.labels, kept["attacked"], kept["fooled"],
            int(classes), seconds, BATCH_SIZE,
        )  # fmt: skip

    def judged(self, subject: Subject, crafted: Crafted, victim: str) -> Outcome:
        """Judge examples on a network on its hardware, or take its answers from the cells."""
        identity = {
            **self.identity(subject),
            "victim": victim,
            "adversarial": _hash(crafted.adversarial),
            "attacked": _hash(crafted.attacked),
        }

        def compute() -> dict[str, torch.Tensor]:
            self.report(f"judging on {victim} ({subject.dataset.name})")
            found = crafted.judged(subject.victim(victim), victim)
            names = ("correct", "eligible", "crafted", "fooled", "l0", "l2", "linf", "mse")
            return {name: torch.from_numpy(np.ascontiguousarray(getattr(found, name))) for name in names}

        kept = self.cells.tensors(f"judged {victim}", identity, compute)
        return Outcome(seconds=crafted.seconds, **{name: value.numpy() for name, value in kept.items()})

    def outcome(
        self,
        subject: Subject,
        threat_model: ThreatModel,
        attack: Attack,
        victim: str,
        budget: float | None = None,
    ) -> Outcome:
        """Craft and judge on the same victim."""
        return self.judged(subject, self.crafted(subject, threat_model, attack, victim, budget), victim)

    def provenance(self) -> dict[str, dict[str, Any]]:
        """Return the hashes and accuracy of each network that was used, by its name."""
        return {
            network: {
                "dataset": dataset,
                "dataset_sha256": subject.dataset.sha256,
                "weights_sha256": subject.trained.sha256,
                "accuracy_percent": subject.trained.accuracy_percent,
            }
            for (network, dataset), subject in self._subjects.items()
        }

    def identity(self, subject: Subject) -> dict[str, Any]:
        """Return what a result of a subject follows from."""
        return {
            "weights": subject.trained.sha256,
            "dataset": subject.dataset.sha256,
            "images": len(subject.images),
        }


def _hash(tensor: torch.Tensor) -> str:
    return hashlib.sha256(tensor.contiguous().numpy().tobytes()).hexdigest()
