"""Figures 1 and 4 to 8: robustness by budget and multiplier under one attack."""

from collections.abc import Callable
from dataclasses import dataclass, field
from types import MappingProxyType

from accelsim.attacks.rates import Rate
from accelsim.attacks.registry import PAPER_ATTACKS
from accelsim.attacks.reproduction.rows import Row
from accelsim.attacks.siddique2022.grid import Grid
from accelsim.attacks.siddique2022.pictures import curves_figure, heat_maps_figure
from accelsim.attacks.siddique2022.published import PUBLISHED
from accelsim.attacks.siddique2022.study import Study

__all__ = ["HEAT_MAPS", "HeatMap", "figure_1", "figure_8", "heat_map", "lenet_grid"]


@dataclass(frozen=True)
class HeatMap:
    """A panel of figures 4 to 7.

    Parameters
    ----------
    figure : str
        Such as ``"4a"``.
    network, dataset, attack : str
        What is attacked how.
    """

    figure: str
    network: str
    dataset: str
    attack: str
    part: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "part", f"figure-{self.figure}")


HEAT_MAPS = MappingProxyType(
    {
        figure: HeatMap(figure, network, dataset, attack)
        for network, dataset, panels in (
            (
                "LeNet-5",
                "mnist",
                {
                    "4a": "bim-linf",
                    "4b": "bim-l2",
                    "4c": "fgm-linf",
                    "4d": "fgm-l2",
                    "5a": "pgd-l2",
                    "5b": "pgd-linf",
                    "5c": "rau-l2",
                    "5d": "rau-linf",
                    "6a": "cr-l2",
                    "6b": "rag-l2",
                },
            ),
            ("AlexNet", "cifar10", {"7a": "cr-l2", "7b": "rag-l2", "7c": "rau-l2", "7d": "rau-linf"}),
        )
        for figure, attack in panels.items()
    }
)

#: Figure 1: networks under these attacks.
_FIGURE_1 = ("pgd-linf", "cr-l2")


def heat_map(figure: str) -> Callable[[Study], list[Row]]:
    """Return what measures and draws a panel of figures 4 to 7."""
    about = HEAT_MAPS[figure]

    def measure(study: Study) -> list[Row]:
        grid = study.grid(study.series(about.network, about.dataset, (about.attack,)))
        rows = _rows(about.part, about.dataset, grid, about.attack)
        title = f"{about.network}, {about.dataset}, {about.attack}: figure {figure}"
        study.picture(about.part, heat_maps_figure(rows, title))
        return rows

    return measure


def figure_1(study: Study) -> list[Row]:
    """FFNN and LeNet-5 on all multipliers under PGD and contrast reduction.

    The paper's approximate multiplier is L1G, whose products are not published with the others; here are all
    of M1 to M9. The figure's curves cannot be read as numbers.
    """
    rows, grids = [], {}
    for network in ("FFNN", "LeNet-5"):
        grid = study.grid(study.series(network, "mnist", _FIGURE_1))
        for attack in _FIGURE_1:
            rows += _rows("figure-1", "mnist", grid, attack, prefix=f"{network}, {attack}, ")
            grids[f"{network}, {attack}"] = grid, attack
    study.picture("figure-1", curves_figure(grids, exact="M1"))
    return rows


def figure_8(study: Study) -> list[Row]:
    """LeNet-5 quantized to 8 bits on the exact multiplier, and in float32, under all ten attacks."""
    grid = lenet_grid(study)
    rows = []
    for attack in grid.attacks:
        rows += _rows("figure-8", "mnist", grid, attack, ("float", "M1"), prefix=f"{attack}, ")
    panels = {attack: (grid, attack) for attack in grid.attacks}
    study.picture("figure-8", curves_figure(panels, exact="M1", victims=("float", "M1")))
    return rows


def lenet_grid(study: Study) -> Grid:
    """Return the outcomes of all of figures 4 to 6: LeNet-5 on MNIST under ten attacks."""
    return study.grid(study.series("LeNet-5", "mnist", PAPER_ATTACKS))


def _rows(
    part: str,
    dataset: str,
    grid: Grid,
    attack: str,
    victims: tuple[str, ...] | None = None,
    prefix: str = "",
) -> list[Row]:
    rows = PUBLISHED.rows(part, "fixed-budget", dataset)
    for budget in grid.budgets:
        outcomes = dict(zip(grid.victims, grid.at(attack, budget), strict=True))
        for victim in victims or grid.victims:
            rate = Rate(int(outcomes[victim].sum()), grid.images)
            rows.add_rate(f"{prefix}{budget:g}", victim, "robustness_percent", rate)
    return rows.rows


def __getattr__(name: str) -> Callable[[Study], list[Row]]:
    """Return ``figure_4a`` and so on."""
    figure = name.removeprefix("figure_")
    if figure not in HEAT_MAPS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return heat_map(figure)
