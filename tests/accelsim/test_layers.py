"""The layers against plain integer loops, PyTorch in float64, and the float layer's gradients."""

from itertools import product
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from accelsim.layers import ApproxLayer, approximate_layer
from accelsim.lut import Lut, operand_values
from accelsim.quantization import quant_params, weight_params

#: PyTorch says this of its own float convolution, which is the reference here.
pytestmark = pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel lengths")


def exact_lut(a_width: int = 8, b_width: int = 8, *, signed: bool = False) -> Lut:
    table = np.multiply.outer(operand_values(a_width, signed), operand_values(b_width, signed))
    return Lut("exact", table, signed)


def random_lut(rng: np.random.Generator, a_width: int, b_width: int, *, signed: bool) -> Lut:
    bits = a_width + b_width
    low, high = (-(1 << bits - 1), 1 << bits - 1) if signed else (0, 1 << bits)
    return Lut("random", rng.integers(low, high, (1 << a_width, 1 << b_width)), signed)


def quantized(
    layer: nn.Conv1d | nn.Conv2d | nn.Linear,
    lut: Lut,
    inputs: torch.Tensor,
    *,
    operand: Any = "a",
    per_channel: bool = False,
) -> ApproxLayer:
    bits = (lut.a_width, lut.b_width) if operand == "a" else (lut.b_width, lut.a_width)
    values = inputs.detach().numpy()
    return approximate_layer(
        layer,
        lut,
        quant_params(values.min(), values.max(), bits[0], lut.signed),
        weight_params(layer.weight.detach().numpy(), bits[1], lut.signed, per_channel),
        activation_operand=operand,
        name="c1",
    )


@st.composite
def convolutions(draw: st.DrawFn) -> tuple[nn.Conv2d, torch.Tensor]:
    """Any convolution that PyTorch accepts, with an input."""
    torch.manual_seed(draw(st.integers(0, 2**32)))
    groups = draw(st.integers(1, 3))
    channels, filters = groups * draw(st.integers(1, 2)), groups * draw(st.integers(1, 3))
    side = st.integers(1, 3)
    kernel, dilation = (draw(side), draw(side)), (draw(side), draw(side))
    padding: Any = draw(
        st.one_of(st.sampled_from(["same", "valid"]), st.tuples(st.integers(0, 3), st.integers(0, 3)))
    )
    stride = (1, 1) if padding == "same" else (draw(side), draw(side))
    conv = nn.Conv2d(
        channels,
        filters,
        kernel,
        stride,
        padding,
        dilation,
        groups,
        bias=draw(st.booleans()),
        dtype=torch.float64,
    )
    smallest = [d * (k - 1) + 1 for k, d in zip(kernel, dilation, strict=True)]
    shape = (draw(st.integers(1, 3)), channels, *(size + draw(st.integers(0, 4)) for size in smallest))
    return conv, torch.randn(shape, dtype=torch.float64) + draw(st.sampled_from([-1.0, 0.0, 2.0]))


widths = st.integers(2, 8)
operand = st.sampled_from(["a", "b"])


