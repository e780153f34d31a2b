"""The flags of an audit: what makes a robustness number trusted, one by one, with the evidence."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from accelsim.attacks.audit_attacks import (
    ADAPTIVE,
    AGAIN,
    NOISE,
    RAYS,
    SINGLE_STEP,
    SQUARE,
    TEMPERATURES,
    TRANSFER,
    TWICE,
    UNBOUNDED,
    WHITE_BOX,
    Attacked,
    temperature_name,
)
from accelsim.attacks.intervals import wilson_interval

__all__ = ["TOLERANCE", "Flag", "Share", "Status", "comparison_flags", "counted_flag"]

Status = Literal["passed", "failed", "undecided", "not applicable"]

#: Share of all images that the white-box attack may miss and another attack break: two sound attacks differ
#: by as much on the steep part of a curve.
TOLERANCE = 0.05

#: The same for images that even the unbounded attack leaves.
_UNBOUNDED_TOLERANCE = 0.01


@dataclass(frozen=True)
class Share:
    """A count behind a flag.

    Parameters
    ----------
    what : str
        What is counted.
    count, n : int
        Images, and all images.
    low, high : float
        Wilson interval of the share, 0 to 1, at the flag's confidence.
    budget : float or None
        The linf budget that it belongs to.
    """

    what: str
    count: int
    n: int
    low: float
    high: float
    budget: float | None = None


@dataclass(frozen=True)
class Flag:
    """One question of the checklist and its answer.

    Parameters
    ----------
    name : str
        Identifier.
    asks : str
        What is to hold.
    status : {"passed", "failed", "undecided", "not applicable"}
        Failed: a share is above the tolerance, its interval too. Undecided: the interval holds both less than
        the tolerance and more than twice that; more images decide.
    finding : str
        The answer in words.
    source : str
        Who asks it.
    evidence : tuple of Share
        The counts.
    details : mapping of str to JSON values
        What else the answer stands on.
    """

    name: str
    asks: str
    status: Status
    finding: str
    source: str
    evidence: tuple[Share, ...] = ()
    details: dict[str, Any] = field(default_factory=dict)


def counted_flag(
    name: str,
    asks: str,
    source: str,
    counts: Sequence[tuple[str, int, float | None]],
    n: int,
    tolerance: float = TOLERANCE,
    **details: Any,
) -> Flag:
    """Return the flag that fails where a count of images that should be few is not.

    Parameters
    ----------
    name, asks, source : str
        As in `Flag`.
    counts : sequence of (str, int, float or None)
        What is counted, how many of the images, and at which budget.
    n : int
        Number of images.
    tolerance : float
        Largest share that is none.
    **details
        As in `Flag`.
    """
    # Bonferroni: all intervals hold together with 95 %.
    confidence = 1 - 0.05 / len(counts)
    shares = [
        Share(what, count, n, *wilson_interval(count, n, confidence), budget)
        for what, count, budget in counts
    ]
    largest = max(shares, key=lambda share: share.count)
    status: Status = "passed"
    if any(share.low > tolerance for share in shares):
        status = "failed"
    elif any(share.high > 2 * tolerance for share in shares):
        status = "undecided"
    at = "" if largest.budget is None else f" at {largest.budget:g}"
    bounds = f"{100 * largest.low:.1f} to {100 * largest.high:.1f} %"
    finding = f"{largest.what}: at most {_percent(largest)} of {n} images ({bounds}){at}"
    return Flag(name, asks, status, finding, source, tuple(shares), {"tolerance": tolerance, **details})


def _percent(share: Share) -> str:
    return f"{100 * share.count / share.n:.1f} %"


#: Attacks that must not break what the white-box attack misses: name, question, attacks, source.
_COMPARISONS = (
    (
        "iterative_beats_single_step",
        "the iterative attack breaks what a single step breaks",
        (SINGLE_STEP,),
        "Athalye, Carlini & Wagner 2018, section 3.1",
    ),
    (
        "white_box_beats_transfer",
        "the white-box attack breaks what examples of the exact network break",
        (TRANSFER,),
        "Athalye, Carlini & Wagner 2018, section 3.1",
    ),
    (
        "white_box_beats_noise",
        "the white-box attack breaks what random noise breaks",
        (NOISE,),
        "Athalye, Carlini & Wagner 2018, section 3.1",
    ),
    (
        "doubling_changes_nothing",
        "twice the iterations break no more",
        (TWICE,),
        "Carlini et al. 2019, section 5",
    ),
    (
        "temperature_changes_nothing",
        "other temperatures of the logits break no more",
        tuple(temperature_name(temperature) for temperature in TEMPERATURES),
        "Carlini & Wagner 2016; Croce & Hein 2020",
    ),
    (
        "adaptive_changes_nothing",
        "the margin loss, and gradients of another origin, break no more",
        ADAPTIVE,
        "Athalye, Carlini & Wagner 2018 (BPDA, EOT); Croce & Hein 2020 (loss)",
    ),
    (
        "gradient_free_changes_nothing",
        "an attack on the logits without gradients breaks no more",
        (SQUARE,),
        "Carlini et al. 2019; Andriushchenko et al. 2020; Croce & Hein 2020",
    ),
    (
        "hard_label_changes_nothing",
        "an attack on the decisions alone breaks no more",
        (RAYS,),
        "Carlini et al. 2019; Chen & Gu 2020",
    ),
)


def comparison_flags(victim: Attacked) -> Iterator[Flag]:
    """Yield the flags that compare the white-box attack with the others, and budgets with each other."""
    budgets, n = victim.budgets, victim.n
    white_box = victim.broken[WHITE_BOX]
    for name, asks, attacks, source in _COMPARISONS:
        run = [attack for attack in attacks if attack in victim.broken]
        missed = [
            (
                f"broken by {attack}, missed by white-box",
                int((victim.broken[attack] & ~white_box)[level].sum()),
                budget,
            )
            for attack in run
            for level, budget in enumerate(budgets)
            if budget < UNBOUNDED or attack in (NOISE, SINGLE_STEP, TRANSFER, RAYS)
        ]
        if missed:
            yield counted_flag(name, asks, source, missed, n)
        else:
            why = "the network is the exact one itself"
            yield Flag(name, asks, "not applicable", why, source)
    lost = [
        (
            f"broken at {budgets[level]:g}, no more at {budgets[level + 1]:g}",
            int((white_box[level] & ~white_box[level + 1]).sum()),
            budgets[level],
        )
        for level in range(len(budgets) - 1)
    ]
    if lost:
        yield counted_flag(
            "success_rises_with_budget",
            "what the white-box attack breaks it breaks at every larger budget",
            "Carlini et al. 2019, section 5",
            lost,
            n,
        )
    yield counted_flag(
        "unbounded_attack_succeeds",
        "without a bound the white-box attack breaks everything",
        "Athalye, Carlini & Wagner 2018, section 3.1",
        [("still classified correctly", int((~white_box[-1]).sum()), budgets[-1])],
        n,
        _UNBOUNDED_TOLERANCE,
    )
    yield _one_attack_flag(victim)
    again = [
        ("broken once more only", int(victim.broken[AGAIN][level].sum() - (~victim.correct).sum()), budget)
        for level, budget in enumerate(budgets)
        if budget < UNBOUNDED
    ]
    yield counted_flag(
        "worst_case_stands",
        "what no attack has broken stands when attacked once more, twice as long",
        "Carlini et al. 2019, section 5",
        again,
        n,
    )


def _one_attack_flag(victim: Attacked) -> Flag:
    """Return the flag that compares the worst case over attacks, image by image, with the best attack."""
    counts = []
    for level, budget in enumerate(victim.budgets):
        breaks = {name: victim.breaks(name)[level] for name in victim.broken if name != AGAIN}
        best = max(breaks, key=lambda name: int(breaks[name].sum()))
        union = victim.worst[level]
        counts.append(
            (f"broken by any attack, not by {best} alone", int((union & ~breaks[best]).sum()), budget)
        )
    return counted_flag(
        "one_attack_is_enough",
        "the worst case over attacks, image by image, is that of the best attack",
        "Carlini et al. 2019; Croce & Hein 2020",
        counts,
        victim.n,
    )
