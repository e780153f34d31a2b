"""Attacks that know of the approximation, at fixed budgets; and those that need no gradient."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from torch import nn

from accelsim.attacks.guesmi2021.paper_attacks import fixed_budgets, paper_attack
from accelsim.attacks.guesmi2021.published import PUBLISHED
from accelsim.attacks.guesmi2021.study import Study
from accelsim.attacks.rates import Rate
from accelsim.attacks.registry import build_attack
from accelsim.attacks.reproduction.rows import Row
from accelsim.attacks.threat_models import DecisionBased, ThreatModel, Transfer, WhiteBox

__all__ = ["adaptive_cifar10", "adaptive_mnist", "decision_based"]

_COLUMNS = ("exact", "axfpm")


@dataclass(frozen=True)
class _Kind:
    label: str
    threat: Callable[[nn.Module], ThreatModel]  # given the exact network
    attack: str = "pgd-linf"
    columns: tuple[str, ...] = _COLUMNS


_KINDS = (
    _Kind("transfer", Transfer, columns=("axfpm",)),
    _Kind("white-box, exact gradients of each layer", lambda net: WhiteBox()),
    _Kind(
        "white-box, gradients of the exact network",
        WhiteBox,
        columns=("axfpm",),
    ),
    _Kind("white-box, gradients of the products", lambda net: WhiteBox("products"), columns=("axfpm",)),
    _Kind("white-box, logits / 5", lambda net: WhiteBox(temperature=5.0)),
    _Kind("white-box, margin loss", lambda net: WhiteBox(loss="margin")),
    _Kind("white-box, expectation over noise", lambda net: WhiteBox(noise=0.05, samples=4)),
    _Kind("white-box, one step (FGSM)", lambda net: WhiteBox(), "fgm-linf"),
    _Kind("uniform noise, 100 draws", lambda net: DecisionBased(), "rau-linf"),
)

#: Those that take seconds on CIFAR-10 too.
_QUICK = ("transfer", "white-box, exact gradients of each layer", "white-box, logits / 5")


def adaptive_mnist(study: Study) -> list[Row]:
    """Attack both networks in every way at fixed budgets; and take the worst of all for each image."""
    return _adaptive(study, "adaptive", "mnist", _KINDS, (0.05, 0.1, 0.2))


def adaptive_cifar10(study: Study) -> list[Row]:
    """Attack both networks for CIFAR-10 in the ways that are quick."""
    kinds = [kind for kind in _KINDS if kind.label in _QUICK]
    return _adaptive(study, "adaptive-cifar10", "cifar10", kinds, fixed_budgets("cifar10")[:2])


def _adaptive(
    study: Study, part: str, dataset: str, kinds: Sequence[_Kind], budgets: Iterable[float]
) -> list[Row]:
    rows, subject = PUBLISHED.rows(part, "fixed-budget", dataset), study.subject(dataset)
    for budget in budgets:
        for column in _COLUMNS:
            fooled, correct = [], []
            for kind in (each for each in kinds if column in each.columns):
                threat = kind.threat(subject.net)
                found = study.outcome(subject, threat, build_attack(kind.attack), column, budget)
                rows.add_rate(f"{kind.label}, linf {budget:.3g}", column, "success_percent", found.success)
                fooled.append(found.fooled)
                correct.append(found.correct)
            worst = np.logical_or.reduce(fooled)[correct[0]]
            rate = Rate(int(worst.sum()), len(worst))
            rows.add_rate(f"worst of all per image, linf {budget:.3g}", column, "success_percent", rate)
    return rows.rows


def decision_based(study: Study) -> list[Row]:
    """Look for the smallest perturbation of both networks by their decisions alone."""
    rows = PUBLISHED.rows("decision-based", "minimal-norm", "mnist")
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
