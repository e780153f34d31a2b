"""A sweep of seconds: one small network, eight cells in three groups."""

import pytest

from accelsim import Arithmetic
from accelsim.attacks.sweeps import Cell, Crafting, Images, Network, Victim, resolved

NET = Network("ffnn", "digits", epochs=1)


def grid_of(attacks, budgets):
    images = Images("digits", 50)
    victims = [Victim(NET), Victim(NET, "mul8u_drum_k4", Arithmetic(layers="linear"))]
    return [
        Cell(Crafting(NET, attack, budget, images, batch_size=20), victim)
        for attack in attacks
        for budget in budgets
        for victim in victims
    ]


@pytest.fixture(scope="session")
def cells():
    """Resolved cells."""
    return resolved(grid_of(["fgm-linf", "rau-linf"], [0, 0.1]))
