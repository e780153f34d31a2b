"""Picture of an audit: robustness against budget, a line per attack."""

import pandas as pd
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from accelsim.attacks.audit_attacks import NOISE, TRANSFER, UNBOUNDED, WHITE_BOX

__all__ = ["curves_figure"]

#: Network and attack, label, colour (Okabe and Ito, safe for colour-blind eyes), line.
_LINES = (
    ("victim", NOISE, "noise", "#999999", "-"),
    ("victim", TRANSFER, "transfer from the exact network", "#0072B2", "-"),
    ("victim", WHITE_BOX, "white-box", "#E69F00", "-"),
    ("victim", "worst case", "worst case over attacks", "#D55E00", "-"),
    ("exact", "worst case", "the exact network's worst case", "black", "--"),
)


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
        axes.plot(
            rows["budget"], rows["robustness_percent"], style, color=colour, label=label, marker="o", ms=3
        )
        axes.fill_between(
            rows["budget"], rows["ci_low_percent"], rows["ci_high_percent"], color=colour, alpha=0.15, lw=0
        )
    axes.set_xlabel("budget: largest change of a pixel (linf)")
    axes.set_ylabel("classified correctly (%)")
    axes.set_ylim(-2, 102)
    axes.set_xlim(0, drawn["budget"].max())
    axes.grid(alpha=0.3)
    axes.legend(title=f"{curves['n'].iloc[0]:,} images, 95 % intervals", fontsize="small")
    return figure
