"""Whole networks in integers: close to the float network, the same however they are run."""

import copy
import os
import pickle
from functools import cache
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

import accelsim
from accelsim import integer_inference
from accelsim.accumulator import Accumulator
from accelsim.errors import AccelsimError
from accelsim.float_graph import float_graph
from accelsim.gemm import lut_gemm_reference
from accelsim.integer_inference import IntegerNetwork, integer_network
from accelsim.integer_mac_layer import IntegerMacLayer
from accelsim.integer_operations import IntegerOperation
from accelsim.lut import Lut, operand_values
from accelsim.models import Dataset, accuracy_percent, calibration_images, load_dataset, trained_network


@cache
def exact(a_width: int = 8, b_width: int = 8, *, signed: bool = False) -> Lut:
    table = np.multiply.outer(operand_values(a_width, signed), operand_values(b_width, signed))
    return Lut(f"exact{a_width}x{b_width}{'s' if signed else 'u'}", table, signed)


class PreActivation(nn.Module):
    """ResNet's pre-activation block: batch normalisation first, a shortcut padded with channels of zeros."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.bn1, self.bn2 = nn.BatchNorm2d(inputs), nn.BatchNorm2d(outputs)
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, padding=1, bias=False)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1, bias=False)
        self.stride, self.added = stride, outputs - inputs

    def forward(self, x: Tensor) -> Tensor:
        shortcut = x[:, :, :: self.stride, :: self.stride] if self.stride > 1 else x
        if self.added:
            shortcut = F.pad(shortcut, (0, 0, 0, 0, 0, self.added))
        return self.conv2(F.relu(self.bn2(self.conv1(F.relu(self.bn1(x)))))) + shortcut


class Everything(nn.Module):
    """One of each: residual blocks, depthwise and grouped convolutions, pools, concatenation, means."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3, padding=1)
        self.blocks = nn.Sequential(PreActivation(8, 8, 1), PreActivation(8, 12, 2), nn.BatchNorm2d(12))
        self.depthwise = nn.Sequential(
            nn.Conv2d(12, 12, 3, padding=1, groups=12), nn.BatchNorm2d(12), nn.ReLU6()
        )
        self.pointwise = nn.Conv2d(12, 8, 1, groups=2)
        self.pools = nn.ModuleList([nn.MaxPool2d(3, 1, 1), nn.AvgPool2d(3, 1, 1, count_include_pad=False)])
        self.fc = nn.Sequential(
            nn.Linear(20, 16), nn.BatchNorm1d(16), nn.Dropout(), nn.ReLU(), nn.Linear(16, 10)
        )

    def forward(self, x: Tensor) -> Tensor:
        x = self.depthwise(F.relu(self.blocks(self.conv(x))))
        y = self.pointwise(x)
        pooled = torch.cat([self.pools[0](x), self.pools[1](y)], 1)
        return self.fc(F.relu(pooled).mean((2, 3)))


def settled(net: nn.Module, images: Tensor) -> nn.Module:
    """With statistics and slopes of batch normalisation that are not those of a fresh layer."""
    generator = torch.Generator().manual_seed(3)
    with torch.no_grad():
        for each in net.modules():
            if isinstance(each, nn.BatchNorm1d | nn.BatchNorm2d):
                each.weight.copy_(torch.rand(len(each.weight), generator=generator) * 2 - 0.5)
                each.bias.copy_(torch.rand(len(each.bias), generator=generator) - 0.5)
        for _ in range(10):
            net.train()(images)
    return net.eval()


IMAGES = torch.rand(40, 3, 12, 12, generator=torch.Generator().manual_seed(1)) * 2 - 0.7


@pytest.fixture(scope="module")
def everything() -> nn.Module:
    torch.manual_seed(0)
    return settled(Everything(), IMAGES)


@pytest.fixture(scope="module")
def converted(everything: nn.Module) -> IntegerNetwork:
    return integer_network(everything, exact(), calibration=IMAGES, weights="per-channel")


@pytest.mark.parametrize("lut", [exact(), exact(signed=True)], ids=["unsigned", "signed"])
@pytest.mark.parametrize("weights", ["per-tensor", "per-channel"])
@pytest.mark.parametrize("calibrator", ["min-max", "percentile"])
def test_close_to_the_float_net(everything: nn.Module, lut: Lut, weights: Any, calibrator: Any) -> None:
    net = integer_network(everything, lut, calibration=IMAGES, weights=weights, calibrator=calibrator)
    with torch.no_grad():
        expected = everything(IMAGES)
        error = (net(IMAGES) - expected).abs()
    assert error.max() < 0.05 * expected.std()
    assert error.mean() < 0.01 * expected.std()


