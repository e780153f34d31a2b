import pytest
import torch
from torch import nn

from accelsim.errors import AccelsimError
from accelsim.integer_inference import integer_network
from accelsim.models import build_network
from accelsim.network_mapping import array_layers, array_layers_of_float
from accelsim.rtl.catalogue import load_lut
from accelsim.systolic_array import Gemm


def test_layers_of_lenet5():
    layers = array_layers_of_float(build_network("lenet5"), torch.rand(1, 1, 28, 28))
    assert [layer.name for layer in layers] == ["conv1", "conv2", "conv3", "fc1", "fc2"]
    assert [layer.gemm for layer in layers] == [
        Gemm(25, 784, 6), Gemm(150, 100, 16), Gemm(400, 1, 120), Gemm(120, 1, 84), Gemm(84, 1, 10)
    ]  # fmt: skip
    first = layers[0].ifmap
    assert (first.height, first.width, first.kernel, first.top) == (28, 28, (5, 5), 2)


def test_an_integer_network_maps_as_its_float_network_does():
    net = nn.Sequential(
        nn.Conv2d(4, 8, (3, 1), stride=2, padding=(2, 1), dilation=2, groups=2), nn.ReLU(),
        nn.Conv2d(8, 8, 3, groups=8), nn.Flatten(), nn.Linear(8 * 4 * 5, 3),
    )  # fmt: skip
    images = torch.rand(2, 4, 11, 11)
    quantized = integer_network(net, load_lut("mul8u_exact"), calibration=images)
    found, expected = array_layers(quantized), array_layers_of_float(net, images[:1])
    for mine, theirs in zip(found, expected, strict=True):
        assert (mine.gemm, mine.groups, mine.ifmap) == (theirs.gemm, theirs.groups, theirs.ifmap)
    assert [layer.groups for layer in found] == [2, 8, 1]
    assert [layer.output_bytes for layer in found] == [1, 1, 4]
    assert found[0].gemm == Gemm(2 * 3, found[0].ifmap.output_height * found[0].ifmap.output_width, 4)


def test_a_network_without_products():
    with pytest.raises(AccelsimError, match="has no Conv2d or Linear layer"):
        array_layers_of_float(nn.Sequential(nn.ReLU()), torch.rand(1, 3, 4, 4))
