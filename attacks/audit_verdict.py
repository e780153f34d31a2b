"""What the flags and curves of an audit add up to."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from accelsim.attacks.audit_attacks import UNBOUNDED, WHITE_BOX, Attacked
from accelsim.attacks.audit_flags import TOLERANCE, Flag
from accelsim.attacks.intervals import paired_interval, wilson_interval

__all__ = ["Gain", "Verdict", "gains", "verdict"]

Soundness = Literal["sound", "gradient masking", "not repeatable", "undecided"]
Comparison = Literal["more robust", "as robust", "less robust", "mixed", "undecided", "not compared"]

#: Flags that decide whether any number of the audit stands.
_GROUND = ("judged_on_hardware", "deterministic", "provenance")
#: The flag that decides whether the worst case is one.
_CONVERGED = "worst_case_stands"


@dataclass(frozen=True)
class Gain:
    """The worst case of the victim beside that of its exact network, at one budget, on the same images.

    Parameters
    ----------
    budget : float
    victim_percent, exact_percent : float
        Images still classified correctly under every attack.
    low_points, high_points : float
        Interval of the difference, in percentage points; all budgets together 95 %.
    """

    budget: float
    victim_percent: float
    exact_percent: float
    low_points: float
    high_points: float


@dataclass(frozen=True)
class Verdict:
    """The verdict of an audit.

    Parameters
    ----------
    soundness : {"sound", "gradient masking", "not repeatable", "undecided"}
        Whether the white-box attack measures the network's robustness.
    comparison : {"more robust", "as robust", "less robust", "mixed", "undecided", "not compared"}
        The worst case over all attacks beside the exact network's. As robust: every
        interval holds 0 and none reaches beyond twice `TOLERANCE`; undecided: one does, and more images would
        tell.
    statement : str
        Both in words, with the numbers.
    """

    soundness: Soundness
    comparison: Comparison
    statement: str


def gains(victim: Attacked, exact: Attacked) -> list[Gain]:
    """Return the difference of the worst cases at each budget below the unbounded one."""
    levels = [level for level, budget in enumerate(victim.budgets) if budget < UNBOUNDED]
    found = []
    for level in levels:
        kept, kept_by_exact = ~victim.worst[level], ~exact.worst[level]
        low, high = paired_interval(
            int((kept & ~kept_by_exact).sum()),
            int((kept_by_exact & ~kept).sum()),
            victim.n,
            1 - 0.05 / len(levels),
        )
        found.append(
            Gain(
                victim.budgets[level],
                100 * float(kept.float().mean()),
                100 * float(kept_by_exact.float().mean()),
                100 * low,
                100 * high,
            )
        )
    return found


def verdict(flags: Sequence[Flag], victim: Attacked, compared: Sequence[Gain]) -> Verdict:
    """Return what the flags and the comparison with the exact network add up to."""
    failed = [flag for flag in flags if flag.status == "failed"]
    undecided = [flag for flag in flags if flag.status == "undecided"]
    soundness: Soundness
    if any(flag.name in _GROUND for flag in failed):
        soundness = "not repeatable"
    elif any(flag.name != _CONVERGED for flag in failed):
        soundness = "gradient masking"
    elif failed or undecided:
        soundness = "undecided"
    else:
        soundness = "sound"
    comparison = _comparison(compared)
    sentences = [_first(soundness, failed, undecided), _overstatement(victim), _on_gain(comparison, compared)]
    return Verdict(soundness, comparison, " ".join(sentence for sentence in sentences if sentence))


def _comparison(compared: Sequence[Gain]) -> Comparison:
    if not compared:
        return "not compared"
    more = any(gain.low_points > 0 for gain in compared)
    less = any(gain.high_points < 0 for gain in compared)
    if more or less:
        return "mixed" if more and less else "more robust" if more else "less robust"
    widest = max(max(-gain.low_points, gain.high_points) for gain in compared)
    return "undecided" if widest > 100 * 2 * TOLERANCE else "as robust"


def _first(soundness: Soundness, failed: Sequence[Flag], undecided: Sequence[Flag]) -> str:
    names = ", ".join(flag.name for flag in failed)
    if soundness == "not repeatable":
        return (
            f"The network does not give one answer to one image, so no number below stands ({names} failed)."
        )
    if soundness == "gradient masking":
        return (
            "Gradient masking: the white-box attack does not measure this network's robustness "
            f"({names} failed)."
        )
    if soundness == "undecided":
        open_flags = ", ".join(flag.name for flag in [*failed, *undecided])
        return f"Undecided: {open_flags}; more images or a stronger attack would tell."
    return "No sign of gradient masking: no flag failed."


def _overstatement(victim: Attacked) -> str:
    """Say what the white-box attack leaves and what the worst case leaves, where they differ most."""
    levels = [level for level, budget in enumerate(victim.budgets) if budget < UNBOUNDED]
    white_box, worst = victim.broken[WHITE_BOX], victim.worst
    level = max(levels, key=lambda level: int((worst[level] & ~white_box[level]).sum()))
    left, stands = (int((~broken[level]).sum()) for broken in (white_box, worst))
    low, high = wilson_interval(stands, victim.n)
    return (
        f"At linf {victim.budgets[level]:g} the white-box attack leaves {100 * left / victim.n:.1f} % of "
        f"{victim.n} images, the worst case over all attacks {100 * stands / victim.n:.1f} % "
        f"({100 * low:.1f} to {100 * high:.1f}); nowhere do they differ by more."
    )


def _on_gain(comparison: Comparison, compared: Sequence[Gain]) -> str:
    if not compared:
        return ""
    widest = max(compared, key=lambda gain: abs(gain.low_points + gain.high_points))
    figures = (
        f"worst case {widest.victim_percent:.1f} % against {widest.exact_percent:.1f} % at linf "
        f"{widest.budget:g}, a difference of {widest.low_points:+.1f} to {widest.high_points:+.1f} points"
    )
    words = {
        "as robust": "It is not more robust than the exact network",
        "more robust": "It is more robust than the exact network",
        "less robust": "It is less robust than the exact network",
        "mixed": "It is more robust than the exact network at some budgets and less at others",
        "undecided": "The images are too few to tell whether it is more robust than its exact network",
    }
    return f"{words[comparison]}: {figures}."
