"""What the pictures draw, by the artists in them; how they look is for people."""

import pytest
from matplotlib.text import Text

from accelsim.accelerator import Accelerator
from accelsim.accelerator_pictures import cycles_figure, energy_figure, roofline_figure
from accelsim.array_layer import ArrayLayer
from accelsim.energy import DEFAULT_MEMORY_ENERGY, PartEnergy, PeEnergy
from accelsim.layer_result import network_result
from accelsim.systolic_array import Gemm, SystolicArray

PE = PeEnergy(PartEnergy(1000), PartEnergy(100), PartEnergy(10, 30), leakage_nw=50)


@pytest.fixture
def result():
    layers = [
        ArrayLayer.matrix(f"layer{number}", Gemm(depth, pixels, 64))
        for number, (depth, pixels) in enumerate([(64, 400), (64, 400), (512, 1), (4, 4)])
    ]
    accelerator = Accelerator(SystolicArray(16, 16), bandwidth=4)
    return network_result(layers, accelerator, [PE] * len(layers), DEFAULT_MEMORY_ENERGY)


def test_bars_end_where_the_layers_do(result):
    axes = cycles_figure(result, "cycles").axes[0]
    ends = [bar.get_x() + bar.get_width() for bar in axes.containers[-1]]
    assert ends == [each.cycles for each in result.layers]
    assert [label.get_text() for label in axes.get_yticklabels()] == [
        each.layer.name for each in result.layers
    ]
    axes = energy_figure(result, "energy").axes[0]
    ends = [bar.get_x() + bar.get_width() for bar in axes.containers[-1]]
    assert "µJ" in axes.get_xlabel()
    assert ends == pytest.approx([each.energy.total / 1e6 for each in result.layers])


def test_the_roof_is_above_every_point_and_names_do_not_meet(result):
    figure = roofline_figure(result, "roofline")
    axes = figure.axes[0]
    peak, bandwidth = result.accelerator.peak_gmacs, result.accelerator.dram_gbytes
    roof, *points = axes.lines
    assert max(roof.get_ydata()) == pytest.approx(peak)
    drawn = sorted(pair for line in points for pair in zip(*line.get_data(), strict=True))
    assert drawn == sorted((each.intensity, each.gmacs) for each in result.layers)
    for intensity, gmacs in drawn:
        assert gmacs <= min(peak, bandwidth * intensity)
    figure.draw_without_rendering()
    renderer = figure.canvas.get_renderer()
    boxes = [Text.get_window_extent(text, renderer) for text in axes.texts]  # without lines to the points
    assert {text.get_text() for text in axes.texts} == {"layer0 and 1 more", "layer2", "layer3"}
    for number, box in enumerate(boxes):
        assert box.count_overlaps(boxes[:number]) == 0
