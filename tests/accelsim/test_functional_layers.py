"""Functions that modules call on parameters, as layers of those modules."""

import copy
import io
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from accelsim.conversion import approximate, swap_lut
from accelsim.errors import AccelsimError
from accelsim.layers import ApproxConv1d, ApproxConv2d, ApproxLinear
from accelsim.lut import Lut
from accelsim.network_report import exact_operations, layer_report
from accelsim.smoothed_difference import SmoothedDifference

TABLE = np.multiply.outer(np.arange(256), np.arange(256))
EXACT, COARSE = Lut("exact", TABLE, signed=False), Lut("coarse", TABLE >> 9 << 9, signed=False)


class Head(nn.Module):
    """Calls functions on its parameters, in one way or another."""

    def __init__(self, function: Callable[[Any, Tensor], Tensor]) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.weight, self.bias = nn.Parameter(torch.randn(3, 4)), nn.Parameter(torch.randn(3))
        self.matrix, self.square = nn.Parameter(torch.randn(4, 3)), nn.Parameter(torch.randn(4, 4))
        self.kernel, self.kernel_bias = nn.Parameter(torch.randn(6, 2, 3, 3)), nn.Parameter(torch.randn(6))
        self.line, self.function = nn.Parameter(torch.randn(2, 4, 3)), function
        self.extra = 2

    def forward(self, x: Tensor) -> Tensor:
        return self.function(self, x)


def image(*shape: int) -> Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(1)) - 0.2


CALLS: list[Any] = [
    (lambda net, x: F.linear(x, net.weight, net.bias), image(6, 4), ["linear"]),
    (lambda net, x: F.linear(x, net.weight), image(6, 5, 4), ["linear"]),
    (
        lambda net, x: F.linear(x, net.weight, net.bias) + F.linear(x, net.weight),
        image(6, 4),
        ["linear", "linear_1"],
    ),
    (lambda net, x: x @ net.matrix, image(6, 5, 4), ["matmul"]),
    (lambda net, x: torch.matmul(x, net.matrix), image(6, 4), ["matmul"]),
    (lambda net, x: torch.mm(x, net.matrix), image(6, 4), ["mm"]),
    (lambda net, x: x @ net.weight.t(), image(6, 4), ["matmul"]),
    (lambda net, x: x @ net.weight.mT + net.bias, image(6, 4), ["matmul"]),
    (lambda net, x: F.linear(x, net.matrix.T), image(6, 4), ["linear"]),
    (lambda net, x: (x @ net.square) @ net.square.t(), image(6, 4), ["matmul", "matmul_1"]),
    (lambda net, x: F.linear(F.linear(x, net.square), net.square), image(6, 4), ["linear"]),
    (
        lambda net, x: F.conv2d(x, net.kernel, net.kernel_bias, (2, 1), padding=[1, 0], groups=2),
        image(5, 4, 7, 6),
        ["conv2d"],
    ),
    (
        lambda net, x: F.conv2d(x, net.kernel) + F.conv2d(x, net.kernel, dilation=1),
        image(5, 2, 7, 6),
        ["conv2d"],
    ),
    (
        lambda net, x: F.conv2d(x, net.kernel, padding="same") * F.conv2d(x, net.kernel, padding=1).relu(),
        image(5, 2, 7, 6),
        ["conv2d", "conv2d_1"],
    ),
    (lambda net, x: torch.conv1d(input=x, weight=net.line, stride=2), image(5, 4, 9), ["conv1d"]),
]


@pytest.mark.parametrize("gradient", ["straight-through", SmoothedDifference(4)])
@pytest.mark.parametrize(("function", "images", "names"), CALLS)
def test_calls_become_layers(
    function: Callable[[Any, Tensor], Tensor], images: Tensor, names: list[str], gradient: Any
) -> None:
    net = Head(function)
    converted: Any = approximate(net, EXACT, calibration=images, gradient=gradient)
    assert [row.name for row in layer_report(converted)] == names
    expected = net(images)
    assert (converted(images) - expected).abs().max() < 0.05 * expected.abs().max()
    assert not torch.equal(swap_lut(converted, COARSE)(images), converted(images))
    assert (type(converted), converted.extra, list(net.children())) == (Head, 2, [])
    exact = {row.name for row in exact_operations(converted, images)}
    assert exact <= {"mul"}
    upstream = torch.randn(expected.shape)
    wanted = torch.autograd.grad(expected, list(net.parameters()), upstream, allow_unused=True)
    got = torch.autograd.grad(converted(images), list(converted.parameters()), upstream, allow_unused=True)
    for found, known in zip(got, wanted, strict=True):
        assert (found is None) == (known is None)
        if found is not None and known is not None:
            assert (found - known).norm() < 0.1 * known.norm()


