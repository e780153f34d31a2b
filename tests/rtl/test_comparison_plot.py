"""Labels of crowded pictures overlap neither each other nor the points."""

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from matplotlib.text import Annotation, Text

from accelsim.cost import Cost
from accelsim.metrics import error_metrics
from accelsim.rtl.catalogue import load_lut
from accelsim.rtl.circuit_cost import CircuitCost
from accelsim.rtl.comparison import Compared
from accelsim.rtl.comparison_plot import comparison_figure

NAMES = [f"mul4u_trunc_k{k}" for k in range(1, 5)] + [
    f"mul4u_ama{n}_k{k}" for n in range(1, 4) for k in (2, 4, 6)
]


@pytest.fixture(scope="module")
def compared():
    found = []
    for index, name in enumerate(["mul4u_exact", *NAMES]):
        energy = 300 - 15 * index + 40 * np.sin(index)
        cost = Cost(100.0 + index, 2.0, 1.0, energy / 2, energy / 2, 100.0, 10, {}, ())
        estimated = CircuitCost(name, "description", "cells", "uniform", cost, "mul4u_exact", cost)
        found.append(Compared(name, error_metrics(load_lut(name)), estimated))
    return found


@pytest.mark.parametrize("error", ["mae", "mre", "wce", "ep"])
def test_labels_do_not_overlap(compared, error):
    figure = comparison_figure(compared, error, "energy")
    (axes,) = figure.axes
    renderer = figure.canvas.get_renderer()
    labels = [text for text in axes.texts if isinstance(text, Annotation)]
    assert [label.get_text() for label in labels] == [each.name for each in compared]
    frame = axes.get_window_extent(renderer)
    boxes = [Text.get_window_extent(label, renderer) for label in labels]
    for one, other in combinations(range(len(boxes)), 2):
        assert not boxes[one].overlaps(boxes[other]), (compared[one].name, compared[other].name)
    for point in axes.transData.transform([each.at(error, "energy") for each in compared]):
        assert not any(box.contains(*point) for box in boxes)
    for box in boxes:
        assert frame.x0 <= box.x0 <= box.x1 <= frame.x1
        assert frame.y0 <= box.y0 <= box.y1 <= frame.y1


def test_axes_and_title(compared):
    figure = comparison_figure(compared[:2], "wce", "area")
    (axes,) = figure.axes
    assert axes.get_xlabel() == "WCE (%)"
    assert axes.get_ylabel() == "area (um²)"
    assert axes.get_title() == "cells\nuniform"


def test_one_exact_multiplier(compared):
    assert comparison_figure(compared[:1], "mae", "pdp").axes[0].get_xscale() == "linear"


def test_other_widths_stand_in_the_title(compared):
    (axes,) = comparison_figure(compared, "mae", "energy").axes
    assert axes.get_title() == "cells\nuniform"
    other = replace(compared[0], cost=replace(compared[0].cost, exact="mul8u_exact"))
    (axes,) = comparison_figure([*compared, other], "mae", "energy").axes
    assert axes.get_title() == "cells\nuniform\nwidths or signedness differ"
