"""A run of the paper's experiments: its settings, its networks, and the examples crafted so far."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from accelsim.attacks.attack import Attack
from accelsim.attacks.guesmi2021.subjects import Subject, load_subject
from accelsim.attacks.outcome import Crafted, Outcome
from accelsim.attacks.reproduction import study as reproduction
from accelsim.attacks.reproduction.examples import Examples, judged
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
        within = "" if budget is None else f" within {budget:.3g}"
        is_transfer = isinstance(threat_model, Transfer)
        examples = Examples(
            name=f"{threat_model.name} {attack.label}{within} on {victim} ({subject.dataset.name})",
            identity={**self.identity(subject), "victim": "exact" if is_transfer else victim},
            threat_model=threat_model,
            attack=attack,
            budget=budget,
            victim=subject.victim(victim),
            images=subject.images,
            labels=subject.labels,
            seed=self.seed,
            batch_size=BATCH_SIZE,
        )
        return examples.crafted(self.cells, self.begun)

    def judged(self, subject: Subject, crafted: Crafted, victim: str) -> Outcome:
        """Judge examples on a network on its hardware, or take its answers from the cells."""
        name = f"{victim} ({subject.dataset.name})"
        identity = {**self.identity(subject), "victim": victim}
        return judged(crafted, subject.victim(victim), name, identity, self.cells, self.begun)

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
        }
