"""Pictures of a network on an accelerator: its roofline, and bars of cycles and of energy."""

from collections.abc import Mapping, Sequence
from typing import IO

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter

from accelsim.layer_result import LayerResult, NetworkResult
from accelsim.point_labels import label_points

__all__ = ["cycles_figure", "energy_figure", "roofline_figure", "write_png"]

_RED, _BLUE, _GREY = "#b2182b", "#2166ac", "#4d4d4d"
#: Components of energy, from the array outwards.
_COMPONENTS = {
    "multiplier": "#053061",
    "adder": "#2166ac",
    "registers": "#67a9cf",
    "leakage": "#bdbdbd",
    "scratchpads": "#fdb863",
    "dram": "#b2182b",
}
_NAMES = {"dram": "DRAM"}
#: Units of energy that a layer takes, from pJ on.
_UNITS = ("pJ", "nJ", "µJ", "mJ", "J")
#: Width of a letter of a layer's name.
_CHARACTER_INCHES = 0.075


def roofline_figure(result: NetworkResult, title: str) -> Figure:
    """Return the roofline: products per second over products per byte of DRAM, a point for each layer.

    A layer left of the ridge runs at best at DRAM's bandwidth, one right of it at the array's peak (S.
    Williams, A. Waterman, D. Patterson, "Roofline: an insightful visual performance model for multicore
    architectures", Communications of the ACM 52(4), 2009). The distance to the roof is what idle PEs,
    preload, drain and transfers that are waited for cost.

    Parameters
    ----------
    result : NetworkResult
        Up to about 25 places can be labelled legibly; layers in one place share a label.
    title : str
        Above the picture.
    """
    figure, axes = _figure(7.2, 4.8, left=0.75, bottom=0.5)
    peak, bandwidth = result.accelerator.peak_gmacs, result.accelerator.dram_gbytes
    ridge = peak / bandwidth
    intensities = [each.intensity for each in result.layers]
    edges = [*intensities, ridge] if ridge else intensities
    low, high = min(edges) / 3, max(edges) * 8
    reached = np.geomspace(low, high, 400)
    roof = np.minimum(peak, bandwidth * reached)
    axes.plot(reached, roof, color=_GREY)
    axes.fill_between(reached, roof, peak * 4, color=_GREY, alpha=0.07, linewidth=0)
    for at_best, colour, found in (
        (f"at best DRAM's {bandwidth:g} GB/s", _RED, [e for e in result.layers if e.intensity < ridge]),
        (f"at best the array's {peak:g} GMAC/s", _BLUE, [e for e in result.layers if e.intensity >= ridge]),
    ):
        points = [each.intensity for each in found], [each.gmacs for each in found]
        axes.plot(*points, "o", color=colour, markersize=6, label=at_best)
    axes.set(
        xscale="log",
        yscale="log",
        xlim=(low, high),
        ylim=(min(each.gmacs for each in result.layers) / 4, peak * 4),
        xlabel="products per byte of DRAM traffic",
        ylabel="GMAC/s",
    )
    axes.grid(alpha=0.25)
    axes.legend(loc="lower right", frameon=False, fontsize="small")
    axes.set_title(title, fontsize="medium")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(lambda value, _: f"{value:g}")
        axis.set_minor_formatter(NullFormatter())
    label_points(axes, _named_places(result), 7)
    return figure


def write_png(figure: Figure, file: IO[bytes]) -> None:
    """Write a figure, which is drawn once; `Figure.savefig` draws twice."""
    FigureCanvasAgg(figure).print_png(file)  # type: ignore[no-untyped-call]


def _named_places(result: NetworkResult) -> list[tuple[str, float, float]]:
    """Return each place in the roofline, of layers within some percent of one another, and its name."""
    places: dict[tuple[float, float], list[LayerResult]] = {}
    for each in result.layers:
        places.setdefault((round(np.log10(each.intensity), 2), round(np.log10(each.gmacs), 2)), []).append(
            each
        )
    return [
        (
            first.layer.name + (f" and {len(others)} more" if others else ""),
            first.intensity,
            first.gmacs,
        )
        for first, *others in places.values()
    ]


def cycles_figure(result: NetworkResult, title: str) -> Figure:
    """Return bars of cycles, one for each layer: while the array runs, and while it waits for DRAM."""
    notes = [f"{100 * each.utilization:.0f} %" for each in result.layers]
    return _bars(
        [each.layer.name for each in result.layers],
        {
            "array runs": (_BLUE, [each.compute_cycles for each in result.layers]),
            "waits for DRAM": (_RED, [each.stall_cycles for each in result.layers]),
        },
        notes,
        "cycles per image (share of the PEs at work while the array runs)",
        title,
    )


def energy_figure(result: NetworkResult, title: str) -> Figure:
    """Return bars of energy by component, one for each layer."""
    totals = [each.energy.total for each in result.layers]
    power = min(int(np.log10(max(totals)) // 3), len(_UNITS) - 1) if max(totals) >= 1 else 0
    unit = 1e3**power
    parts = {
        _NAMES.get(name, name): (colour, [each.energy.components[name] / unit for each in result.layers])
        for name, colour in _COMPONENTS.items()
    }
    whole = sum(totals)
    notes = [f"{100 * total / whole:.0f} %" for total in totals]
    axis = f"energy per image in {_UNITS[power]} (share of the network's)"
    return _bars([each.layer.name for each in result.layers], parts, notes, axis, title)


def _bars(
    names: Sequence[str],
    parts: Mapping[str, tuple[str, Sequence[float]]],
    notes: Sequence[str],
    axis: str,
    title: str,
) -> Figure:
    """Return horizontal bars, the first layer on top, stacked from parts with a colour and lengths each."""
    left = 0.3 + _CHARACTER_INCHES * max(map(len, names))
    figure, axes = _figure(7.2, 1.4 + 0.26 * len(names), left=left, bottom=0.8)
    places = np.arange(len(names))
    ends = np.zeros(len(names))
    for name, (colour, lengths) in parts.items():
        axes.barh(places, lengths, left=ends, color=colour, label=name, height=0.72)
        ends = ends + np.asarray(lengths, np.float64)
    for place, end, note in zip(places, ends, notes, strict=True):
        axes.annotate(
            note,
            (end, place),
            xytext=(3, 0),
            textcoords="offset points",
            va="center",
            fontsize=7,
            color=_GREY,
        )
    axes.set_yticks(places, names, fontsize=8)
    axes.invert_yaxis()
    axes.set_xlim(0, 1.1 * max(ends))
    axes.set_xlabel(axis)
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.10g}")
    axes.grid(axis="x", alpha=0.25)
    axes.set_axisbelow(True)
    figure.legend(loc="lower center", ncols=len(parts), frameon=False, fontsize="small")
    axes.set_title(title, fontsize="medium")
    return figure


def _figure(width: float, height: float, *, left: float, bottom: float) -> tuple[Figure, Axes]:
    """Return a figure on a canvas of its own (no pyplot state), and axes within margins, all in inches.

    Margins that Matplotlib finds itself (``layout="constrained"``) take it as long as the drawing.
    """
    figure = Figure(figsize=(width, height), dpi=150)
    FigureCanvasAgg(figure)
    figure.subplots_adjust(
        left=left / width, bottom=bottom / height, right=1 - 0.2 / width, top=1 - 0.4 / height
    )
    return figure, figure.subplots()
