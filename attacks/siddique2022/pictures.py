"""Heat maps of the paper's figures beside ours, and curves with bands of their intervals."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib import colormaps
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from accelsim.attacks.heat_map import draw_panel
from accelsim.attacks.intervals import wilson_interval
from accelsim.attacks.reproduction.rows import Row, as_frame
from accelsim.attacks.siddique2022.grid import Grid

__all__ = ["curves_figure", "heat_maps_figure"]

_DIFFERENCES = colormaps["PuOr"].with_extremes(bad="0.85")
#: Colours of the approximate networks, by the error of their multiplier.
_LINES = colormaps["viridis_r"]


def heat_maps_figure(rows: Sequence[Row], title: str) -> Figure:
    """Return robustness by budget and multiplier: the paper's, ours, and the difference.

    Parameters
    ----------
    rows : sequence of Row
        Rows are budgets, columns victims. Where the paper's figures cannot be read, ours stand alone.
    title : str
        Above all.
    """
    frame = as_frame(rows)
    grids = {
        name: frame.pivot(index="row", columns="column", values=value).reindex(
            index=frame["row"].unique(), columns=frame["column"].unique()
        )
        for name, value in (("paper", "paper"), ("accelsim", "value"), ("accelsim less paper", "difference"))
    }
    if frame["paper"].isna().all():
        grids = {"accelsim (paper unreadable)": grids["accelsim"]}
    else:
        readable = grids["paper"].columns[grids["paper"].notna().any()]
        grids |= {name: grids[name][readable] for name in ("paper", "accelsim less paper")}
    widths = [len(grid.columns) + 2 for grid in grids.values()]
    figure = Figure(figsize=(0.4 * sum(widths) + 1, 4.6), layout="constrained")
    FigureCanvasAgg(figure)
    panels = figure.subplots(1, len(grids), squeeze=False, width_ratios=widths)[0]
    for panel, (name, grid) in zip(panels, grids.items(), strict=True):
        if name.endswith("less paper"):
            draw_panel(panel, grid, name, _DIFFERENCES, Normalize(-100, 100))
        else:
            draw_panel(panel, grid, name)
    panels[0].set_ylabel("perturbation budget")
    n = frame["n"].iloc[0]
    figure.suptitle(f"{title}\nimages classified correctly (%), {n:,} of ours", size="medium")
    return figure


def curves_figure(
    panels: Mapping[str, tuple[Grid, str]], exact: str, victims: Sequence[str] | None = None
) -> Figure:
    """Return robustness against budget, a line per network, a panel per attack; bands are 95 % intervals.

    Parameters
    ----------
    panels : mapping of str to (Grid, str)
        Outcomes and attack of each, by its title.
    exact : str
        The network on the exact multiplier.
    victims : sequence of str, optional
        Default: all.
    """
    across = min(len(panels), 5 if len(panels) > 4 else 2)
    down = -(-len(panels) // across)
    figure = Figure(figsize=(3.0 * across + 0.6, 2.4 * down + 0.9), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(down, across, squeeze=False, sharey=True).ravel()
    for panel, (title, (grid, attack)) in zip(axes, panels.items(), strict=False):
        shown = list(victims or grid.victims)
        approximate = [each for each in shown if each not in {exact, "float"}]
        at = range(len(grid.budgets))
        for victim in shown:
            colour, style = _line(victim, exact, approximate)
            percent = 100 * grid.of(victim)[grid.attacks.index(attack), :, 0].mean(axis=1)
            bounds = np.array(
                [wilson_interval(round(each * grid.images / 100), grid.images) for each in percent]
            )
            panel.plot(at, percent, style, color=colour, label=victim, lw=1.4)
            panel.fill_between(at, *(100 * bounds.T), color=colour, alpha=0.15, lw=0)
        panel.set_title(title, size="medium")
        panel.set_xticks(at, [f"{budget:g}" for budget in grid.budgets], size="x-small", rotation=60)
        panel.grid(alpha=0.3)
    for panel in axes[len(panels) :]:
        panel.set_visible(False)
    figure.supxlabel("perturbation budget (not to scale)", size="medium")
    figure.supylabel("classified correctly (%)", size="medium")
    grid = next(iter(panels.values()))[0]
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(
        handles, labels, loc="outside right upper", title=f"{grid.images:,} images", fontsize="small"
    )
    return figure


def _line(victim: str, exact: str, approximate: Sequence[str]) -> tuple[object, str]:
    if victim == exact:
        return "black", "-"
    if victim == "float":
        return "#D55E00", "--"
    return _LINES(0.1 + 0.9 * approximate.index(victim) / max(len(approximate) - 1, 1)), "-"
