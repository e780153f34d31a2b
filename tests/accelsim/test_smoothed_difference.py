"""Slopes of tables against loops, and the gradients of layers against differences of a smooth table."""

from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from accelsim.errors import AccelsimError
from accelsim.layers import approximate_layer
from accelsim.lut import Lut, operand_values
from accelsim.matrix_product import MatrixProduct
from accelsim.quantization import quant_params, weight_params
from accelsim.smoothed_difference import SmoothedDifference, slopes, sums_of_slopes


def plain_slopes(lut: Lut, half_window: int) -> np.ndarray:
    """Slopes along operand b, one by one, over values in order."""
    values = np.sort(operand_values(lut.b_width, lut.signed))
    found = np.zeros(lut.table.shape)
    for a in range(len(lut.table)):
        row = lut.multiply(np.full(len(values), operand_values(lut.a_width, lut.signed)[a]), values)
        for i, value in enumerate(values):
            if half_window < i < len(values) - 1 - half_window:
                after = row[i + 1 - half_window : i + 2 + half_window].mean()
                before = row[i - 1 - half_window : i + half_window].mean()
                slope = (after - before) / 2
            else:
                sign = -1 if operand_values(lut.a_width, lut.signed)[a] < 0 else 1
                slope = sign * (row.max() - row.min()) / len(row)
            found[a, value & ((1 << lut.b_width) - 1)] = slope
    return found


@settings(max_examples=25)
@given(st.integers(2, 6), st.integers(2, 6), st.booleans(), st.integers(1, 40), st.integers(0, 2**32))
def test_slopes(a_width: int, b_width: int, signed: bool, half_window: int, seed: int) -> None:
    bits = a_width + b_width
    low, high = (-(1 << bits - 1), 1 << bits - 1) if signed else (0, 1 << bits)
    table = np.random.default_rng(seed).integers(low, high, (1 << a_width, 1 << b_width))
    lut = Lut("random", table, signed)
    by_a, by_b = slopes(lut, half_window)
    np.testing.assert_allclose(by_b, plain_slopes(lut, half_window), rtol=1e-5, atol=1e-4)
    transposed = Lut("transposed", table.T, signed)
    np.testing.assert_allclose(by_a, plain_slopes(transposed, half_window).T, rtol=1e-5, atol=1e-4)


@pytest.mark.parametrize("half_window", [0, -1, 2.0])
def test_half_window(half_window: Any) -> None:
    with pytest.raises(AccelsimError, match=f"half_window is {half_window}; expected a whole number"):
        SmoothedDifference(half_window)


