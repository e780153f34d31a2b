"""Names beside the points of a picture, where they hide nothing."""

from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.text import Annotation, Text
from matplotlib.transforms import Bbox

__all__ = ["label_points"]

#: Places around a point, in units of a distance: right and left first.
_DIRECTIONS = ((1, 0), (-1, 0), (1, 0.7), (-1, 0.7), (1, -0.7), (-1, -0.7), (0, 1), (0, -1))
_DISTANCES = (7, 12, 18, 26, 36, 48)


def label_points(axes: Axes, points: Sequence[tuple[str, float, float]], fontsize: float) -> None:
    """Write the name of each point beside it, at the nearest place free of points and of other names.

    Parameters
    ----------
    axes : Axes
        With its limits set, in a place that stays.
    points : sequence of (str, float, float)
        Name and place of each.
    fontsize : float
        In points.
    """
    figure = axes.get_figure()
    assert figure is not None
    renderer = figure.canvas.get_renderer()  # type: ignore[attr-defined]
    scale = figure.dpi / 72
    frame = axes.get_window_extent(renderer)
    taken = [
        Bbox.from_bounds(x - 4 * scale, y - 4 * scale, 8 * scale, 8 * scale)
        for x, y in axes.transData.transform([point[1:] for point in points])
    ]
    for name, x, y in points:
        label = axes.annotate(
            name,
            (x, y),
            xytext=(0, 0),
            textcoords="offset points",
            fontsize=fontsize,
            va="center",
            arrowprops={"arrowstyle": "-", "linewidth": 0.4, "color": "0.6", "shrinkA": 0, "shrinkB": 3},
        )
        taken.append(_place(label, taken, frame, renderer))


def _place(label: Annotation, taken: Sequence[Bbox], frame: Bbox, renderer: Any) -> Bbox:
    """Move a label to the first free place in the frame, else to the one with the fewest collisions."""
    tried: list[tuple[int, int, tuple[float, float]]] = []
    for distance in _DISTANCES:
        for right, up in _DIRECTIONS:
            place = right * distance, up * distance
            box = _moved(label, place, renderer)
            outside = box.x0 < frame.x0 or box.x1 > frame.x1 or box.y0 < frame.y0 or box.y1 > frame.y1
            tried.append((box.count_overlaps(taken) + 2 * outside, len(tried), place))
            if not tried[-1][0]:
                return box
    return _moved(label, min(tried, key=lambda each: each[:2])[2], renderer)


def _moved(label: Annotation, place: tuple[float, float], renderer: Any) -> Bbox:
    """Move a label to a place beside its point and return where it is then, without the line to the point."""
    label.set_position(place)
    label.set_horizontalalignment("left" if place[0] > 0 else "right" if place[0] < 0 else "center")
    label.update_positions(renderer)
    return Text.get_window_extent(label, renderer)
