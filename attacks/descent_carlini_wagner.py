"""Carlini and Wagner's attack by gradient descent with a line search."""

from typing import Any

import torch
from foolbox.attacks.base import MinimizationAttack
from foolbox.distances import l2
from torch import Tensor

from accelsim.attacks.untargeted import untargeted_call

__all__ = ["L2DescentCarliniWagnerAttack"]

#: Share of a constant to which bisection settles it.
_SETTLED = 0.02
#: Iterations without a lower objective after which an image is left as it is.
_PATIENCE = 3
#: Keeps the inverse of tanh finite at the ends of the pixels' range.
_INSIDE = 0.999999


class L2DescentCarliniWagnerAttack(MinimizationAttack):
    r"""C&W in l2, descending along the gradient itself, each image with a step length of its own.

    The objective of Carlini and Wagner (IEEE S&P 2017), :math:`\|x - x_0\|_2^2 + c \max(0, Z_y - \max_{j \ne
    y} Z_j + \kappa)` over :math:`x = (\tanh w + 1) / 2`, is lowered in ``w``. An iteration tries the step
    length of the last one; while that lowers the objective it is doubled, else halved until it does. This is
    how the attack runs in the Adversarial Robustness Toolbox (Nicolae et al., arXiv:1807.01069). Unlike
    Adam's, the steps depend on the gradient's size: pixels that are black or white, where tanh is flat,
    hardly move in few iterations. The constant ``c`` is doubled until an example is found, and then bisected.

    Parameters
    ----------
    binary_search_steps : int
        Constants tried at most; an image whose constant is settled to 2 % tries no more.
    steps : int
        Iterations with each constant; an image whose objective 3 of them in a row do not lower ends there.
    stepsize : float
        The first step length.
    confidence : float
        Margin of the logits by which an example must be wrong.
    initial_const : float
        The first constant.
    changes : int
        Doublings, or halvings, of the step length in an iteration at most.
    """

    distance = l2

    def __init__(
        self,
        binary_search_steps: int = 10,
        steps: int = 10,
        stepsize: float = 0.01,
        confidence: float = 0.0,
        initial_const: float = 0.01,
        changes: int = 5,
    ) -> None:
        self.binary_search_steps = binary_search_steps
        self.steps = steps
        self.stepsize = stepsize
        self.confidence = confidence
        self.initial_const = initial_const
        self.changes = changes

    def run(
        self, model: Any, inputs: Any, criterion: Any, *, early_stop: float | None = None, **kwargs: Any
    ) -> Any:
        """Return the nearest examples found; images for which there is none as they are."""
        images, labels, restored = untargeted_call("C&W", inputs, criterion, kwargs)
        best, nearest = images.clone(), torch.full((len(images),), torch.inf, device=images.device)
        constant = torch.full_like(nearest, self.initial_const)
        low, high = torch.zeros_like(nearest), torch.full_like(nearest, torch.inf)
        for _ in range(self.binary_search_steps):
            left = (torch.isinf(high) | (high - low > _SETTLED * high)).nonzero().flatten()
            if len(left) == 0:
                break
            descent = _Descent(self, model, images[left], labels[left], constant[left])
            descent.run()
            found = torch.isfinite(descent.nearest)
            closer = descent.nearest < nearest[left]
            best[left[closer]], nearest[left[closer]] = descent.best[closer], descent.nearest[closer]
            high[left[found]], low[left[~found]] = constant[left[found]], constant[left[~found]]
            constant = torch.where(torch.isinf(high), constant * 2, (low + high) / 2)
        return restored(best)


class _Descent:
    """The descent of a batch with one constant each."""

    def __init__(
        self,
        attack: L2DescentCarliniWagnerAttack,
        model: Any,
        images: Tensor,
        labels: Tensor,
        constants: Tensor,
    ) -> None:
        self.attack, self.model, self.images, self.labels = attack, model, images, labels
        self.constants = constants
        low, high = model.bounds
        self.middle, self.half = (low + high) / 2, (high - low) / 2
        self.best, self.nearest = images.clone(), torch.full_like(constants, torch.inf)

    def run(self) -> None:
        """Fill in ``best`` and ``nearest``: the examples, and their distances, infinite without one."""
        points = torch.atanh((self.images - self.middle) / self.half * _INSIDE)
        step = torch.full_like(self.constants, self.attack.stepsize)
        failures = torch.zeros_like(step)
        left = torch.arange(len(points), device=points.device)
        for _ in range(self.attack.steps):
            shown = points[left].requires_grad_()
            objective, *_ = self._objective(shown, left)
            (gradient,) = torch.autograd.grad(objective.sum(), shown)
            objective = objective.detach()
            taken, step[left] = self._searched(points[left], gradient, objective, step[left], left)
            points[left] -= _spread(taken, gradient) * gradient
            failures[left] = torch.where(taken > 0, 0.0, failures[left] + 1)
            left = left[failures[left] < _PATIENCE]
            if len(left) == 0:
                break

    def _objective(self, points: Tensor, which: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Return the objective, the images, the hinge and the squared distance."""
        shown = torch.tanh(points) * self.half + self.middle
        logits, labels = self.model(shown), self.labels[which, None]
        own = logits.gather(1, labels).squeeze(1)
        other = logits.scatter(1, labels, -torch.inf).amax(dim=1)
        hinge = (own - other + self.attack.confidence).clamp_min(0)
        distance = (shown - self.images[which]).flatten(1).square().sum(dim=1)
        return distance + self.constants[which] * hinge, shown, hinge, distance

    @torch.no_grad()
    def _searched(
        self, points: Tensor, gradient: Tensor, objective: Tensor, step: Tensor, which: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Return the step length that lowers the objective the most, 0 where none does, and the next one."""
        lowest, taken, tried = objective.clone(), torch.zeros_like(step), step.clone()
        searching = torch.arange(len(step), device=step.device)
        grows = torch.ones_like(step, dtype=torch.bool)
        for change in range(self.attack.changes + 1):
            moved = points[searching] - _spread(tried[searching], gradient) * gradient[searching]
            value, shown, hinge, distance = self._objective(moved, which[searching])
            self._keep(which[searching], shown, hinge, distance)
            lower = value < lowest[searching]
            if change == 0:
                grows = lower.clone()
            taken[searching[lower]] = tried[searching[lower]]
            lowest[searching[lower]] = value[lower]
            # Growing ends where it no longer helps, shrinking where it does.
            searching = searching[lower == grows[searching]]
            if len(searching) == 0:
                break
            tried[searching] *= torch.where(grows[searching], 2.0, 0.5)
        return taken, torch.where(taken > 0, taken, tried)

    def _keep(self, which: Tensor, shown: Tensor, hinge: Tensor, distance: Tensor) -> None:
        closer = (hinge <= 0) & (distance < self.nearest[which])
        self.best[which[closer]], self.nearest[which[closer]] = shown[closer], distance[closer]


def _spread(values: Tensor, like: Tensor) -> Tensor:
    """Return a value per image in a shape that multiplies images."""
    return values.view(-1, *(1,) * (like.ndim - 1))
