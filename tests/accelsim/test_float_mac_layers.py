"""Layers on float multipliers against scalar sums, PyTorch's layers, and their gradients."""

import copy

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from accelsim.conversion import approximate, swap_lut
from accelsim.errors import AccelsimError
from accelsim.float_gemm import float_gemm_reference
from accelsim.float_mac_layers import ApproxFloatConv, ApproxFloatLinear, approximate_float_layer
from accelsim.floats import CLOSED_FORMS, closed_form
from accelsim.lut import Lut
from accelsim.matrix_product import MatrixProduct
from accelsim.models import accuracy_percent, load_dataset, trained_network
from accelsim.network_report import layer_report
from accelsim.smoothed_difference import SmoothedDifference

#: PyTorch says this of its own float convolution, which is the reference here.
pytestmark = pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel lengths")

FORMS = pytest.mark.parametrize("form", CLOSED_FORMS.values(), ids=lambda form: form.name)
EXACT, AXFPM = closed_form("fp32_exact"), closed_form("axfpm_blocks4")
LAYERS = {
    "padded": (nn.Conv2d(3, 9, 3, padding=1), (5, 3, 17, 13)),
    "strides, dilations, groups": (
        nn.Conv2d(4, 8, (3, 2), stride=(2, 1), padding=(0, 2), dilation=(1, 2), groups=2, bias=False),
        (21, 4, 9, 10),
    ),
    "same": (nn.Conv2d(2, 5, (2, 4), padding="same"), (2, 2, 40, 37)),
    "depthwise": (nn.Conv2d(6, 6, 3, padding=1, groups=6), (2, 6, 12, 12)),
    "1-D": (nn.Conv1d(4, 6, 3, padding=2, stride=2), (3, 4, 50)),
    "linear": (nn.Linear(30, 7), (40, 30)),
    "linear, few images": (nn.Linear(65, 70), (3, 65)),
    "matrix product": (MatrixProduct(nn.Parameter(torch.randn(20, 11))), (18, 20)),
}
BOTH = pytest.mark.parametrize(("layer", "shape"), LAYERS.values(), ids=LAYERS)


def images(*shape):
    return torch.randn(shape, generator=torch.Generator().manual_seed(0))


