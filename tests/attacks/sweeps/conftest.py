"""A sweep of seconds: one small network, eight cells in three groups."""

import pytest

from accelsim.attacks.sweeps import Cell, Crafting, Images, Network, Victim, resolved

NET = Network("ffnn", "digits", epochs=1)


def tiny_cells(layers="linear"):
    from accelsim import Arithmetic

    images = Images("digits", 50)
    victims = [Victim(NET), Victim(NET, "mul8u_drum_k4", Arithmetic(layers=layers))]
    return [
        Cell(Crafting(NET, attack, budget, images, batch_size=20), victim)
        for attack in ("fgm-linf", "rau-linf")
        for budget in (0, 0.1)
        for victim in victims
    ]


@pytest.fixture(scope="session")
def cells():
    """Resolved cells."""
    return resolved(tiny_cells())
