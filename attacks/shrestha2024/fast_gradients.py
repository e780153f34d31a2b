"""Figure 7: barely visible sign steps on MNIST and on CIFAR-10."""

from accelsim.attacks.rates import Rate
from accelsim.attacks.reproduction.rows import Row
from accelsim.attacks.shrestha2024.paper_attacks import paper_attack
from accelsim.attacks.shrestha2024.pictures import image_grid
from accelsim.attacks.shrestha2024.published import PUBLISHED
from accelsim.attacks.shrestha2024.study import DATASETS, Study

__all__ = ["figure_7"]

_BUDGETS = {"mnist": 0.1, "cifar10": 0.025}


def figure_7(study: Study) -> list[Row]:
    """Attack the full-precision networks with them."""
    rows = PUBLISHED.rows("figure-7", "fixed-budget")
    for network in study.networks:
        budget = _BUDGETS[DATASETS[network]]
        subject = study.subject(network, None)
        attack = paper_attack("FGSM", subject.dataset.name, budget)
        crafted = [study.crafted(subject, attack, run, study.images) for run in range(study.runs)]
        n = sum(len(each.fooled) for each in crafted)
        withstood = n - sum(int(each.fooled.sum()) for each in crafted)
        rows.add_rate(f"{network} FGSM {budget}", "float", "adversarial_accuracy_percent", Rate(withstood, n))
        shown = {"FGSM": crafted[0].adversarial[:10], "original": crafted[0].images[:10]}
        study.picture(f"figure-7-{network}", image_grid(shown, f"{network}, full precision: FGSM {budget}"))
    return rows.rows
