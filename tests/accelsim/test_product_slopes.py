import numpy as np
import pytest
import torch
from torch import nn

import accelsim
from accelsim.errors import AccelsimError
from accelsim.product_slopes import ProductSlopes, with_product_slopes

STEP = np.float32(2**-4)


def slope(multiplier, operand, other, varies_a):
    """Return the central difference of a product along an operand, of arrays."""
    reach = STEP * np.maximum(np.abs(operand), np.float32(2**-8))
    low, high = operand - reach, operand + reach

    def product(value):
        return multiplier.multiply(*((value, other) if varies_a else (other, value))).astype(np.float64)

    return (product(high) - product(low)) / (high.astype(np.float64) - low)


def random(*shape, seed):
    values = np.random.default_rng(seed).normal(size=shape).astype(np.float32)
    values[np.random.default_rng(seed + 9).random(shape) < 0.2] = 0
    return torch.from_numpy(values)


@pytest.mark.parametrize("operand", ["a", "b"])
@pytest.mark.parametrize("name", ["axfpm_array24", "axfpm_blocks4", "axfpm_authors", "fp32_exact"])
def test_linear_layer_against_plain_differences(name, operand):
    multiplier = accelsim.load_float_multiplier(name)
    net = nn.Linear(5, 3)
    with torch.no_grad():
        net.weight.copy_(random(3, 5, seed=1))
    approximate = with_product_slopes(accelsim.approximate(net, multiplier, activation_operand=operand))
    x, upstream = random(4, 5, seed=2).requires_grad_(), random(4, 3, seed=3)
    approximate(x).backward(upstream)
    xs = np.broadcast_to(x.detach().numpy()[:, None], (4, 3, 5)).copy()
    ws = np.broadcast_to(net.weight.detach().numpy()[None], (4, 3, 5)).copy()
    by_x, by_w = slope(multiplier, xs, ws, operand == "a"), slope(multiplier, ws, xs, operand == "b")
    np.testing.assert_allclose(x.grad, np.einsum("no,nok->nk", upstream, by_x), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(
        approximate.weight.grad, np.einsum("no,nok->ok", upstream, by_w), rtol=1e-4, atol=1e-5
    )
    np.testing.assert_allclose(approximate.bias.grad, upstream.sum(dim=0), rtol=1e-6)


@pytest.mark.parametrize(
    "layer",
    [
        nn.Conv2d(2, 4, 3, stride=2, padding=1, groups=2),
        nn.Conv2d(3, 2, (2, 3), padding=(0, 2), dilation=2),
        nn.Conv1d(2, 3, 3, padding=2, bias=False),
    ],
)
def test_slopes_of_an_exact_multiplier_are_the_exact_gradients(layer):
    """Of any geometry, so that the layout of a convolution's gradients is right."""
    approximate = with_product_slopes(
        accelsim.approximate(layer, accelsim.load_float_multiplier("fp32_exact")), ProductSlopes(0.25)
    )
    shape = (3, layer.in_channels, *(7, 6)[: len(layer.kernel_size)])
    wanted_x, found_x = (random(*shape, seed=5).requires_grad_() for _ in range(2))
    wanted, found = layer(wanted_x), approximate(found_x)
    upstream = random(*wanted.shape, seed=6)
    wanted.backward(upstream)
    found.backward(upstream)
    torch.testing.assert_close(found_x.grad, wanted_x.grad, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(approximate.weight.grad, layer.weight.grad, rtol=1e-4, atol=1e-4)
    if layer.bias is not None:
        torch.testing.assert_close(approximate.bias.grad, layer.bias.grad)


def test_threads_change_nothing():
    torch.manual_seed(0)
    net = with_product_slopes(
        accelsim.approximate(nn.Conv2d(1, 3, 3), accelsim.load_float_multiplier("axfpm_authors"))
    )
    found = []
    before = torch.get_num_threads()
    for threads in (1, 3):
        torch.set_num_threads(threads)
        x = random(9, 1, 6, 6, seed=1).requires_grad_()
        net(x).square().sum().backward()
        found.append(x.grad)
    torch.set_num_threads(before)
    assert torch.equal(*found)


def test_the_network_computes_the_same_and_shares_its_parameters():
    net = accelsim.approximate(nn.Linear(4, 2), accelsim.load_float_multiplier("axfpm_authors"))
    sloped = with_product_slopes(net)
    assert sloped.weight is net.weight
    assert net.gradient == "straight-through"
    x = random(3, 4, seed=1)
    assert torch.equal(sloped(x), net(x))


def test_luts_get_smoothed_differences():
    net = accelsim.approximate(
        nn.Linear(4, 2), accelsim.load_lut("mul8u_drum_k4"), calibration=torch.rand(8, 4)
    )
    assert with_product_slopes(net).gradient == accelsim.SmoothedDifference()


def test_multipliers_without_slopes():
    net = accelsim.approximate(nn.Linear(4, 2), accelsim.load_float_multiplier("bf16_exact"))
    with pytest.raises(AccelsimError, match="layer Linear multiplies with bf16_exact, which has no"):
        with_product_slopes(net)
    with pytest.raises(AccelsimError, match="relative_step is 2; expected a number above 0 and below 1"):
        ProductSlopes(2)
