"""Networks as lists of layers: what is folded, merged, dropped, named and refused."""

from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from accelsim.errors import AccelsimError
from accelsim.float_graph import FloatGraph, float_graph
from accelsim.float_layers import Addition, Concatenation, Padding, Reshaping, Selection


class Net(nn.Module):
    """A network given by a function of its input and of itself."""

    def __init__(self, function: Callable[["Net", Tensor], object]) -> None:
        super().__init__()
        self.conv, self.other = nn.Conv2d(2, 4, 3, padding=1), nn.Conv2d(4, 4, 3, padding=1)
        self.bn, self.relu, self.fc = nn.BatchNorm2d(4), nn.ReLU(), nn.Linear(4, 3)
        self.sigmoid, self.pool = nn.Sigmoid(), nn.MaxPool2d(2)
        self.constant = nn.Parameter(torch.ones(1))
        self.function = function
        with torch.no_grad():
            self.bn.running_mean.uniform_(-1, 1)
            self.bn.running_var.uniform_(0.5, 2)
            self.bn.weight.uniform_(-2, 2)

    def forward(self, x: Tensor) -> object:
        return self.function(self, x)


IMAGES = torch.rand(5, 2, 8, 8, generator=torch.Generator().manual_seed(0)) - 0.3


def graph_of(function: Callable[[Net, Tensor], object] | nn.Module, images: Tensor = IMAGES) -> FloatGraph:
    torch.manual_seed(0)
    net = function if isinstance(function, nn.Module) else Net(function)
    before = images.clone()
    graph = float_graph(net, images[:1])
    expected = net.eval()(images)
    assert torch.equal(images, before)
    torch.testing.assert_close(graph.module(images), expected, atol=1e-5, rtol=1e-5)
    return graph


def steps(function: Callable[[Net, Tensor], object]) -> list[tuple[str, str, tuple[str, ...]]]:
    graph = graph_of(function)
    return [(layer.name, type(layer.operation).__name__, layer.inputs) for layer in graph.layers]


def test_batch_norm_becomes_part_of_the_layer_before_it() -> None:
    graph = graph_of(lambda net, x: net.relu(net.bn(net.conv(x))))
    (layer,) = graph.layers
    assert (layer.name, layer.inputs, layer.output_shape) == ("conv", ("x",), (4, 8, 8))
    assert isinstance(layer.activation, nn.ReLU)
    assert (graph.input, graph.output, graph.input_shape) == ("x", "conv", (2, 8, 8))
    linear = nn.Sequential(nn.Linear(5, 4), nn.BatchNorm1d(4))
    with torch.no_grad():
        linear[1].running_mean.uniform_(-1, 1)
    assert [each.name for each in graph_of(linear, torch.rand(3, 5)).layers] == ["0"]


def test_batch_norm_that_stays() -> None:
    """After an activation, where something else takes the layer's output, or the layer is called twice."""
    assert steps(lambda net, x: net.bn(net.relu(net.conv(x)))) == [
        ("conv", "Conv2d", ("x",)), ("bn", "BatchNorm2d", ("conv",)),
    ]  # fmt: skip
    assert steps(lambda net, x: net.bn(y := net.conv(x)) + y) == [
        ("conv", "Conv2d", ("x",)), ("bn", "BatchNorm2d", ("conv",)), ("add", "Addition", ("bn", "conv")),
    ]  # fmt: skip

    def twice(net: Net, x: Tensor) -> Tensor:
        return net.other(net.bn(net.other(net.conv(x))))

    assert steps(twice) == [
        ("conv", "Conv2d", ("x",)), ("other", "Conv2d", ("conv",)), ("bn", "BatchNorm2d", ("other",)),
        ("other#2", "Conv2d", ("bn",)),
    ]  # fmt: skip


def test_activations() -> None:
    assert steps(lambda net, x: F.relu6(net.relu(net.conv(x)))) == [
        ("conv", "Conv2d", ("x",)), ("relu6", "ReLU6", ("conv",)),
    ]  # fmt: skip
    assert steps(lambda net, x: net.pool(net.conv(x)).relu()) == [
        ("conv", "Conv2d", ("x",)), ("pool", "MaxPool2d", ("conv",)), ("relu", "ReLU", ("pool",)),
    ]  # fmt: skip
    assert steps(lambda net, x: torch.relu(y := net.conv(x)) + y) == [
        ("conv", "Conv2d", ("x",)), ("relu", "ReLU", ("conv",)), ("add", "Addition", ("relu", "conv")),
    ]  # fmt: skip
    assert steps(lambda net, x: net.relu(net.relu(x) + x)) == [
        ("relu", "ReLU", ("x",)), ("add", "Addition", ("relu", "x")),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "in_place",
    [
        lambda net, y: F.relu(y, inplace=True),
        lambda net, y: y.relu_(),
        lambda net, y: torch.relu_(y),
        lambda net, y: nn.ReLU.forward(nn.ReLU(inplace=True), y),
    ],
)
def test_what_runs_after_a_function_in_place_sees_its_output(in_place: Callable) -> None:
    def function(net: Net, x: Tensor) -> Tensor:
        y = net.conv(x)
        return net.other(in_place(net, y)) + y

    assert steps(function) == [
        ("conv", "Conv2d", ("x",)), ("other", "Conv2d", ("conv",)), ("add", "Addition", ("other", "conv")),
    ]  # fmt: skip


