"""Square attack: random search with an image's logits alone."""

import math
from typing import Any

import torch
from foolbox.attacks.base import FixedEpsilonAttack
from foolbox.distances import linf
from torch import Tensor

from accelsim.attacks.untargeted import untargeted_call

__all__ = ["LinfSquareAttack"]

#: Where the area of the square is halved, as shares of all steps: the paper's schedule for 10,000.
_HALVINGS = (0.001, 0.005, 0.02, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8)


class LinfSquareAttack(FixedEpsilonAttack):
    """Gradient-free attack on the margin of the logits, within a budget in linf.

    M. Andriushchenko, F. Croce, N. Flammarion and M. Hein, "Square Attack: a Query-Efficient Black-Box
    Adversarial Attack via Random Search" (ECCV 2020), algorithms 1 and 2. Every pixel is changed by the whole
    budget from the start, in vertical stripes; each step draws a square of shrinking size, gives each of its
    channels one sign, and is kept where it lowers the margin of the label's logit over the largest other
    one. An image is left alone once that is negative.

    Parameters
    ----------
    steps : int
        Queries per image, after the first.
    area : float
        Share of the image that the first squares cover, above 0, up to 1.
    """

    distance = linf

    def __init__(self, *, steps: int = 500, area: float = 0.8) -> None:
        self.steps = steps
        self.area = area

    @torch.no_grad()
    def run(self, model: Any, inputs: Any, criterion: Any, *, epsilon: float, **kwargs: Any) -> Any:
        """Return perturbed images (N, ...); those of an image's last two dimensions are rows and columns."""
        pixels, labels, restored = untargeted_call("the Square attack", inputs, criterion, kwargs)
        low, high = model.bounds
        clean = pixels.reshape(len(pixels), -1, *_plane(pixels))
        rows, columns = clean.shape[2:]

        def margins_of(images: Tensor, of: Tensor) -> Tensor:
            logits: Tensor = model(images.reshape(-1, *pixels.shape[1:]))
            own = logits.gather(1, of[:, None])[:, 0]
            return own - logits.scatter(1, of[:, None], -torch.inf).amax(dim=1)

        stripes = _signs(len(clean), clean.shape[1], 1, columns, like=clean)
        best = (clean + epsilon * stripes).clamp(low, high)
        margins = margins_of(best, labels)
        for step in range(self.steps):
            left = (margins >= 0).nonzero()[:, 0]
            if not len(left):
                break
            share = self.area / 2 ** sum(step / self.steps >= halving for halving in _HALVINGS)
            side = max(1, min(rows, columns, round(math.sqrt(share * rows * columns))))
            square = _squares(len(left), rows, columns, side, like=clean)
            signs = _signs(len(left), clean.shape[1], 1, 1, like=clean)
            changed = (clean[left] + epsilon * signs).clamp(low, high)
            candidates = torch.where(square, changed, best[left])
            found = margins_of(candidates, labels[left])
            better = found < margins[left]
            best[left[better]] = candidates[better]
            margins[left[better]] = found[better]
        return restored(best.reshape(pixels.shape))


def _plane(images: Tensor) -> tuple[int, int]:
    """Return rows and columns; an image that is a vector has one row."""
    return (images.shape[-2], images.shape[-1]) if images.ndim > 2 else (1, images.shape[-1])


def _signs(*shape: int, like: Tensor) -> Tensor:
    return torch.randint(0, 2, shape, device=like.device).to(like.dtype) * 2 - 1


def _squares(images: int, rows: int, columns: int, side: int, *, like: Tensor) -> Tensor:
    """Return bool (images, 1, rows, columns): true in a square of each image, at a random place."""
    top = torch.randint(0, rows - side + 1, (images, 1, 1), device=like.device)
    first = torch.randint(0, columns - side + 1, (images, 1, 1), device=like.device)
    row = torch.arange(rows, device=like.device)[:, None]
    column = torch.arange(columns, device=like.device)
    inside = (row >= top) & (row < top + side) & (column >= first) & (column < first + side)
    return inside[:, None]
