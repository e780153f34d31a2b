"""Networks in every number format, against plain numpy."""

import itertools

import numpy as np
import pytest
import torch
from torch import nn

from accelsim import Arithmetic, Lut
from accelsim.approx_layer import ApproxLayer
from accelsim.errors import AccelsimError

rng = np.random.default_rng(7)
ERRATIC = np.clip(
    np.multiply.outer(np.arange(256), np.arange(256)) + rng.integers(-900, 900, (256, 256)), 0, 65535
)


@pytest.fixture
def net() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(2, 3, 3), nn.ReLU(), nn.Flatten(), nn.Linear(3 * 2 * 2, 4)).eval()


@pytest.fixture
def images() -> torch.Tensor:
    return torch.rand(5, 2, 4, 4, generator=torch.Generator().manual_seed(1))


def levels(
    values: np.ndarray, low: float, high: float, scheme: str, bits: int
) -> tuple[np.ndarray, float, int]:
    """Levels, scale and zero point, written from the formulas."""
    low, high = min(low, 0), max(high, 0)
    if scheme == "unsigned":
        top, bottom = 2**bits - 1, 0
        scale = np.float32((high - low) / top)
        zero = int(np.clip(np.rint(-low / scale), 0, top))
    else:
        top = 2 ** (bits - 1) - 1
        bottom, zero = -top, 0
        scale = np.float32(max(-low, high) / top)
    return np.clip(np.rint(values / scale) + zero, bottom, top).astype(int), float(scale), zero


def product(a: int, b: int, scheme: str, bits: int, placement: str, order: str) -> int:
    """One product on the erratic 8-bit multiplier; a is the activation."""
    if order == "b":
        a, b = b, a
    width = bits if scheme == "unsigned" else bits - 1
    spare = 8 - width if placement == "high" else 0
    found = int(ERRATIC[abs(a) << spare, abs(b) << spare])
    if scheme == "unsigned":
        return found >> 2 * spare if placement == "high" else found % 4**bits
    found >>= 2 * spare
    signed = -found if (a < 0) != (b < 0) else found
    return (signed + 2 ** (2 * bits - 1)) % 4**bits - 2 ** (2 * bits - 1)


def convolution(
    x: np.ndarray, layer: nn.Conv2d, scheme: str, bits: int, placement: str, order: str, weights: str
):
    weight, bias = layer.weight.detach().numpy(), layer.bias.detach().numpy()
    q, sx, zx = levels(x, x.min(), x.max(), scheme, bits)
    out = np.zeros((len(x), 3, 2, 2))
    for c in range(3):
        own = weight[c] if weights == "per-channel" else weight
        w, sw, zw = levels(weight[c], own.min(), own.max(), scheme, bits)
        for n, i, j in np.ndindex(len(x), 2, 2):
            patch = q[n, :, i : i + 3, j : j + 3]
            terms = zip(patch.ravel(), w.ravel(), strict=True)
            total = sum(product(int(a), int(b), scheme, bits, placement, order) for a, b in terms)
            total += -zw * patch.sum() - zx * w.sum() + w.size * zx * zw
            out[n, c, i, j] = total * sx * sw + bias[c]
    return out


CASES = [
    ("unsigned", 8, "high", "a", "per-tensor"),
    ("unsigned", 5, "high", "b", "per-channel"),
    ("unsigned", 3, "low", "a", "per-tensor"),
    ("sign-magnitude", 8, "high", "a", "per-tensor"),
    ("sign-magnitude", 8, "low", "b", "per-channel"),
    ("sign-magnitude", 4, "high", "b", "per-tensor"),
    ("sign-magnitude", 2, "low", "a", "per-tensor"),
]


@pytest.mark.parametrize(("scheme", "bits", "placement", "order", "weights"), CASES)
def test_a_convolution_is_what_numpy_makes_of_it(
    net, images, scheme, bits, placement, order, weights
) -> None:
    arithmetic = Arithmetic(scheme, bits, placement, order, weights)
    victim = arithmetic.network(net, Lut("erratic", ERRATIC, False), images)
    found = victim[0](images).detach().numpy()
    wanted = convolution(images.numpy(), net[0], scheme, bits, placement, order, weights)
    np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-5)


def test_signed_needs_a_signed_multiplier_and_computes_on_it(net, images) -> None:
    values = np.where(np.arange(256) < 128, np.arange(256), np.arange(256) - 256)
    table = np.multiply.outer(values, values) // 4 * 4
    victim = Arithmetic("signed").network(net, Lut("rough", table, True), images)
    x, sx, _ = levels(images.numpy(), images.min(), images.max(), "signed", 8)
    weight = net[0].weight.detach().numpy()
    w, sw, _ = levels(weight, weight.min(), weight.max(), "signed", 8)
    patch = x[0, :, :3, :3] * w[1] // 4 * 4
    wanted = patch.sum() * sx * sw + float(net[0].bias.detach()[1])
    assert victim[0](images).detach()[0, 1, 0, 0].item() == pytest.approx(wanted, abs=1e-5)


@pytest.mark.parametrize("layers", ["conv", "linear", "all"])
def test_only_the_layers_asked_for_compute_so(net, images, layers) -> None:
    victim = Arithmetic(layers=layers).network(net, Lut("erratic", ERRATIC, False), images)
    found = [isinstance(module, ApproxLayer) for module in (victim[0], victim[3])]
    assert found == [layers != "linear", layers != "conv"]


def test_fewer_bits_err_more(net, images) -> None:
    exact = Lut("exact", np.multiply.outer(np.arange(256), np.arange(256)), False)
    errors = []
    for bits in range(2, 9):
        victim = Arithmetic(bits=bits, layers="all").network(net, exact, images)
        errors.append((victim(images) - net(images)).detach().abs().mean().item())
    assert all(wide < narrow for narrow, wide in itertools.pairwise(errors))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda lut: Arithmetic("unsinged"),
            "scheme is 'unsinged'; expected unsigned, signed, sign-magnitude; did",
        ),
        (lambda lut: Arithmetic(activation_operand="c"), "activation_operand is 'c'; expected a or b"),
        (
            lambda lut: Arithmetic("signed").multiplier(lut),
            "erratic is an unsigned multiplier and the scheme is signed; expected scheme unsigned or",
        ),
        (lambda lut: Arithmetic(bits=9), "operands of 9 bits; expected 2 to 8"),
        (lambda lut: Arithmetic(bits="8"), "operands of '8' bits; expected 2 to 8"),
        (lambda lut: Arithmetic(placement="hihg"), "placement is 'hihg'; .*did you mean high"),
    ],
)
def test_refusals(call, message) -> None:
    with pytest.raises(AccelsimError, match=message):
        call(Lut("erratic", ERRATIC, False))
