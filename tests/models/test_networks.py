import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import nn

from accelsim.errors import AccelsimError
from accelsim.models import build_network, network_names
from accelsim.models.networks import architecture

# weights and biases of each layer, by hand
PARAMETERS = {
    "lenet5": {
        "conv1": 6 * 1 * 5 * 5 + 6,
        "conv2": 16 * 6 * 5 * 5 + 16,
        "conv3": 120 * 16 * 5 * 5 + 120,
        "fc1": 84 * 120 + 84,
        "fc2": 10 * 84 + 10,
    },
    "lenet5_guesmi": {
        "conv1": 6 * 1 * 5 * 5 + 6,
        "conv2": 16 * 6 * 5 * 5 + 16,
        "fc1": 120 * 400 + 120,
        "fc2": 10 * 120 + 10,
    },
    "lenet5_guesmi_code": {
        "conv1": 32 * 1 * 3 * 3 + 32,
        "conv2": 64 * 32 * 3 * 3 + 64,
        "fc1": 200 * 3136 + 200,
        "fc2": 10 * 200 + 10,
    },
    "ffnn": {"fc1": 300 * 784 + 300, "fc2": 100 * 300 + 100, "fc3": 10 * 100 + 10},
    "alexnet_siddique_mnist": {
        "conv1": 32 * 1 * 3 * 3 + 32,
        "conv2": 64 * 32 * 3 * 3 + 64,
        "conv3": 96 * 64 * 3 * 3 + 96,
        "conv4": 96 * 96 * 3 * 3 + 96,
        "conv5": 64 * 96 * 3 * 3 + 64,
        "fc6": 256 * 576 + 256,
        "fc7": 10 * 256 + 10,
    },
}


def test_names() -> None:
    assert network_names() == [
        "lenet5",
        "lenet5_cifar",
        "lenet5_guesmi",
        "lenet5_guesmi_code",
        "mnist_a",
        "ffnn",
        "resnet20",
        "resnet32",
        "resnet44",
        "mobilenet",
        "vgg8",
        "alexnet_cifar",
        "alexnet_siddique",
        "alexnet_siddique_mnist",
        "alexnet",
    ]
    with pytest.raises(AccelsimError, match=r"^unknown network 'lenet-5'; did you mean lenet5 or"):
        build_network("lenet-5")
    with pytest.raises(AccelsimError, match=r"^unknown network 'resnet'; did you mean resnet44 or"):
        build_network("resnet")
    with pytest.raises(AccelsimError, match=r"^unknown network 'x'; there are lenet5, lenet5_cifar"):
        build_network("x")


@pytest.mark.parametrize(
    ("name", "total"),
    [
        ("lenet5", 61_706),
        ("lenet5_guesmi", 51_902),
        ("lenet5_guesmi_code", 648_226),
        ("ffnn", 266_610),
        ("alexnet_siddique_mnist", 362_890),
    ],
)
def test_parameter_counts(name: str, total: int) -> None:
    net = build_network(name)
    counts = {layer: sum(p.numel() for p in module.parameters()) for layer, module in net.named_children()}
    assert {layer: count for layer, count in counts.items() if count} == PARAMETERS[name]
    assert sum(counts.values()) == total


@pytest.mark.parametrize("name", PARAMETERS)
@pytest.mark.parametrize("n", [1, 3])
def test_logits(name: str, n: int) -> None:
    logits = build_network(name)(torch.rand(n, 1, 28, 28)).detach()
    assert logits.shape == (n, 10)
    assert logits.dtype == torch.float32
    assert float(logits.min()) < 0  # no ReLU, no softmax at the end


@pytest.mark.parametrize(
    ("small", "large"), [("lenet5", "lenet5_cifar"), ("alexnet_siddique_mnist", "alexnet_siddique")]
)
def test_networks_of_siddique_and_hoque_for_colour_differ_in_the_first_layer_alone(
    small: str, large: str
) -> None:
    digits, colour = build_network(small), build_network(large)
    assert architecture(large).image_shape == (3, 32, 32)
    assert [type(module) for module in digits] == [type(module) for module in colour]
    inside = [digits[0](torch.rand(1, 1, 28, 28)), colour[0](torch.rand(1, 3, 32, 32))]
    assert inside[0].shape == inside[1].shape
    own = {name: p.shape for name, p in digits.named_parameters() if name != "conv1.weight"}
    assert own == {name: p.shape for name, p in colour.named_parameters() if name != "conv1.weight"}


def test_shapes_inside_lenet5() -> None:
    shapes, x = {}, torch.rand(2, 1, 28, 28)
    for layer, module in build_network("lenet5").named_children():
        x = module(x)
        shapes[layer] = tuple(x.shape[1:])
    assert (shapes["conv1"], shapes["pool1"]) == ((6, 28, 28), (6, 14, 14))
    assert (shapes["conv2"], shapes["pool2"]) == ((16, 10, 10), (16, 5, 5))
    assert (shapes["conv3"], shapes["flatten"]) == ((120, 1, 1), (120,))


def convolved(x: NDArray[np.float64], layer: nn.Conv2d, padding: int = 0) -> NDArray[np.float64]:
    weight, bias = layer.weight.detach().double().numpy(), layer.bias.detach().double().numpy()  # type: ignore[union-attr]
    windows = np.lib.stride_tricks.sliding_window_view(
        np.pad(x, ((0, 0), (padding,) * 2, (padding,) * 2)), (5, 5), (1, 2)
    )
    return np.maximum(np.einsum("chwij,ocij->ohw", windows, weight) + bias[:, None, None], 0)


