"""A run of direct attacks: what is drawn, crafted, and kept."""

import hashlib
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from accelsim.attacks.attack import Attack
from accelsim.attacks.crafting import BATCH_SIZE
from accelsim.attacks.direct.subject import Subject
from accelsim.attacks.evaluation import craft_examples
from accelsim.attacks.outcome import Crafted
from accelsim.attacks.reproduction.study import Study
from accelsim.attacks.threat_models import WhiteBox
from accelsim.errors import AccelsimError

__all__ = ["BudgetedAttack", "DirectStudy"]

#: Images crafted in one go and kept together: a stopped run loses no more.
_CHUNK = 250


@dataclass(frozen=True)
class BudgetedAttack:
    """An attack with its budget, None where it looks for the smallest perturbation."""

    attack: Attack
    budget: float | None

    def identity(self) -> list[object]:
        """Return what tells its results from those of others."""
        return [self.attack.name, sorted(self.attack.parameters.items()), self.budget]


@dataclass(frozen=True, eq=False, kw_only=True)
class DirectStudy(Study):
    """Images drawn for a network, and examples crafted on it, from the cells where they are there.

    Parameters
    ----------
    seed : int
        Of the first run; the next one has the next.
    """

    seed: int = 0
    _orders: dict[tuple[str, int], Tensor] = field(default_factory=dict, init=False, repr=False)

    def answers(self, subject: Subject) -> Tensor:
        """Return the class that a network gives each test image."""
        return self.cells.tensors(
            f"answers {subject.name}",
            self._identity(subject),
            lambda: {"answers": subject.answers(subject.dataset.test_images)},
        )["answers"]

    def sample(self, subject: Subject, run: int, count: int) -> tuple[Tensor, Tensor]:
        """Return images drawn from the test set that the network classifies correctly, with their labels.

        All of them where there are fewer. The draw of a larger count begins with that of a smaller one.
        """
        data = subject.dataset
        key = (self._identity(subject)["network"], run)
        if key not in self._orders:
            answers = self.answers(subject)
            order = torch.randperm(len(answers), generator=torch.Generator().manual_seed(self.seed + run))
            self._orders[key] = order[(answers == data.test_labels)[order]]
        chosen = self._orders[key][:count]
        if len(chosen) == 0:
            raise AccelsimError(f"network {subject.name} classifies no image of {data.name} correctly")
        return data.test_images[chosen], data.test_labels[chosen]

    def crafted(self, subject: Subject, attack: BudgetedAttack, run: int, count: int) -> Crafted:
        """Return examples crafted on a network, from the cells where they are there.

        Parameters
        ----------
        subject : Subject
            The network.
        attack : BudgetedAttack
            The attack.
        run : int
            Number of the run, from 0, which draws the images and is the seed.
        count : int
            Images attacked.
        """
        images, labels = self.sample(subject, run, count)
        size = len(images) if attack.attack.whole_set else _CHUNK
        found = [
            self._part(
                subject, attack, images[start : start + size], labels[start : start + size], run, start
            )
            for start in range(0, len(images), size)
        ]
        adversarial = torch.cat([each["adversarial"] for each in found])
        fooled = torch.cat([each["fooled"] for each in found])
        seconds = sum(float(each["seconds"]) for each in found)
        attacked = torch.ones_like(fooled)
        classes = len(subject.dataset.classes)
        return Crafted(images, adversarial, labels, attacked, fooled, classes, seconds, BATCH_SIZE)

    def _part(
        self, subject: Subject, attack: BudgetedAttack, images: Tensor, labels: Tensor, run: int, start: int
    ) -> dict[str, Tensor]:
        what = f"{attack.attack.label} on {subject.trained.network} {subject.name}, run {run}, from {start}"
        identity = {
            **self._identity(subject),
            "attack": attack.identity(),
            "seed": [self.seed + run, start],
            "images": hashlib.sha256(images.numpy().tobytes()).hexdigest(),
            "batch_size": BATCH_SIZE,
        }

        def compute() -> dict[str, Tensor]:
            self.report(what)
            found = craft_examples(
                WhiteBox(), attack.attack, subject.net, images, labels, attack.budget,
                self.seed + run + 1_000_003 * start, batch_size=BATCH_SIZE,
            )  # fmt: skip
            return {
                "adversarial": found.adversarial.contiguous(),
                "fooled": found.fooled,
                "seconds": torch.tensor(found.seconds, dtype=torch.float64),
            }

        return self.cells.tensors(
            f"{subject.trained.network} {subject.name} {attack.attack.name}", identity, compute
        )

    def _identity(self, subject: Subject) -> dict[str, Any]:
        return {
            "network": f"{subject.trained.sha256} {subject.multiplier}",
            "dataset": subject.dataset.sha256,
        }
