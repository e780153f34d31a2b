"""Each operation on codes against Python's unbounded integers, or against what it stands for in floats."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st

from accelsim.integer_operations import (
    Add,
    Affine,
    Clamp,
    Concatenate,
    Pad,
    Reshape,
    Slice,
    codes_of,
    levels_of,
)
from accelsim.integer_pooling import AveragePool, MaxPool, Window
from accelsim.quantization import QuantParams, quant_params
from accelsim.requantization import Requantization

RANGES = st.tuples(st.floats(-4, 0.5), st.floats(0.6, 5))


@st.composite
def params(draw: st.DrawFn) -> QuantParams:
    return quant_params(*draw(RANGES), draw(st.integers(2, 8)), draw(st.booleans()))


def some_codes(of: QuantParams, *shape: int, seed: int = 0) -> np.ndarray:
    return codes_of(np.random.default_rng(seed).integers(of.low, of.high + 1, shape), of)


def about(output: QuantParams | None, *shape: int) -> dict:
    return {"name": "op", "inputs": ("x",), "output_shape": shape, "output": output}


def times(value: int, multiplier: int, shift: int) -> int:
    """The two roundings of gemmlowp, on numbers that do not overflow."""
    product = (value << max(shift, 0)) * multiplier
    high, right = (product + 2**30) // 2**31, max(-shift, 0)
    magnitude = (abs(high) + (2**right >> 1)) >> right
    return magnitude if high >= 0 else -magnitude


@given(params(), params(), params())
def test_add(first: QuantParams, second: QuantParams, output: QuantParams) -> None:
    """TensorFlow Lite's kernels/internal/reference/add.h."""
    to_common, common = Add.scales(first, second)
    requantization = Requantization.of(common / float(output.scale), output)
    add = Add(
        **about(output, 50), sources=(first, second), to_common=to_common, requantization=requantization
    )
    assert all(int(factor.shift) <= 0 for factor in to_common)
    codes = some_codes(first, 2, 50), some_codes(second, 2, 50, seed=1)
    found = add.run(*codes)
    levels = [own.levels(given).ravel().tolist() for own, given in zip((first, second), codes, strict=True)]
    for a, b, code in zip(*levels, found.ravel(), strict=True):
        total = sum(
            times((level - int(own.zero_point)) << 20, int(factor.multiplier), int(factor.shift))
            for level, own, factor in zip((a, b), (first, second), to_common, strict=True)
        )
        scaled = times(total, int(requantization.multiplier), int(requantization.shift))
        level = min(max(scaled + int(output.zero_point), output.low), output.high)
        assert code == level % 2**output.bits
        real = (a - int(first.zero_point)) * float(first.scale) + (b - int(second.zero_point)) * float(
            second.scale
        )
        clipped = np.clip(real / float(output.scale) + int(output.zero_point), output.low, output.high)
        assert abs(level - clipped) <= 0.51


def test_add_a_tensor_to_itself() -> None:
    own, output = quant_params(-1, 1, 8, signed=False), quant_params(-2, 2, 8, signed=False)
    to_common, common = Add.scales(own, own)
    requantization = Requantization.of(common / float(output.scale), output)
    add = Add(**about(output, 9), sources=(own, own), to_common=to_common, requantization=requantization)
    codes = some_codes(own, 3, 9)
    np.testing.assert_allclose(
        output.dequantize(add.run(codes, codes)), 2 * own.dequantize(codes), atol=float(output.scale)
    )


@given(params(), params(), st.lists(st.tuples(st.floats(-3, 3), st.floats(-9, 9)), min_size=1, max_size=4))
def test_affine(source: QuantParams, output: QuantParams, lines: list[tuple[float, float]]) -> None:
    """Slopes of both signs and 0, intercepts of any size beside them."""
    slope, intercept = np.array(lines).T
    slope[0], channels = 0, len(lines)
    factor, offset, unit = Affine.constants(slope, intercept, source)
    affine = Affine(
        **about(output, channels, 5, 4),
        source=source,
        factor=factor,
        offset=offset,
        requantization=Requantization.of(unit / float(output.scale), output),
    )
    codes = some_codes(source, 3, channels, 5, 4)
    levels = output.levels(affine.run(codes))
    sums = factor[:, None, None] * (source.levels(codes) - source.zero_point) + offset[:, None, None]
    assert np.abs(sums).max() < 2**31
    real = slope[:, None, None] * source.dequantize(codes) + intercept[:, None, None]
    exact = np.clip(real / float(output.scale) + int(output.zero_point), output.low, output.high)
    assert np.abs(levels - exact).max() <= 0.51


@given(params(), params(), params())
def test_concatenate(first: QuantParams, second: QuantParams, output: QuantParams) -> None:
    sources = first, second
    own = tuple(
        Requantization.of(float(each.scale) / float(output.scale) / 2**20, output) for each in sources
    )
    joined = Concatenate(**about(output, 5, 3, 3), sources=sources, requantizations=own)
    codes = some_codes(first, 2, 2, 3, 3), some_codes(second, 2, 3, 3, 3)
    real = np.concatenate([first.dequantize(codes[0]), second.dequantize(codes[1])], axis=1)
    exact = np.clip(real / float(output.scale) + int(output.zero_point), output.low, output.high)
    assert np.abs(output.levels(joined.run(*codes)) - exact).max() <= 0.51


