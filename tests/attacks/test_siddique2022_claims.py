"""Each claim on made-up outcomes that it is true of, and on ones that it is not."""

import numpy as np
import pytest

from accelsim.attacks.siddique2022.claims import (
    antagonistic_to_quantization,
    claims_of,
    more_error_less_robustness,
    not_universally_defensive,
    transferable,
)
from accelsim.attacks.siddique2022.grid import Grid
from accelsim.errors import AccelsimError

ATTACKS = ("bim-linf", "rau-linf")
BUDGETS = (0.0, 0.05, 0.1)
VICTIMS = ("float", "M1", "M2", "M3", "M4", "M5")
MAE = {"M1": 0.0, "M2": 0.1, "M3": 0.2, "M4": 0.4, "M5": 0.8}


def grid(percent: dict[str, float], noise_percent: dict[str, float] | None = None, n: int = 1000) -> Grid:
    """Outcomes drawn with these chances under attack; 98 % without, and under noise unless given."""
    rng = np.random.default_rng(5)
    correct = np.empty((len(ATTACKS), len(BUDGETS), len(VICTIMS), n), bool)
    for place, victim in enumerate(VICTIMS):
        correct[:, 0, place] = rng.random(n) < 0.98
        correct[0, 1:, place] = rng.random((2, n)) < percent[victim] / 100
        correct[1, 1:, place] = rng.random((2, n)) < (noise_percent or {}).get(victim, 97) / 100
    return Grid(ATTACKS, BUDGETS, VICTIMS, correct)


def same(value: float, **others: float) -> dict[str, float]:
    return {victim: others.get(victim, value) for victim in VICTIMS}


def test_one_multiplier_that_is_fooled_more_often_is_enough_against_a_universal_defence() -> None:
    assert not_universally_defensive(grid(same(70, M4=55))).holds
    defended = not_universally_defensive(grid(same(90, M1=70)))
    assert not defended.holds
    assert "more often than the exact one in 0 and less often in 8" in defended.sentence


def test_lost_accuracy_alone_is_no_lack_of_defence() -> None:
    """A network that is wrong on images without an attack is not asked about them."""
    found = grid(same(70))
    found.correct[:, :, 4, :400] = False
    assert not not_universally_defensive(found).holds


def test_an_order_by_error_shows_and_another_does_not() -> None:
    falling = more_error_less_robustness(grid(same(90, M2=80, M3=70, M4=60, M5=50)), MAE)
    assert falling.holds
    assert falling.p_value == pytest.approx(1 / 120, abs=0.02)
    rising = more_error_less_robustness(grid(same(50, M2=60, M3=70, M4=80, M5=90)), MAE)
    assert not rising.holds
    assert rising.p_value > 0.5


def test_examples_transfer_where_they_beat_noise_on_every_victim() -> None:
    victims = ("M2", "M3", "M4", "M5")
    assert transferable(grid(same(50)), victims, "bim-linf", "rau-linf", 0.05).holds
    one_resists = grid(same(50, M3=97))
    assert not transferable(one_resists, victims, "bim-linf", "rau-linf", 0.05).holds
    only_noise = grid(same(50), same(50))
    assert not transferable(only_noise, victims, "bim-linf", "rau-linf", 0.05).holds


def test_quantization_must_help_and_approximation_hurt() -> None:
    assert antagonistic_to_quantization(grid(same(80, float=60, M5=65))).holds
    assert not antagonistic_to_quantization(grid(same(80, M5=65))).holds  # quantization does not help
    assert not antagonistic_to_quantization(grid(same(80, float=60))).holds  # approximation does not hurt


def test_all_four_in_the_papers_order() -> None:
    found = claims_of(grid(same(80, float=60, M2=75, M3=70, M4=65, M5=60)), MAE)
    assert [claim.name for claim in found] == [
        "not universally defensive",
        "more error, less robustness",
        "transferable",
        "antagonistic to quantization",
    ]
    assert all(claim.holds for claim in found)


def test_what_is_no_grid_is_refused() -> None:
    with pytest.raises(AccelsimError, match=r"outcomes of shape \(1, 2, 1, 5\); expected \(1, 1, 1\)"):
        Grid(("a",), (0.0,), ("M1",), np.ones((1, 2, 1, 5), bool))
    with pytest.raises(AccelsimError, match="expected 0 first"):
        Grid(("a",), (0.1,), ("M1",), np.ones((1, 1, 1, 5), bool))
    with pytest.raises(AccelsimError, match="no budget 0.3; there are 0.0, 0.05, 0.1"):
        grid(same(50)).at("bim-linf", 0.3)