def test_layer_in_place() -> None:
    class InPlace(Net):
        def __init__(self) -> None:
            super().__init__(lambda net, x: net.other(net.relu(y := net.conv(x))) + y)
            self.relu = nn.ReLU(inplace=True)

    assert [layer.inputs for layer in graph_of(InPlace()).layers] == [("x",), ("conv",), ("other", "conv")]


@pytest.mark.parametrize(
    "drop",
    [
        nn.Identity(),
        nn.Dropout(),
        nn.Dropout2d(),
        lambda x: F.dropout(x, 0.5, False),
        lambda x: F.dropout(x, training=False),
        lambda x: x.contiguous(),
    ],
)
def test_what_is_left_out(drop: Callable) -> None:
    class Dropping(Net):
        def __init__(self) -> None:
            super().__init__(lambda net, x: net.relu(net.drop(net.bn(net.drop(net.conv(net.drop(x)))))))
            self.drop = drop

    assert [layer.name for layer in graph_of(Dropping()).layers] == ["conv"]


@pytest.mark.parametrize(
    "function",
    [
        lambda net, x: x.flatten(1),
        lambda net, x: torch.flatten(x, 1),
        lambda net, x: x.view(x.size(0), -1),
        lambda net, x: x.view(-1, 128),
        lambda net, x: x.reshape(x.shape[0], 2, 64),
        lambda net, x: x[:, :1, :1, :1].squeeze(3).squeeze(2),
        lambda net, x: torch.unsqueeze(x, 1),
    ],
)
def test_reshapes(function: Callable) -> None:
    assert isinstance(graph_of(function).layers[-1].operation, Reshaping)


def test_operations() -> None:
    def operation(function: Callable[[Net, Tensor], object]) -> object:
        return graph_of(function).layers[-1].operation

    assert operation(lambda net, x: x + x) == operation(lambda net, x: torch.add(x, x)) == Addition()
    assert operation(lambda net, x: x.add(x)) == Addition()
    assert operation(lambda net, x: torch.cat((x, x), 1)) == Concatenation()
    assert operation(lambda net, x: torch.cat([x, x], dim=-3)) == Concatenation()
    assert operation(lambda net, x: F.pad(x, (0, 0, 0, 1, 2, 3))) == Padding(((2, 3), (0, 1), (0, 0)))
    every = slice(None)
    assert operation(lambda net, x: x[:, :, ::2, 1:]) == Selection(
        (every, slice(None, None, 2), slice(1, None))
    )
    assert operation(lambda net, x: x[..., 1:]) == Selection((every, every, slice(1, None)))
    assert operation(lambda net, x: x[:, 1:]) == Selection((slice(1, None), every, every))
    for mean in (
        lambda net, x: x.mean((2, 3)),
        lambda net, x: torch.mean(x, dim=[-1, -2], keepdim=True),
        lambda net, x: F.adaptive_avg_pool2d(x, 1),
        lambda net, x: F.adaptive_avg_pool2d(x, (2, 4)),
    ):
        assert isinstance(operation(mean), nn.AdaptiveAvgPool2d)
    pool = operation(lambda net, x: F.max_pool2d(x, 3, 2, 1))
    assert isinstance(pool, nn.MaxPool2d)
    assert (pool.kernel_size, pool.stride, pool.padding) == (3, 2, 1)
    pool = operation(lambda net, x: F.avg_pool2d(x, (3, 2), ceil_mode=True, count_include_pad=False))
    assert isinstance(pool, nn.AvgPool2d)
    assert (pool.kernel_size, pool.stride, pool.ceil_mode, pool.count_include_pad) == (
        (3, 2),
        (3, 2),
        True,
        False,
    )


def test_a_step_that_takes_a_tensor_twice() -> None:
    assert steps(lambda net, x: torch.cat([x, net.conv(x), x], 1))[-1][2] == ("x", "conv", "x")


def test_ranges() -> None:
    graph = graph_of(lambda net, x: net.other(net.relu(net.bn(net.conv(x)))))
    with torch.no_grad():
        hidden = graph.module.relu(graph.module.conv(IMAGES))
    found = graph.ranges(["x", "conv"], IMAGES, None)
    assert found["x"] == (float(IMAGES.min()), float(IMAGES.max()))
    assert found["conv"] == pytest.approx((0, float(hidden.max())))
    low, high = graph.ranges(["x"], IMAGES, 90)["x"]
    assert float(IMAGES.quantile(0.1)) == pytest.approx(low, abs=0.01)
    assert float(IMAGES.quantile(0.9)) == pytest.approx(high, abs=0.01)


