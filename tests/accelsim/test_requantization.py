"""Requantization against the published definitions, written with Python's unbounded integers."""

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from accelsim.errors import AccelsimError
from accelsim.quantization import quant_params
from accelsim.requantization import FixedPoint, Requantization

INT32_MIN, INT32_MAX = -(2**31), 2**31 - 1


def saturated(value: int) -> int:
    return max(INT32_MIN, min(INT32_MAX, value))


def truncating_division(a: int, b: int) -> int:
    """Division of C, towards zero, for positive b."""
    return a // b if a >= 0 else -(-a // b)


def doubling_high_mul(a: int, b: int) -> int:
    """gemmlowp's SaturatingRoundingDoublingHighMul."""
    if a == b == INT32_MIN:
        return INT32_MAX
    nudge = 1 << 30 if a * b >= 0 else 1 - (1 << 30)
    return truncating_division(a * b + nudge, 1 << 31)


def divide_by_power(x: int, exponent: int) -> int:
    """gemmlowp's RoundingDivideByPOT."""
    mask = (1 << exponent) - 1
    threshold = (mask >> 1) + (x < 0)
    return (x >> exponent) + ((x & mask) > threshold)


def reference(value: int, multiplier: int, shift: int) -> int:
    """TensorFlow Lite's MultiplyByQuantizedMultiplier; its left shift is taken to saturate."""
    left, right = max(shift, 0), max(-shift, 0)
    return divide_by_power(doubling_high_mul(saturated(saturated(value) << left), multiplier), right)


def arrays(*values: int) -> tuple[np.ndarray, ...]:
    return tuple(np.array(value, np.int32) for value in values)


MULTIPLIERS = st.one_of(st.integers(2**30, 2**31 - 1), st.sampled_from([0, 2**30, 2**31 - 1]))
SHIFTS = st.integers(-31, 30)
SUMS = st.one_of(
    st.integers(-(2**40), 2**40),
    st.integers(-300, 300),
    st.sampled_from([INT32_MIN - 1, INT32_MIN, INT32_MIN + 1, INT32_MAX, INT32_MAX + 1]),
)


@given(st.lists(SUMS, min_size=1), MULTIPLIERS, SHIFTS)
def test_product_is_the_published_one(sums: list[int], multiplier: int, shift: int) -> None:
    products = FixedPoint(*arrays(multiplier, shift)).times(np.array(sums))
    assert products.dtype == np.int64
    assert products.tolist() == [reference(value, multiplier, shift) for value in sums]


@given(st.integers(-(2**20), 2**20), st.integers(1, 31))
def test_ties_of_the_shift(half: int, right: int) -> None:
    """Values exactly between two levels, multiplied by 1/2 and shifted: away from zero."""
    value = (2 * half + 1) << right if abs(half) << right < 2**29 else 2 * half + 1
    products = FixedPoint(*arrays(2**30, -right)).times(np.array([value]))
    assert products.tolist() == [reference(value, 2**30, -right)]


@given(
    st.lists(st.tuples(MULTIPLIERS, SHIFTS, SUMS, SUMS), min_size=1, max_size=5),
    st.integers(2, 8),
    st.booleans(),
    st.data(),
)
def test_codes(
    channels: list[tuple[int, int, int, int]], bits: int, signed: bool, data: st.DataObject
) -> None:
    lowest, highest = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if signed else (0, 2**bits - 1)
    low = data.draw(st.integers(lowest, highest))
    high = data.draw(st.integers(low, highest))
    zero_point = data.draw(st.integers(lowest, highest))
    multiplier, shift = (np.array(column, np.int32) for column in list(zip(*channels, strict=True))[:2])
    requantization = Requantization(multiplier, shift, zero_point, low, high, bits)
    sums = np.array([channel[2:] for channel in channels])
    codes = requantization.apply(sums)
    assert codes.dtype == np.uint8
    expected = [
        [min(max(reference(value, m, s) + zero_point, low), high) % 2**bits for value in values]
        for m, s, *values in channels
    ]
    assert codes.tolist() == expected


