"""The smallest budget at which an attack with a budget succeeds."""

from typing import Any

import torch
from foolbox.attacks.base import MinimizationAttack
from foolbox.criteria import Misclassification

from accelsim.attacks.attack import Parameter
from accelsim.attacks.registry import build_attack
from accelsim.attacks.untargeted import untargeted_call

__all__ = ["SmallestBudgetAttack"]


class SmallestBudgetAttack(MinimizationAttack):
    """Runs an attack with growing budgets, and ends for each image at the first that fools.

    So are minimal-norm examples of the fast gradient sign method found. Success need not grow with the budget
    of a single step; the search is therefore linear and no bisection.

    Parameters
    ----------
    attack : str
        Name of an attack with a budget.
    largest : float
        Largest budget.
    levels : int
        Number of budgets, evenly spaced from ``largest / levels`` to ``largest``.
    **parameters
        Parameters of the attack.
    """

    def __init__(self, attack: str, largest: float = 1.0, levels: int = 100, **parameters: Parameter) -> None:
        chosen = build_attack(attack, **parameters)
        chosen.require_kind("fixed-budget")
        self.attack = chosen.construct()
        self.largest = largest
        self.levels = levels

    @property
    def distance(self) -> Any:
        """Distance of the attack."""
        return self.attack.distance

    def run(
        self,
        model: Any,
        inputs: Any,
        criterion: Any,
        *,
        early_stop: float | None = None,
        **kwargs: Any,
    ) -> Any:
        """Return the perturbed images; those not turned at any budget as they were."""
        images, labels, restored = untargeted_call("the smallest budget", inputs, criterion, kwargs)
        result = images.clone()
        left = torch.arange(len(images), device=images.device)
        for level in range(1, self.levels + 1):
            budget = self.largest * level / self.levels
            clean = images[left]
            perturbed = self.attack.run(model, clean, Misclassification(labels[left]), epsilon=budget)
            perturbed = self.distance.clip_perturbation(clean, perturbed.detach(), budget).clamp(
                *model.bounds
            )
            with torch.no_grad():
                fools = model(perturbed).argmax(dim=1) != labels[left]
            result[left[fools]] = perturbed[fools]
            left = left[~fools]
            if len(left) == 0:
                break
        return restored(result)
