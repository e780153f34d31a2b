"""Layers with DoReFa-Net's weights and inputs: in floats, in integers, and on a multiplier."""

import copy
from fractions import Fraction

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

import accelsim
from accelsim.accumulator import Accumulator
from accelsim.approx_layer import table_by_weight
from accelsim.conversion import approximate, swap_lut
from accelsim.cycle_simulation import simulate_layer
from accelsim.dorefa import quantized_weight
from accelsim.dorefa_conversion import dorefa_network, quantization_aware
from accelsim.dorefa_layers import DorefaConv2d, DorefaLinear
from accelsim.errors import AccelsimError
from accelsim.floats import closed_form
from accelsim.integer_inference import integer_network
from accelsim.lut import Lut
from accelsim.network_report import layer_report
from accelsim.operand_histograms import operand_histograms
from accelsim.smoothed_difference import SmoothedDifference
from accelsim.systolic_array import SystolicArray

EXACT = Lut("exact", np.multiply.outer(np.arange(256), np.arange(256)).astype(np.int32), signed=False)
SIGNED = Lut("signed", np.multiply.outer(*[np.r_[:128, -128:0].astype(np.int32)] * 2), signed=True)
BITS = st.sampled_from([1, 2, 4, 8])
SEEDS = st.integers(0, 2**32 - 1)