@given(st.floats(2**-40, 2**29, exclude_max=True))
def test_fixed_point_is_the_nearest(real: float) -> None:
    multiplier, shift = (int(part) for part in FixedPoint.of(real))
    if real < 2**-32:
        assert multiplier == 0
        return
    assert multiplier == 0 or 2**30 <= multiplier < 2**31
    error = abs(Fraction(multiplier) * Fraction(2) ** (shift - 31) - Fraction(real))
    assert error <= Fraction(2) ** (shift - 31) / 2


def test_number_that_rounds_up_to_a_power_of_two() -> None:
    multiplier, shift = FixedPoint.of(np.nextafter(0.25, 0))
    assert (int(multiplier), int(shift)) == (2**30, -1)


@given(st.floats(1e-5, 3), st.lists(st.integers(-(10**6), 10**6), min_size=1))
def test_close_to_the_real_product(scale: float, sums: list[int]) -> None:
    """One step off at most, as there are two roundings."""
    output = quant_params(-1, 2, 8, signed=False)
    codes = Requantization.of(scale, output).apply(np.array(sums))
    expected = np.clip(np.rint(np.array(sums) * scale) + int(output.zero_point), 0, 255)
    assert np.abs(codes - expected).max() <= 1


def test_relu_is_a_clamp() -> None:
    output = quant_params(-1, 1, 8, signed=True)
    relu = Requantization.of(0.5, output, low=0, high=60)
    assert relu.apply(np.array([-9, -1, 0, 8, 200])).tolist() == [0, 0, 0, 4, 60]
    whole = Requantization.of(0.5, output)
    assert whole.apply(np.array([-10, 8, -1000])).tolist() == [256 - 5, 4, 256 - 127]


def test_shapes() -> None:
    output = quant_params(0, 1, 8, signed=False)
    per_channel = Requantization.of(np.array([0.5, 0.25]), output)
    sums = np.arange(24).reshape(2, 3, 4).swapaxes(1, 2)
    assert per_channel.apply(sums).tolist() == [
        [[reference(int(value), 2**30, -channel) for value in row] for row in sums[channel]]
        for channel in range(2)
    ]
    assert per_channel.apply(np.zeros((2, 0), np.int64)).shape == (2, 0)
    assert Requantization.of(0.5, output).apply(sums[0]).shape == (4, 3)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: FixedPoint.of(0.0), "by 0.0; expected positive numbers below 2\\^30"),
        (lambda: FixedPoint.of(np.array([1.0, np.nan])), "expected positive"),
        (lambda: FixedPoint.of(2.0**30), "expected positive"),
        (lambda: Requantization(*arrays(5, 0), 0, 0, 255), "by 5; expected 0, or 2\\^30"),
        (lambda: Requantization(*arrays(2**30, 31), 0, 0, 255), "shift 31; expected -31 to 30"),
        (lambda: Requantization(*arrays(2**30, 0), 0, 0, 256), "levels 0 to 256; expected a range of 8 bits"),
        (lambda: Requantization(*arrays(2**30, 0), 0, -1, 128), "levels -1 to 128"),
        (lambda: Requantization(*arrays(2**30, 0), 0, 5, 4), "levels 5 to 4"),
        (lambda: Requantization(*arrays(2**30, 0), 0, 0, 1, 9), "to 9 bits; expected 2 to 8"),
        (lambda: Requantization(np.array(2**30), np.array(0), 0, 0, 1), "of int64 .* expected int32"),
        (lambda: Requantization(*arrays([2**30], 0), 0, 0, 1), r"shape \(1,\) and shifts of shape \(\)"),
        (
            lambda: Requantization(*arrays([2**30], [0]), 0, 0, 1).apply(np.zeros((2, 2), int)),
            r"shape \(2, 2\) by multipliers for 1 channels",
        ),
    ],
)
def test_errors(make: Any, message: str) -> None:
    with pytest.raises(AccelsimError, match=message):
        make()
