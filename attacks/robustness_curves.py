"""Pictures of robustness against budget: of an audit, a line per attack; of a table, a line per victim."""

from math import ceil
from typing import TYPE_CHECKING

import pandas as pd
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from accelsim.attacks.audit_attacks import NOISE, TRANSFER, UNBOUNDED, WHITE_BOX
from accelsim.attacks.heat_map import caption, panels_in

if TYPE_CHECKING:
    from accelsim.attacks.table import RobustnessTable

__all__ = ["curves_figure", "panels_figure"]

#: Network and attack, label, colour (Okabe and Ito, safe for colour-blind eyes), line.
_LINES = (
    ("victim", NOISE, "noise", "#999999", "-"),
    ("victim", TRANSFER, "transfer from the exact network", "#0072B2", "-"),
    ("victim", WHITE_BOX, "white-box", "#E69F00", "-"),
    ("victim", "worst case", "worst case over attacks", "#D55E00", "-"),
    ("exact", "worst case", "the exact network's worst case", "black", "--"),
)
#: Ten colours, then again with other dashes.
_COLOURS = colormaps["tab10"]
_STYLES = ("-", "--", ":", "-.")
_ENTRY = 0.19  # inches that a line of a legend is high


def curves_figure(curves: pd.DataFrame) -> Figure:
    """Return the figure on a canvas of its own (no pyplot state); bands are 95 % intervals.

    Parameters
    ----------
    curves : pandas.DataFrame
        As in `AuditReport`; budgets below the unbounded one are drawn.
    """
    figure = Figure(figsize=(6.4, 4.2), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    drawn = curves[curves["budget"] < UNBOUNDED]
    for network, attack, label, colour, style in _LINES:
        rows = drawn[(drawn["network"] == network) & (drawn["attack"] == attack)]
        if rows.empty:
            continue
        _draw_line(axes, rows, label, colour, style)
    axes.set_xlabel("budget: largest change of a pixel (linf)")
    axes.set_ylabel("classified correctly (%)")
    _frame(axes, drawn["budget"].max())
    axes.legend(title=f"{curves['n'].iloc[0]:,} images, 95 % intervals", fontsize="small")
    return figure


def panels_figure(table: "RobustnessTable") -> Figure:
    """Return a figure with a panel per attack, a line per victim; bands are 95 % intervals.

    Parameters
    ----------
    table : RobustnessTable
        One to a dozen attacks and victims fit well.
    """
    frame, attacks = table.frame, table.attacks
    victims = list(frame["victim"].unique())
    columns = panels_in(len(attacks), 1.3)
    rows = ceil(len(attacks) / columns)
    height = max(2.4 * rows + 0.8, _ENTRY * len(victims) + 0.9)  # the legend stays below the title
    figure = Figure(figsize=(max(3.0 * columns, 4.2) + 1.8, height), layout="constrained")
    FigureCanvasAgg(figure)
    panels = figure.subplots(rows, columns, squeeze=False, sharey=True).ravel()
    for panel, attack in zip(panels, attacks, strict=False):
        own = frame[frame["attack"] == attack]
        for number, victim in enumerate(victims):
            line = own[own["victim"] == victim].sort_values("budget")
            style = _STYLES[number // _COLOURS.N % len(_STYLES)]
            _draw_line(panel, line, victim, _COLOURS(number % _COLOURS.N), style)
        panel.set_title(f"{attack} ({own['norm'].iloc[0]})", weight="bold", size="medium")
        _frame(panel, max(own["budget"].max(), 1e-9))
    for panel in panels[len(attacks) :]:
        panel.set_visible(False)
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside right center", fontsize="small")
    figure.supxlabel("perturbation budget", size="medium")
    figure.supylabel("robustness (%)", size="medium")
    figure.suptitle(caption(frame), size="medium")
    return figure


def _draw_line(
    axes: Axes, rows: pd.DataFrame, label: str, colour: str | tuple[float, ...], style: str
) -> None:
    axes.plot(rows["budget"], rows["robustness_percent"], style, color=colour, label=label, marker="o", ms=3)
    axes.fill_between(
        rows["budget"], rows["ci_low_percent"], rows["ci_high_percent"], color=colour, alpha=0.15, lw=0
    )


def _frame(axes: Axes, largest_budget: float) -> None:
    axes.set_ylim(-2, 102)
    axes.set_xlim(0, largest_budget)
    axes.grid(alpha=0.3)
