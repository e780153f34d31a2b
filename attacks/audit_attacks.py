"""The attacks that an audit runs on a network, and which images each of them breaks at which budget."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import torch
from torch import Tensor, nn

from accelsim.attacks.attack import Attack
from accelsim.attacks.crafting import BATCH_SIZE, craft
from accelsim.attacks.minimal_crafting import craft_minimal
from accelsim.attacks.network import CheckedNetwork
from accelsim.attacks.registry import build_attack
from accelsim.attacks.threat_models import DecisionBased, SurrogateGradients, ThreatModel, Transfer, WhiteBox

__all__ = [
    "ADAPTIVE",
    "AGAIN",
    "MARGIN",
    "NOISE",
    "ON_ALL",
    "RAYS",
    "SINGLE_STEP",
    "SQUARE",
    "TEMPERATURES",
    "TRANSFER",
    "TWICE",
    "UNBOUNDED",
    "WHITE_BOX",
    "Attacked",
    "AuditAttacks",
    "attack_network",
    "temperature_name",
]

#: Linf budget at which any image of pixels in [0, 1] is in reach.
UNBOUNDED = 1.0

#: What float32 rounding may add to a perturbation that is as large as the budget.
_ROUNDING = 1e-6

#: Logit temperatures, besides 1, of the sweep.
TEMPERATURES = (0.1, 10.0, 100.0)

NOISE, SINGLE_STEP, WHITE_BOX, TRANSFER = "noise", "single step", "white-box", "transfer"
MARGIN, EXACT_GRADIENTS, TWICE = "margin loss", "exact network's gradients", "twice the steps"
SQUARE, RAYS, EXPECTED, AGAIN = "gradient-free", "hard-label", "expected gradients", "once more"

#: Attacks that fit themselves to how a network may hide its gradients.
ADAPTIVE = (MARGIN, EXACT_GRADIENTS, EXPECTED)

#: Attacks that get all images that are classified correctly; the others get what `WHITE_BOX` leaves.
ON_ALL = (NOISE, SINGLE_STEP, WHITE_BOX, TRANSFER, RAYS)


@dataclass(frozen=True)
class AuditAttacks:
    """How hard an audit tries.

    Parameters
    ----------
    steps : int
        Of the white-box attack (projected gradient descent, cross-entropy, one random start).
    noises : int
        Draws of uniform noise.
    queries : int
        Of each attack without gradients, per image.
    samples : int
        Gradients that are averaged where the network answers at random.
    """

    steps: int = 40
    noises: int = 10
    queries: int = 500
    samples: int = 8

    @cached_property
    def pgd(self) -> Attack:
        """The white-box attack."""
        return _descent(self.steps)

    @cached_property
    def longer_pgd(self) -> Attack:
        """The same, twice as long."""
        return _descent(2 * self.steps)


def _descent(steps: int) -> Attack:
    """Return projected gradient descent that can cross the budget's ball, as Madry et al. (2018) tune it."""
    return build_attack("pgd-linf", steps=steps, rel_stepsize=2.5 / steps)


@dataclass(eq=False)
class Attacked:
    """A network, labelled images, and what became of them under each attack.

    Parameters
    ----------
    network : CheckedNetwork
        The one that judges: on its hardware.
    images : float tensor of shape (N, ...)
    labels : int64 tensor of shape (N,)
    budgets : tuple of float
        Ascending, in linf over pixels in [0, 1].
    correct : bool tensor of shape (N,)
        Which images it classifies correctly without an attack.
    broken : dict of str to bool tensor of shape (budgets, N)
        By attack, which images are classified wrongly at each budget: all that were wrong before, too.
    examples : dict of (int, int) to float tensor
        The first adversarial image that was found for an image, by budget's and image's number.
    """

    network: CheckedNetwork
    images: Tensor
    labels: Tensor
    budgets: tuple[float, ...]
    correct: Tensor
    broken: dict[str, Tensor] = field(default_factory=dict)
    examples: dict[tuple[int, int], Tensor] = field(default_factory=dict)

    @property
    def n(self) -> int:
        """Number of images."""
        return len(self.labels)

    def breaks(self, name: str) -> Tensor:
        """Return which images an attack breaks, with the white-box attack where it got the rest of that."""
        own = self.broken[name]
        return own if name in ON_ALL else own | self.broken[WHITE_BOX]

    @property
    def worst(self) -> Tensor:
        """Which images any attack breaks at a budget or a smaller one, bool of shape (budgets, N)."""
        any_attack = torch.stack(list(self.broken.values())).any(dim=0)
        return any_attack.cummax(dim=0).values

    def record(self, name: str, level: int, which: Tensor, adversarial: Tensor) -> None:
        """Judge adversarial images of the images ``which`` (int64), crafted at a budget's number."""
        broken = self.broken.setdefault(name, (~self.correct).repeat(len(self.budgets), 1))
        if not len(which):
            return
        fooled = ~self.network.classifies_correctly(adversarial, self.labels[which], BATCH_SIZE)
        broken[level, which] |= fooled
        for index, image in zip(which[fooled].tolist(), adversarial[fooled], strict=True):
            self.examples.setdefault((level, index), image)