def small_net(seed: int, groups: int = 1, scale: float = 0.5) -> nn.Sequential:
    """Return a net whose activations are spread over their range, with batch normalisation and pooling."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        net = nn.Sequential(
            nn.Conv2d(1, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU(), nn.AvgPool2d(2),
            nn.Conv2d(4, 6, 3, padding=1, stride=2, groups=groups), nn.ReLU(),
            nn.Conv2d(6, 8, 3, bias=False), nn.BatchNorm2d(8), nn.ReLU(), nn.Flatten(),
            nn.Linear(8, 12), nn.ReLU(), nn.Linear(12, 10),
        )  # fmt: skip
        for layer in net:
            if isinstance(layer, nn.BatchNorm2d):
                layer.running_mean.normal_(0, 0.1)
                layer.running_var.uniform_(scale, 2)
    return net.eval()


@settings(max_examples=40)
@given(SEEDS, BITS, BITS, st.sampled_from([1, 2]), st.booleans(), st.booleans())
def test_integers_compute_what_floats_simulate(seed, weight_bits, activation_bits, groups, fitted, swapped):
    net = small_net(seed, groups)
    images = torch.rand(6, 1, 10, 10, generator=torch.Generator().manual_seed(seed))
    calibration = images if fitted else None
    quantized = quantization_aware(net, weight_bits, activation_bits, calibration=calibration)
    simulated = quantized(images)
    operand = "b" if swapped else "a"
    integer = approximate(quantized, EXACT, activation_operand=operand)
    assert torch.equal(integer(images), simulated)
    if max(weight_bits, activation_bits) < 8:
        assert torch.equal(approximate(quantized, SIGNED)(images), simulated)


@settings(max_examples=25)
@given(SEEDS, st.integers(1, 8), st.integers(1, 8))
def test_a_layer_is_the_sum_of_its_levels(seed, weight_bits, activation_bits):
    """In fractions, from equations 5, 8 and 9 alone."""
    draws = torch.Generator().manual_seed(seed)
    net = nn.Sequential(nn.Linear(5, 3))
    with torch.no_grad():
        net[0].weight.copy_(torch.randn(3, 5, generator=draws))
        net[0].bias.copy_(torch.randn(3, generator=draws))
    layer = quantization_aware(net, weight_bits, activation_bits, layers="all")[0]
    inputs = torch.rand(4, 5, generator=draws) * 2 - 0.5
    weight = quantized_weight(net[0].weight.detach(), weight_bits)
    steps, most = 2**weight_bits - 1, 2**activation_bits - 1
    scale = Fraction(float(weight.abs().mean())) if weight_bits == 1 else Fraction(1)
    for image, output in zip(inputs, layer.eval()(inputs).detach(), strict=True):
        codes = [round(min(max(float(np.float32(each) * np.float32(most)), 0), most)) for each in image]
        for row, bias, found in zip(weight, net[0].bias.detach(), output, strict=True):
            odd = [round(float(each) / float(scale) * steps) for each in row]
            total = sum(i * j for i, j in zip(codes, odd, strict=True))
            wanted = total * scale / steps / most + Fraction(float(bias))
            assert float(found) == pytest.approx(float(wanted), rel=1e-6, abs=1e-6)


@settings(max_examples=25)
@given(SEEDS, st.integers(1, 16))
def test_training_computes_with_the_reals_that_levels_stand_for(seed, bits):
    net = quantization_aware(small_net(seed), bits, bits)
    layer = net[4]
    inputs = torch.rand(2, 4, 5, 5, generator=torch.Generator().manual_seed(seed))
    trained, evaluated = layer.train()(inputs), layer.eval()(inputs)
    torch.testing.assert_close(trained, evaluated, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("dataflow", ["ws", "os", "is"])
def test_the_systolic_array_sums_the_same(dataflow):
    quantized = quantization_aware(small_net(5), 4, 3)
    layer = approximate(quantized, EXACT)[4]
    inputs = torch.rand(2, 4, 5, 5)
    codes, weight = layer.activation_codes(inputs.numpy()), layer.quantized_weight()
    columns = np.ascontiguousarray(layer.columns(codes))
    array = SystolicArray(4, 3, dataflow)
    sums, _ = simulate_layer(array, table_by_weight(EXACT, "a"), columns, weight.codes, images=2)
    odd = 2 * sums.astype(int) - 15 * columns.sum(axis=1, keepdims=True, dtype=int)
    output = odd.reshape(6, 2, 9).swapaxes(0, 1) / 7 / 15 + layer.bias.detach().numpy()[:, None]
    np.testing.assert_allclose(quantized[4](inputs).detach().flatten(2), output, rtol=1e-6, atol=1e-6)


def test_sums_beyond_float32_are_exact():
    layer = nn.Linear(3000, 2)
    with torch.no_grad():
        layer.weight.copy_(torch.where(torch.arange(3000) % 7 > 0, 1.0, 0.999))
    quantized = quantization_aware(nn.Sequential(layer), 8, 8, layers="all").eval()
    inputs = torch.linspace(0.9, 1, 6000).reshape(2, 3000)
    assert torch.equal(quantized(inputs), approximate(quantized, EXACT)(inputs))


def test_levels_are_derived_anew_when_the_weight_changes():
    layer = quantization_aware(nn.Sequential(nn.Linear(5, 4)), 4, 4, layers="all")[0].eval()
    layer.requires_grad_(False)
    images = torch.rand(3, 5)

    def fresh():
        layer._kept = None
        return layer(images)

    with torch.inference_mode():
        layer(images)
    leaf = images.clone().requires_grad_()
    layer(leaf).sum().backward()
    assert leaf.grad.abs().sum() > 0
    before = layer(images)
    layer.weight.data[0] = -layer.weight.data[0]
    changed = layer(images)
    assert not torch.equal(changed, before)
    assert torch.equal(changed, fresh())
    layer.activation.scale.mul_(0.5)
    assert torch.equal(layer(images), fresh())
    twin = copy.deepcopy(layer)
    twin.weight.data.mul_(-1)
    assert not torch.equal(twin(images), layer(images))
    layer.load_state_dict(twin.state_dict())
    assert torch.equal(layer(images), twin(images))
    layer.weight.requires_grad_(True)
    layer(images).sum().backward()
    assert layer.weight.grad.abs().sum() > 0


def test_gradients_are_straight_through():
    net = small_net(3)
    quantized = quantization_aware(net, 2, 3)
    images = torch.rand(4, 1, 10, 10)
    found = []
    for each in (copy.deepcopy(quantized).train(), quantized, approximate(quantized, EXACT)):
        for norm in each:
            norm.eval() if isinstance(norm, nn.BatchNorm2d) else None
        given = images.clone().requires_grad_()
        each(given).logsumexp(1).sum().backward()
        found.append([given.grad, *(parameter.grad for parameter in each.parameters())])
    assert found[0][0].abs().max() > 0
    for others in found[1:]:
        for one, other in zip(found[0], others, strict=True):
            torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-6)


def test_what_stays_float():
    net = small_net(0)
    quantized = quantization_aware(net, 4, 4)
    kinds = [type(layer) for layer in quantized if isinstance(layer, nn.Conv2d | nn.Linear)]
    assert kinds == [nn.Conv2d, DorefaConv2d, DorefaConv2d, DorefaLinear, nn.Linear]
    every = quantization_aware(net, 4, 4, layers="all")
    assert [type(layer) for layer in every].count(DorefaConv2d) == 3
    weights = quantization_aware(net, 4)
    assert weights[4].activation_bits is None
    on = approximate(quantized, EXACT, layers=["6"])
    assert [type(on[place]) for place in (4, 6)] == [DorefaConv2d, type(approximate(quantized, EXACT)[6])]


def test_a_network_of_functions_and_layers_used_twice():
    class Twice(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.own, self.last = nn.Linear(4, 4), nn.Linear(4, 4), nn.Linear(4, 2)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            x = torch.relu(self.own(torch.relu(self.first(x))))
            return self.last(torch.relu(self.own(x)))

    quantized = quantization_aware(Twice(), 2, 2).eval()
    inputs = torch.rand(5, 4)
    assert isinstance(quantized.own, DorefaLinear)
    assert torch.equal(approximate(quantized, EXACT)(inputs), quantized(inputs))


def test_one_dimension():
    net = nn.Sequential(
        nn.Conv1d(2, 3, 3), nn.ReLU(), nn.Conv1d(3, 4, 3, padding=1), nn.ReLU(), nn.Conv1d(4, 2, 1)
    )
    quantized = quantization_aware(net, 3, 5).eval()
    inputs = torch.rand(2, 2, 9)
    assert torch.equal(approximate(quantized, EXACT)(inputs), quantized(inputs))


def test_products_come_from_the_multiplier():
    quantized = quantization_aware(small_net(1), 4, 4)
    images = torch.rand(3, 1, 10, 10)
    truncated = Lut("truncated", EXACT.table & ~7, signed=False)
    on = approximate(quantized, truncated, calibration=images)
    layer, inputs = on[10], torch.rand(2, 8)
    codes = np.rint(inputs.numpy() * 15).astype(int)
    levels = np.rint((quantized_weight(quantized[10].weight.detach(), 4).numpy() + 1) / 2 * 15).astype(int)
    products = truncated.table[codes[:, None, :], levels[None]]
    sums = 2 * products.sum(axis=2) - 15 * codes.sum(axis=1, keepdims=True)
    wanted = sums / 15 / 15 + layer.bias.detach().numpy()
    np.testing.assert_allclose(layer(inputs).detach().numpy(), wanted, rtol=1e-5, atol=1e-6)
    assert torch.equal(swap_lut(on, EXACT)(images), quantized(images))
    report = layer_report(on)[0]
    assert (report.name, report.weight_zero_points, report.activation_zero_point) == ("4", (7.5,), 0)
    pairs = operand_histograms(on, images)["4"]
    assert pairs[:16, :16].sum() == pairs.sum() > 0


@pytest.mark.slow
def test_wide_levels_run_on_gates():
    gates = accelsim.load_gate_multiplier("mul12u_exact")
    quantized = quantization_aware(small_net(2), 12, 11)
    images = torch.rand(2, 1, 10, 10)
    torch.testing.assert_close(approximate(quantized, gates)(images), quantized(images), rtol=1e-4, atol=1e-4)


def test_state_of_other_widths_is_refused():
    net = small_net(0)
    four, eight = quantization_aware(net, 4, 4), quantization_aware(net, 8, 8)
    with pytest.raises(
        AccelsimError,
        match="layer 4 has weights of 8 bits and inputs of 8; the state given has weights of 4 bits and",
    ):
        eight.load_state_dict(four.state_dict())
    other = quantization_aware(small_net(1), 4, 4)
    other.load_state_dict(four.state_dict())
    images = torch.rand(2, 1, 10, 10)
    assert torch.equal(other.eval()(images), four.eval()(images))


def test_refusals():
    net, images = small_net(0), torch.rand(2, 1, 10, 10)
    quantized = quantization_aware(net, 8, 8)
    cases = [
        (lambda: quantization_aware(net, 0, 4), "bits of weights must be a whole number from 1 to 16, not 0"),
        (lambda: quantization_aware(net, 4, 17), "bits of activations must be a whole number from 1 to 16"),
        (lambda: quantization_aware(net, 4, 4, calibration=images, percentile=3), "percentile is 3"),
        (lambda: quantization_aware(nn.Sequential(nn.Linear(2, 2)), 4), "no layer between the first and the"),
        (lambda: quantization_aware(quantized, 4), "the net is quantized already"),
        (lambda: dorefa_network(quantized, 4), "the net is quantized already"),
        (lambda: integer_network(quantized, EXACT, calibration=images), "the net is quantized already"),
        (
            lambda: approximate(quantized, SIGNED),
            "layer 4 has inputs of 8 and weights of 8 bits; signed, signed 8 x 8 bits, takes up to 7 and 7",
        ),
        (
            lambda: approximate(quantization_aware(net, 4), EXACT),
            "layer 4 has float inputs; exact multiplies",
        ),
        (
            lambda: approximate(quantized, closed_form("fp32_exact")),
            "layer 4 has integer levels as in DoReFa",
        ),
        (
            lambda: approximate(quantized, EXACT, layers=["0"]),
            "layer 0 is float in a quantized net; it has 4,",
        ),
        (
            lambda: approximate(quantized, EXACT, gradient=SmoothedDifference(2)),
            'layer 4 has levels as in DoReFa-Net: its gradient is "straight-through"',
        ),
        (lambda: approximate(quantized, EXACT)(images * torch.nan), "an input of layer 4 is NaN"),
        (lambda: approximate(approximate(quantized, EXACT), EXACT), "the net is approximate already"),
    ]
    for call, message in cases:
        with pytest.raises(AccelsimError, match=message) as raised:
            call()
        assert "\n" not in str(raised.value)
    leaky = nn.Sequential(nn.Linear(3, 3), nn.LeakyReLU(), nn.Linear(3, 3), nn.Linear(3, 2))
    with pytest.raises(AccelsimError, match="layer 2 takes inputs down to -.*0 or more, as after a ReLU"):
        quantization_aware(leaky, 4, 4, calibration=torch.randn(50, 3))


def test_an_accumulator_that_wraps():
    quantized = quantization_aware(nn.Sequential(nn.Linear(9, 4)), 8, 8, layers="all").eval()
    inputs = torch.rand(6, 9)
    narrow = approximate(quantized, EXACT, accumulator=Accumulator(17, "wrap"))
    codes = np.rint(inputs.numpy() * 255).astype(int)
    weight, bias = quantized[0].quantized_weight().detach().numpy(), quantized[0].bias.detach().numpy()
    sums = codes @ np.rint((weight + 1) / 2 * 255).astype(int).T
    wrapped = (sums + 2**16) % 2**17 - 2**16
    assert (wrapped != sums).any()
    wanted = (2 * wrapped - 255 * codes.sum(axis=1, keepdims=True)) / 255 / 255 + bias
    np.testing.assert_allclose(narrow(inputs).detach().numpy(), wanted, rtol=1e-5, atol=1e-5)
