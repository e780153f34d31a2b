"""Traffic and waiting, against a model that goes through every fold and every operand on its own."""

import math
from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accelsim.accelerator import Accelerator
from accelsim.accumulator import Accumulator
from accelsim.array_layer import ArrayLayer, Ifmap
from accelsim.errors import AccelsimError
from accelsim.memory_traffic import Traffic, memory_traffic
from accelsim.prefetch import stall_cycles
from accelsim.systolic_array import Gemm, SystolicArray


def conv_layer(channels, height, width, kernel, stride, dilation, padding, filters, groups, output_bytes=1):
    rows, columns = (
        (size + 2 * padding - dilation * (side - 1) - 1) // stride + 1
        for size, side in zip((height, width), kernel, strict=True)
    )
    gemm = Gemm(channels * kernel[0] * kernel[1], rows * columns, filters)
    ifmap = Ifmap(height, width, rows, columns, kernel, stride, dilation, padding)
    return ArrayLayer("conv", gemm, ifmap, groups, output_bytes)


@st.composite
def layers(draw):
    small = st.integers(1, 3)
    kernel = draw(st.tuples(small, small))
    stride, dilation, padding = draw(small), draw(st.integers(1, 2)), draw(st.integers(0, 1))
    least = [dilation * (side - 1) + 1 for side in kernel]
    height, width = (draw(st.integers(side, side + 4)) for side in least)
    filters, groups, output_bytes = (
        draw(st.integers(1, 7)),
        draw(st.integers(1, 5)),
        draw(st.sampled_from([1, 4])),
    )
    return conv_layer(
        draw(small), height, width, kernel, stride, dilation, padding, filters, groups, output_bytes
    )


@st.composite
def accelerators(draw):
    array = SystolicArray(
        draw(st.integers(1, 5)),
        draw(st.integers(1, 5)),
        draw(st.sampled_from(["ws", "os", "is"])),
        Accumulator(draw(st.sampled_from([8, 17, 32]))),
    )
    sizes = [draw(st.integers(40, 400)) * 2 / 1024 for _ in range(3)]
    return Accelerator(array, *sizes, bandwidth=draw(st.sampled_from([0.3, 1, 4, 7.5, math.inf])))


