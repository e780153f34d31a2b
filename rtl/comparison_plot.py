"""Picture of the plane of error and cost, with the Pareto front."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Literal

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Annotation, Text
from matplotlib.transforms import Bbox

from accelsim.rtl.comparison import COSTS, ERRORS, Compared, caution, pareto_front

__all__ = ["comparison_figure"]

_FRONT, _OTHERS = "#b2182b", "#4d4d4d"
#: Places of a label's centre around its point, in points, nearest first.
_RINGS = (10, 16, 24, 34, 46, 60)
_DIRECTIONS = ((1, 0), (0.7, 0.7), (-1, 0), (-0.7, 0.7), (0.7, -0.7), (-0.7, -0.7), (0, 1), (0, -1))


def comparison_figure(compared: Sequence[Compared], error: str, cost: str) -> Figure:
    """Return the figure on a canvas of its own (no pyplot state).

    Parameters
    ----------
    compared : sequence of Compared
        Up to about 15 can be labelled legibly.
    error : str
        One of `accelsim.rtl.comparison.ERRORS`, on the horizontal axis.
    cost : str
        One of `accelsim.rtl.comparison.COSTS`, on the vertical axis.
    """
    points = [each.at(error, cost) for each in compared]
    on_front = pareto_front(points)
    figure = Figure(figsize=(7.2, 4.8), layout="constrained", dpi=150)
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    _scale_errors(axes, [point[0] for point in points])
    front = sorted(point for point, best in zip(points, on_front, strict=True) if best)
    corners = [front[0]]
    for x, y in front[1:]:
        corners += [(x, corners[-1][1]), (x, y)]
    axes.plot(*zip(*corners, strict=True), color=_FRONT, linewidth=1, label="Pareto front", zorder=1)
    for (x, y), best in zip(points, on_front, strict=True):
        axes.plot(x, y, "o" if best else "s", color=_FRONT if best else _OTHERS, markersize=5)
    axes.set_xlabel(ERRORS[error][1])
    axes.set_ylabel(COSTS[cost][1])
    axes.set_ylim(0, 1.12 * max(y for _, y in points))
    axes.margins(x=0.12)
    axes.grid(alpha=0.25)
    axes.legend(loc="best", frameon=False)
    activity = {each.cost.activity for each in compared}
    cells = {each.cost.cells_from for each in compared}
    differing = "\nwidths or signedness differ" if caution(compared) else ""
    axes.set_title(f"{'; '.join(cells)}\n{'; '.join(activity)}{differing}", fontsize="small")
    figure.draw_without_rendering()  # so that places in the figure are known
    _label(axes, [(each.name, *point) for each, point in zip(compared, points, strict=True)], corners)
    return figure


def _scale_errors(axes: Axes, errors: Sequence[float]) -> None:
    """Make the axis of errors logarithmic where they span decades; an exact circuit stays at zero."""
    above = [error for error in errors if error > 0]
    if above and max(above) > 20 * min(above):
        if min(errors) > 0:
            axes.set_xscale("log")
        else:
            axes.set_xscale("symlog", linthresh=min(above), linscale=0.4)


def _label(
    axes: Axes, named: Sequence[tuple[str, float, float]], corners: Sequence[tuple[float, float]]
) -> None:
    """Write each name beside its point, at the nearest place free of points, other names and the front."""
    figure = axes.get_figure()
    assert figure is not None
    renderer = figure.canvas.get_renderer()  # type: ignore[attr-defined]
    scale = figure.dpi / 72
    frame = axes.get_window_extent(renderer)
    taken = [
        Bbox.from_bounds(x - 4 * scale, y - 4 * scale, 8 * scale, 8 * scale)
        for x, y in axes.transData.transform([point[1:] for point in named])
    ]
    taken += [
        Bbox([(min(x, u) - scale, min(y, v) - scale), (max(x, u) + scale, max(y, v) + scale)])
        for (x, y), (u, v) in pairwise(axes.transData.transform(corners))
    ]
    legend = axes.get_legend()
    if legend is not None:
        taken.append(legend.get_window_extent(renderer))
    for name, x, y in named:
        label = axes.annotate(
            name,
            (x, y),
            xytext=(0, 0),
            textcoords="offset points",
            fontsize=7,
            va="center",
            arrowprops={"arrowstyle": "-", "linewidth": 0.4, "color": "0.6", "shrinkA": 0, "shrinkB": 3},
        )
        taken.append(_place(label, taken, frame, renderer))


def _place(label: Annotation, taken: Sequence[Bbox], frame: Bbox, renderer: Any) -> Bbox:
    """Move a label to the first free place in the frame, else to the one with the fewest collisions."""
    found: list[tuple[int, int, tuple[float, float], Literal["left", "right", "center"], Bbox]] = []
    for ring in _RINGS:
        for right, up in _DIRECTIONS:
            place = (right * ring * 0.7, up * ring)
            alignment: Literal["left", "right", "center"] = (
                "left" if right > 0 else "right" if right < 0 else "center"
            )
            label.set(position=place, horizontalalignment=alignment)
            label.update_positions(renderer)
            box = Text.get_window_extent(label, renderer)  # without the line to the point
            outside = box.x0 < frame.x0 or box.x1 > frame.x1 or box.y0 < frame.y0 or box.y1 > frame.y1
            found.append((box.count_overlaps(taken) + 2 * outside, len(found), place, alignment, box))
            if not found[-1][0]:
                return box
    _, _, place, alignment, box = min(found, key=lambda tried: tried[:2])
    label.set(position=place, horizontalalignment=alignment)
    return box
