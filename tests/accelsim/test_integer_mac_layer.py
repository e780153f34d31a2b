"""A convolution or linear layer in integers against loops over Python's own."""

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from accelsim.accumulator import Accumulator
from accelsim.im2col import ConvGeometry
from accelsim.integer_mac_layer import IntegerMacLayer
from accelsim.lut import Lut
from accelsim.quantization import quant_params, weight_params
from accelsim.requantization import Requantization
from accelsim.systolic_array import Gemm
from accelsim.zero_points import QuantizedWeight


def mac_layer(
    layer: nn.Conv2d | nn.Linear,
    lut: Lut,
    input_shape: tuple[int, ...],
    *,
    operand: Any = "a",
    accumulator: Accumulator = Accumulator(),  # noqa: B008
    per_channel: bool = False,
    sums: bool = False,
) -> IntegerMacLayer:
    """A layer whose input lies in -0.5 to 1, its output in -2 to 2 or as sums."""
    bits = (lut.a_width, lut.b_width) if operand == "a" else (lut.b_width, lut.a_width)
    source, output = quant_params(-0.5, 1, bits[0], lut.signed), quant_params(-2, 2, 8, lut.signed)
    weight = layer.weight.detach().numpy()
    params = weight_params(weight, bits[1], lut.signed, per_channel)
    scale = float(source.scale) * params.scale.astype(np.float64)
    bias = np.zeros(len(weight)) if layer.bias is None else layer.bias.detach().double().numpy()
    conv = isinstance(layer, nn.Conv2d)
    geometry = ConvGeometry.of(layer) if conv else None
    return IntegerMacLayer(
        name="layer",
        inputs=("x",),
        input_shape=input_shape,
        output_shape=tuple(layer(torch.zeros(1, *input_shape)).shape[1:]),
        source=source,
        output=None if sums else output,
        lut=lut,
        activation_operand=operand,
        weight=QuantizedWeight.of(weight, params, layer.groups if conv else 1),
        bias=np.rint(bias / scale).astype(np.int64),
        geometry=geometry,
        accumulator=accumulator,
        scale=scale,
        requantization=None if sums else Requantization.of(scale / float(output.scale), output),
    )


