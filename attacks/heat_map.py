"""Picture of a robustness table: one panel per attack, budgets by victims."""

from math import ceil, log
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.image import AxesImage

if TYPE_CHECKING:
    from accelsim.attacks.table import RobustnessTable

__all__ = ["heat_map_figure"]

_CELL_WIDTH, _CELL_HEIGHT = 0.42, 0.3  # inches
_TITLE_HEIGHT = 0.4
_ASPECT = 1.5  # width to height that the panels are arranged for
_COLOURS = colormaps["RdYlBu"].with_extremes(
    bad="0.85"
)  # red: broken, blue: robust; fit for colour-blind readers


def heat_map_figure(table: "RobustnessTable") -> Figure:
    """Return the figure on a canvas of its own (no pyplot state); cells show whole percents.

    Parameters
    ----------
    table : RobustnessTable
        One to a dozen attacks and victims fit well.
    """
    grids = {attack: table.pivot(attack) for attack in table.attacks}  # noqa: PD010 (not pandas')
    norms = dict(zip(table.frame["attack"], table.frame["norm"], strict=True))
    budgets = max(len(grid.index) for grid in grids.values())
    victims = max(len(grid.columns) for grid in grids.values())
    width, height = victims * _CELL_WIDTH + 0.3, budgets * _CELL_HEIGHT + _TITLE_HEIGHT
    columns = _columns(len(grids), width / height)
    rows = ceil(len(grids) / columns)
    longest = max(len(victim) for victim in table.frame["victim"])
    figure = Figure(
        figsize=(max(columns * width + 2.2, 4.5), rows * height + 0.05 * longest + 1.2), layout="constrained"
    )
    FigureCanvasAgg(figure)
    panels = figure.subplots(rows, columns, squeeze=False).ravel()
    for index, (attack, grid) in enumerate(grids.items()):
        image = _draw_panel(panels[index], grid, f"{attack} ({'L∞' if norms[attack] == 'linf' else 'L2'})")
        if index % columns == 0:
            panels[index].set_ylabel("perturbation budget")
        if index + columns < len(grids):
            panels[index].tick_params(labelbottom=False)
    for panel in panels[len(grids) :]:
        panel.set_visible(False)
    figure.colorbar(image, ax=list(panels), label="robustness (%)", shrink=min(1.0, 1.5 / rows), aspect=25)
    figure.suptitle(_caption(table.frame))
    return figure


def _columns(panels: int, aspect: float) -> int:
    """Return how many panels stand side by side, for the aspect of the whole to be near the wanted one."""

    def distance(columns: int) -> float:
        rows = ceil(panels / columns)
        gaps = rows * columns - panels
        return abs(log(columns * aspect / rows / _ASPECT)) + 0.2 * gaps

    return min(range(1, panels + 1), key=distance)


def _draw_panel(panel: Axes, grid: pd.DataFrame, title: str) -> AxesImage:
    values = grid.to_numpy()
    image = panel.imshow(values, cmap=_COLOURS, norm=Normalize(0, 100), aspect="auto")
    panel.set_title(title)
    panel.set_xticks(range(len(grid.columns)), list(grid.columns))
    for label in panel.get_xticklabels():
        label.set(rotation=45, ha="right", rotation_mode="anchor")
    panel.set_yticks(range(len(grid.index)), [f"{budget:g}" for budget in grid.index])
    panel.tick_params(length=0)
    panel.spines[:].set_visible(False)
    for (row, column), value in np.ndenumerate(values):
        colour = "white" if value < 18 or value > 82 else "black"
        text = "" if np.isnan(value) else f"{value:.0f}"
        panel.text(column, row, text, ha="center", va="center", size=8, color=colour)
    return image


def _caption(frame: pd.DataFrame) -> str:
    half_width = (frame["ci_high_percent"] - frame["ci_low_percent"]).max() / 2
    images = "to ".join(f"{n:,} " for n in sorted({frame["n"].min(), frame["n"].max()}))
    return f"Robustness under attack: {images}images, 95 % interval within ±{half_width:.1f} points"
