import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accelsim.array_layer import ArrayLayer, Ifmap
from accelsim.errors import AccelsimError
from accelsim.scalesim_cycles import cycle_difference, scalesim_cycles
from accelsim.scalesim_topology import read_topology, write_topology
from accelsim.systolic_array import Gemm, SystolicArray

LENET5 = """Layer name, IFMAP Height, IFMAP Width, Filter Height, Filter Width, Channels, Num Filter, Strides,
Conv1, 32, 32, 5, 5, 1, 6, 1,
Conv2, 14, 14, 5, 5, 6, 16, 1,

Conv3, 5, 5, 5, 5, 16, 120, 1,
FC1, 1, 1, 1, 1, 120, 84, 1,#fully connected
FC2, 1, 1, 1, 1, 84, 10, 1,
"""
#: Total cycles that SCALE-Sim 3.0.0 printed for these layers on a weight-stationary 32 x 32 array.
MEASURED = [877, 969, 4939, 1139, 284]


@pytest.fixture
def topology(tmp_path):
    def write(text):
        path = tmp_path / "net.csv"
        path.write_text(text)
        return path

    return write


def test_cycles_are_those_that_scalesim_prints(topology):
    layers = read_topology(topology(LENET5))
    assert [layer.name for layer in layers] == ["Conv1", "Conv2", "Conv3", "FC1", "FC2"]
    array = SystolicArray(32, 32, "ws")
    assert [scalesim_cycles(array, layer.gemm) for layer in layers] == MEASURED
    assert [array.cycles(layer.gemm) for layer in layers] == [cycles + 2 for cycles in MEASURED]


gemms = st.builds(Gemm, *[st.integers(1, 200)] * 3)
arrays = st.builds(SystolicArray, st.integers(1, 20), st.integers(1, 20), st.sampled_from(["ws", "os", "is"]))


@given(arrays, gemms)
def test_each_cycle_of_difference_is_explained(array, gemm):
    difference = cycle_difference(array, gemm)
    assert array.cycles(gemm) - scalesim_cycles(array, gemm) == difference.total
    folds = math.ceil(array.spread(gemm)[0] / array.rows) * math.ceil(array.spread(gemm)[1] / array.columns)
    rows, columns, steps = array.rows, array.columns, array.spread(gemm)[2]
    per_fold = {"ws": 2 * rows, "is": 2 * rows, "os": rows}[array.dataflow] + columns + steps - 2
    assert scalesim_cycles(array, gemm) == folds * per_fold - 1


def test_matrix_products(topology):
    (layer,) = read_topology(topology("Layer, M, N, K,\nqkv, 128, 1536, 512,\n"))
    assert layer == ArrayLayer.matrix("qkv", Gemm(depth=512, pixels=128, channels=1536))


def test_outputs_are_rounded_up_and_depthwise_is_by_name(topology):
    text = LENET5.splitlines()[0] + "\nConv1, 224, 224, 11, 11, 3, 96, 4,\nDP2, 14, 14, 3, 3, 6, 2, 1, 1:1,\n"
    first, second = read_topology(topology(text))
    assert first.gemm == Gemm(363, 55 * 55, 96)
    assert (second.gemm, second.groups) == (Gemm(9, 144, 2), 6)


small = st.integers(1, 4)


@st.composite
def layers(draw):
    kernel, stride, rows, columns = draw(st.tuples(small, small)), draw(small), draw(small), draw(small)
    ifmap = Ifmap(
        (rows - 1) * stride + kernel[0] + draw(st.integers(0, stride - 1)),
        (columns - 1) * stride + kernel[1],
        rows,
        columns,
        kernel,
        stride,
    )
    name = draw(st.sampled_from(["conv1", "layers.0.conv", "DP", "a,b", "xDPy"]))
    gemm = Gemm(draw(small) * ifmap.kernel_area, rows * columns, draw(small))
    return ArrayLayer(name, gemm, ifmap, draw(small))


@given(given_layers=st.lists(layers(), min_size=1, max_size=4), array=arrays)
def test_what_is_written_is_read_as_the_same_products(tmp_path_factory, given_layers, array):
    path = tmp_path_factory.mktemp("topology") / "net.csv"
    write_topology(path, given_layers)
    assert all(line.endswith(",") for line in path.read_text().splitlines())
    found = read_topology(path)
    expected = [layer.gemm for layer in given_layers for _ in range(layer.groups)]
    assert [layer.gemm for layer in found for _ in range(layer.groups)] == expected
    assert sum(layer.macs for layer in found) == sum(layer.macs for layer in given_layers)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        ("Layer name, IFMAP Height,\n", "has a header and no layers"),
        ("Conv1, 32, 32, 5, 5, 1, 6, 1,\n", "line 1: expected a header row"),
        (
            "h,\nConv1, 32, 32, 5, 5, 1, 6,\n",
            "line 2: 6 numbers after the name 'Conv1'; expected ifmap height",
        ),
        (
            "h,\n\nConv1, 32, 32, 5, 5, 1, 6, x,\n",
            "line 3: stride of layer Conv1 is 'x'; expected a positive",
        ),
        ("h,\nConv1, 32, 32, 5, 5, 0, 6, 1,\n", "line 2: channels of layer Conv1 is '0'"),
        (
            "h,\nConv1, 32, 4, 5, 5, 1, 6, 1,\n",
            "filter width 5 of layer Conv1 is larger than its ifmap width 4",
        ),
        ("h,\nConv1, 32, 32, 5, 5, 1, 6, 1, 2:4,\n", "line 2: layer Conv1 has '2:4' after its stride"),
        ("Layer, M, N, K,\na, 1, 2,\n", "line 2: 2 numbers after the name 'a'; expected M, N, K"),
    ],
)
def test_malformed_rows_are_told_by_their_line(topology, text, message):
    with pytest.raises(AccelsimError, match=message):
        read_topology(topology(text))


def test_files_that_are_none(tmp_path):
    with pytest.raises(AccelsimError, match="cannot read"):
        read_topology(tmp_path / "none.csv")
    (tmp_path / "binary.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(AccelsimError, match="is no text file"):
        read_topology(tmp_path / "binary.csv")