REFUSED = [
    (lambda net, x: net.sigmoid(net.conv(x)), "^layer sigmoid is of type Sigmoid, .*; it can do Conv2d, "),
    (lambda net, x: net.conv(x).tanh(), "^layer tanh is of type tanh, which an integer-only network cannot"),
    (lambda net, x: F.softmax(net.conv(x), 1), "^layer softmax is of type softmax"),
    (lambda net, x: net.conv(x) * 2, "^layer mul is of type mul"),
    (lambda net, x: x + 1, r"^layer add \(add\) adds a constant or a multiple"),
    (lambda net, x: torch.add(x, x, alpha=2), r"layer add \(add\) adds a constant or a multiple"),
    (lambda net, x: x + x[:, :1], "adds tensors of different shapes"),
    (lambda net, x: x + net.constant, r"layer add \(add\) takes a parameter of the net"),
    (lambda net, x: F.conv2d(x, net.conv.weight), r"layer conv2d \(conv2d\) takes a parameter of the net"),
    (lambda net, x: torch.cat([x, x], 2), "concatenates along dimension 2"),
    (lambda net, x: x.mean(1), "takes the mean over dimensions 1"),
    (lambda net, x: x.mean(), "takes the mean over dimensions None"),
    (lambda net, x: F.pad(x, (1, 1), value=1.0), r"pads \(1, 1\) in mode 'constant' with 1.0"),
    (lambda net, x: F.pad(x, (1, 1, 1, 1), mode="reflect"), "pads .* in mode 'reflect'"),
    (lambda net, x: F.pad(x, (-1, 1)), r"pads \(-1, 1\)"),
    (lambda net, x: x[:, 0], r"layer getitem \(getitem\) selects"),
    (lambda net, x: x[1:], "selects"),
    (lambda net, x: x.flatten(0), r"layer flatten \(flatten\) mixes images"),
    (lambda net, x: F.adaptive_avg_pool2d(x, 3), r"means over \(8, 8\) pixels in \(3, 3\) unequal parts"),
    (lambda net, x: net.fc(x[:, :, :, :4]), r"layer fc \(Linear\) takes an input of shape \(2, 8, 4\)"),
    (lambda net, x: F.avg_pool2d(x, 2, divisor_override=3), "has a divisor of its own"),
    (lambda net, x: F.max_pool2d(x, 2, return_indices=True)[0], "^layer max_pool2d.* returns several"),
    (lambda net, x: x.chunk(2, 1)[0], r"^layer chunk \(chunk\) returns several tensors"),
    (lambda net, x: F.dropout(x), "^layer dropout is of type dropout"),
    (lambda net, x: x.mean(dim=(2, 3), dtype=torch.float64), "has arguments that are not covered"),
    (lambda net, x: net.conv(x) if x.sum() > 0 else x, "the net cannot be traced by torch.fx: TraceError"),
    (lambda net, x: (x, x), "the net returns another thing than one tensor"),
    (lambda net, x: net.conv(x[:, :1]), r"calibration data of shape \(2, 2, 8, 8\) .* does not fit the net"),
]  # fmt: skip


@pytest.mark.parametrize(("function", "message"), REFUSED)
def test_what_is_refused(function: Callable, message: str) -> None:
    with pytest.raises(AccelsimError, match=message) as error:
        float_graph(Net(function), IMAGES[:1])
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        (nn.GroupNorm(1, 2), "^layer GroupNorm is of type GroupNorm, which"),
        (nn.ConvTranspose2d(2, 2, 2), "of type ConvTranspose2d"),
        (nn.Conv2d(2, 2, 3, padding=1, padding_mode="circular"), r"\(Conv2d\) has padding mode 'circular'"),
        (nn.BatchNorm2d(2, track_running_stats=False), r"\(BatchNorm2d\) has no running statistics"),
        (nn.AvgPool2d(2, divisor_override=3), "has a divisor of its own"),
        (nn.Sequential(nn.ReLU(), nn.Sequential(nn.ELU())), "^layer 1.0 is of type ELU"),
    ],
)
def test_layers_that_are_refused(layer: nn.Module, message: str) -> None:
    with pytest.raises(AccelsimError, match=message):
        float_graph(layer, IMAGES[:1])


def test_two_inputs() -> None:
    class Two(nn.Module):
        def forward(self, x: Tensor, y: Tensor) -> Tensor:
            return x + y

    with pytest.raises(AccelsimError, match="missing 1 required|takes 2 inputs|did not provide|not fit"):
        float_graph(Two(), IMAGES[:1])