def pooled(x: NDArray[np.float64]) -> NDArray[np.float64]:
    return (x[:, ::2, ::2] + x[:, 1::2, ::2] + x[:, ::2, 1::2] + x[:, 1::2, 1::2]) / 4


def connected(x: NDArray[np.float64], layer: nn.Linear) -> NDArray[np.float64]:
    return layer.weight.detach().double().numpy() @ x + layer.bias.detach().double().numpy()


def test_lenet5_is_what_its_description_says() -> None:
    net, image = build_network("lenet5", seed=5), torch.rand(1, 1, 28, 28)
    x = pooled(convolved(image[0].double().numpy(), net.conv1, padding=2))
    x = convolved(pooled(convolved(x, net.conv2)), net.conv3).ravel()
    x = connected(np.maximum(connected(x, net.fc1), 0), net.fc2)
    np.testing.assert_allclose(net(image)[0].detach(), x, atol=1e-5)


def test_ffnn_is_what_its_description_says() -> None:
    net, image = build_network("ffnn", seed=5), torch.rand(1, 1, 28, 28)
    x = np.maximum(connected(image.double().numpy().ravel(), net.fc1), 0)
    x = connected(np.maximum(connected(x, net.fc2), 0), net.fc3)
    np.testing.assert_allclose(net(image)[0].detach(), x, atol=1e-5)


def test_initial_weights_follow_the_seed_alone() -> None:
    torch.manual_seed(1)
    state = torch.get_rng_state()
    first = build_network("lenet5", seed=7)
    assert torch.equal(torch.get_rng_state(), state)
    torch.manual_seed(2)
    assert torch.equal(build_network("lenet5", seed=7).conv1.weight, first.conv1.weight)
    assert not torch.equal(build_network("lenet5", seed=8).conv1.weight, first.conv1.weight)


def test_seed_out_of_range() -> None:
    with pytest.raises(AccelsimError, match="initial weights: seed must be a whole number from 0"):
        build_network("ffnn", seed=2**64)


# 3x3 convolutions without bias, a linear layer with it, and a scale and shift for each normalised channel
RESNET20 = (
    9 * (3 * 16 + 6 * 16 * 16 + 16 * 32 + 5 * 32 * 32 + 32 * 64 + 5 * 64 * 64)
    + (64 * 10 + 10)
    + 2 * (6 * 16 + (16 + 5 * 32) + (32 + 5 * 64) + 64)
)
MOBILENET_BLOCKS = [(16, 32), (32, 64), (64, 64), (64, 128), (128, 128)]
MOBILENET = (
    3 * 16 * 9 + sum(9 * c + c * o + 2 * c + 2 * o for c, o in MOBILENET_BLOCKS) + 2 * 16 + 128 * 10 + 10
)
VGG_CONVOLUTIONS = [(3, 32), (32, 32), (32, 64), (64, 64), (64, 128), (128, 128)]
VGG8 = sum(9 * c * o + o for c, o in VGG_CONVOLUTIONS) + (128 * 4 * 4 + 1) * 256 + 257 * 10
ALEXNET_CIFAR = (
    9 * (3 * 32 + 32 * 64 + 64 * 96 + 96 * 96 + 96 * 64)
    + (32 + 64 + 96 + 96 + 64)
    + ((3 * 3 * 64 + 1) * 256 + 257 * 128 + 129 * 10)
)
#: as PyTorch's own documentation of the same network has it
ALEXNET = 61_100_840


@pytest.mark.parametrize(
    ("name", "total"),
    [
        ("resnet20", RESNET20),
        ("mobilenet", MOBILENET),
        ("vgg8", VGG8),
        ("alexnet", ALEXNET),
        ("alexnet_cifar", ALEXNET_CIFAR),
    ],
)
def test_larger_networks(name: str, total: int) -> None:
    net, of = build_network(name).eval(), architecture(name)
    assert sum(p.numel() for p in net.parameters()) == total
    logits = net(torch.rand(1, *of.image_shape)).detach()
    assert logits.shape == (1, of.classes)
    assert float(logits.min()) < 0


#: products of a convolution: pixels, then kernel, input and output channels
ALEXNET_CIFAR_MACS = (
    32 * 32 * 9 * 3 * 32
    + 15 * 15 * 9 * 32 * 64
    + 7 * 7 * 9 * (64 * 96 + 96 * 96 + 96 * 64)
    + (3 * 3 * 64 * 256 + 256 * 128 + 128 * 10)
)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("alexnet", 714_188_480),
        ("alexnet_cifar", ALEXNET_CIFAR_MACS),
        ("lenet5_guesmi", 28 * 28 * 25 * 6 + 10 * 10 * 25 * 6 * 16 + 400 * 120 + 120 * 10),
        ("lenet5_guesmi_code", 28 * 28 * 9 * 32 + 14 * 14 * 9 * 32 * 64 + 3136 * 200 + 200 * 10),
    ],
)
def test_macs(name: str, expected: int) -> None:
    macs, x = 0, torch.rand(1, *architecture(name).image_shape)
    for layer in build_network(name).eval().children():
        y = layer(x)
        if isinstance(layer, nn.Conv2d | nn.Linear):
            macs += y.numel() * layer.weight[0].numel()
        x = y
    assert macs == expected


def test_shortcut_of_resnet_averages_and_pads_with_channels_of_zeros() -> None:
    block = build_network("resnet20").eval().get_submodule("block2_1")
    with torch.no_grad():
        block.get_parameter("conv2.weight").zero_()
        x = torch.rand(2, 16, 8, 8)
        output = block(x)
    means = x.reshape(2, 16, 4, 2, 4, 2).mean(dim=(3, 5))
    torch.testing.assert_close(output[:, 8:24], means)
    assert not output[:, :8].any()
    assert not output[:, 24:].any()