def columns_of(layer, x):
    """The matrix (groups, depth, pixels) that a layer multiplies, from PyTorch's own unfolding."""
    if not isinstance(layer, nn.Conv1d | nn.Conv2d):
        return x.T[None]
    flat = isinstance(layer, nn.Conv1d)
    pairs = [(1, side[0]) if flat else side for side in (layer.kernel_size, layer.dilation, layer.stride)]
    if isinstance(layer.padding, str):
        sides = [((side - 1) // 2, side // 2) for side in reversed(layer.kernel_size)]
    else:
        sides = [(side, side) for side in reversed(layer.padding)]
    padded = F.pad(x, [width for side in sides for width in side])
    unfold = nn.Unfold(pairs[0], pairs[1], 0, pairs[2])
    columns = unfold(padded[:, :, None] if flat else padded)  # (images, channels * kernel, pixels)
    return columns.transpose(0, 1).reshape(layer.groups, -1, columns.shape[0] * columns.shape[2])


def expected_output(layer, form, x, operand):
    weight = layer.weight.detach()
    weight = weight.T if isinstance(layer, MatrixProduct) else weight
    groups = getattr(layer, "groups", 1)
    w = weight.reshape(groups, len(weight) // groups, -1).contiguous().numpy()
    columns = columns_of(layer, x).contiguous().numpy()
    sums = float_gemm_reference(form, columns, w, activation_operand=operand)
    sums = sums.reshape(len(weight), len(x), -1).swapaxes(0, 1)
    if layer.bias is not None:
        sums = sums + layer.bias.detach().numpy()[:, None]
    return sums


@BOTH
@FORMS
def test_layer_is_the_documented_sum(layer, shape, form):
    x = images(*shape).relu()
    for operand in ("a", "b"):
        found = approximate_float_layer(layer, form, activation_operand=operand)(x)
        expected = expected_output(layer, form, x, operand).reshape(found.shape)
        np.testing.assert_array_equal(found.detach().numpy().view(np.uint32), expected.view(np.uint32))


@BOTH
def test_exact_multiplier_is_pytorchs_layer_and_gradients_are_its_own(layer, shape):
    outputs = {}
    for kind, made in (("exact", layer), ("approximate", approximate_float_layer(layer, EXACT))):
        x = images(*shape).requires_grad_()
        output = made(x)
        parameters = [x, *layer.parameters()]
        outputs[kind] = output, torch.autograd.grad(output, parameters, images(*output.shape))
    torch.testing.assert_close(outputs["approximate"][0], outputs["exact"][0], rtol=1e-5, atol=1e-5)
    for found, wanted in zip(outputs["approximate"][1], outputs["exact"][1], strict=True):
        torch.testing.assert_close(found, wanted, rtol=1e-6, atol=1e-6)


def test_one_image_and_further_dimensions():
    conv, x = nn.Conv2d(2, 3, 3), images(2, 6, 6)
    made = approximate_float_layer(conv, AXFPM)
    assert torch.equal(made(x), made(x[None])[0])
    linear, x = nn.Linear(5, 4), images(2, 3, 5)
    made = approximate_float_layer(linear, AXFPM)
    assert torch.equal(made(x), made(x.reshape(6, 5)).reshape(2, 3, 4))
    assert made(images(0, 5)).shape == (0, 4)


@pytest.mark.parametrize("threads", [1, 2])
def test_threads_change_nothing(threads):
    conv, x = nn.Conv2d(8, 16, 3, padding=1), images(10, 8, 20, 20)
    made, before = approximate_float_layer(conv, AXFPM), torch.get_num_threads()
    expected = expected_output(conv, AXFPM, x, "a")
    try:
        torch.set_num_threads(threads)
        found = made(x).detach().numpy().reshape(expected.shape)
    finally:
        torch.set_num_threads(before)
    np.testing.assert_array_equal(found, expected)


def test_not_a_number_and_infinity_stay_in_their_images():
    x = images(3, 1, 8, 8)
    x[1, 0, 2, 2], x[2, 0, 3, 3] = np.nan, np.inf
    made = approximate_float_layer(nn.Conv2d(1, 2, 3), AXFPM)
    found = made(x)
    assert torch.isfinite(found[0]).all()
    assert torch.isnan(found[1]).sum() == 18
    assert torch.isinf(found[2]).sum() == 18


def test_approximate_needs_no_calibration(net, images):
    made = approximate(net, AXFPM)
    assert isinstance(made.c1, ApproxFloatConv)
    assert isinstance(made.fc, ApproxFloatLinear)
    assert made.state_dict().keys() == net.state_dict().keys()
    with torch.no_grad():
        found = made(images)
        assert torch.equal(found, copy.deepcopy(made)(images))
    inflated = found.norm() / net.eval()(images).norm()
    assert 1.2 < inflated < 6
    exact = swap_lut(made, EXACT)
    torch.testing.assert_close(exact(images), net(images), rtol=1e-4, atol=1e-5)
    with pytest.raises(AccelsimError, match="the shapes of layer c1 are unknown"):
        layer_report(made)


def test_layers_of_both_kinds(net, images):
    table = np.multiply.outer(np.arange(256), np.arange(256))
    lut = Lut("exact", table, signed=False)
    made = approximate(net, {"c1": EXACT, "features.2": lut, "fc": AXFPM}, calibration=images)
    report = layer_report(made)
    assert [(row.multiplier, row.kind) for row in report] == [
        ("fp32_exact", "conv"), ("exact", "conv"), ("axfpm_blocks4", "linear"),
    ]  # fmt: skip
    assert report[0].macs_per_image == 16 * 16 * 9 * 4
    assert report[0].activation_scale == 1
    assert report[1].activation_scale != 1
    with pytest.raises(AccelsimError, match="layer fc multiplies floats, and exact does not"):
        swap_lut(made, {"c1": None, "features.2": None, "fc": lut})
    with pytest.raises(
        AccelsimError, match="layer features.2 is to be quantized for exact: give calibration"
    ):
        approximate(net, {"c1": EXACT, "features.2": lut, "fc": AXFPM})


def test_refusals(net, images):
    made = approximate_float_layer(nn.Conv2d(2, 3, 3), AXFPM, name="c")
    with pytest.raises(AccelsimError, match="expected \\(images, 2, rows, columns\\)"):
        made(torch.zeros(1, 3, 8, 8))
    with pytest.raises(AccelsimError, match="smaller than its 3 x 3 kernel"):
        made(torch.zeros(1, 2, 2, 8))
    with pytest.raises(AccelsimError, match="given an input of torch.float64 on cpu"):
        made(torch.zeros(1, 2, 8, 8, dtype=torch.float64))
    with pytest.raises(AccelsimError, match="has weights of torch.float64"):
        approximate_float_layer(nn.Linear(2, 3).double(), AXFPM)
    with pytest.raises(AccelsimError, match="padding mode 'reflect'"):
        approximate_float_layer(nn.Conv2d(2, 3, 3, padding=1, padding_mode="reflect"), AXFPM)
    with pytest.raises(AccelsimError, match='its gradient is "straight-through"'):
        approximate(net, AXFPM, gradient=SmoothedDifference())
    with pytest.raises(AccelsimError, match="approximate already"):
        approximate(approximate(net, AXFPM), AXFPM)


def test_lenet_on_digits():
    digits = load_dataset("digits")
    net = trained_network("lenet5", digits, epochs=4, progress=False).net
    images, labels = digits.test_images, digits.test_labels
    wanted = accuracy_percent(net, images, labels)
    with torch.no_grad():
        exact = approximate(net, EXACT)
        torch.testing.assert_close(exact(images), net(images), rtol=1e-3, atol=1e-3)
        for name in ("axfpm_array24", "axfpm_blocks4", "axfpm_authors"):
            made = swap_lut(exact, closed_form(name))
            assert accuracy_percent(made, images, labels) > wanted - 3
            assert not torch.allclose(made(images), net(images), rtol=0.1)
