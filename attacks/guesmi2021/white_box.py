"""Figures 8 to 11: the noise that white-box attacks need on the exact and on the approximate network."""

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray

from accelsim.attacks.guesmi2021.paper_attacks import paper_attack
from accelsim.attacks.guesmi2021.published import PUBLISHED
from accelsim.attacks.guesmi2021.study import Study
from accelsim.attacks.outcome import Outcome
from accelsim.attacks.reproduction.rows import Row
from accelsim.attacks.threat_models import WhiteBox

__all__ = ["figure_8", "figure_9", "figure_10", "figure_11"]

_COLUMNS = ("exact", "axfpm")
#: "On average, it takes 5 to 6 days to craft one adversarial example" (section 5.3), in seconds.
_PAPER_SECONDS = 5.5 * 86400
_Values = dict[str, NDArray[np.float64]]


def figure_8(study: Study) -> list[Row]:
    """L2 distances of DeepFool."""
    return _distances(study, "figure-8", "DF")


def figure_9(study: Study) -> list[Row]:
    """L2 distances of C&W."""
    return _distances(study, "figure-9", "C&W")


def figure_10(study: Study) -> list[Row]:
    """MSE and PSNR of DeepFool."""
    return _noise(study, "figure-10", "DF")


def figure_11(study: Study) -> list[Row]:
    """MSE and PSNR of C&W."""
    return _noise(study, "figure-11", "C&W")


def _outcomes(study: Study, name: str) -> dict[str, Outcome]:
    attack = paper_attack(name, "mnist")
    return {column: study.outcome(study.subject("mnist"), WhiteBox(), attack, column) for column in _COLUMNS}


def _of_both(outcomes: dict[str, Outcome], quantity: str) -> _Values:
    """Return a distance of those images on which the attack succeeded on either network."""
    chosen = np.logical_and.reduce([each.eligible & each.fooled for each in outcomes.values()])
    return {column: getattr(each, quantity)[chosen] for column, each in outcomes.items()}


def _distances(study: Study, part: str, name: str) -> list[Row]:
    rows, outcomes = PUBLISHED.rows(part, "minimal-norm", "mnist"), _outcomes(study, name)
    l2 = _of_both(outcomes, "l2")
    for column, values in l2.items():
        rows.add_mean(name, column, "l2_mean", values)
    rows.add_mean(name, "axfpm", "l2_more_than_exact", l2["axfpm"] - l2["exact"])
    for column, outcome in outcomes.items():
        rows.add_rate(name, column, "success_percent", outcome.success)
        paper = _PAPER_SECONDS if column == "axfpm" else np.nan
        rows.add(name, column, "seconds_per_example", outcome.seconds_per_example, outcome.n, paper=paper)
    study.picture(part, _cumulative(l2, f"{name}: L2 distance of white-box examples"))
    return rows.rows


def _noise(study: Study, part: str, name: str) -> list[Row]:
    rows, outcomes = PUBLISHED.rows(part, "minimal-norm", "mnist"), _outcomes(study, name)
    mse, psnr = _of_both(outcomes, "mse"), _of_both(outcomes, "psnr")
    for quantity, found in (("mse_mean", mse), ("psnr_mean_db", psnr)):
        for column, values in found.items():
            rows.add_mean(name, column, quantity, values)
    n = len(mse["exact"])
    ratio = float(mse["axfpm"].mean() / mse["exact"].mean()) if n else np.nan
    rows.add(name, "axfpm", "mse_over_exact", ratio, n)
    rows.add_mean(name, "axfpm", "psnr_less_than_exact", psnr["exact"] - psnr["axfpm"])
    figure = Figure(figsize=(8, 3.4), layout="constrained")
    FigureCanvasAgg(figure)
    panels = figure.subplots(1, 2)
    labels = ("mean squared error", "PSNR (dB)")
    for axes, found, label in zip(panels, (mse, psnr), labels, strict=True):
        axes.boxplot(list(found.values()), tick_labels=list(found), showfliers=False)
        axes.set_ylabel(label)
    figure.suptitle(f"{name}: noise of white-box examples, {n} images", size="medium")
    study.picture(part, figure)
    return rows.rows


def _cumulative(values: _Values, title: str) -> Figure:
    """Draw the cumulative distribution of each network's distances."""
    figure = Figure(figsize=(5.4, 3.6), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    for column, distances in values.items():
        if len(distances):
            axes.ecdf(distances, label=column)
    shown = max((float(np.quantile(each, 0.995)) for each in values.values() if len(each)), default=1.0)
    axes.set(xlabel="L2 distance", ylabel="share of examples", xlim=(0, shown))
    axes.set_title(f"{title}, {len(distances)} images", size="medium")
    axes.legend(loc="lower right")
    return figure
