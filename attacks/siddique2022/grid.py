"""Which image each network classifies correctly, under every attack at every budget."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from accelsim.errors import AccelsimError

__all__ = ["Grid"]


@dataclass(frozen=True, eq=False)
class Grid:
    """Outcomes of attacks on several networks, image by image.

    Parameters
    ----------
    attacks : tuple of str
    budgets : tuple of float
        Ascending; the first is 0, at which all attacks are alike.
    victims : tuple of str
        Such as ``"M1"``.
    correct : bool array of shape (attacks, budgets, victims, images)
        Whether the victim classifies the adversarial image as labelled.

    Raises
    ------
    AccelsimError
        If the shape is another one, or the first budget is not 0.
    """

    attacks: tuple[str, ...]
    budgets: tuple[float, ...]
    victims: tuple[str, ...]
    correct: NDArray[np.bool_]

    def __post_init__(self) -> None:
        expected = (len(self.attacks), len(self.budgets), len(self.victims))
        if self.correct.ndim != 4 or self.correct.shape[:3] != expected:
            raise AccelsimError(f"outcomes of shape {self.correct.shape}; expected {expected} and images")
        if self.budgets[:1] != (0.0,):
            raise AccelsimError(f"budgets {self.budgets}; expected 0 first")

    @property
    def images(self) -> int:
        """Number of images."""
        return int(self.correct.shape[3])

    @property
    def percent(self) -> NDArray[np.float64]:
        """Robustness, shape (attacks, budgets, victims)."""
        return np.asarray(100 * self.correct.mean(axis=3))

    def of(self, *victims: str) -> NDArray[np.bool_]:
        """Return the outcomes of some victims, in that order."""
        return self.correct[:, :, [_place(self.victims, victim, "victim") for victim in victims]]

    def at(self, attack: str, budget: float) -> NDArray[np.bool_]:
        """Return the outcomes of an attack at a budget, shape (victims, images)."""
        row, column = _place(self.attacks, attack, "attack"), _place(self.budgets, budget, "budget")
        return np.asarray(self.correct[row, column])


def _place(entries: Sequence[object], entry: object, what: str) -> int:
    if entry not in entries:
        raise AccelsimError(f"no {what} {entry}; there are {', '.join(map(str, entries))}")
    return entries.index(entry)