def random_lut(a_width: int, b_width: int, *, signed: bool) -> Lut:
    span = 1 << a_width + b_width
    table = np.random.default_rng(1).integers(0, span, (1 << a_width, 1 << b_width))
    return Lut("random", table - span // 2 if signed else table, signed)


def looped(
    layer: IntegerMacLayer, conv: nn.Conv2d | nn.Linear, image: np.ndarray
) -> dict[tuple[int, ...], int]:
    """The corrected sums of one image of codes, product by product, from the definition of a convolution."""
    if isinstance(conv, nn.Linear):
        image = image.reshape(-1, 1, 1)
        kernel, stride, padding, dilation, groups = (1, 1), (1, 1), (0, 0), (1, 1), 1
    else:
        assert not isinstance(conv.padding, str)
        kernel, stride, padding, dilation, groups = (
            conv.kernel_size, conv.stride, conv.padding, conv.dilation, conv.groups
        )  # fmt: skip
    _, channels, _ = layer.weight.codes.shape
    inputs = len(image) // groups
    source, zero = layer.source, int(layer.source.zero_point)
    signed = layer.lut.signed
    weight_bits = layer.lut.b_width if layer.activation_operand == "a" else layer.lut.a_width
    sums = {}
    for place in np.ndindex(layer.output_shape):
        channel, row, column = (*place, 0, 0)[:3]
        g, own = channel // channels, channel % channels
        zw = int(layer.weight.zero_points[g, own, 0])
        products, corrections, k = [], 0, 0
        for c in range(g * inputs, (g + 1) * inputs):
            for i in range(kernel[0]):
                for j in range(kernel[1]):
                    y, x = (
                        row * stride[0] + i * dilation[0] - padding[0],
                        column * stride[1] + j * dilation[1] - padding[1],
                    )
                    inside = 0 <= y < image.shape[1] and 0 <= x < image.shape[2]
                    code = int(image[c, y, x]) if inside else zero % 2**source.bits
                    weight = int(layer.weight.codes[g, own, k])
                    a, b = (code, weight) if layer.activation_operand == "a" else (weight, code)
                    products.append(int(layer.lut.table[a, b]))
                    if signed:
                        code -= (code >> source.bits - 1) << source.bits
                        weight -= (weight >> weight_bits - 1) << weight_bits
                    corrections += zero * zw - zw * code - zero * weight
                    k += 1
        acc = int(layer.accumulator.sum(np.array(products)))
        sums[place] = acc + corrections + int(layer.bias[channel])
    return sums


CONVOLUTIONS = [
    {"in_channels": 2, "out_channels": 3, "kernel_size": 3, "padding": 1},
    {"in_channels": 4, "out_channels": 6, "kernel_size": (3, 2), "stride": (2, 1), "padding": (1, 0),
     "groups": 2},
    {"in_channels": 3, "out_channels": 3, "kernel_size": 3, "groups": 3, "dilation": (1, 2), "bias": False},
    {"in_channels": 3, "out_channels": 6, "kernel_size": 2, "groups": 3, "stride": 2, "padding": 1},
]  # fmt: skip


@settings(max_examples=40)
@given(
    st.sampled_from([*CONVOLUTIONS, None]),
    st.sampled_from([(8, 8), (6, 4), (3, 8)]),
    st.booleans(),
    st.sampled_from(["a", "b"]),
    st.sampled_from([Accumulator(), Accumulator(17, "saturate"), Accumulator(18)]),
    st.booleans(),
)
def test_equals_loops(
    conv: dict[str, Any] | None,
    widths: tuple[int, int],
    signed: bool,
    operand: Any,
    accumulator: Accumulator,
    per_channel: bool,
) -> None:
    torch.manual_seed(0)
    layer: Any = nn.Linear(7, 4) if conv is None else nn.Conv2d(**conv)
    shape = (7,) if conv is None else (conv["in_channels"], 5, 6)
    lut = random_lut(*widths, signed=signed)
    own = {"operand": operand, "accumulator": accumulator, "per_channel": per_channel}
    integer = mac_layer(layer, lut, shape, sums=True, **own)
    images = np.random.default_rng(2).integers(0, 1 << integer.source.bits, (2, *shape)).astype(np.uint8)
    sums = integer.run(images)
    assert (sums.dtype, sums.shape) == (np.int64, (2, *integer.output_shape))
    for image, found in zip(images, sums, strict=True):
        for place, expected in looped(integer, layer, image).items():
            assert found[place] == expected
    coded = mac_layer(layer, lut, shape, **own)
    assert coded.requantization is not None
    by_channel = coded.requantization.apply(sums.swapaxes(0, 1)).swapaxes(0, 1)
    np.testing.assert_array_equal(coded.run(images), by_channel)


def test_offset_is_the_constant_part() -> None:
    """What an accelerator keeps per channel: acc - zw * sum x + offset."""
    layer = mac_layer(nn.Linear(7, 4), random_lut(8, 8, signed=False), (7,), per_channel=True, sums=True)
    codes = np.random.default_rng(0).integers(0, 256, (3, 7)).astype(np.uint8)
    x = layer.columns(codes)
    acc = np.random.default_rng(1).integers(-(2**31), 2**31, (1, 4, 3)).astype(np.int32)
    zero_points = layer.weight.zero_points[0]
    expected = acc[0] - zero_points * x[0].sum(0, dtype=np.int64) + layer.offset[:, None]
    np.testing.assert_array_equal(layer.corrected(acc, x), expected)


def test_what_the_array_needs_to_know() -> None:
    lut = random_lut(8, 7, signed=False)
    conv = mac_layer(nn.Conv2d(4, 6, 3, groups=2), lut, (4, 8, 9))
    assert (conv.kind, conv.groups, conv.gemm) == ("conv", 2, Gemm(18, 42, 3))
    assert conv.columns(np.zeros((5, 4, 8, 9), np.uint8)).shape == (2, 18, 5 * 42)
    np.testing.assert_array_equal(conv.table, lut.table.T)
    swapped = mac_layer(nn.Linear(10, 3), lut, (10,), operand="b")
    assert (swapped.kind, swapped.groups, swapped.gemm) == ("linear", 1, Gemm(10, 1, 3))
    assert swapped.geometry is None
    np.testing.assert_array_equal(swapped.table, lut.table)


def test_engine_of_ones_own() -> None:
    layer = mac_layer(nn.Linear(7, 4), random_lut(8, 8, signed=False), (7,), sums=True)
    codes = np.arange(14, dtype=np.uint8).reshape(2, 7)
    seen = []

    def engine(given: IntegerMacLayer, x: np.ndarray) -> np.ndarray:
        seen.append((given, x.shape, x.dtype))
        return np.zeros((1, 4, 2), np.int32)

    np.testing.assert_array_equal(
        layer.run(codes, engine=engine), layer.corrected(np.zeros((1, 4, 2), np.int32), codes.T[None]).T
    )
    assert seen == [(layer, (1, 7, 2), np.uint8)]


@pytest.mark.parametrize("padding", ["same", "valid"])
def test_padding_by_name(padding: str) -> None:
    torch.manual_seed(0)
    conv = nn.Conv2d(2, 3, (5, 3), padding=padding)
    table = np.multiply.outer(np.arange(256), np.arange(256))
    layer = mac_layer(conv, Lut("exact", table, signed=False), (2, 6, 7), sums=True)
    codes = np.random.default_rng(0).integers(0, 256, (2, 2, 6, 7)).astype(np.uint8)
    real = torch.from_numpy(layer.source.dequantize(codes)).float()
    torch.testing.assert_close(
        torch.from_numpy(layer.run(codes) * float(layer.scale)).float(), conv(real), atol=0.03, rtol=0
    )
