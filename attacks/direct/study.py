"""A run of direct attacks: what is drawn, crafted, and kept."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from accelsim.attacks.attack import Attack
from accelsim.attacks.crafting import BATCH_SIZE
from accelsim.attacks.direct.subject import Subject
from accelsim.attacks.outcome import Crafted
from accelsim.attacks.reproduction.examples import Examples
from accelsim.attacks.reproduction.study import Study
from accelsim.attacks.threat_models import WhiteBox
from accelsim.errors import AccelsimError

__all__ = ["BudgetedAttack", "DirectStudy"]


@dataclass(frozen=True)
class BudgetedAttack:
    """An attack with its budget, None where it looks for the smallest perturbation."""

    attack: Attack
    budget: float | None


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

    def examples(self, subject: Subject, attack: BudgetedAttack, run: int, count: int) -> Examples:
        """Return examples that are wanted of a network.

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
        return Examples(
            name=f"{attack.attack.label} on {subject.trained.network} {subject.name}, run {run},",
            identity=self._identity(subject),
            threat_model=WhiteBox(),
            attack=attack.attack,
            budget=attack.budget,
            victim=subject.net,
            images=images,
            labels=labels,
            seed=self.seed + run,
            batch_size=BATCH_SIZE,
        )

    def crafted(self, subject: Subject, attack: BudgetedAttack, run: int, count: int) -> Crafted:
        """Return those examples, crafted if they are not in the cells; parameters as for `examples`."""
        return self.examples(subject, attack, run, count).crafted(self.cells, self.begun)

    def craft_all(self, wanted: Iterable[Examples]) -> None:
        """Craft what is not in the cells of all these, shared among the processes."""
        self.cells.compute([cell for each in wanted for cell in each.cells()], self.begun)

    def _identity(self, subject: Subject) -> dict[str, Any]:
        return {
            "network": subject.identity,
            "dataset": subject.dataset.sha256,
        }
