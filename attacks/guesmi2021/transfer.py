"""Tables 2, 3, 5 and 10: which examples of the exact network fool the approximate ones.

And what the paper does not show: the same at fixed budgets, with more confident examples, and for each
reading of Ax-FPM.
"""

from collections.abc import Iterable

from accelsim.attacks.attack import Attack
from accelsim.attacks.guesmi2021.paper_attacks import PAPER_ATTACKS, fixed_budgets, paper_attack
from accelsim.attacks.guesmi2021.published import PUBLISHED
from accelsim.attacks.guesmi2021.study import Study
from accelsim.attacks.guesmi2021.subjects import READINGS, Subject
from accelsim.attacks.registry import build_attack
from accelsim.attacks.reproduction.rows import Row, Rows
from accelsim.attacks.threat_models import Transfer

__all__ = [
    "confident_examples",
    "fixed_budget_cifar10",
    "fixed_budget_mnist",
    "readings",
    "table_2",
    "table_3",
    "table_5",
    "table_10",
]

#: Attacks with a budget.
_WITH_BUDGET = {"FGSM": "fgm-linf", "PGD": "pgd-linf"}
_QUANTIZED = ("exact", "axfpm", "dq_full", "dq_weight_only")


def table_2(study: Study) -> list[Row]:
    """Transfer on MNIST."""
    return _table(study, "table-2", "mnist", ("exact", "axfpm"))


def table_3(study: Study) -> list[Row]:
    """Transfer on CIFAR-10."""
    return _table(study, "table-3", "cifar10", ("exact", "axfpm"))


def table_5(study: Study) -> list[Row]:
    """Ax-FPM against DoReFa-quantized networks, on CIFAR-10."""
    return _table(study, "table-5", "cifar10", _QUANTIZED, ("FGSM", "PGD", "C&W"))


def table_10(study: Study) -> list[Row]:
    """Transfer on MNIST to HEAP and Ax-FPM."""
    return _table(study, "table-10", "mnist", ("exact", "heap", "axfpm"))


def confident_examples(study: Study) -> list[Row]:
    """Transfer of C&W examples beyond the exact network's boundary, by their confidence."""
    rows = PUBLISHED.rows("confident-examples", "minimal-norm", "mnist")
    for confidence in (0, 1, 5, 10):
        attack = paper_attack("C&W", "mnist").with_parameters(confidence=confidence)
        label = f"C&W confidence {confidence}"
        _add_transfers(rows, study, study.subject("mnist"), attack, label, ("exact", "axfpm"))
    return rows.rows


def readings(study: Study) -> list[Row]:
    """Transfer to every reading of Ax-FPM, operand order and choice of layers, of both of LeNet-5."""
    rows = PUBLISHED.rows("readings", "minimal-norm", "mnist")
    columns = [*(f"{name}{where}" for name in READINGS for where in ("", "@b", "@all")), "bf16"]
    attack = paper_attack("DF", "mnist").with_parameters(candidates=3)
    for network in ("lenet5_guesmi", "lenet5_guesmi_code"):
        _add_transfers(rows, study, study.subject("mnist", network), attack, f"DF, {network}", columns)
    return rows.rows


def fixed_budget_mnist(study: Study) -> list[Row]:
    """Count the images that examples of the exact network at fixed budgets make each network get wrong."""
    return _fixed_budgets(study, "fixed-budget-mnist", "mnist", ("exact", "axfpm", "axfpm_array24", "bf16"))


def fixed_budget_cifar10(study: Study) -> list[Row]:
    """Count them on CIFAR-10."""
    return _fixed_budgets(study, "fixed-budget-cifar10", "cifar10", _QUANTIZED)


def _fixed_budgets(study: Study, part: str, dataset: str, columns: Iterable[str]) -> list[Row]:
    rows, subject = PUBLISHED.rows(part, "fixed-budget", dataset), study.subject(dataset)
    for name, attack in _WITH_BUDGET.items():
        for budget in fixed_budgets(dataset):
            crafted = study.crafted(subject, Transfer(subject.net), build_attack(attack), "exact", budget)
            for column in columns:
                rate = study.judged(subject, crafted, column).success
                rows.add_rate(f"{name} linf {budget:.3g}", column, "success_percent", rate)
    return rows.rows


def _table(
    study: Study, part: str, dataset: str, columns: Iterable[str], attacks: Iterable[str] = PAPER_ATTACKS
) -> list[Row]:
    rows = PUBLISHED.rows(part, "minimal-norm", dataset)
    for name in attacks:
        _add_transfers(rows, study, study.subject(dataset), paper_attack(name, dataset), name, columns)
    return rows.rows


def _add_transfers(
    rows: Rows, study: Study, subject: Subject, attack: Attack, label: str, columns: Iterable[str]
) -> None:
    """Craft on the exact network; of the examples that fool it, count those that fool each network."""
    crafted = study.crafted(subject, Transfer(subject.net), attack, "exact")
    for column in columns:
        rate = study.judged(subject, crafted, column).transfer
        rows.add_rate(label, column, "success_percent", rate)
