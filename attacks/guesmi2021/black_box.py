"""Table 4: examples of a substitute that was trained from the victim's answers."""

from accelsim.attacks.guesmi2021.paper_attacks import PAPER_ATTACKS, fixed_budgets, paper_attack
from accelsim.attacks.guesmi2021.published import PUBLISHED
from accelsim.attacks.guesmi2021.study import Study
from accelsim.attacks.registry import build_attack
from accelsim.attacks.reproduction.rows import Row
from accelsim.attacks.substitute import BlackBox
from accelsim.errors import AccelsimError
from accelsim.models.networks import build_network

__all__ = ["fixed_budget_black_box", "table_4"]

#: Images of the attacker's own, and his budget of queries. Papernot et al. (2017) begin with 150; from 200
#: the substitute gets 65 % of clean images right, and is a poor one to attack.
_OWN_IMAGES, _QUERIES = 1000, 6400
_EPOCHS = 20
_COLUMNS = ("exact", "axfpm")
#: Fewer steps of the attacks by decisions: the substitute's examples need not be the closest.
_STEPS = {"BA": 1000, "HSJ": 8}


def table_4(study: Study) -> list[Row]:
    """Black-box attacks on the exact and on the approximate network, each with a substitute of its own."""
    rows, attacker = PUBLISHED.rows("table-4", "minimal-norm", "mnist"), _attacker(study)
    for column in _COLUMNS:
        for name in PAPER_ATTACKS:
            attack = paper_attack(name, "mnist")
            if name in _STEPS:
                attack = attack.with_parameters(steps=_STEPS[name])
            found = study.outcome(study.subject("mnist"), attacker, attack, column)
            rows.add_rate(name, column, "success_percent", found.transfer)
    return rows.rows


def fixed_budget_black_box(study: Study) -> list[Row]:
    """Black-box attacks at fixed budgets."""
    rows, attacker = PUBLISHED.rows("black-box-fixed-budget", "fixed-budget", "mnist"), _attacker(study)
    for budget in fixed_budgets("mnist"):
        for column in _COLUMNS:
            found = study.outcome(study.subject("mnist"), attacker, build_attack("pgd-linf"), column, budget)
            rows.add_rate(f"PGD linf {budget}", column, "success_percent", found.success)
    return rows.rows


def _attacker(study: Study) -> BlackBox:
    """Return the attacker, whose images are the last ones of the test set."""
    subject = study.subject("mnist")
    most = len(subject.dataset.test_images) - _OWN_IMAGES
    if len(subject.images) > most:
        raise AccelsimError(
            f"{len(subject.images)} attacked images of MNIST leave the black-box attacker none of his own; "
            f"expected at most {most}"
        )
    images = subject.dataset.test_images[-_OWN_IMAGES:]
    return BlackBox(
        images, lambda: build_network("lenet5", seed=study.seed), _QUERIES, epochs=_EPOCHS, seed=study.seed
    )