def test_every_operation_is_close(everything: nn.Module, converted: IntegerNetwork) -> None:
    """Each output is within a few levels of the float network's, after the activation merged into it."""
    found: dict[str, np.ndarray] = {}
    converted.run(IMAGES, record=lambda operation, output: found.update({operation.name: output}))
    graph = float_graph(everything, IMAGES[:1])
    values: dict[torch.fx.Node, Tensor] = {}

    class Watched(torch.fx.Interpreter):
        def run_node(self, n: torch.fx.Node) -> Any:
            values[n] = super().run_node(n)
            return values[n]

    with torch.no_grad():
        Watched(graph.module, garbage_collect_values=False).run(IMAGES)
    for operation, layer in zip(converted.operations, graph.layers, strict=True):
        assert operation.name == layer.name
        if operation.output is not None:
            error = operation.output.dequantize(found[layer.name]) - values[layer.node].numpy()
            assert np.abs(error).max() < 10 * float(operation.output.scale), layer.name
    kinds = "conv linear affine add slice pad max_pool average_pool concatenate"
    assert {operation.kind for operation in converted.operations} == set(kinds.split())


def test_layers_of_other_networks() -> None:
    """ReLU that nothing can take over, pooling by other names, reshapes, an activation at the end."""

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv, self.pool = nn.Conv2d(3, 8, 3), nn.AdaptiveAvgPool2d((5, 1))
            self.fc = nn.Linear(40, 6)

        def forward(self, x: Tensor) -> Tensor:
            x = F.relu6(F.max_pool2d(self.conv(x), 2))
            return F.relu(self.fc(torch.flatten(self.pool(x), 1)))

    torch.manual_seed(2)
    net = Net().eval()
    converted = integer_network(net, exact(), calibration=IMAGES)
    kinds = [operation.kind for operation in converted.operations]
    assert kinds == ["conv", "max_pool", "relu", "average_pool", "flatten", "linear"]
    last = converted.operations[-1].output
    assert last is not None
    with torch.no_grad():
        expected = net(IMAGES)
        assert (converted(IMAGES) - expected).abs().max() < 0.05 * expected.max()
    logits = converted.run(IMAGES)
    assert (logits.min(), converted.output_scale) == (0, float(last.scale))


def test_relu6_is_a_clamp_at_6() -> None:
    net = nn.Sequential(nn.Conv2d(3, 4, 1), nn.ReLU6(), nn.Conv2d(4, 2, 1))
    with torch.no_grad():
        net[0].bias.fill_(5.9)
    images = IMAGES * 2
    converted = integer_network(net, exact(), calibration=images)
    assert isinstance(converted.operations[0], IntegerMacLayer)
    requantization, output = converted.operations[0].requantization, converted.operations[0].output
    assert requantization is not None
    assert output is not None
    assert requantization.low == requantization.zero_point == int(output.zero_point) == 0
    assert requantization.high == 255
    assert float(output.scale) == pytest.approx(6 / 255)


def test_relu6_on_its_own() -> None:
    """The codes before it reach further than 6."""
    net = nn.Sequential(nn.Conv2d(3, 4, 1), nn.MaxPool2d(2), nn.ReLU6(), nn.Flatten(), nn.Linear(144, 2))
    with torch.no_grad():
        net[0].bias.fill_(5.9)
        net[0].weight.mul_(4)
    converted = integer_network(net, exact(), calibration=IMAGES)
    seen: dict[str, np.ndarray] = {}
    converted.run(IMAGES, record=lambda operation, output: seen.update({operation.kind: output}))
    clamp = next(operation for operation in converted.operations if operation.kind == "relu")
    assert clamp.output is not None
    assert clamp.output.dequantize(seen["max_pool"]).max() > 7
    assert clamp.output.dequantize(seen["relu"]).max() == pytest.approx(6, abs=float(clamp.output.scale) / 2)


