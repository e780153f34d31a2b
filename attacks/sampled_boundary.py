"""The Boundary attack with several candidates per step."""

from typing import Any

import torch
from foolbox.attacks.base import MinimizationAttack
from foolbox.distances import l2
from torch import Tensor

from accelsim.attacks.untargeted import untargeted_call

__all__ = ["SampledBoundaryAttack"]

#: Below the first share of candidates that fool a step grows shorter, above the second longer.
_FEW, _MANY = 0.2, 0.5


class SampledBoundaryAttack(MinimizationAttack):
    """Boundary: from noise that fools towards the image, by decisions alone, many candidates at each step.

    Brendel et al., "Decision-Based Adversarial Attacks" (ICLR 2018), as the Adversarial Robustness Toolbox
    runs it (Nicolae et al., arXiv:1807.01069): an iteration draws ``samples`` directions around the image at
    equal distance from it, and moves all those that still fool towards it; the nearest that fools then is
    kept. The lengths of either move adapt to the share that fools, from draw to draw. Where no draw of
    ``trials`` succeeds, the image's walk ends. An iteration is thus worth forty to a thousand of
    ``boundary-l2``, which tries one candidate each.

    A walk begins at the first of ``draws`` images of uniform noise that fools, and where there is none at the
    nearest image of the batch that the network puts into another class.

    Parameters
    ----------
    steps : int
        Iterations.
    spherical_step, source_step : float
        First lengths of the moves around the image and towards it, as shares of the distance.
    step_adaptation : float
        Factor by which they grow or shrink.
    samples : int
        Candidates per draw.
    trials : int
        Draws at most, until one of the candidates fools.
    draws : int
        Noise images tried as a start.
    """

    distance = l2

    def __init__(
        self,
        steps: int = 5000,
        spherical_step: float = 0.01,
        source_step: float = 0.01,
        step_adaptation: float = 1.5,
        samples: int = 20,
        trials: int = 25,
        draws: int = 100,
    ) -> None:
        self.steps = steps
        self.spherical_step = spherical_step
        self.source_step = source_step
        self.step_adaptation = step_adaptation
        self.samples = samples
        self.trials = trials
        self.draws = draws

    @torch.no_grad()
    def run(
        self, model: Any, inputs: Any, criterion: Any, *, early_stop: float | None = None, **kwargs: Any
    ) -> Any:
        """Return the nearest examples found; images for which there is no start as they are."""
        images, labels, restored = untargeted_call("Boundary", inputs, criterion, kwargs)
        walk = _Walk(self, model, images, labels)
        walk.start()
        for _ in range(self.steps):
            if not walk.step():
                break
        return restored(walk.points.view_as(images))


