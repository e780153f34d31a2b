"""Adversarial training: a network that sees, in each step, images crafted on itself as it is by then."""

import torch
from torch import nn

from accelsim.attacks.crafting import craft
from accelsim.attacks.registry import build_attack
from accelsim.models import AdversarialRecipe, Dataset, TrainedNetwork, train

__all__ = ["train_adversarially"]

#: Length of a step, times the number of steps, over the budget: 2.5 as in Madry et al. (2018), appendix.
_REACH = 2.5


def train_adversarially(
    network: str, dataset: Dataset, recipe: AdversarialRecipe, *, progress: bool = True
) -> TrainedNetwork:
    """Train a network of the registry on adversarial images alone.

    A. Madry, A. Makelov, L. Schmidt, D. Tsipras and A. Vladu, "Towards Deep Learning Models Resistant to
    Adversarial Attacks" (ICLR 2018): each step minimises the loss on images that projected gradient descent
    (linf, random start) has just crafted on the network. Everything else is as in `accelsim.models.train`,
    the promise of the same weights for the same arguments too.

    Parameters
    ----------
    network : str
        Name of the network.
    dataset : Dataset
        Images and classes of the shape and number that the network takes.
    recipe : AdversarialRecipe
        How it is trained.
    progress : bool
        Whether to show a progress bar on stderr where stderr is a terminal.

    Raises
    ------
    AccelsimError
        As `accelsim.models.train`.
    """
    attack = build_attack(
        "pgd-linf", steps=recipe.steps, rel_stepsize=_REACH / recipe.steps, abs_stepsize=None
    )

    def adversary(
        net: nn.Module, images: torch.Tensor, labels: torch.Tensor, epoch: int, step: int
    ) -> torch.Tensor:
        budget = recipe.budget * min(1, epoch / recipe.warm_up)
        net.eval()
        adversarial = craft(attack, net, images, labels, budget, seed=step, batch_size=len(images))
        net.train()
        return adversarial

    return train(network, dataset, recipe=recipe, adversary=adversary, progress=progress)
