"""Networks on Ax-FPM as its authors' code multiplies: each layer against scalar products and gates."""

from collections import OrderedDict

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from accelsim.float_mac_layers import ApproxFloatLayer
from accelsim.models import build_network, hardware_version
from accelsim.rtl.catalogue import netlist_of
from accelsim.simulation import outputs


def scalar_product(x: float, w: float) -> float:
    """The authors' formula on Python's integers, one pair of float32 numbers."""
    if abs(x) < 1e-36 or abs(w) < 1e-36:
        return 0.0
    (fx, ex), (fw, ew) = np.frexp(np.float64(x)), np.frexp(np.float64(w))
    a, b = int(abs(fx) * 2**24), int(abs(fw) * 2**24)
    product = (a & 0x111111) * b + 16 * (a & 0xEEEEEE) * ((b >> 3) & 0x111111)
    if product >> 48:  # the code has no place for this bit: its value is that of the bits below, one higher
        product >>= 1
    mantissa = product >> product.bit_length() - 24  # truncated
    magnitude = np.ldexp(float(mantissa), product.bit_length() - 24 - 48 + int(ex) + int(ew))
    return float(np.copysign(magnitude, fx * fw))


def products(x: np.ndarray, w: np.ndarray) -> np.ndarray:
    """The same for arrays."""
    (fx, ex), (fw, ew) = np.frexp(x.astype(np.float64)), np.frexp(w.astype(np.float64))
    a, b = ((np.abs(each) * 2**24).astype(np.int64) for each in (fx, fw))
    product = (a & 0x111111) * b + 16 * (a & 0xEEEEEE) * ((b >> 3) & 0x111111)
    product >>= product >> 48
    mantissa = product >> 24  # of 48 bits, the first a one
    found = np.ldexp(mantissa.astype(np.float64), ex + ew - 24) * np.sign(fx) * np.sign(fw)
    found[(np.abs(x) < 1e-36) | (np.abs(w) < 1e-36)] = 0
    return found.astype(np.float32)


def columns_of(layer: nn.Module, x: torch.Tensor) -> np.ndarray:
    """The operands of a layer's sums, (depth, images * outputs per channel), by PyTorch's unfolding."""
    if isinstance(layer, nn.Linear):
        return x.T.numpy()
    assert isinstance(layer, nn.Conv2d)
    unfolded = F.unfold(x, layer.kernel_size, layer.dilation, layer.padding, layer.stride)
    return unfolded.transpose(0, 1).reshape(unfolded.shape[1], -1).numpy()


def expected_output(layer: nn.Module, x: torch.Tensor, operand: str) -> np.ndarray:
    """Products added up in float32 in the order of the weight, then the bias: (outputs, columns)."""
    weight = layer.weight.detach().flatten(1).numpy()
    columns = columns_of(layer, x)
    total = np.zeros((len(weight), columns.shape[1]), np.float32)
    for k in range(len(columns)):
        pair = columns[k][None], weight[:, k, None]
        total += products(*np.broadcast_arrays(*(pair if operand == "a" else pair[::-1])))
    return total + layer.bias.detach().numpy()[:, None]


def strided() -> nn.Sequential:
    return nn.Sequential(
        OrderedDict(
            conv1=nn.Conv2d(2, 5, (3, 2), stride=(2, 1), padding=(0, 2)),
            relu1=nn.ReLU(),
            conv2=nn.Conv2d(5, 4, 3, stride=3, padding=2, dilation=(1, 2)),
            relu2=nn.ReLU(),
            flatten=nn.Flatten(),
            fc=nn.Linear(4 * 3 * 5, 6),
        )
    )


def test_the_scalar_formula() -> None:
    assert scalar_product(np.float32(0.856), np.float32(0.471)) == pytest.approx(0.426080584526062, rel=1e-15)
    assert scalar_product(1.0, 1.0) == 2.0
    x, w = np.random.default_rng(0).normal(size=(2, 3000)).astype(np.float32)
    x[:3], w[2:5] = 0, (1e-37, -1.5e-36, 3e-38)
    expected = np.array([scalar_product(*pair) for pair in zip(x, w, strict=True)])
    np.testing.assert_array_equal(products(x, w), expected.astype(np.float32))


@pytest.mark.parametrize("operand", ["a", "b"])
@pytest.mark.parametrize(
    ("name", "image_shape"),
    [("strided", (2, 13, 11)), ("lenet5_guesmi", (1, 28, 28)), ("alexnet_cifar", (3, 32, 32))],
)
def test_every_layer_is_the_sum_of_scalar_products(
    name: str, image_shape: tuple[int, ...], operand: str
) -> None:
    """Batches of three images; every layer's own input goes to the reference."""
    torch.manual_seed(3)
    net = strided() if name == "strided" else build_network(name, seed=3)
    made = hardware_version(net, "axfpm_authors", layers="all", activation_operand=operand)  # type: ignore[arg-type]
    seen: dict[str, tuple[torch.Tensor, torch.Tensor]] = {}
    for layer_name, layer in made.named_modules():
        if isinstance(layer, ApproxFloatLayer):
            layer.register_forward_hook(
                lambda _, inputs, output, key=layer_name: seen.update({key: (inputs[0], output)})
            )
    with torch.no_grad():
        made(torch.rand(3, *image_shape))
    assert len(seen) == sum(hasattr(layer, "weight") for layer in net.modules())
    for layer_name, (x, output) in seen.items():
        expected = expected_output(net.get_submodule(layer_name), x, operand)
        found = output.transpose(0, 1).reshape(expected.shape).numpy()
        np.testing.assert_array_equal(found.view(np.uint32), expected.view(np.uint32), err_msg=layer_name)


def test_the_products_of_a_layer_are_those_of_the_gates() -> None:
    layer = strided().conv2
    x = columns_of(layer, torch.randn(3, 5, 9, 9)).repeat(4, axis=1)[:, :400]
    weight = layer.weight.detach().flatten(1).T.numpy()
    a, b = np.broadcast_arrays(x[:, :, None], weight[:, None])
    gates = outputs(netlist_of("axfpm_authors"), *(each.ravel().view(np.uint32) for each in (a, b)))
    found = gates.astype(np.uint32).view(np.float32)
    np.testing.assert_array_equal(found, products(a.ravel(), b.ravel()))  # +0 and -0 are equal
    assert np.count_nonzero(found) > 10_000
