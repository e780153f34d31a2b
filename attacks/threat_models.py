"""Threat models: what an attacker knows of a network on approximate hardware, and so what he attacks.

A run keeps three networks apart: the one that is *attacked* (answers the attack), the one that supplies its
*gradients*, and the one that *judges* the examples, which is always the victim on its hardware.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from torch import Tensor, nn

from accelsim.attacks.attacker_views import (
    BorrowedGradients,
    ExpectedLogits,
    GaussianNoise,
    HardLabels,
    ScaledLogits,
)
from accelsim.attacks.margin_loss import Loss, check_loss
from accelsim.errors import AccelsimError
from accelsim.product_slopes import with_product_slopes

__all__ = ["DecisionBased", "Roles", "ThreatModel", "Transfer", "WhiteBox"]

SurrogateGradients = Literal["straight-through", "products"]


@dataclass(frozen=True, eq=False)
class Roles:
    """The networks of a run.

    Parameters
    ----------
    attacked : nn.Module
        Answers the attack: its logits are the attack's loss, its decisions tell when it has succeeded.
    gradients : nn.Module
        Is differentiated; may be the attacked one.
    judge : nn.Module
        The victim on its hardware, which decides whether an example is adversarial.
    """

    attacked: nn.Module
    gradients: nn.Module
    judge: nn.Module

    @property
    def source(self) -> nn.Module:
        """One network with the logits of the attacked and the gradients of the other, for `craft`."""
        if self.gradients is self.attacked:
            return self.attacked
        return BorrowedGradients(self.attacked, self.gradients).eval()


class ThreatModel(ABC):
    """What an attacker knows; see the classes below."""

    #: What gradient attacks that have a loss to choose increase.
    loss: Loss = "cross-entropy"

    @property
    @abstractmethod
    def name(self) -> str:
        """Its name in tables."""

    @property
    @abstractmethod
    def knows(self) -> str:
        """What the attacker knows, in words."""

    @abstractmethod
    def roles(self, victim: nn.Module) -> Roles:
        """Return the networks of a run against a victim, in evaluation mode."""


@dataclass(frozen=True, eq=False)
class Transfer(ThreatModel):
    """The attacker has the exact network, and does not know that the victim's hardware is approximate.

    Parameters
    ----------
    source : nn.Module
        The exact float network, of which the victim has the parameters.
    """

    source: nn.Module

    @property
    def name(self) -> str:
        """Its name in tables."""
        return "transfer"

    @property
    def knows(self) -> str:
        """What the attacker knows, in words."""
        return "architecture and parameters, not the approximate hardware"

    def roles(self, victim: nn.Module) -> Roles:
        """Return the source as attacked network and the victim as judge."""
        return Roles(self.source, self.source, victim)


@dataclass(frozen=True, eq=False)
class WhiteBox(ThreatModel):
    """The attacker has the victim on its hardware, and adapts to it.

    Parameters
    ----------
    gradients : {"straight-through", "products"} or nn.Module
        Straight-through: of the victim's layers themselves, those of the exact layers at the activations of
        the approximate network (BPDA). Products: those of the approximate multiplications
        (`accelsim.product_slopes`). A network: those of that network at the same image, the exact one, say
        (BPDA of the whole).
    temperature : float
        What the logits are divided by.
    loss : {"cross-entropy", "margin"}
        Of attacks that take a loss; see `accelsim.attacks.margin_loss`.
    noise : float
        Standard deviation of the noise over which gradients are expected (expectation over transformation);
        0: none.
    samples : int
        Draws of the noise per gradient.
    transformation : callable, optional
        Instead of the noise: random differentiable transformation of images.

    Raises
    ------
    AccelsimError
        If an argument is out of its range.
    """

    gradients: SurrogateGradients | nn.Module = "straight-through"
    temperature: float = 1.0
    loss: Loss = "cross-entropy"
    noise: float = 0.0
    samples: int = 8
    transformation: Callable[[Tensor], Tensor] | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.gradients, nn.Module) and self.gradients not in (
            "straight-through",
            "products",
        ):
            raise AccelsimError(
                f'gradients is {self.gradients!r}; expected "straight-through", "products" or a network'
            )
        if not 0 < self.temperature < float("inf"):
            raise AccelsimError(f"temperature is {self.temperature!r}; expected a positive number")
        if not 0 <= self.noise < float("inf"):
            raise AccelsimError(f"noise is {self.noise!r}; expected a standard deviation from 0 up")
        if not isinstance(self.samples, int) or self.samples < 1:
            raise AccelsimError(f"samples is {self.samples!r}; expected a whole number from 1 up")
        check_loss(self.loss)

    @property
    def name(self) -> str:
        """Its name in tables: ``"white-box products temperature=5"``."""
        kind = self.gradients if isinstance(self.gradients, str) else "borrowed"
        words = ["white-box", kind]
        if self.temperature != 1:
            words.append(f"temperature={self.temperature:g}")
        if self.loss != "cross-entropy":
            words.append(self.loss)
        if self.transformation:
            words.append(f"transformed samples={self.samples}")
        elif self.noise:
            words.append(f"noise={self.noise:g} samples={self.samples}")
        return " ".join(words)

    @property
    def knows(self) -> str:
        """What the attacker knows, in words."""
        return "everything: architecture, parameters, and what every multiplication of the hardware gives"

    def roles(self, victim: nn.Module) -> Roles:
        """Return the victim as attacked network and judge, and what supplies its gradients."""
        attacked = with_product_slopes(victim) if self.gradients == "products" else victim
        gradients = self.gradients if isinstance(self.gradients, nn.Module) else attacked
        transformation = self.transformation or (GaussianNoise(self.noise) if self.noise else None)
        if transformation:
            gradients = ExpectedLogits(gradients, transformation, self.samples).eval()
        if self.temperature == 1:
            return Roles(attacked, gradients, victim)
        scaled = ScaledLogits(attacked, self.temperature).eval()
        same = gradients is attacked
        return Roles(scaled, scaled if same else ScaledLogits(gradients, self.temperature).eval(), victim)


@dataclass(frozen=True, eq=False)
class DecisionBased(ThreatModel):
    """The attacker sees the victim's decisions alone; attacks without gradients have no use for more."""

    @property
    def name(self) -> str:
        """Its name in tables."""
        return "decision-based"

    @property
    def knows(self) -> str:
        """What the attacker knows, in words."""
        return "the victim's decision on any image"

    def roles(self, victim: nn.Module) -> Roles:
        """Return the victim's decisions as attacked network."""
        decisions = HardLabels(victim).eval()
        return Roles(decisions, decisions, victim)