class _Walk:
    """Where the walks of a batch are; pixels are flat."""

    def __init__(self, attack: SampledBoundaryAttack, model: Any, images: Tensor, labels: Tensor) -> None:
        self.attack, self.model, self.labels, self.shape = attack, model, labels, images.shape[1:]
        self.images = images.flatten(1)
        self.points = self.images.clone()
        self.going = torch.zeros_like(labels, dtype=torch.bool)
        self.around = torch.full((len(images),), attack.spherical_step, device=images.device)
        self.towards = torch.full_like(self.around, attack.source_step)

    def start(self) -> None:
        """Find a first example for each image."""
        missing = torch.arange(len(self.images), device=self.images.device)
        for _ in range(self.attack.draws):
            if len(missing) == 0:
                break
            noise = torch.rand_like(self.images[missing])
            low, high = self.model.bounds
            noise = low + (high - low) * noise
            fools = self._fools(noise, missing)
            self.points[missing[fools]] = noise[fools]
            missing = missing[~fools]
        self.going[:] = True
        if len(missing) == 0:
            return
        answers = self.model(self.images.view(-1, *self.shape)).argmax(dim=1)
        distances = torch.cdist(self.images[missing], self.images)
        distances[answers == self.labels[missing, None]] = torch.inf
        distance, nearest = distances.min(dim=1)
        has_one = torch.isfinite(distance)
        self.points[missing[has_one]] = self.images[nearest[has_one]]
        self.going[missing] = has_one

    def step(self) -> bool:
        """Take one iteration; return whether any walk goes on."""
        which = self.going.nonzero().flatten()
        if len(which) == 0:
            return False
        owners, candidates = self._moved_around(which)
        self._move_towards(owners, candidates)
        return bool(self.going.any())

    def _moved_around(self, which: Tensor) -> tuple[Tensor, Tensor]:
        """Return fooling candidates beside the points, with the images that they belong to."""
        owners, candidates = [which[:0]], [self.images[:0]]
        for _ in range(self.attack.trials):
            drawn = self._drawn(which)
            owner = which.repeat_interleave(self.attack.samples)
            fools = self._fools(drawn, owner)
            share = fools.view(-1, self.attack.samples).float().mean(dim=1)
            self._adapt(self.around, which, share)
            owners.append(owner[fools])
            candidates.append(drawn[fools])
            which = which[share == 0]
            if len(which) == 0:
                break
        self.going[which] = False
        return torch.cat(owners), torch.cat(candidates)

    def _drawn(self, which: Tensor) -> Tensor:
        """Return random points around the images, as far from them as the walks' points are."""
        images = self.images[which, None]
        away = self.points[which, None] - images
        distance = away.norm(dim=2, keepdim=True).clamp_min(1e-12)
        length = self.around[which, None, None]
        noise = torch.randn(len(which), self.attack.samples, images.shape[2], device=images.device)
        noise *= length * distance / noise.norm(dim=2, keepdim=True)
        noise -= (noise * away).sum(dim=2, keepdim=True) / distance**2 * away
        around = images + (away + noise) / torch.sqrt(1 + length**2)
        return around.clamp(*self.model.bounds).flatten(0, 1)

    def _move_towards(self, owners: Tensor, beside: Tensor) -> None:
        """Move candidates towards their images, and keep the nearest that still fools."""
        left = torch.bincount(owners, minlength=len(self.points)).nonzero().flatten()
        for _ in range(self.attack.trials):
            if len(left) == 0:
                return
            chosen = torch.isin(owners, left)
            owner = owners[chosen]
            moved = torch.lerp(beside[chosen], self.images[owner], self.towards[owner, None].clamp_max(1))
            fools = self._fools(moved, owner)
            drawn = torch.bincount(owner, minlength=len(self.points))
            fooling = torch.bincount(owner[fools], minlength=len(self.points))
            share = (fooling / drawn.clamp_min(1))[left]
            self._adapt(self.towards, left, share)
            self._keep_nearest(owner[fools], moved[fools])
            left = left[share == 0]
        chosen = torch.isin(owners, left)
        self._keep_nearest(owners[chosen], beside[chosen])
        self.going[left] = False

    def _keep_nearest(self, owners: Tensor, candidates: Tensor) -> None:
        distances = (candidates - self.images[owners]).norm(dim=1)
        least = torch.full_like(self.around, torch.inf).scatter_reduce(0, owners, distances, "amin")
        nearest = distances == least[owners]
        self.points[owners[nearest]] = candidates[nearest]

    def _adapt(self, lengths: Tensor, which: Tensor, share: Tensor) -> None:
        factor = torch.ones_like(share)
        factor[share < _FEW] = 1 / self.attack.step_adaptation
        factor[share > _MANY] = self.attack.step_adaptation
        lengths[which] *= factor

    def _fools(self, points: Tensor, owners: Tensor) -> Tensor:
        answers = [self.model(part.view(-1, *self.shape)).argmax(dim=1) for part in torch.split(points, 500)]
        return torch.cat(answers) != self.labels[owners] if answers else owners.bool()