def plain_convolution(layer: ApproxLayer, conv: nn.Conv2d, codes: np.ndarray) -> np.ndarray:
    """Integer output of a convolution, one product at a time but for the images."""
    lut, activation, weight = layer.lut, layer.activation_params, layer.weight_params
    x = activation.levels(codes)
    w = weight.levels(weight.quantize(conv.weight.detach().numpy()))
    zx, zw = int(activation.zero_point), np.broadcast_to(weight.zero_point, len(w))
    shape = conv(torch.zeros(codes.shape, dtype=torch.float64)).shape
    pads = [0, 0]
    if conv.padding == "same":
        pads = [d * (k - 1) // 2 for d, k in zip(conv.dilation, conv.kernel_size, strict=True)]
    elif conv.padding != "valid":
        pads = [int(side) for side in conv.padding]
    out = np.zeros(shape, np.int64)
    inputs = conv.in_channels // conv.groups
    for o, row, column in product(*map(range, shape[1:])):
        group = o // (conv.out_channels // conv.groups)
        for c, i, j in product(range(inputs), *map(range, conv.kernel_size)):
            y = row * conv.stride[0] + i * conv.dilation[0] - pads[0]
            z = column * conv.stride[1] + j * conv.dilation[1] - pads[1]
            inside = 0 <= y < x.shape[2] and 0 <= z < x.shape[3]
            seen = x[:, group * inputs + c, y, z] if inside else np.full(len(x), zx)
            factor = np.full(len(x), w[o, c, i, j])
            operands = (seen, factor) if layer.activation_operand == "a" else (factor, seen)
            out[:, o, row, column] += lut.multiply(*operands) - zw[o] * seen - zx * factor + zx * zw[o]
    return out


@settings(max_examples=80)
@given(convolutions(), widths, widths, st.booleans(), operand, st.booleans(), st.integers(0, 2**32))
def test_convolution_equals_integer_loops(
    given: tuple[nn.Conv2d, torch.Tensor],
    a_width: int,
    b_width: int,
    signed: bool,
    operand: str,
    per_channel: bool,
    seed: int,
) -> None:
    conv, inputs = given
    lut = random_lut(np.random.default_rng(seed), a_width, b_width, signed=signed)
    layer = quantized(conv, lut, inputs, operand=operand, per_channel=per_channel)
    codes = layer.activation_params.quantize(inputs.numpy())
    expected = plain_convolution(layer, conv, codes)
    np.testing.assert_array_equal(layer.accumulate(codes), expected)
    scale = layer.activation_scale.double() * layer.weight_scale.double()
    bias = 0 if conv.bias is None else conv.bias.detach()[:, None, None]
    torch.testing.assert_close(
        layer(inputs).detach(),
        torch.from_numpy(expected) * scale.reshape(-1, 1, 1) + bias,
        rtol=1e-14,
        atol=1e-300,
    )


@settings(max_examples=50)
@given(convolutions(), widths, widths, st.booleans(), operand, st.booleans())
def test_exact_multiplier_is_convolution_of_dequantized_values(
    given: tuple[nn.Conv2d, torch.Tensor],
    a_width: int,
    b_width: int,
    signed: bool,
    operand: str,
    per_channel: bool,
) -> None:
    conv, inputs = given
    layer = quantized(
        conv, exact_lut(a_width, b_width, signed=signed), inputs, operand=operand, per_channel=per_channel
    )
    activation, weight = layer.activation_params, layer.weight_params
    x = activation.dequantize(activation.quantize(inputs.numpy()))
    w = weight.dequantize(weight.quantize(conv.weight.detach().numpy()))
    geometry = (conv.stride, conv.padding, conv.dilation, conv.groups)
    expected = F.conv2d(torch.from_numpy(x), torch.from_numpy(w), conv.bias, *geometry)
    torch.testing.assert_close(layer(inputs), expected, rtol=1e-9, atol=1e-9)


@st.composite
def lines(draw: st.DrawFn) -> tuple[nn.Conv1d, torch.Tensor]:
    """Any 1-D convolution that PyTorch accepts, with an input."""
    torch.manual_seed(draw(st.integers(0, 2**32)))
    groups, kernel, dilation = (draw(st.integers(1, 3)) for _ in range(3))
    channels, filters = groups * draw(st.integers(1, 2)), groups * draw(st.integers(1, 3))
    padding: Any = draw(st.one_of(st.sampled_from(["same", "valid"]), st.integers(0, 3)))
    stride = 1 if padding == "same" else draw(st.integers(1, 3))
    conv = nn.Conv1d(channels, filters, kernel, stride, padding, dilation, groups, dtype=torch.float64)
    length = dilation * (kernel - 1) + 1 + draw(st.integers(0, 6))
    return conv, torch.randn((draw(st.integers(1, 3)), channels, length), dtype=torch.float64)


@settings(max_examples=40)
@given(lines(), widths, st.booleans(), operand, st.integers(0, 2**32))
def test_1d_convolution(
    given: tuple[nn.Conv1d, torch.Tensor], bits: int, signed: bool, operand: str, seed: int
) -> None:
    """Its exact part against PyTorch, its approximate part against a 2-D one of one row."""
    conv, inputs = given
    layer = quantized(conv, exact_lut(bits, bits, signed=signed), inputs, operand=operand)
    activation, weight = layer.activation_params, layer.weight_params
    codes = activation.quantize(inputs.numpy())
    x = activation.dequantize(codes)
    w = weight.dequantize(weight.quantize(conv.weight.detach().numpy()))
    geometry = (conv.stride, conv.padding, conv.dilation, conv.groups)
    expected = F.conv1d(torch.from_numpy(x), torch.from_numpy(w), conv.bias, *geometry)
    torch.testing.assert_close(layer(inputs), expected, rtol=1e-9, atol=1e-9)
    torch.testing.assert_close(layer(inputs[0]), expected[0], rtol=1e-9, atol=1e-9)
    check_gradients(conv, layer, inputs)

    layer.set_multiplier(random_lut(np.random.default_rng(seed), bits, bits, signed=signed))
    padding = conv.padding if isinstance(conv.padding, str) else (0, *conv.padding)
    flat = nn.Conv2d(
        conv.in_channels, conv.out_channels, (1, *conv.kernel_size), (1, *conv.stride), padding,
        (1, *conv.dilation), conv.groups, dtype=torch.float64,
    )  # fmt: skip
    flat.weight.data.copy_(conv.weight[:, :, None])
    twin = approximate_layer(flat, layer.lut, activation, weight, activation_operand=layer.activation_operand)
    np.testing.assert_array_equal(layer.accumulate(codes), twin.accumulate(codes[:, :, None])[:, :, 0])


@settings(max_examples=50)
@given(
    st.tuples(*[st.integers(1, 9)] * 3),
    widths,
    widths,
    st.booleans(),
    operand,
    st.booleans(),
    st.integers(0, 2**32),
)
def test_linear_equals_integer_sums(
    shape: tuple[int, int, int],
    a_width: int,
    b_width: int,
    signed: bool,
    operand: str,
    per_channel: bool,
    seed: int,
) -> None:
    torch.manual_seed(seed)
    images, depth, channels = shape
    linear, inputs = nn.Linear(depth, channels), torch.randn(images, depth)
    lut = random_lut(np.random.default_rng(seed), a_width, b_width, signed=signed)
    layer = quantized(linear, lut, inputs, operand=operand, per_channel=per_channel)
    activation, weight = layer.activation_params, layer.weight_params
    codes = activation.quantize(inputs.numpy())
    x = activation.levels(codes)[:, None, :]
    w = weight.levels(weight.quantize(linear.weight.detach().numpy()))[None]
    zx, zw = int(activation.zero_point), np.broadcast_to(weight.zero_point, channels)[:, None]
    products = lut.multiply(x, w) if operand == "a" else lut.multiply(w, x)
    exact = x * w
    expected = (products.astype(np.int64) - exact + (x - zx) * (w - zw)).sum(axis=2)
    np.testing.assert_array_equal(layer.accumulate(codes), expected)


@settings(max_examples=30)
@given(convolutions(), st.booleans(), st.integers(0, 2**32))
def test_gradients_are_those_of_the_float_convolution(
    given: tuple[nn.Conv2d, torch.Tensor], signed: bool, seed: int
) -> None:
    conv, inputs = given
    layer = quantized(conv, random_lut(np.random.default_rng(seed), 8, 8, signed=signed), inputs)
    check_gradients(conv, layer, inputs)


@pytest.mark.parametrize("bias", [False, True])
def test_gradients_are_those_of_the_float_linear_layer(bias: bool) -> None:
    linear = nn.Linear(5, 3, bias=bias)
    inputs = torch.randn(4, 2, 5)
    check_gradients(linear, quantized(linear, exact_lut(), inputs), inputs)


def check_gradients(floating: nn.Module, layer: ApproxLayer, inputs: torch.Tensor) -> None:
    gradients = []
    upstream = torch.randn_like(floating(inputs))
    for module in (floating, layer):
        x = inputs.clone().requires_grad_()
        wanted = [x, *floating.parameters()]
        gradients.append(torch.autograd.grad(module(x), wanted, upstream))
    for expected, got in zip(*gradients, strict=True):
        torch.testing.assert_close(
            got, expected, rtol=1e-12 if expected.dtype == torch.float64 else 1e-5, atol=1e-5
        )


def test_only_wanted_gradients_are_computed() -> None:
    linear, inputs = nn.Linear(5, 3), torch.randn(4, 5)
    layer = quantized(linear.requires_grad_(False), exact_lut(), inputs)
    assert not layer(inputs).requires_grad
    x = inputs.clone().requires_grad_()
    layer(x).sum().backward()
    torch.testing.assert_close(x.grad, linear.weight.sum(0).expand(4, 5))
    with torch.no_grad():
        assert not layer(x).requires_grad


def test_second_derivative_is_refused() -> None:
    layer, x = (
        quantized(nn.Linear(5, 3), exact_lut(), torch.randn(4, 5)),
        torch.randn(4, 5, requires_grad=True),
    )
    (gradient,) = torch.autograd.grad(layer(x).pow(2).sum(), x, create_graph=True)
    with pytest.raises(RuntimeError, match="once_differentiable"):
        gradient.sum().backward()
