"""The black-box attacker, who trains a substitute from the victim's answers and attacks that."""

from collections.abc import Callable
from dataclasses import dataclass, field

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from accelsim.attacks.network import CheckedNetwork
from accelsim.attacks.threat_models import Roles, ThreatModel
from accelsim.errors import AccelsimError

__all__ = ["BlackBox", "Substitute"]

_BATCH = 64


@dataclass(frozen=True, eq=False)
class Substitute:
    """A network trained from another one's answers.

    Parameters
    ----------
    net : nn.Module
        In evaluation mode.
    queries : int
        How many images the victim was asked for.
    agreement_percent : float
        Share of the images asked for on which both agree.
    """

    net: nn.Module
    queries: int
    agreement_percent: float


@dataclass(frozen=True, eq=False)
class BlackBox(ThreatModel):
    """The attacker has images of his own, and the victim's decision on any image, up to a budget of queries.

    He trains a substitute and augments his images along its Jacobian, where its decisions are about to
    change, until the budget is spent (Papernot, McDaniel, Goodfellow, Jha, Celik and Swami, "Practical
    Black-Box Attacks against Machine Learning", AsiaCCS 2017, algorithm 1; with the reservoir sampling of its
    section 4.3 where the last round would exceed the budget). The examples crafted on the substitute are
    then shown to the victim.

    Parameters
    ----------
    images : float tensor of shape (N, ...)
        The attacker's own, pixels in [0, 1]; not among those attacked.
    build : callable
        Returns an untrained substitute.
    queries : int
        Budget: how many images the victim may be asked for, at least those of the attacker.
    step : float
        How far an image moves along the sign of the Jacobian; its sign changes every `period` rounds.
    period : int
    epochs : int
        Passes over all labelled images per round, of Adam; the substitute is trained anew in each.
    learning_rate : float
    seed : int
        Of initial weights, orders and samples.

    Raises
    ------
    AccelsimError
        If the budget does not cover the attacker's images, or a number is out of range.
    """

    images: Tensor
    build: Callable[[], nn.Module]
    queries: int = 6400
    step: float = 0.1
    period: int = 3
    epochs: int = 10
    learning_rate: float = 1e-3
    seed: int = 0
    _trained: dict[int, tuple[nn.Module, Substitute]] = field(default_factory=dict, init=False, repr=False)

    def __post_init__(self) -> None:
        if len(self.images) == 0:
            raise AccelsimError("the black-box attacker has no images of his own to begin with")
        for name in ("queries", "period", "epochs"):
            value = getattr(self, name)
            if not isinstance(value, int) or value < 1:
                what = "query budget" if name == "queries" else name
                raise AccelsimError(f"{what} is {value!r}; expected a whole number from 1 up")
        if self.queries < len(self.images):
            raise AccelsimError(
                f"query budget {self.queries} does not cover the attacker's {len(self.images)} images; "
                "each is a query"
            )

    @property
    def name(self) -> str:
        """Its name in tables."""
        return f"black-box images={len(self.images)} queries={self.queries} epochs={self.epochs}"

    @property
    def knows(self) -> str:
        """What the attacker knows, in words."""
        return f"the victim's decisions on {self.queries} images of his choice"

    def roles(self, victim: nn.Module) -> Roles:
        """Return the substitute as attacked network and the victim as judge."""
        net = self.substitute(victim).net
        return Roles(net, net, victim)

    def substitute(self, victim: nn.Module) -> Substitute:
        """Train the substitute of a victim, or return the one trained before."""
        if id(victim) not in self._trained:  # the victim is kept beside it, so that no other gets its id
            self._trained[id(victim)] = victim, self._train(victim)
        return self._trained[id(victim)][1]

    def _train(self, victim: nn.Module) -> Substitute:
        oracle = CheckedNetwork(victim, "the victim", self.images[:1])
        images = self.images
        labels = _decisions(oracle, images)
        with torch.random.fork_rng(devices=[]), torch.enable_grad():
            torch.default_generator.manual_seed(self.seed)
            rounds = 0
            while True:
                net = self._fitted(images, labels)
                if len(images) >= self.queries:
                    break
                sign = 1 if rounds // self.period % 2 == 0 else -1
                chosen = torch.randperm(len(images))[: self.queries - len(images)]
                grown = _augmented(net, images[chosen], labels[chosen], sign * self.step)
                images = torch.cat([images, grown])
                labels = torch.cat([labels, _decisions(oracle, grown)])
                rounds += 1
        agreement = 100 * float((_decisions(net, images) == labels).float().mean())
        return Substitute(net, len(images), agreement)

    def _fitted(self, images: Tensor, labels: Tensor) -> nn.Module:
        """Train a substitute on labelled images."""
        net = self.build().train()
        optimiser = torch.optim.Adam(net.parameters(), lr=self.learning_rate)
        for _ in range(self.epochs):
            for batch in torch.split(torch.randperm(len(images)), _BATCH):
                loss = F.cross_entropy(net(images[batch]), labels[batch])
                optimiser.zero_grad()
                torch.autograd.backward(loss)
                optimiser.step()
        return net.eval()


@torch.no_grad()
def _decisions(net: nn.Module, images: Tensor) -> Tensor:
    return torch.cat([net(batch).argmax(dim=1) for batch in torch.split(images, _BATCH)])


def _augmented(net: nn.Module, images: Tensor, labels: Tensor, step: float) -> Tensor:
    """Move images along the sign of the gradient of the logit of their label."""
    moved = []
    for shown, label in zip(torch.split(images, _BATCH), torch.split(labels, _BATCH), strict=True):
        leaf = shown.clone().requires_grad_()
        chosen = net(leaf).gather(1, label[:, None]).sum()
        (gradient,) = torch.autograd.grad(chosen, leaf)
        moved.append((shown + step * gradient.sign()).clamp(0, 1))
    return torch.cat(moved)