@pytest.mark.parametrize("threads", [1, 3])
def test_sums_of_slopes(threads: int) -> None:
    rng = np.random.default_rng(0)
    by_x, by_w = rng.normal(size=(2, 16, 32)).astype(np.float32)
    x = rng.integers(0, 32, (2, 5, 7)).astype(np.uint8)
    w = rng.integers(0, 16, (2, 3, 5)).astype(np.uint8)
    upstream = rng.normal(size=(2, 3, 7)).astype(np.float32)
    of_x, of_w = sums_of_slopes(by_x, by_w, x, w, upstream, threads)
    at = w[:, :, :, None], x[:, None]  # [g, o, k, p]
    np.testing.assert_allclose(of_x, (by_x[at] * upstream[:, :, None]).sum(1), rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(of_w, (by_w[at] * upstream[:, :, None]).sum(3), rtol=1e-5, atol=1e-5)


def layers_with_inputs() -> list[Any]:
    torch.manual_seed(0)
    return [
        (nn.Conv2d(4, 6, (3, 2), stride=(2, 1), padding=(1, 2), dilation=(1, 2), groups=2), (3, 4, 8, 7)),
        (nn.Conv2d(3, 2, 2, padding="same", bias=False), (2, 3, 5, 6)),
        (nn.Conv2d(4, 4, 3, stride=2, groups=4), (2, 4, 8, 8)),
        (nn.Conv1d(4, 2, 3, stride=2, padding=1), (5, 4, 9)),
        (nn.Linear(7, 3), (4, 2, 7)),
        (MatrixProduct(nn.Parameter(torch.randn(7, 3))), (4, 7)),
    ]


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel lengths")
@pytest.mark.parametrize("operand", ["a", "b"])
@pytest.mark.parametrize("per_channel", [False, True])
@pytest.mark.parametrize(("float_layer", "shape"), layers_with_inputs())
def test_gradients_of_a_smooth_table(
    float_layer: Any, shape: tuple[int, ...], operand: Any, per_channel: bool
) -> None:
    """Of products ``(a/2 + 20) * b``, the derivatives are known: those of a layer of changed operands.

    Codes stay away from the ends of their range, where the slope is that of the whole range.
    """
    a, b = np.ogrid[:256, :256]
    lut = Lut("halved", (a // 2 * 2) * b // 2 + 20 * b, signed=False)
    inputs = (torch.rand(shape) * 2 - 0.7).requires_grad_()
    rows = float_layer.weight.T if isinstance(float_layer, MatrixProduct) else float_layer.weight
    wide = rows.detach().numpy() * 1.5
    layer = approximate_layer(
        float_layer, lut, quant_params(-1.2, 2, 8, signed=False),
        weight_params(wide, 8, signed=False, per_channel=per_channel),
        activation_operand=operand, gradient=SmoothedDifference(3),
    )  # fmt: skip
    x_params, w_params = layer.activation_params, layer.weight_params
    codes = x_params.quantize(inputs.detach().numpy())
    x = torch.from_numpy(x_params.dequantize(codes)).requires_grad_()
    w = torch.from_numpy(w_params.dequantize(w_params.quantize(rows.detach().numpy()))).requires_grad_()
    upstream = torch.randn(layer(inputs).shape)
    wanted = [inputs, *layer.parameters()]
    got = torch.autograd.grad(layer(inputs), wanted, upstream)

    # mul = (qa / 2 + 20) * qb, and the exact corrections, in real units.
    sx, zx = float(x_params.scale), float(x_params.zero_point)
    shape_w = (-1, *(1 for _ in w.shape[1:]))
    sw = torch.from_numpy(np.broadcast_to(w_params.scale, len(w)).reshape(shape_w).astype(np.float64))
    zw = torch.from_numpy(np.broadcast_to(w_params.zero_point, len(w)).reshape(shape_w).astype(np.float64))
    qx, qw = x / sx + zx, w / sw + zw
    fa, fb = (qx / 2 + 20, qw) if operand == "a" else (qx, qw / 2 + 20)

    def linear(x: torch.Tensor, w: torch.Tensor, pad: float) -> torch.Tensor:
        if not isinstance(float_layer, nn.Conv1d | nn.Conv2d):
            return F.linear(x, w)
        sides = layer.geometry.padding[: 2 * (x.dim() - 2)]
        convolve: Any = F.conv1d if isinstance(float_layer, nn.Conv1d) else F.conv2d
        padded = F.pad(x, sides, value=pad)
        return convolve(padded, w, None, float_layer.stride, 0, float_layer.dilation, float_layer.groups)

    pad_q, pad_f = zx, zx / 2 + 20 if operand == "a" else zx
    along = 1 if isinstance(float_layer, nn.Conv1d | nn.Conv2d) else -1
    per_output = [-1 if d == along % upstream.dim() else 1 for d in range(upstream.dim())]
    ones = torch.ones_like(qw)
    exact = linear(fa, fb, pad_f) - zw.reshape(per_output) * linear(qx, ones, pad_q)
    exact = exact - zx * linear(torch.ones_like(qx), qw, 1.0)
    output = exact * sx * sw.reshape(per_output)
    expected = list(torch.autograd.grad(output, [x, w], upstream.double()))
    if isinstance(float_layer, MatrixProduct):
        expected[1] = expected[1].T
    if float_layer.bias is not None:
        expected.append(upstream.double().transpose(along, 0).flatten(1).sum(1))
    for found, known in zip(got, expected, strict=True):
        torch.testing.assert_close(found.double(), known, rtol=0.02, atol=0.02 * float(known.abs().max()))


def test_only_wanted_gradients() -> None:
    linear, inputs = nn.Linear(5, 3).requires_grad_(False), torch.rand(4, 5, requires_grad=True)
    params = quant_params(-1, 1, 8, signed=False)
    lut = Lut("exact", np.multiply.outer(np.arange(256), np.arange(256)), signed=False)
    layer = approximate_layer(linear, lut, params, params, gradient=SmoothedDifference(1))
    layer(inputs).sum().backward()
    assert inputs.grad is not None
    assert linear.weight.grad is None
    assert layer.double()(inputs.detach().double().requires_grad_()).dtype == torch.float64
