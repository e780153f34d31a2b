"""What the paper leaves open, tried: every combination of a few readings, held to each of its figures."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from accelsim.approx_layer import ActivationOperand
from accelsim.arithmetic import Arithmetic, Scheme
from accelsim.attacks.reproduction.rows import Row
from accelsim.attacks.siddique2022.figures import HEAT_MAPS
from accelsim.attacks.siddique2022.published import PUBLISHED
from accelsim.attacks.siddique2022.study import Study
from accelsim.attacks.sweeps import Victim
from accelsim.conversion import WeightScales

__all__ = ["Reading", "mean_differences", "readings"]

_MOST_IMAGES = 250
#: Figures of LeNet-5 that can be read.
_FIGURES = ("4a", "4b", "4c", "4d", "5a", "5b", "5c", "5d")
#: The paper's budget on images in [0, 1]; in [-1, 1], where ours are half as large; and twice as large.
_EPS_SCALES = {"eps": 1.0, "eps / 2": 0.5, "2 eps": 2.0}
#: Number formats of an unsigned circuit.
_SCHEMES: tuple[Scheme, ...] = ("unsigned", "sign-magnitude")
#: Training: the default, and one epoch, which has about the paper's accuracy.
_TRAININGS = {"10 epochs": None, "1 epoch": 1}


@dataclass(frozen=True)
class Reading:
    """One way to read the paper.

    Parameters
    ----------
    training, eps : str
        Keys of what is tried.
    arithmetic : Arithmetic
        Number format, operand order and granularity of the weights.
    """

    training: str
    eps: str
    arithmetic: Arithmetic

    @property
    def choices(self) -> tuple[str, ...]:
        """What is chosen, each in a few words."""
        how = self.arithmetic
        return (
            self.training,
            self.eps,
            how.scheme,
            f"activation is operand {how.activation_operand}",
            f"weights {how.weights}",
        )


def readings(study: Study) -> list[Row]:
    """Hold every reading to every figure; say which fits each best, and what each choice does on average."""
    found = {
        reading: differences
        for training in _TRAININGS
        for reading, differences in _differences(study, training)
    }
    rows = PUBLISHED.rows("readings", "fixed-budget", "mnist")
    n = min(_MOST_IMAGES, study.images["mnist"])
    for reading, differences in found.items():
        for figure, value in {**differences, "all": float(np.mean(list(differences.values())))}.items():
            rows.add(", ".join(reading.choices), figure, "mean_abs_difference_points", value, n)
    for figure in (*_FIGURES, "all"):
        best = min((row for row in rows.rows if row.column == figure), key=lambda row: row.value)
        study.remark("readings", f"{figure}: {best.row} fits best ({best.value:.1f} points).")
    for place in range(len(next(iter(found)).choices)):
        names = dict.fromkeys(reading.choices[place] for reading in found)
        means = {
            name: np.mean(
                [list(own.values()) for reading, own in found.items() if reading.choices[place] == name]
            )
            for name in names
        }
        study.remark(
            "readings", "On average: " + ", ".join(f"{name} {mean:.1f}" for name, mean in means.items()) + "."
        )
    return rows.rows


def _differences(study: Study, training: str) -> Iterator[tuple[Reading, dict[str, float]]]:
    """Yield all readings with one training, and the mean absolute difference to each figure."""
    epochs = _TRAININGS[training]
    own = study.network("LeNet-5", "mnist", epochs)
    formats = [
        Arithmetic(scheme, activation_operand=operand, weights=weights)
        for scheme, operand, weights in product(_SCHEMES, get_args(ActivationOperand), get_args(WeightScales))
    ]
    labels = list(study.multipliers("LeNet-5"))
    victims = {
        f"{label} {number}": Victim(own, multiplier, how, label=f"{label} {number}")
        for number, how in enumerate(formats)
        for label, multiplier in study.multipliers("LeNet-5").items()
    }
    attacks = tuple(HEAT_MAPS[figure].attack for figure in _FIGURES)
    budgets = tuple(sorted({scale * budget for scale in _EPS_SCALES.values() for budget in study.budgets}))
    series = study.series(
        "LeNet-5", "mnist", attacks, victims=victims, budgets=budgets, most_images=_MOST_IMAGES, epochs=epochs
    )
    percent = study.grid(series).percent.reshape(len(attacks), len(budgets), len(formats), len(labels))
    for (eps, scale), (number, how) in product(_EPS_SCALES.items(), enumerate(formats)):
        places = [budgets.index(scale * budget) for budget in study.budgets]
        yield (
            Reading(training, eps, how),
            {
                figure: mean_differences(figure, study.budgets, labels, percent[place, places, number])
                for place, figure in enumerate(_FIGURES)
            },
        )


def mean_differences(
    figure: str, budgets: tuple[float, ...], labels: list[str], percent: NDArray[np.float64]
) -> float:
    """Return the mean absolute difference to the cells of a figure that can be read, in points.

    Parameters
    ----------
    figure : str
        Such as ``"4a"``.
    budgets, labels
        Of the rows and columns.
    percent : float array of shape (budgets, labels)
        Ours.
    """
    paper = [
        [PUBLISHED.figure(f"figure-{figure}", f"{budget:g}", label, "robustness_percent") for label in labels]
        for budget in budgets
    ]
    return float(np.nanmean(np.abs(percent - np.array(paper))))
