"""The four claims of the paper, each a test of what was measured here."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from accelsim.attacks.hypothesis_tests import holm, mcnemar_p, rank_permutation_p
from accelsim.attacks.siddique2022.grid import Grid

__all__ = [
    "LEVEL",
    "Claim",
    "antagonistic_to_quantization",
    "claims_of",
    "more_error_less_robustness",
    "not_universally_defensive",
    "transferable",
]

#: Level of all tests, after the adjustment for their number.
LEVEL = 0.05


@dataclass(frozen=True)
class Claim:
    """A claim, and what the data say of it.

    Parameters
    ----------
    name : str
        The claim in a few words.
    test : str
        The statistical test.
    p_value : float
        Adjusted for the number of tests.
    sentence : str
        What the data say.
    """

    name: str
    test: str
    p_value: float
    sentence: str

    @property
    def holds(self) -> bool:
        """Whether the data show it at the level of 5 %."""
        return self.p_value < LEVEL


def not_universally_defensive(grid: Grid, exact: str = "M1") -> Claim:
    """Test whether an attack on some approximate network succeeds where it fails on the exact one.

    Of images that both networks classify correctly without an attack, McNemar's exact test asks whether the
    approximate one alone is fooled more often than the exact one alone, per attack, budget and multiplier;
    Holm's adjustment for their number. What the approximation costs in accuracy does not count.
    """
    worse, better = _compared(grid, exact)
    p_worse, p_better = (holm(mcnemar_p(*pair)) for pair in ((worse, better), (better, worse)))
    tests, losses, gains = p_worse.size, int((p_worse < LEVEL).sum()), int((p_better < LEVEL).sum())
    return Claim(
        "not universally defensive",
        f"McNemar's exact test per attack, budget and multiplier, Holm's adjustment for {tests}",
        float(p_worse.min()),
        f"Of {tests} cells with an attack, the approximate network is fooled significantly more often than "
        f"the exact one in {losses} and less often in {gains}, of images that both classify correctly "
        "without it.",
    )


def more_error_less_robustness(grid: Grid, mae_percent: Mapping[str, float]) -> Claim:
    """Test whether networks on multipliers of larger mean absolute error are less robust.

    Spearman's correlation of the multipliers' MAE with robustness, averaged over attacks and budgets above 0,
    against that of all assignments of the errors to the multipliers: the multipliers are the sample, not the
    images.

    Parameters
    ----------
    grid : Grid
    mae_percent : mapping of str to float
        Of each victim to be ranked.
    """
    robust = 100 * grid.of(*mae_percent).mean(axis=3)
    correlation, p = rank_permutation_p(list(mae_percent.values()), _rows(robust[:, 1:]))
    kept = robust[:, 1:] / np.maximum(robust[:, :1], 1e-9)
    of_kept, p_kept = rank_permutation_p(list(mae_percent.values()), _rows(kept))
    return Claim(
        "more error, less robustness",
        f"mean Spearman correlation of MAE and robustness, all {len(mae_percent)}! permutations",
        p,
        f"The mean rank correlation of a multiplier's MAE with robustness is {correlation:+.2f}; with the "
        "share of its correct answers that a network keeps under attack it is "
        f"{of_kept:+.2f} (p = {p_kept:.2g}).",
    )


def transferable(grid: Grid, victims: tuple[str, ...], attack: str, noise: str, budget: float) -> Claim:
    """Test whether examples of the exact network fool each approximate one more often than noise does.

    McNemar's exact test of the attack against noise of the same size, on images that the victim classifies
    correctly without either; Holm's adjustment for the number of victims. The claim is of all victims, so
    the largest p counts.
    """
    chosen = [grid.victims.index(victim) for victim in victims]
    attacked, noisy, clean = (
        grid.at(name, level)[chosen] for name, level in ((attack, budget), (noise, budget), (attack, 0.0))
    )
    p = holm(mcnemar_p((clean & noisy & ~attacked).sum(axis=1), (clean & attacked & ~noisy).sum(axis=1)))
    fooled, by_noise = (100 * (clean & ~each).sum(axis=1) / clean.sum(axis=1) for each in (attacked, noisy))
    return Claim(
        "transferable",
        f"McNemar's exact test of {attack} against {noise} at {budget:g} per victim, Holm's adjustment for "
        f"{len(p)}, the largest p",
        float(p.max()),
        f"{attack} at {budget:g}, crafted on the exact network, fools approximate networks in "
        f"{fooled.min():.1f} to {fooled.max():.1f} % of the images they classify correctly; {noise} in "
        f"{by_noise.min():.1f} to {by_noise.max():.1f} %.",
    )


def antagonistic_to_quantization(grid: Grid, unquantized: str = "float", exact: str = "M1") -> Claim:
    """Test whether quantization makes a network more robust where approximation makes it less so.

    In each cell both must hold: the quantized exact network is fooled less often than the float one, and the
    approximate network more often than the quantized exact one. The larger of the two p-values of McNemar's
    exact test is that of both together; Holm's adjustment for the number of cells.
    """
    float_worse, float_better = _lone_errors(*grid.of(unquantized, exact)[:, 1:].transpose(2, 0, 1, 3))
    worse, better = _compared(grid, exact, conditional=False)
    gain, loss = mcnemar_p(float_worse, float_better), mcnemar_p(worse, better)
    both = holm(np.maximum(gain[..., None], loss))
    change = (float_worse - float_better) / grid.images * 100
    return Claim(
        "antagonistic to quantization",
        f"McNemar's exact tests of both parts, the larger p, Holm's adjustment for {both.size} cells",
        float(both.min()),
        f"Quantization to 8 bits changes robustness by {change.min():+.1f} to {change.max():+.1f} points "
        f"({change.mean():+.2f} on average); it helps significantly while approximation hurts in "
        f"{int((both < LEVEL).sum())} of {both.size} cells.",
    )


def claims_of(grid: Grid, mae_percent: Mapping[str, float], exact: str = "M1") -> list[Claim]:
    """Return all four, of a grid that has the float network, an exact and approximate multipliers.

    Parameters
    ----------
    grid : Grid
        Has the victim ``float``, and the attacks ``bim-linf`` and ``rau-linf`` at a budget of 0.05.
    mae_percent : mapping of str to float
        Error of each multiplier, the exact one's too.
    exact : str
        The exact multiplier.
    """
    approximate = tuple(victim for victim in mae_percent if victim != exact)
    return [
        not_universally_defensive(grid, exact),
        more_error_less_robustness(grid, mae_percent),
        transferable(grid, approximate, "bim-linf", "rau-linf", 0.05),
        antagonistic_to_quantization(grid, "float", exact),
    ]


def _compared(
    grid: Grid, exact: str, conditional: bool = True
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Count images that only the approximate network, and that only the exact one, gets wrong.

    Returns
    -------
    two int64 arrays of shape (attacks, budgets above 0, approximate victims)
    """
    others = [victim for victim in grid.victims if victim not in {exact, "float"}]
    approximate, reference = grid.of(*others), grid.of(exact)
    asked = approximate[:, :1] & reference[:, :1] if conditional else np.True_
    worse, better = _lone_errors(approximate & asked, reference & asked)
    return worse[:, 1:], better[:, 1:]


def _lone_errors(
    first: NDArray[np.bool_], second: NDArray[np.bool_]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Count images that the first alone, and that the second alone gets wrong, over the last axis."""
    return (second & ~first).sum(axis=-1), (first & ~second).sum(axis=-1)


def _rows(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return values.reshape(-1, values.shape[-1])