def attack_network(
    network: CheckedNetwork,
    images: Tensor,
    labels: Tensor,
    budgets: Sequence[float],
    attacks: AuditAttacks,
    seed: int,
    *,
    exact: nn.Module | None = None,
    surrogate: nn.Module | None = None,
    is_random: bool = False,
    finished: Callable[[str], object] = lambda note: None,
) -> Attacked:
    """Run every attack of an audit.

    Noise, the single-step attack, the white-box attack and its transfer from the exact network attack all
    images that are classified correctly. The adaptive attacks and the gradient-free one get at each budget
    those that the white-box attack leaves: what they break is what it missed. The hard-label attack looks for
    the smallest perturbation of every image, once. In the end what no attack has broken is attacked once
    more: the margin loss, another seed, twice the steps.

    Parameters
    ----------
    network : CheckedNetwork
        The one attacked, and the judge.
    images : float tensor of shape (N, ...)
        Pixels in [0, 1].
    labels : int64 tensor of shape (N,)
    budgets : sequence of float
        Ascending, above 0; `UNBOUNDED` is attacked by noise, single step, white-box and transfer alone.
    attacks : AuditAttacks
        How hard to try.
    seed : int
    exact : nn.Module, optional
        The network that it came from, where it is another one.
    surrogate : nn.Module, optional
        Is differentiated in its place in the white-box attack.
    is_random : bool
        Whether it answers at random, so that gradients are to be averaged.
    finished : callable
        Called with the attack's name after each.
    """
    correct = network.classifies_correctly(images, labels, BATCH_SIZE)
    state = Attacked(network, images, labels, tuple(budgets), correct)
    own: SurrogateGradients | nn.Module = "straight-through" if surrogate is None else surrogate
    white_box = WhiteBox(gradients=own)

    def attack(
        name: str, threat: ThreatModel, kind: Attack, level: int, among: Tensor, seed: int = seed
    ) -> None:
        which = among.nonzero()[:, 0]
        adversarial = images[which]
        if len(which):
            source, budget = threat.roles(network.network).source, state.budgets[level]
            adversarial = craft(kind, source, adversarial, labels[which], budget, seed, loss=threat.loss)
        state.record(name, level, which, adversarial)
        finished(name)

    for level, budget in enumerate(budgets):
        attack(NOISE, white_box, build_attack("rau-linf", repeats=attacks.noises), level, correct)
        attack(SINGLE_STEP, white_box, build_attack("fgm-linf"), level, correct)
        attack(WHITE_BOX, white_box, attacks.pgd, level, correct)
        if exact is not None:
            attack(TRANSFER, Transfer(exact), attacks.pgd, level, correct)
        if budget >= UNBOUNDED:
            continue
        left = ~state.broken[WHITE_BOX][level]
        attack(TWICE, white_box, attacks.longer_pgd, level, left)
        for temperature in TEMPERATURES:
            scaled = WhiteBox(gradients=own, temperature=temperature)
            attack(temperature_name(temperature), scaled, attacks.pgd, level, left)
        attack(MARGIN, WhiteBox(gradients=own, loss="margin"), attacks.pgd, level, left)
        if exact is not None:
            attack(EXACT_GRADIENTS, WhiteBox(gradients=exact, loss="margin"), attacks.pgd, level, left)
        if is_random:
            averaged = WhiteBox(gradients=own, transformation=_unchanged, samples=attacks.samples)
            attack(EXPECTED, averaged, attacks.pgd, level, left)
        attack(SQUARE, white_box, build_attack("square-linf", steps=attacks.queries), level, left)
    _attack_by_decisions(state, attacks, seed)
    finished(RAYS)
    worst = state.worst
    for level, budget in enumerate(budgets):
        if budget < UNBOUNDED:
            threat = WhiteBox(gradients=own, loss="margin")
            attack(AGAIN, threat, attacks.longer_pgd, level, ~worst[level], seed + 1)
    return state


def temperature_name(temperature: float) -> str:
    """Return the name of the white-box attack at a logit temperature."""
    return f"temperature {temperature:g}"


def _unchanged(images: Tensor) -> Tensor:
    return images


def _attack_by_decisions(state: Attacked, attacks: AuditAttacks, seed: int) -> None:
    """Look for the smallest perturbation of each image once; it counts at every budget that holds it."""
    which = state.correct.nonzero()[:, 0]
    if not len(which):
        return
    source = DecisionBased().roles(state.network.network).source
    images, labels = state.images[which], state.labels[which]
    found = craft_minimal(build_attack("rays-linf", queries=attacks.queries), source, images, labels, seed)
    for level, budget in enumerate(state.budgets):
        within = found.norms <= budget + _ROUNDING
        state.record(RAYS, level, which[within], found.images[within])
