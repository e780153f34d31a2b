"""Attacks on one network, shown to several, as cells of a sweep."""

from collections.abc import Mapping
from dataclasses import dataclass

from accelsim.attacks.registry import PAPER_BUDGETS
from accelsim.attacks.sweeps import Cell, Crafting, Images, Network, Victim

__all__ = ["Series"]


@dataclass(frozen=True)
class Series:
    """Attacks on a source network at several budgets, and the networks that its examples are shown to.

    Parameters
    ----------
    source : Network
        The float network that the attacker knows.
    victims : mapping of str to Victim
        By the label that the paper gives them, ``float`` where nothing is quantized.
    attacks : tuple of str
        Names of the registry.
    images : Images
        What is attacked.
    budgets : tuple of float
        The first is 0.
    seed : int
        Of the attacks.
    """

    source: Network
    victims: Mapping[str, Victim]
    attacks: tuple[str, ...]
    images: Images
    budgets: tuple[float, ...] = PAPER_BUDGETS
    seed: int = 0

    def cells(self) -> list[Cell]:
        """Return all cells: attacks by budgets by victims."""
        return [
            Cell(Crafting(self.source, attack, budget, self.images, seed=self.seed), victim)
            for attack in self.attacks
            for budget in self.budgets
            for victim in self.victims.values()
        ]
