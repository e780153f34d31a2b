"""Attacks that know of the approximation, at fixed budgets; and those that need no gradient."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from accelsim.attacks.guesmi2021.paper_attacks import paper_attack
from accelsim.attacks.guesmi2021.rows import Row, Rows
from accelsim.attacks.guesmi2021.study import Study
from accelsim.attacks.rates import Rate
from accelsim.attacks.registry import build_attack
from accelsim.attacks.threat_models import DecisionBased, ThreatModel, Transfer, WhiteBox

__all__ = ["adaptive_attacks", "decision_based"]

_COLUMNS = ("exact", "axfpm")
_BUDGETS = (0.05, 0.1, 0.2)


@dataclass(frozen=True)
class _Kind:
    label: str
    threat: Callable[[Study], ThreatModel]
    attack: str = "pgd-linf"
    columns: tuple[str, ...] = _COLUMNS


_KINDS = (
    _Kind("transfer", lambda study: Transfer(study.subject("mnist").net), columns=("axfpm",)),
    _Kind("white-box, exact gradients of each layer", lambda study: WhiteBox()),
    _Kind(
        "white-box, gradients of the exact network",
        lambda study: WhiteBox(study.subject("mnist").net),
        columns=("axfpm",),
    ),
    _Kind("white-box, gradients of the products", lambda study: WhiteBox("products"), columns=("axfpm",)),
    _Kind("white-box, logits / 5", lambda study: WhiteBox(temperature=5.0)),
    _Kind("white-box, margin loss", lambda study: WhiteBox(loss="margin")),
    _Kind("white-box, expectation over noise", lambda study: WhiteBox(noise=0.05, samples=4)),
    _Kind("white-box, one step (FGSM)", lambda study: WhiteBox(), "fgm-linf"),
    _Kind("uniform noise, 100 draws", lambda study: DecisionBased(), "rau-linf"),
)


def adaptive_attacks(study: Study) -> list[Row]:
    """Attack both networks in every way at fixed budgets; and take the worst of all for each image."""
    rows, subject = Rows("adaptive", "fixed-budget", "mnist"), study.subject("mnist")
    for budget in _BUDGETS:
        for column in _COLUMNS:
            fooled, correct = [], []
            for kind in (each for each in _KINDS if column in each.columns):
                found = study.outcome(subject, kind.threat(study), build_attack(kind.attack), column, budget)
                rows.add_rate(f"{kind.label}, linf {budget}", column, "success_percent", found.success)
                fooled.append(found.fooled)
                correct.append(found.correct)
            worst = np.logical_or.reduce(fooled)[correct[0]]
            rate = Rate(int(worst.sum()), len(worst))
            rows.add_rate(f"worst of all per image, linf {budget}", column, "success_percent", rate)
    return rows.rows


def decision_based(study: Study) -> list[Row]:
    """Look for the smallest perturbation of both networks by their decisions alone."""
    rows = Rows("decision-based", "minimal-norm", "mnist")
    for name in ("BA", "HSJ"):
        attack = paper_attack(name, "mnist")
        for column in _COLUMNS:
            subject = study.subject("mnist")
            # On the exact network itself the same as the transferred examples, which are at hand.
            threat = Transfer(subject.net) if column == "exact" else DecisionBased()
            found = study.outcome(subject, threat, attack, column)
            rows.add_mean(name, column, "l2_mean", found.successful("l2"))
            rows.add_rate(name, column, "success_percent", found.success)
            rows.add(name, column, "seconds_per_example", found.seconds_per_example, found.n)
    return rows.rows
