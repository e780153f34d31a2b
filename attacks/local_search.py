"""Greedy local search by probabilities."""

from collections.abc import Callable
from typing import Any

import torch
from eagerpy.astensor import astensor
from foolbox.attacks.base import MinimizationAttack, verify_input_bounds
from foolbox.distances import l0

from accelsim.attacks.untargeted import untargeted_call
from accelsim.errors import AccelsimError

__all__ = ["LocalSearchAttack"]

#: Probed images per forward pass.
_PROBES = 1024


class LocalSearchAttack(MinimizationAttack):
    """LSA: changes a few pixels per round, those whose disturbance costs the true class the most.

    Algorithm LocSearchAdv of Narodytska and Kasiviswanathan, "Simple Black-Box Adversarial Perturbations for
    Deep Networks" (2016). It sees probabilities alone. Values are centred to [-1/2, 1/2]; a change multiplies
    a pixel's by ``r``, and moves them back into the range by a whole range. Each round probes pixels, and
    changes for good the ``t`` whose disturbance leaves the true class the least probability; the next one
    probes the squares around these.

    The paper probes with ``p`` times the signs of the pixel's values, which may lie outside of the range and
    differ from the change: for digits, whose background then turns blacker than black, a poor guide. By
    default a probe is the change itself. A pixel is changed at most once, so that a second change cannot undo
    it; probabilities are compared by their logarithms in double precision, which still differ where the
    network is sure.

    Parameters
    ----------
    r : float
        Factor of a change, from 0 to 2.
    p : float, optional
        Factor of the paper's probe; None: probes are the change itself.
    d : int
        Half the side of the square around a changed pixel.
    t : int
        Pixels changed per round.
    rounds : int
        Largest number of rounds.
    start : float
        Share of the pixels probed in the first round, drawn at random.
    """

    distance = l0

    def __init__(
        self,
        r: float = 1.5,
        p: float | None = None,
        d: int = 5,
        t: int = 5,
        rounds: int = 150,
        start: float = 0.1,
    ) -> None:
        self.r = r
        self.p = p
        self.d = d
        self.t = t
        self.rounds = rounds
        self.start = start

    def run(
        self,
        model: Any,
        inputs: Any,
        criterion: Any,
        *,
        early_stop: float | None = None,
        **kwargs: Any,
    ) -> Any:
        """Return the perturbed images; those not turned have been through all rounds."""
        images, labels, restored = untargeted_call("local search", inputs, criterion, kwargs)
        verify_input_bounds(astensor(images), model)
        if images.ndim != 4:
            raise AccelsimError(
                f"local search needs images of shape (N, channels, height, width); not {tuple(images.shape)}"
            )
        with torch.no_grad():
            return restored(self._search(model, images, labels))

    def _search(self, model: Any, images: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        low, high = model.bounds
        middle, span = (low + high) / 2, high - low

        def changed(pixels: torch.Tensor) -> torch.Tensor:
            moved: torch.Tensor = _cyclic(self.r * (pixels - middle) / span) * span + middle
            return moved.clamp(low, high)

        def probe(pixels: torch.Tensor) -> torch.Tensor:
            return changed(pixels) if self.p is None else self.p * (pixels - middle).sign() * span + middle

        result = images.clone(memory_format=torch.contiguous_format)
        values = result.flatten(2)  # a view: what is not changed keeps every bit
        count = values.shape[2]
        unchanged = torch.ones((len(images), count), dtype=torch.bool, device=images.device)
        probed = torch.rand((len(images), count), device=images.device).argsort(dim=1) < max(
            1, round(self.start * count)
        )
        left = torch.arange(len(images), device=images.device)
        for _ in range(self.rounds):
            left = left[model(result[left]).argmax(dim=1) == labels[left]]
            left = left[(probed & unchanged)[left].any(dim=1)]
            if len(left) == 0:
                break
            scores = _scores(model, probe, result[left], labels[left], (probed & unchanged)[left])
            best, pixels = scores.topk(min(self.t, count), dim=1, largest=False)
            rows, chosen = left[:, None].expand_as(pixels)[best < torch.inf], pixels[best < torch.inf]
            values[rows, :, chosen] = changed(values[rows, :, chosen])
            unchanged[rows, chosen] = False
            centres = torch.zeros((len(images), count), device=images.device)
            centres[rows, chosen] = 1
            squares = torch.nn.functional.max_pool2d(
                centres.view(-1, 1, *images.shape[2:]), 2 * self.d + 1, stride=1, padding=self.d
            )
            probed = squares.view(-1, count) > 0
        return result


def _scores(
    model: Any,
    probe: Callable[[torch.Tensor], torch.Tensor],
    images: torch.Tensor,
    labels: torch.Tensor,
    probed: torch.Tensor,
) -> torch.Tensor:
    """Return the log-probability of the label with each pixel probed, infinity where it is not."""
    scores = torch.full(probed.shape, torch.inf, dtype=torch.float64, device=images.device)
    for places in torch.split(probed.nonzero(), _PROBES):
        rows, pixels = places.unbind(dim=1)
        probes = images[rows]
        values = probes.flatten(2)  # a view
        which = torch.arange(len(rows), device=images.device)
        values[which, :, pixels] = probe(values[which, :, pixels])
        logarithms = model(probes).double().log_softmax(dim=1)
        scores[rows, pixels] = logarithms[which, labels[rows]]
    return scores


def _cyclic(values: torch.Tensor) -> torch.Tensor:
    """Move values beyond [-1/2, 1/2] into it, by one range."""
    return values - (values > 0.5).to(values.dtype) + (values < -0.5).to(values.dtype)
