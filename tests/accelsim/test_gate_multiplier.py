import numpy as np
import pytest
import torch
from torch import nn

from accelsim.accumulator import Accumulator
from accelsim.conversion import approximate, swap_lut
from accelsim.errors import AccelsimError
from accelsim.gate_multiplier import GateMultiplier
from accelsim.integer_inference import integer_network
from accelsim.layers import approximate_layer
from accelsim.netlist_builder import NetlistBuilder
from accelsim.network_report import layer_report
from accelsim.operand_histograms import operand_histograms
from accelsim.quantization import quant_params, weight_params
from accelsim.rtl.catalogue import load_gate_multiplier, load_lut
from accelsim.rtl.library import describe
from accelsim.rtl.library_closed_forms import closed_form_of
from accelsim.smoothed_difference import SmoothedDifference


def net(seed: int = 0) -> nn.Sequential:
    torch.manual_seed(seed)
    return nn.Sequential(
        nn.Conv2d(3, 6, 3, padding=1, stride=2), nn.ReLU(), nn.Flatten(), nn.Linear(6 * 4 * 4, 10)
    ).eval()


@pytest.mark.parametrize("operand", ["a", "b"])
@pytest.mark.parametrize("name", ["mul16u_drum_k6", "mul12s_sm_drum_k4", "mul16u_mitchell"])
def test_a_layer_sums_the_closed_forms_products(name: str, operand: str) -> None:
    """Everything but the products recomputed in float64 and int64 from the definition."""
    multiplier = load_gate_multiplier(name)
    form = closed_form_of(describe(name).parsed)
    assert form is not None
    torch.manual_seed(0)
    linear, inputs = nn.Linear(20, 7).double(), torch.randn(9, 20).double()
    weights = linear.weight.detach().numpy()
    x_params = quant_params(-2, 3, multiplier.a_width, multiplier.signed)
    w_params = weight_params(weights, multiplier.b_width, multiplier.signed, per_channel=True)
    layer = approximate_layer(linear, multiplier, x_params, w_params, activation_operand=operand)
    x, w = x_params.quantize(inputs.numpy()), w_params.quantize(weights)
    assert (x.dtype, w.dtype) == (np.uint16, np.uint16)
    pair = np.broadcast_arrays(x[:, None, :], w[None, :, :])
    ports = [each.ravel().astype(np.uint64) for each in (pair if operand == "a" else pair[::-1])]
    products = form.products(*ports).astype(np.int64).reshape(pair[0].shape)
    if multiplier.signed:
        products -= products >> 2 * form.width - 1 << 2 * form.width
    x_levels, w_levels = x_params.levels(x), w_params.levels(w)
    zx, zw = int(x_params.zero_point), w_params.zero_point
    sums = products.sum(axis=2) - zw * x_levels.sum(axis=1, keepdims=True) - zx * w_levels.sum(axis=1)
    sums += 20 * zx * zw
    scale = x_params.scale.astype(np.float64) * w_params.scale
    expected = sums * scale + linear.bias.detach().numpy()
    np.testing.assert_array_equal(layer(inputs).detach().numpy(), expected)


def test_a_network_on_16_bits_is_closer_than_on_8() -> None:
    exact, images = net(), torch.rand(40, 3, 8, 8)
    wide = approximate(exact, load_gate_multiplier("mul16u_exact"), calibration=images)
    narrow = approximate(exact, load_lut("mul8u_exact"), calibration=images)
    with torch.no_grad():
        errors = [(other(images) - exact(images)).abs().max().item() for other in (wide, narrow)]
    assert errors[0] < errors[1] / 100
    report = layer_report(wide)
    assert [row.multiplier for row in report] == ["mul16u_exact"] * 2
    assert report[0].macs_per_image == 27 * 6 * 16


def test_gates_and_table_of_one_multiplier_agree() -> None:
    exact, images = net(), torch.rand(50, 3, 8, 8)
    of_table = approximate(exact, load_lut("mul8u_drum_k4"), calibration=images)
    of_gates = approximate(exact, load_gate_multiplier("mul8u_drum_k4"), calibration=images)
    swapped = swap_lut(of_table, load_gate_multiplier("mul8u_drum_k4"))
    with torch.no_grad():
        expected = of_table(images)
        assert torch.equal(of_gates(images), expected)
        assert torch.equal(swapped(images), expected)


@pytest.mark.parametrize("threads", [1, 2])
def test_batches_cut_into_blocks_and_threads_change_nothing(
    monkeypatch: pytest.MonkeyPatch, threads: int
) -> None:
    images = torch.rand(30, 3, 8, 8)
    wide = approximate(net(), load_gate_multiplier("mul12u_drum_k6"), calibration=images)
    with torch.no_grad():
        expected = wide(images)
        monkeypatch.setattr("accelsim.approx_layer._BLOCK_BYTES_OF_GATES", 20_000)
        before = torch.get_num_threads()
        torch.set_num_threads(threads)
        try:
            assert torch.equal(wide(images), expected)
        finally:
            torch.set_num_threads(before)


def test_gradients_are_those_of_the_exact_layer() -> None:
    exact, images = net(), torch.rand(5, 3, 8, 8)
    wide = approximate(exact, load_gate_multiplier("mul16u_exact"), calibration=images)
    for each in (exact, wide):
        each(images).sum().backward()
    for own, other in zip(wide.parameters(), exact.parameters(), strict=True):
        torch.testing.assert_close(own.grad, other.grad, rtol=1e-3, atol=1e-4)


def test_refusals() -> None:
    multiplier, images = load_gate_multiplier("mul12u_drum_k6"), torch.rand(4, 3, 8, 8)
    with pytest.raises(AccelsimError, match="layer 0: mul12u_drum_k6 runs on its gates, whose sums"):
        approximate(net(), multiplier, calibration=images, accumulator=Accumulator())
    with pytest.raises(AccelsimError, match="layer 0: a smoothed difference is of a table; mul12u_drum_k6"):
        approximate(net(), multiplier, calibration=images, gradient=SmoothedDifference(4))
    with pytest.raises(AccelsimError, match="mul12u_drum_k6 is GateMultiplier; an integer-only network"):
        integer_network(net(), multiplier, calibration=images)
    wide = approximate(net(), multiplier, calibration=images)
    with pytest.raises(AccelsimError, match="is quantized for unsigned 12 x 12 bits; mul8u_exact"):
        swap_lut(wide, load_lut("mul8u_exact"))
    with pytest.raises(AccelsimError, match="layer 0 runs on the gates of mul12u_drum_k6; pairs are counted"):
        operand_histograms(wide, images)
    narrow = NetlistBuilder({"a": 1, "b": 8}).netlist("narrow", {"p": [0] * 9})
    with pytest.raises(AccelsimError, match=r"narrow has inputs of \[1, 8\] and outputs of \[9\] bits"):
        GateMultiplier("narrow", narrow, signed=False)
    with pytest.raises(AccelsimError, match="bf16_exact multiplies floats"):
        load_gate_multiplier("bf16_exact")