@given(params())
def test_what_keeps_its_codes(own: QuantParams) -> None:
    codes = some_codes(own, 2, 3, 4, 5)
    assert Reshape(**about(own, 60)).kind == "flatten"
    assert Reshape(**about(own, 3, 20)).kind == "reshape"
    np.testing.assert_array_equal(Reshape(**about(own, 60)).run(codes), codes.reshape(2, 60))
    index = (slice(None), slice(None, None, 2), slice(1, None))
    np.testing.assert_array_equal(Slice(**about(own, 3, 2, 4), index=index).run(codes), codes[:, :, ::2, 1:])
    widths = ((2, 1), (0, 0), (0, 3))
    padded = Pad(**about(own, 6, 4, 8), source=own, widths=widths).run(codes)
    expected = np.pad(own.dequantize(codes), ((0, 0), *widths))
    np.testing.assert_array_equal(own.dequantize(padded), expected)
    low, high = int(own.zero_point), min(own.high, int(own.zero_point) + 5)
    clamped = Clamp(**about(own, 3, 4, 5), source=own, low=low, high=high).run(codes)
    np.testing.assert_array_equal(own.levels(clamped), own.levels(codes).clip(low, high))


@given(params(), st.data())
def test_levels_and_codes(own: QuantParams, data: st.DataObject) -> None:
    codes = some_codes(own, 100)
    np.testing.assert_array_equal(levels_of(codes, own), own.levels(codes))
    np.testing.assert_array_equal(codes_of(own.levels(codes), own), codes)


@st.composite
def pools(draw: st.DrawFn) -> tuple[dict, tuple[int, int]]:
    """Arguments of `torch.nn.MaxPool2d`, and a size that fits."""
    pair = lambda low, high: tuple(draw(st.integers(low, high)) for _ in range(2))  # noqa: E731
    kernel = pair(1, 4)
    arguments = {
        "kernel_size": kernel,
        "stride": pair(1, 4),
        "padding": tuple(draw(st.integers(0, side // 2)) for side in kernel),
        "dilation": pair(1, 2),
        "ceil_mode": draw(st.booleans()),
    }
    return arguments, pair(8, 12)  # type: ignore[return-value]


def window(arguments: dict) -> Window:
    return Window(*(arguments.get(name, (1, 1)) for name in ("kernel_size", "stride", "padding", "dilation")))


@given(params(), pools())
def test_max_pool(own: QuantParams, pool: tuple[dict, tuple[int, int]]) -> None:
    arguments, size = pool
    codes = some_codes(own, 2, 3, *size)
    expected = F.max_pool2d(torch.from_numpy(own.levels(codes)).double(), **arguments).numpy()
    found = MaxPool(**about(own, *expected.shape[1:]), source=own, window=window(arguments)).run(codes)
    assert found.dtype == np.uint8
    np.testing.assert_array_equal(own.levels(found), expected)


@given(params(), pools(), st.booleans())
def test_average_pool(own: QuantParams, pool: tuple[dict, tuple[int, int]], counts: bool) -> None:
    arguments, size = pool
    arguments.pop("dilation")
    codes = some_codes(own, 2, 3, *size)
    # Padding stands for the real number 0, that is the zero point: the mean is that of the distances from it.
    zero = int(own.zero_point)
    distances = torch.from_numpy(own.levels(codes) - zero).double()
    means = F.avg_pool2d(distances, **arguments, count_include_pad=counts).numpy() + zero
    pooling = AveragePool(
        **about(own, *means.shape[1:]), source=own, window=window(arguments), counts_padding=counts
    )
    expected = np.sign(means) * np.floor(np.abs(means) + 0.5 + 1e-9)
    np.testing.assert_array_equal(own.levels(pooling.run(codes)), expected)


@pytest.mark.parametrize(
    ("levels", "mean"),
    [([1, 2], 2), ([-1, -2], -2), ([-1, 0], -1), ([1, 1, 2], 1), ([-3, 0, 0, 1], -1), ([-1, 1, 1, 0], 0)],
)
def test_average_rounds_halves_away_from_zero(levels: list[int], mean: int) -> None:
    own = quant_params(-1, 1, 8, signed=True)
    kernel = 1, len(levels)
    pooling = AveragePool(**about(own, 1, 1, 1), source=own, window=Window(kernel, kernel))
    assert own.levels(pooling.run(codes_of(np.array(levels).reshape(1, 1, 1, -1), own))).item() == mean


def test_kinds() -> None:
    kinds: list[Callable] = [Slice, Pad, Clamp, Add, Affine, Concatenate, MaxPool, AveragePool]
    assert [each.kind for each in kinds] == [  # type: ignore[attr-defined]
        "slice", "pad", "relu", "add", "affine", "concatenate", "max_pool", "average_pool",
    ]  # fmt: skip