def plain_model(layer, accelerator):
    """Every fold, every operand: bytes by kind, and the cycles of waiting."""
    array, gemm, ifmap = accelerator.array, layer.gemm, layer.ifmap
    half = {name: accelerator.half_bytes(name) for name in ("ifmap", "filter", "ofmap")}
    sum_bytes = math.ceil(array.accumulator.bits / 8)

    def extents(fold):
        """Depths, pixels and channels of a fold."""
        rows, columns = range(fold.row.start, fold.row.stop), range(fold.column.start, fold.column.stop)
        if array.dataflow == "ws":
            return rows, range(gemm.pixels), columns
        if array.dataflow == "is":
            return rows, columns, range(gemm.channels)
        return range(gemm.depth), rows, columns

    def lines_of(fold):
        """Rows of the input that the fold's channels have in memory, of those its pixels see."""
        depth, pixels, _ = extents(fold)
        channels = {k // ifmap.kernel_area for k in depth}
        rows = {
            pixel // ifmap.output_width * ifmap.stride - ifmap.top + kernel_row * ifmap.dilation
            for pixel in pixels
            for kernel_row in range(ifmap.kernel[0])
        }
        return {(channel, row) for channel in channels for row in rows if 0 <= row < ifmap.height}

    folds = list(array.folds(gemm))
    tiles = [
        min(len(lines_of(fold)) * ifmap.width, len(extents(fold)[0]) * len(extents(fold)[1]))
        for fold in folds
    ]
    everything = len(set().union(*map(lines_of, folds))) * ifmap.width
    weights_of = [{(o, k) for o in extents(fold)[2] for k in extents(fold)[0]} for fold in folds]
    moved = {field.name: 0 for field in fields(Traffic)}
    steps = []  # of each fold: cycles, prefetched, streamed, stored
    for _group in range(layer.groups):
        cached_lines, cached_weights, last_tile, spilled = set(), set(), None, 0
        for number, fold in enumerate(folds):
            depth, pixels, channels = (len(each) for each in extents(fold))
            moved["ifmap_reads"] += depth * pixels
            moved["filter_reads"] += channels * depth
            prefetched = streamed = stored = 0
            if everything <= half["ifmap"]:
                new = lines_of(fold) - cached_lines
                cached_lines |= new
                fetched = len(new) * ifmap.width
                prefetched += fetched
            elif max(tiles) <= half["ifmap"]:
                fetched = 0 if last_tile == extents(fold)[:2] else tiles[number]
                last_tile = extents(fold)[:2]
                prefetched += fetched
            else:
                fetched = depth * pixels
                streamed += fetched
            moved["ifmap_fetched"] += fetched
            fitting = max(map(len, weights_of)) <= half["filter"]
            if array.dataflow == "is" and gemm.depth * gemm.channels <= half["filter"]:
                wanted = weights_of[number] - cached_weights
                cached_weights |= wanted
            elif fitting or array.dataflow == "ws":
                wanted = weights_of[number] - cached_weights
                cached_weights = weights_of[number]
            else:
                wanted = weights_of[number]
            moved["filter_fetched"] += len(wanted)
            if fitting or array.dataflow == "ws":
                prefetched += len(wanted)
            else:
                streamed += len(wanted)
            if not fold.first:
                moved["sum_reads"] += pixels * channels * sum_bytes
                moved["sums_fetched"] += spilled
                streamed += spilled
            if fold.last:
                outputs = pixels * channels * layer.output_bytes
                moved["output_writes"] += outputs
                moved["outputs_stored"] += outputs
                widest = min(array.columns, array.spread(gemm)[1]) * array.spread(gemm)[2]
                if array.dataflow == "os" or widest * layer.output_bytes <= half["ofmap"]:
                    stored += outputs
                else:
                    streamed += outputs
                spilled = 0
            else:
                moved["sum_writes"] += pixels * channels * sum_bytes
                spilled = max(0, pixels * channels * sum_bytes - half["ofmap"])
                moved["sums_stored"] += spilled
                streamed += spilled
            cycles = array.fold_cycles(array.spread(gemm)[2])
            if number == len(folds) - 1 and array.dataflow != "os":
                cycles += 1
            steps.append((cycles, prefetched, streamed, stored))
    nothing = (0, 0, 0, 0)
    steps = [nothing, nothing, *steps, nothing, nothing]
    waiting = 0
    for before, now, after in zip(steps, steps[1:], steps[2:], strict=False):
        transfer = math.ceil((before[3] + now[2] + after[1]) / accelerator.bandwidth)
        waiting += max(0, transfer - now[0])
    return moved, waiting


@settings(max_examples=300)
@given(layers(), accelerators())
def test_closed_forms_are_those_of_every_fold_and_operand(layer, accelerator):
    try:
        found = memory_traffic(layer, accelerator)
    except AccelsimError:
        return  # which tiles fit is tested below
    moved, waiting = plain_model(layer, accelerator)
    assert {name: getattr(found, name) for name in moved} == moved
    assert stall_cycles(layer, accelerator) == waiting
    sizes = found.ifmap_accesses + found.filter_accesses + found.ofmap_accesses
    assert found.scratchpad_reads + found.scratchpad_writes == sizes
    assert found.dram_reads + found.dram_writes == found.dram_bytes


@settings(max_examples=50)
@given(layer=layers(), accelerator=accelerators(), size=st.integers(1, 9))
def test_blocks_of_folds_change_nothing(layer, accelerator, size):
    try:
        expected = memory_traffic(layer, accelerator), stall_cycles(layer, accelerator)
    except AccelsimError:
        return
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("accelsim.fold_transfers._FOLDS_PER_BLOCK", size)
        assert (memory_traffic(layer, accelerator), stall_cycles(layer, accelerator)) == expected


def test_a_layer_whose_input_fits_fetches_each_byte_once():
    """LeNet-5's second convolution: 6 x 14 x 14 inputs, 16 filters of 5 x 5, 10 x 10 outputs."""
    layer = conv_layer(6, 14, 14, (5, 5), 1, 1, 0, 16, 1)
    traffic = memory_traffic(layer, Accelerator(SystolicArray(32, 32)))
    assert traffic.ifmap_fetched == 6 * 14 * 14
    assert traffic.filter_fetched == traffic.filter_reads == 150 * 16
    assert traffic.ifmap_reads == 150 * 100  # one fold of columns: each operand once
    assert traffic.sum_reads == traffic.sum_writes == 4 * 100 * 16 * 4  # 5 folds along the depth
    assert traffic.outputs_stored == traffic.output_writes == 100 * 16
    assert traffic.sums_stored == 0


def test_waiting_is_that_of_the_first_and_last_transfer_where_bandwidth_is_plenty():
    layer = conv_layer(6, 14, 14, (5, 5), 1, 1, 0, 16, 1)
    accelerator = Accelerator(SystolicArray(32, 32), bandwidth=1000)
    # First fold: weights 32 x 16, and two channels of the input; last: all outputs.
    assert stall_cycles(layer, accelerator) == math.ceil((512 + 2 * 196) / 1000) + math.ceil(1600 / 1000)
    assert stall_cycles(layer, replace(accelerator, bandwidth=math.inf)) == 0


@pytest.mark.parametrize(
    ("dataflow", "scratchpad", "tile"),
    [
        ("ws", "ifmap", 32),
        ("ws", "filter", 32 * 16),
        ("ws", "ofmap", 16 * 4),
        ("is", "ifmap", 3 * 8 * 14),  # 32 products lie in up to 3 channels, 32 pixels see up to 8 rows
        ("is", "filter", 32),
        ("is", "ofmap", 32 * 4),
        ("os", "ifmap", 32),
        ("os", "filter", 16),
        ("os", "ofmap", 32 * 16),
    ],
)
def test_a_tile_must_fit_into_half_a_scratchpad(dataflow, scratchpad, tile):
    layer = conv_layer(6, 14, 14, (5, 5), 1, 1, 0, 16, 1)
    accelerator = Accelerator(SystolicArray(32, 32, dataflow))
    fits = replace(accelerator, **{f"{scratchpad}_kib": 2 * tile / 1024})
    memory_traffic(layer, fits)
    short = replace(accelerator, **{f"{scratchpad}_kib": (2 * tile - 1) / 1024})
    with pytest.raises(AccelsimError, match=rf"layer conv: one tile takes {tile} bytes of the {scratchpad}"):
        memory_traffic(layer, short)


def test_an_accelerator_has_positive_sizes():
    array = SystolicArray(2, 2)
    for name, text in {"ifmap_kib": "an ifmap scratchpad of 0 KiB", "clock_mhz": "a clock of 0 MHz"}.items():
        with pytest.raises(AccelsimError, match=text):
            Accelerator(array, **{name: 0})
    with pytest.raises(AccelsimError, match="a DRAM bandwidth of nan"):
        Accelerator(array, bandwidth=math.nan)
    with pytest.raises(AccelsimError, match="0 groups"):
        ArrayLayer("none", Gemm(1, 1, 1), Ifmap.of_matrix(1), 0)


def test_channels_of_a_range_are_counted_once():
    """A kernel of 9 products: the range 5 to 22 lies in channels 0, 1 and 2."""
    ifmap = Ifmap(5, 5, 3, 3, (3, 3))
    assert ifmap.channels_seen(np.array([5]), np.array([23])).tolist() == [3]
    assert ifmap.new_channels(np.array([5, 23, 27])).tolist() == [1, 2, 0]
    assert ifmap.rows_seen(np.array([0, 3]), np.array([2, 9])).tolist() == [3, 4]
