"""RayS: search for the sign vector along which the decision border is nearest, with decisions alone."""

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

import torch
from foolbox.attacks.base import MinimizationAttack
from foolbox.distances import linf
from torch import Tensor

from accelsim.attacks.untargeted import untargeted_call

__all__ = ["LinfRaySAttack"]


class LinfRaySAttack(MinimizationAttack):
    """Hard-label attack for the smallest perturbation in linf.

    J. Chen and Q. Gu, "RayS: A Ray Searching Method for Hard-label Adversarial Attack" (KDD 2020), algorithm
    3. A direction changes every pixel up or down by the same amount. The signs of blocks of pixels are
    flipped in turn, first of the whole image, then of its halves, quarters and so on; one decision tells
    whether a flip brings the border nearer than the best radius so far, and only then it is looked for by
    bisection.

    Parameters
    ----------
    queries : int
        Decisions asked for per image; a bisection that is under way when they are spent is finished, which
        takes as many more as halvings lead from 1 to the tolerance.
    tolerance : float
        Where bisection ends, in the radius over pixels in [0, 1].
    """

    distance = linf

    def __init__(self, *, queries: int = 500, tolerance: float = 1e-3) -> None:
        self.queries = queries
        self.tolerance = tolerance

    @torch.no_grad()
    def run(
        self, model: Any, inputs: Any, criterion: Any, *, early_stop: float | None = None, **kwargs: Any
    ) -> Any:
        """Return perturbed images (N, ...); an image that no direction fools is returned unchanged."""
        images, labels, restored = untargeted_call("RayS", inputs, criterion, kwargs)
        shape = images.shape
        low, high = model.bounds
        clean = images.flatten(1)
        n, pixels = clean.shape
        signs = torch.ones_like(clean)
        radius = torch.full((n,), high - low, dtype=clean.dtype, device=clean.device)
        found = torch.zeros(n, dtype=torch.bool, device=clean.device)
        queries = torch.zeros(n, dtype=torch.int64, device=clean.device)

        def perturbed(which: Tensor, signs: Tensor, radius: Tensor) -> Tensor:
            return (clean[which] + radius[:, None] * signs).clamp(low, high)

        def fooled(which: Tensor, signs: Tensor, radius: Tensor) -> Tensor:
            queries[which] += 1
            images = perturbed(which, signs, radius).reshape(-1, *shape[1:])
            answers: Tensor = model(images).argmax(dim=1)
            return answers != labels[which]

        for first, last in _blocks(pixels):
            going = queries < self.queries
            if early_stop is not None:
                going &= ~found | (radius > early_stop)
            which = going.nonzero()[:, 0]
            if not len(which):
                break
            flipped = signs[which]
            flipped[:, first:last] *= -1
            nearer = fooled(which, flipped, radius[which])
            which, flipped = which[nearer], flipped[nearer]
            if not len(which):
                continue
            signs[which] = flipped
            radius[which] = self._bisected(fooled, which, flipped, radius[which])
            found[which] = True
        everything = torch.arange(n, device=clean.device)
        best = torch.where(found[:, None], perturbed(everything, signs, radius), clean)
        return restored(best.reshape(shape))

    def _bisected(
        self, fooled: Callable[[Tensor, Tensor, Tensor], Tensor], which: Tensor, signs: Tensor, far: Tensor
    ) -> Tensor:
        """Return the radius, at most ``far``, at which each image is still fooled, to the tolerance."""
        near, far = torch.zeros_like(far), far.clone()
        while len(left := (far - near > self.tolerance).nonzero()[:, 0]):
            middle = (near[left] + far[left]) / 2
            is_fooled = fooled(which[left], signs[left], middle)
            far[left[is_fooled]] = middle[is_fooled]
            near[left[~is_fooled]] = middle[~is_fooled]
        return far


def _blocks(pixels: int) -> Iterator[tuple[int, int]]:
    """Yield first and last pixel (exclusive) of the whole image, of its halves, quarters, ..., for ever."""
    parts = 1
    while True:
        edges = [pixels * part // parts for part in range(parts + 1)]
        yield from ((first, last) for first, last in pairwise(edges) if first < last)
        parts = parts * 2 if parts < pixels else 1