def residual(*kinds: nn.Module) -> nn.Module:
    class Residual(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.a, self.b = kinds

        def forward(self, x: Tensor) -> Tensor:
            return self.a(x) + self.b(x)

    return Residual()


def test_formats_follow_from_the_multipliers() -> None:
    torch.manual_seed(0)
    net = nn.Sequential(
        nn.Conv2d(3, 4, 3), nn.MaxPool2d(2), nn.ReLU(), nn.Conv2d(4, 4, 3), nn.Flatten(), nn.Linear(36, 5)
    )
    luts = {"0": exact(), "3": exact(4, 6), "5": exact(8, 7, signed=True)}
    for operand, bits in (("a", (8, 4, 4, 4, 8, 8)), ("b", (8, 6, 6, 6, 7, 7))):
        converted = integer_network(
            net,
            luts,
            calibration=IMAGES,
            activation_operand=operand,  # type: ignore[arg-type]
        )
        outputs = [operation.output for operation in converted.operations]
        assert outputs[5] is None
        formats = [(each.bits, each.signed) for each in outputs[:5] if each]
        assert [converted.input.bits, *(bits for bits, _ in formats)] == [bits[0], *bits[1:]]
        assert [signed for _, signed in formats] == [False, False, False, True, True]
        assert [layer.lut for layer in converted.mac_layers] == list(luts.values())
    shared = residual(nn.Conv2d(3, 4, 1), nn.Conv2d(3, 4, 1))
    with pytest.raises(
        AccelsimError,
        match="layers a and b take the same activations, but their multipliers take unsigned 4 bits and "
        "unsigned 8 bits; give both multipliers of one format",
    ):
        integer_network(shared, {"a": exact(4, 4), "b": exact()}, calibration=IMAGES)


def test_output_without_a_multiplier_has_8_bits() -> None:
    converted = integer_network(
        residual(nn.Conv2d(3, 4, 1), nn.Conv2d(3, 4, 1)), exact(4, 4), calibration=IMAGES
    )
    output = converted.operations[-1].output
    assert output is not None
    assert (output.bits, converted.input.bits) == (8, 4)


def test_logits_of_all_classes_share_a_scale(converted: IntegerNetwork) -> None:
    """Although weights have a scale per channel elsewhere; so integers can be compared."""
    *hidden, last = converted.mac_layers
    assert all(layer.scale.shape == (len(layer.bias),) for layer in hidden)
    assert (last.scale.shape, last.requantization) == ((), None)
    assert converted.output_scale == float(last.scale)
    logits = converted.run(IMAGES)
    assert (logits.dtype, logits.shape) == (np.int64, (40, 10))
    np.testing.assert_allclose(converted(IMAGES).numpy(), logits * float(last.scale), rtol=1e-6)


@pytest.mark.parametrize("batch_bytes", [1, 200_000, 1 << 30])
@pytest.mark.parametrize("threads", [1, 2, 3])
def test_batches_and_threads_change_nothing(
    converted: IntegerNetwork, batch_bytes: int, threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = converted.run(IMAGES, threads=1)
    monkeypatch.setattr(integer_inference, "_BATCH_BYTES", batch_bytes)
    np.testing.assert_array_equal(converted.run(IMAGES, threads=threads), expected)
    np.testing.assert_array_equal(converted.run(IMAGES[3:5].numpy(), threads=threads), expected[3:5])
    assert converted.run(IMAGES[:0]).shape == (0, 10)


def test_engine(converted: IntegerNetwork) -> None:
    """Another engine sees every layer and decides what is summed."""
    seen: list[str] = []

    def plain(layer: IntegerMacLayer, x: np.ndarray) -> np.ndarray:
        seen.append(layer.name)
        assert x.shape == (layer.groups, layer.gemm.depth, 4 * layer.gemm.pixels)
        return lut_gemm_reference(layer.table, x, layer.weight.codes).astype(np.int32)

    np.testing.assert_array_equal(converted.run(IMAGES[:4], engine=plain), converted.run(IMAGES[:4]))
    assert seen == [layer.name for layer in converted.mac_layers]


def test_recorder_sees_every_output(converted: IntegerNetwork, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(integer_inference, "_BATCH_BYTES", 400_000)
    seen: list[tuple[IntegerOperation, np.ndarray]] = []
    logits = converted.run(IMAGES, record=lambda *given: seen.append(given))
    batches = len(seen) // len(converted.operations)
    assert batches > 1
    assert [operation for operation, _ in seen] == list(converted.operations) * batches
    assert all(output.shape[1:] == operation.output_shape for operation, output in seen)
    last = [output for operation, output in seen if operation is converted.operations[-1]]
    np.testing.assert_array_equal(np.concatenate(last), logits)


@pytest.mark.parametrize("accumulator", [Accumulator(17, "saturate"), Accumulator(18)])
def test_accumulator(everything: nn.Module, accumulator: Accumulator) -> None:
    converted = integer_network(everything, exact(), calibration=IMAGES, accumulator=accumulator)

    def one_at_a_time(layer: IntegerMacLayer, x: np.ndarray) -> np.ndarray:
        products = layer.table[layer.weight.codes[:, :, :, None], x[:, None]]
        return accumulator.sum(np.moveaxis(products, 2, 0)).astype(np.int32)

    expected = converted.run(IMAGES[:2], engine=one_at_a_time)
    np.testing.assert_array_equal(converted.run(IMAGES[:2]), expected)
    wide = integer_network(everything, exact(), calibration=IMAGES)
    assert (wide.run(IMAGES[:2]) != expected).any()


def test_gradients_are_those_of_the_float_net(everything: nn.Module, converted: IntegerNetwork) -> None:
    gradients = []
    for net in (everything, converted):
        images = IMAGES[:4].clone().requires_grad_()
        (net(images) * torch.arange(10)).sum().backward()
        assert images.grad is not None
        gradients.append(images.grad)
    torch.testing.assert_close(*gradients, atol=1e-4, rtol=1e-4)
    assert not any(parameter.requires_grad for parameter in converted.parameters())


def test_float64() -> None:
    torch.manual_seed(0)
    net = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(400, 5)).double()
    converted = integer_network(net, exact(), calibration=IMAGES.double())
    assert converted(IMAGES.double()).dtype == torch.float64


def test_float_net_is_not_changed(everything: nn.Module) -> None:
    before = copy.deepcopy(everything.state_dict())
    everything.train()
    converted = integer_network(everything, exact(), calibration=IMAGES)
    assert everything.training
    assert all(torch.equal(value, before[key]) for key, value in everything.state_dict().items())
    everything.eval()
    assert not any(each.training for each in converted.modules())
    state = copy.deepcopy(converted.state_dict())
    images = IMAGES[:3].clone().requires_grad_()
    converted.train()(images).sum().backward()  # nothing in it learns or drops out
    assert all(torch.equal(value, state[key]) for key, value in converted.state_dict().items())


def test_copies(converted: IntegerNetwork) -> None:
    expected = converted.run(IMAGES)
    for twin in (copy.deepcopy(converted), pickle.loads(pickle.dumps(converted))):
        np.testing.assert_array_equal(twin.run(IMAGES), expected)
    with pytest.raises(AccelsimError, match="an integer-only network takes no state"):
        converted.load_state_dict(converted.state_dict())


def test_front_door() -> None:
    """No module hides the function."""
    assert accelsim.integer_network is integer_network
    assert accelsim.Accumulator is Accumulator


def test_a_layer_alone() -> None:
    converted = integer_network(nn.Linear(6, 2), exact(), calibration=torch.rand(4, 6))
    assert [operation.name for operation in converted.operations] == ["Linear"]


def test_operand_order_is_honoured() -> None:
    table = exact().table + np.random.default_rng(0).integers(0, 400, (256, 256))
    lut, transposed = Lut("m", table, signed=False), Lut("t", table.T, signed=False)
    torch.manual_seed(0)
    net = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(400, 5))
    first, other, second = (
        integer_network(net, each, calibration=IMAGES, activation_operand=operand).run(IMAGES)
        for each, operand in ((lut, "a"), (lut, "b"), (transposed, "b"))
    )
    np.testing.assert_array_equal(first, second)
    assert (first != other).any()


@pytest.fixture(scope="module")
def digits() -> Dataset:
    return load_dataset("digits")


@pytest.mark.parametrize("lut", [exact(), exact(signed=True)], ids=["unsigned", "signed"])
def test_lenet_on_digits(digits: Dataset, lut: Lut) -> None:
    """Fewer than one in a hundred of the test images."""
    net = trained_network("lenet5", digits, epochs=4, progress=False).net
    converted = integer_network(net, lut, calibration=calibration_images(digits, 128))
    images, labels = digits.test_images, digits.test_labels
    accuracy = accuracy_percent(net, images, labels)
    assert accuracy > 94
    assert accuracy_percent(converted, images, labels) == pytest.approx(accuracy, abs=1)


@pytest.mark.skipif("ACCELSIM_DATA" not in os.environ, reason="$ACCELSIM_DATA with MNIST is not set")
@pytest.mark.slow
@pytest.mark.parametrize("weights", ["per-tensor", "per-channel"])
@pytest.mark.parametrize("lut", [exact(), exact(signed=True)], ids=["unsigned", "signed"])
def test_lenet_on_mnist(lut: Lut, weights: Any) -> None:
    mnist = load_dataset("mnist")
    net = trained_network("lenet5", mnist, epochs=2, progress=False).net
    converted = integer_network(net, lut, calibration=calibration_images(mnist, 256), weights=weights)
    images, labels = mnist.test_images[:1000], mnist.test_labels[:1000]
    assert accuracy_percent(converted, images, labels) == pytest.approx(
        accuracy_percent(net, images, labels), abs=0.3
    )