def test_kinds_of_layers() -> None:
    kinds = (ApproxLinear, ApproxConv2d, ApproxConv1d)
    for (function, images, (name,)), kind in zip((CALLS[0], CALLS[11], CALLS[14]), kinds, strict=True):
        converted = approximate(Head(function), EXACT, calibration=images)
        assert type(converted.get_submodule(name)) is kind


@pytest.mark.parametrize(
    ("function", "reason"),
    [
        (lambda net, x: F.linear(x, net.weight * 2), "neither operand is a parameter"),
        (lambda net, x: x @ x.transpose(0, 1), "neither operand is a parameter"),
        (lambda net, x: F.linear(x, net.weight, net.bias * 2), "its bias is not a parameter"),
        (lambda net, x: torch.einsum("ij,kj->ik", x, net.weight), "einsum has no approximate counterpart"),
    ],
)
def test_calls_that_stay(function: Callable[[Any, Tensor], Tensor], reason: str) -> None:
    images = image(6, 4)
    net = nn.Sequential(nn.Linear(4, 4), Head(function))
    converted = approximate(net, EXACT, calibration=images)
    assert [row.name for row in layer_report(converted)] == ["0"]
    assert reason in {row.reason for row in exact_operations(converted, images)}


def test_control_flow_stays() -> None:
    """Nothing is fixed as it was at conversion: neither data-dependent branches nor the training mode."""

    def function(net: Head, x: Tensor) -> Tensor:
        y = F.linear(x, net.weight)
        if y.sum() > 0:
            y = -y
        return F.dropout(y, 1.0, net.training)

    images = image(6, 4)
    converted = approximate(Head(function), EXACT, calibration=images)
    outputs = [converted(sign * images).sum() for sign in (1, -1)]
    assert max(outputs) < 0
    assert converted.train()(images).abs().max() == 0


def test_a_subclass_and_a_tied_embedding() -> None:
    class Same(nn.Conv2d):
        def forward(self, input: Tensor) -> Tensor:
            return self._conv_forward(F.pad(input, (0, 1, 0, 1)), self.weight, self.bias)

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv, self.embedding = Same(1, 4, 2), nn.Embedding(7, 4)

        def forward(self, x: Tensor) -> Tensor:
            return F.linear(self.conv(x).mean((2, 3)), self.embedding.weight)

    images = image(5, 1, 6, 6)
    net = Net()
    converted: Any = approximate(net, EXACT, calibration=images)
    assert [row.name for row in layer_report(converted)] == ["conv.conv2d", "linear"]
    assert converted.linear.weight is converted.embedding.weight
    assert (converted(images) - net(images)).abs().max() < 0.05 * net(images).abs().max()
    assert len(list(converted.parameters())) == len(list(net.parameters()))


def test_choice_by_name() -> None:
    net = Head(lambda net, x: F.linear(F.linear(x, net.square), net.weight, net.bias))
    images = image(6, 4)
    converted: Any = approximate(net, EXACT, calibration=images, layers=["linear_1"])
    assert [row.name for row in layer_report(converted)] == ["linear_1"]
    assert [(row.name, row.kind, row.reason) for row in exact_operations(converted, images)] == [
        ("linear", "Linear", "not among the layers chosen")
    ]
    with pytest.raises(AccelsimError, match=r"the net has no layer 'lineer'; did you mean linear"):
        approximate(net, EXACT, calibration=images, layers=["lineer"])


def test_copies_and_state() -> None:
    images = image(6, 4)
    nets = [Head(_two_calls), Head(_two_calls)]
    nets[1].weight.data.mul_(2)
    converted, other = (approximate(net, EXACT, calibration=images) for net in nets)
    expected = converted(images)
    file = io.BytesIO()
    torch.save(converted, file)
    file.seek(0)
    twin, loaded = copy.deepcopy(converted), torch.load(file, weights_only=False)
    with torch.no_grad():
        converted.weight.zero_()
    assert not torch.equal(converted(images), expected)
    assert torch.equal(twin(images), expected)
    assert torch.equal(loaded(images), expected)
    other.load_state_dict(twin.state_dict())
    assert torch.equal(other(images), expected)


def _two_calls(net: Head, x: Tensor) -> Tensor:
    return F.linear(x, net.weight) @ net.weight


def test_a_layer_that_is_called_and_its_parameters_too() -> None:
    class Both(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc = nn.Linear(4, 3)

        def forward(self, x: Tensor) -> Tensor:
            return self.fc(x) + F.linear(2 * x, self.fc.weight, self.fc.bias)

    converted = approximate(Both(), EXACT, calibration=image(6, 4))
    assert {row.name: row.macs_per_image for row in layer_report(converted)} == {"fc": 12, "linear": 12}
