"""DoReFa-Net's quantizers against a plain reading of its formulas, and networks converted to them."""

import copy

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from accelsim.conversion import approximate
from accelsim.dorefa import DorefaActivation, DorefaWeight, quantized, quantized_weight
from accelsim.dorefa_conversion import dorefa_network
from accelsim.errors import AccelsimError
from accelsim.floats import closed_form


def plain_q(r, k):
    """Equation 5, value by value."""
    steps = 2**k - 1
    return np.array([round(steps * float(each)) / steps for each in r.ravel()]).reshape(r.shape)


def plain_weight(w, k):
    """Equations 8 and 9."""
    if k == 1:
        return np.where(w >= 0, 1, -1) * np.abs(w).mean()
    return 2 * plain_q(np.tanh(w) / (2 * np.abs(np.tanh(w)).max()) + 0.5, k) - 1


SEEDS = st.integers(0, 2**32 - 1)


@given(SEEDS, st.integers(1, 16))
def test_weights_are_those_of_the_formulas(seed, bits):
    w = np.random.default_rng(seed).normal(size=(3, 2, 2))
    found = quantized_weight(torch.from_numpy(w), bits).numpy()
    np.testing.assert_allclose(found, plain_weight(w, bits), rtol=0, atol=1e-12)
    rows = quantized_weight(torch.from_numpy(w), bits, per_channel=True).numpy()
    for row, of in zip(rows, w, strict=True):
        np.testing.assert_allclose(row, plain_weight(of, bits), rtol=0, atol=1e-12)
    if bits > 1:
        assert np.abs(found).max() == 1
        levels = (found + 1) / 2 * (2**bits - 1)
        np.testing.assert_allclose(levels, np.round(levels), atol=1e-7)


@given(SEEDS, st.integers(1, 16))
def test_activations_are_those_of_the_formula(seed, bits):
    x = np.random.default_rng(seed).normal(0.5, 1, 20)
    found = DorefaActivation(bits)(torch.from_numpy(x)).numpy()
    np.testing.assert_allclose(found, plain_q(np.clip(x, 0, 1), bits), rtol=0, atol=1e-12)
    scaled = DorefaActivation(bits, 3.0)(torch.from_numpy(x)).numpy()
    np.testing.assert_allclose(scaled, 3 * plain_q(np.clip(x / 3, 0, 1), bits), rtol=0, atol=1e-12)


def test_no_weights_but_zeros():
    assert torch.isfinite(quantized_weight(torch.zeros(2, 3), 4)).all()


def test_gradients_pass_the_rounding_alone():
    x = torch.tensor([-0.5, 0.1, 0.4, 0.9, 1.5], requires_grad=True)
    quantized(x, 2).sum().backward()
    assert x.grad.tolist() == [1, 1, 1, 1, 1]
    x.grad = None
    DorefaActivation(2, 1.2)(x).sum().backward()
    assert x.grad.tolist() == pytest.approx([0, 1, 1, 1, 0])
    w = torch.randn(4, 3, dtype=torch.float64, requires_grad=True)
    factors = torch.randn(4, 3, dtype=torch.float64)
    (factors * quantized_weight(w, 3)).sum().backward()
    unrounded = torch.tanh(w) / torch.tanh(w).abs().max()
    (expected,) = torch.autograd.grad((factors * unrounded).sum(), w)
    torch.testing.assert_close(w.grad, expected)
    w.grad = None
    (factors * quantized_weight(w, 1)).sum().backward()
    torch.testing.assert_close(w.grad, factors)


@pytest.mark.parametrize("per_channel", [False, True])
def test_a_fitted_weight_is_the_nearest_level_in_its_own_range(per_channel):
    weight = torch.randn(5, 4, 3, 3, dtype=torch.float64) * torch.arange(1, 6).reshape(5, 1, 1, 1)
    fitted = DorefaWeight.fitted(weight, 4, per_channel=per_channel)
    assert fitted.per_channel == per_channel
    found = fitted(fitted.right_inverse(weight)).numpy()
    for row, of in zip(found, weight.numpy(), strict=True):
        largest = np.abs(of).max() if per_channel else np.abs(weight.numpy()).max()
        levels = np.linspace(-largest, largest, 16)
        nearest = levels[np.abs(of[..., None] - levels).argmin(-1)]
        np.testing.assert_allclose(row, nearest, atol=1e-9)


def test_sixteen_bits_change_next_to_nothing(net, images):
    net = copy.deepcopy(net).eval()
    made = dorefa_network(net, 16, 16, calibration=images, percentile=None, layers="all")
    torch.testing.assert_close(made(images), net(images), rtol=1e-3, atol=1e-3)


def test_what_becomes_of_a_network(net, images):
    before = {name: each.clone() for name, each in net.state_dict().items()}
    made = dorefa_network(net, 4, 3, calibration=images)
    assert all(torch.equal(each, before[name]) for name, each in net.state_dict().items())
    assert len(torch.unique(made.c1.quantized_weight())) <= 16
    assert torch.equal(made.fc.weight, net.fc.weight)  # the last layer
    relus = [module for module in made.modules() if isinstance(module, DorefaActivation)]
    assert relus
    assert not any(type(module) is nn.ReLU for module in made.modules())
    assert all(len(torch.unique(relu(torch.linspace(-1, 9, 5000)))) == 8 for relu in relus)
    weights_only = dorefa_network(net, 4)
    assert torch.equal(weights_only.c1.quantized_weight(), made.c1.quantized_weight())
    assert any(type(module) is nn.ReLU for module in weights_only.modules())
    outputs = copy.deepcopy(made)(images)
    assert torch.equal(outputs, made(images))
    outputs.sum().backward()


def test_a_converted_network_learns(net, images):
    made = dorefa_network(net, 2, layers="all")
    labels = torch.arange(len(images)) % 2
    optimiser = torch.optim.Adam(made.parameters(), lr=1e-2)
    losses = []
    for _ in range(30):
        loss = nn.functional.cross_entropy(made(images), labels)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.7 * losses[0]
    assert len(torch.unique(made.c1.quantized_weight())) <= 4


def test_refusals(net, images):
    for bits in (0, 17, 2.5):
        with pytest.raises(
            AccelsimError, match="DoReFa: bits of weights must be a whole number from 1 to 16"
        ):
            dorefa_network(net, bits)
    with pytest.raises(AccelsimError, match="DoReFa: bits of activations must be"):
        dorefa_network(net, 4, 99, calibration=images)
    with pytest.raises(AccelsimError, match="activations are to be quantized: give calibration data"):
        dorefa_network(net, 4, 4)
    with pytest.raises(AccelsimError, match="percentile is 20; expected above 50"):
        dorefa_network(net, 4, 4, calibration=images, percentile=20)
    with pytest.raises(AccelsimError, match="has no nn.ReLU"):
        dorefa_network(nn.Sequential(nn.Linear(3, 2), nn.Linear(2, 2)), 4, 4, calibration=torch.rand(2, 3))
    with pytest.raises(AccelsimError, match="weights is 'each'; expected per-tensor or per-channel"):
        dorefa_network(net, 4, weights="each")
    with pytest.raises(AccelsimError, match="approximate already"):
        dorefa_network(approximate(net, closed_form("fp32_exact")), 4)
    with pytest.raises(AccelsimError, match="scale of activations must be above 0, not 0"):
        DorefaActivation(4, 0)
