"""Table II: examples of one architecture shown to approximate networks of both."""

from itertools import product

from accelsim.attacks.rates import Rate
from accelsim.attacks.reproduction.rows import Row
from accelsim.attacks.siddique2022.published import PUBLISHED
from accelsim.attacks.siddique2022.study import Study

__all__ = ["table_2"]

_ATTACK, _BUDGET = "bim-linf", 0.05
_DATASETS = {"mnist": "MNIST", "cifar10": "CIFAR-10"}


def table_2(study: Study) -> list[Row]:
    """Accuracy before and after the attack; the paper does not say which multiplier its one figure is of."""
    rows = []
    for dataset, source in product(_DATASETS, ("LeNet-5", "AlexNet")):
        for network in ("LeNet-5", "AlexNet"):
            victims = study.victims(network, dataset)
            series = study.series(source, dataset, (_ATTACK,), victims=victims, budgets=(0.0, _BUDGET))
            grid = study.grid(series)
            line = f"{source} to {network}, {_DATASETS[dataset]}"
            own = PUBLISHED.rows("table-2", "fixed-budget", dataset)
            for victim, (before, after) in zip(grid.victims, grid.correct[0].swapaxes(0, 1), strict=True):
                for when, correct in (("before", before), ("after", after)):
                    quantity = f"accuracy_{when}_percent"
                    paper = PUBLISHED.figure("table-2", line, "approximate", quantity)
                    rate = Rate(int(correct.sum()), grid.images)
                    own.add(line, victim, quantity, rate.percent, rate.n, rate.interval_percent, paper)
            rows += own.rows
    return rows
