"""Pictures of percentages in panels: a robustness table, budgets by victims, or any other grids."""

from collections.abc import Mapping
from math import ceil, log
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import Colormap, Normalize
from matplotlib.figure import Figure
from matplotlib.image import AxesImage

if TYPE_CHECKING:
    from accelsim.attacks.table import RobustnessTable

__all__ = ["COLOURS", "caption", "draw_panel", "grids_figure", "heat_map_figure", "is_dark", "panels_in"]

_CELL_WIDTH, _CELL_HEIGHT = 0.42, 0.3  # inches
_LEAST_WIDTH = 4.2  # inches, for the caption
_ASPECT = 1.5  # width to height that the panels are arranged for
#: From 0 to 1: red broken, blue robust; safe for colour-blind eyes.
COLOURS = colormaps["RdYlBu"].with_extremes(bad="0.85")
_LUMA = (0.299, 0.587, 0.114)  # of red, green, blue: ITU-R BT.601


def heat_map_figure(table: "RobustnessTable") -> Figure:
    """Return the figure on a canvas of its own (no pyplot state); cells show whole percents.

    Parameters
    ----------
    table : RobustnessTable
        One to a dozen attacks and victims fit well.
    """
    grids = {attack: table.pivot(attack) for attack in table.attacks}  # noqa: PD010 (not pandas')
    return grids_figure(grids, "perturbation budget", "robustness (%)", caption(table.frame))


def grids_figure(grids: Mapping[str, pd.DataFrame], rows_label: str, values_label: str, title: str) -> Figure:
    """Return a figure with a panel for each grid, on a canvas of its own; cells show whole percents.

    Parameters
    ----------
    grids : mapping of str to DataFrame
        By the panels' titles: percentages, NaN where there is none.
    rows_label, values_label : str
        What rows and values are.
    title : str
        Stands above.
    """
    beside = max(len(_shown(name)) for grid in grids.values() for name in grid.index)
    width = max(len(grid.columns) for grid in grids.values()) * _CELL_WIDTH + max(0.4, 0.08 * beside)
    height = max(len(grid.index) for grid in grids.values()) * _CELL_HEIGHT + 0.3
    longest = max(len(str(name)) for grid in grids.values() for name in grid.columns)
    names = 0.06 * longest  # inches that slanted names are high
    columns = panels_in(len(grids), width / height)
    rows = ceil(len(grids) / columns)
    figure = Figure(
        figsize=(max(columns * width + 1.4, _LEAST_WIDTH), rows * height + names + 0.8), layout="constrained"
    )
    FigureCanvasAgg(figure)
    panels = figure.subplots(rows, columns, squeeze=False).ravel()
    for index, (attack, grid) in enumerate(grids.items()):
        image = draw_panel(panels[index], grid, attack)
        below = list(grids.values())[index + columns :][:1]
        panels[index].tick_params(labelbottom=not below or list(below[0].columns) != list(grid.columns))
        if index + columns < len(
            panels
        ):  # names hang into an empty place below, and need no room of their own
            for label in panels[index].get_xticklabels():
                label.set_in_layout(False)
    for panel in panels[len(grids) :]:
        panel.set_visible(False)
    figure.colorbar(image, ax=list(panels), label=values_label, aspect=15 * rows)
    figure.supylabel(rows_label, size="medium")
    figure.suptitle(title, size="medium")
    return figure


def panels_in(panels: int, aspect: float) -> int:
    """Return how many panels stand side by side: few empty places, and a whole of about the wanted aspect."""

    def cost(columns: int) -> float:
        rows = ceil(panels / columns)
        return abs(log(columns * aspect / rows / _ASPECT)) + (rows * columns - panels)

    return min(range(1, panels + 1), key=cost)


def draw_panel(
    panel: Axes,
    grid: pd.DataFrame,
    title: str,
    colours: Colormap = COLOURS,
    scale: Normalize | None = None,
) -> AxesImage:
    """Draw a table as coloured cells with whole numbers in them; empty ones stay grey.

    Parameters
    ----------
    panel : Axes
        Where.
    grid : pandas.DataFrame
        Its index (numbers or text) and columns become labels.
    title : str
        Above it.
    colours, scale : Colormap, Normalize, optional
        Default: of percentages.
    """
    values, scale = grid.to_numpy(float), scale or Normalize(0, 100)
    image = panel.imshow(values, cmap=colours, norm=scale, aspect="auto")
    panel.set_title(title, weight="bold", size="medium")
    panel.set_xticks(range(len(grid.columns)), list(grid.columns))
    for label in panel.get_xticklabels():
        label.set(rotation=45, ha="right", rotation_mode="anchor")
    rows = [_shown(name) for name in grid.index]
    panel.set_yticks(range(len(rows)), rows)
    panel.tick_params(length=0)
    panel.spines[:].set_visible(False)
    for (row, column), value in np.ndenumerate(values):
        text = "" if np.isnan(value) else f"{value:.0f}"
        colour = "white" if _is_dark_colour(colours(scale(value))) else "black"
        panel.text(column, row, text, ha="center", va="center", size=8, color=colour)
    return image


def _shown(name: str | float) -> str:
    return name if isinstance(name, str) else f"{name:g}"


def is_dark(percent: float) -> bool:
    """Return whether white letters are easier to read than black ones on the colour of a percentage."""
    return _is_dark_colour(COLOURS(percent / 100))


def _is_dark_colour(colour: tuple[float, float, float, float]) -> bool:
    return bool(np.dot(colour[:3], _LUMA) < 0.5)


def caption(frame: pd.DataFrame) -> str:
    """Return what the numbers of a robustness table are, in two lines."""
    reach = (frame["ci_high_percent"] - frame["ci_low_percent"]).max() / 2
    counts = " to ".join(f"{n:,}" for n in sorted({frame["n"].min(), frame["n"].max()}))
    return (
        f"Images classified correctly under attack\n{counts} images, 95 % interval within ±{reach:.1f} points"
    )
