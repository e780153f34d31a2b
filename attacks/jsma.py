"""The Jacobian-based saliency map attack."""

from collections.abc import Callable
from typing import Any, Literal

import torch
from eagerpy.astensor import astensor, astensor_
from foolbox.attacks.base import MinimizationAttack, get_criterion, raise_if_kwargs, verify_input_bounds
from foolbox.criteria import Misclassification, TargetedMisclassification
from foolbox.distances import l0

from accelsim.attacks.saliency_pairs import best_pairs
from accelsim.errors import AccelsimError

__all__ = ["JacobianSaliencyMapAttack"]


class JacobianSaliencyMapAttack(MinimizationAttack):
    """JSMA: two pixels at a time, those that raise the target's logit and lower the others' the most.

    Algorithms 2 and 3 of Papernot et al., "The Limitations of Deep Learning in Adversarial Settings" (EuroS&P
    2016), on logits as there. The Jacobian is needed only as the target's row and the sum of the others: two
    backward passes per iteration for the whole batch.

    The attack is targeted. With Foolbox's ``Misclassification`` it goes towards several wrong classes in
    step, each on a copy of the image, and ends with the copy that is first answered wrongly in whatever way:
    the one with the fewest pixels changed.

    Parameters
    ----------
    theta : float
        Change of a pixel per iteration, positive or negative; at 1 or -1 it saturates at once.
    gamma : float
        Largest share of values (pixels times channels) that are changed; the paper's 14.5 % for MNIST.
    targets : int or "random", optional
        Number of classes tried as targets, the likeliest ones; None: all. ``"random"``: one wrong class drawn
        at random, which the copy goes on towards until it is answered, as the Adversarial Robustness Toolbox
        does (Nicolae et al., arXiv:1807.01069).
    others : bool
        Whether the other classes count. Without them the two pixels are those that raise the target's logit
        the most, as in that toolbox, whatever they do to the others.
    """

    distance = l0

    def __init__(
        self,
        theta: float = 1.0,
        gamma: float = 0.145,
        targets: int | Literal["random"] | None = None,
        others: bool = True,
    ) -> None:
        self.theta = theta
        self.gamma = gamma
        self.targets = targets
        self.others = others

    def run(
        self,
        model: Any,
        inputs: Any,
        criterion: Any,
        *,
        early_stop: float | None = None,
        **kwargs: Any,
    ) -> Any:
        """Return the perturbed images; those not turned have spent the whole share of pixels."""
        raise_if_kwargs(kwargs)
        wrapped, restore_type = astensor_(inputs)
        verify_input_bounds(wrapped, model)
        images: torch.Tensor = wrapped.raw
        criterion = get_criterion(criterion)
        if isinstance(criterion, TargetedMisclassification):
            wanted = criterion.target_classes.raw
            result = self._towards(
                model, images, wanted[:, None], lambda answers, which: answers == wanted[which]
            )
            return restore_type(astensor(result))
        if not isinstance(criterion, Misclassification):
            raise AccelsimError(f"JSMA aims at (Targeted)Misclassification; not {criterion!r}")
        labels = criterion.labels.raw
        with torch.no_grad():
            logits = model(images).scatter(1, labels[:, None], -torch.inf)
        others = logits.shape[1] - 1
        if self.targets == "random":
            drawn = (labels + torch.randint_like(labels, 1, others + 1)) % (others + 1)
            result = self._towards(
                model, images, drawn[:, None], lambda answers, which: answers == drawn[which]
            )
            return restore_type(astensor(result))
        goals = logits.topk(others if self.targets is None else min(self.targets, others), dim=1).indices
        result = self._towards(model, images, goals, lambda answers, which: answers != labels[which])
        return restore_type(astensor(result))

    def _towards(
        self,
        model: Any,
        images: torch.Tensor,
        goals: torch.Tensor,
        reached: Callable[[torch.Tensor, torch.Tensor], torch.Tensor],
    ) -> torch.Tensor:
        """Move images towards goals (N, K) in step, each until one copy is there or the share spent."""
        low, high = model.bounds
        direction = 1.0 if self.theta > 0 else -1.0
        end = high if self.theta > 0 else low
        copies = goals.shape[1]
        pixels = images.flatten(1).repeat_interleave(copies, dim=0)
        free = pixels != end
        goal = goals.flatten()
        left = torch.arange(len(pixels), device=images.device)
        chosen = left[::copies].clone()
        iterations = int(self.gamma * pixels.shape[1] / 2)
        for iteration in range(iterations + 1):
            shown = pixels[left].view(-1, *images.shape[1:]).requires_grad_(iteration < iterations)
            logits = model(shown)
            success = reached(logits.detach().argmax(dim=1), left // copies)
            there = left[success]
            # of several copies, that of the likeliest goal
            chosen.scatter_reduce_(0, there // copies, there, "amin", include_self=False)
            going = ~torch.isin(left // copies, there // copies)
            if iteration == iterations or not going.any():
                break
            aimed = logits.gather(1, goal[left, None]).sum()
            (to_goal,) = torch.autograd.grad(aimed, shown, retain_graph=self.others)
            gains = direction * to_goal[going].flatten(1)
            losses = None
            if self.others:
                (to_others,) = torch.autograd.grad(logits.sum() - aimed, shown)
                losses = -direction * to_others[going].flatten(1)
            left = left[going]
            pairs, found = self._pairs(gains, losses, free[left])
            left, pairs = left[found], pairs[found]
            if len(left) == 0:
                break
            rows = left[:, None]
            pixels[rows, pairs] = (pixels[rows, pairs] + self.theta).clamp(low, high)
            free[rows, pairs] = pixels[rows, pairs] != end
        return pixels[chosen].view_as(images)

    @staticmethod
    def _pairs(
        gains: torch.Tensor, losses: torch.Tensor | None, free: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        if losses is not None:
            return best_pairs(gains, losses, free)
        return gains.masked_fill(~free, -torch.inf).topk(2, dim=1).indices, free.sum(dim=1) >= 2
