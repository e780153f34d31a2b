import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from accelsim.errors import AccelsimError
from accelsim.quantization import QuantParams, quant_params, weight_params

finite = st.floats(-1e6, 1e6, width=32)
bits = st.integers(2, 16)


def params(scale: float, zero_point: int, bits: int = 8, signed: bool = False) -> QuantParams:
    return QuantParams(np.asarray(scale, np.float32), np.asarray(zero_point, np.int64), bits, signed)


@given(finite, finite, bits, st.booleans())
def test_zero_is_represented_exactly(low: float, high: float, bits: int, signed: bool) -> None:
    chosen = quant_params(min(low, high), max(low, high), bits, signed)
    zero = chosen.quantize(np.zeros(1, np.float32))
    assert chosen.dequantize(zero) == 0
    assert chosen.levels(zero) == chosen.zero_point


@given(arrays(np.float32, 20, elements=finite), bits, st.booleans())
def test_levels_follow_the_definition(values: np.ndarray, bits: int, signed: bool) -> None:
    chosen = quant_params(values.min(), values.max(), bits, signed)
    codes = chosen.quantize(values)
    low, high = (-(2 ** (bits - 1)) + 1, 2 ** (bits - 1) - 1) if signed else (0, 2**bits - 1)
    for value, code in zip(values, codes.tolist(), strict=True):
        # Python's round() is half to even; the quotient is a float32.
        level = round(float(value / chosen.scale)) + int(chosen.zero_point)
        level = min(max(level, low), high)
        assert code == level % 2**bits
        assert chosen.levels(np.array([code]))[0] == level


@given(arrays(np.float64, 20, elements=finite), bits, st.booleans())
def test_values_of_the_range_are_at_most_a_step_away(values: np.ndarray, bits: int, signed: bool) -> None:
    chosen = quant_params(values.min(), values.max(), bits, signed)
    error = np.abs(chosen.dequantize(chosen.quantize(values)) - values)
    inner = (chosen.levels(chosen.quantize(values)) > chosen.low) & (
        chosen.levels(chosen.quantize(values)) < chosen.high
    )
    assert (error <= chosen.scale * 1.0001).all()
    assert (error[inner] <= chosen.scale * 0.5001).all()


def test_ties_go_to_the_even_level() -> None:
    values = np.array([0.5, 1.5, 2.5, 3.5, 253.5, 254.5], np.float32)
    assert params(1, 0).quantize(values).tolist() == [0, 2, 2, 4, 254, 254]
    assert params(1, 0, 8, True).quantize(-values[:4]).tolist() == [0, 254, 254, 252]


def test_hand_checked_parameters() -> None:
    affine = quant_params(-1, 3, 2, signed=False)
    assert float(affine.scale) == np.float32(4 / 3)
    assert int(affine.zero_point) == 1  # 1 / (4/3) = 0.75
    symmetric = quant_params(-1, 3, 8, signed=True)
    assert float(symmetric.scale) == np.float32(3 / 127)
    assert symmetric.quantize(np.array([-3, 3, -9, 9], np.float32)).tolist() == [129, 127, 129, 127]


def test_range_is_widened_to_hold_zero() -> None:
    assert float(quant_params(2, 5.1, 8, signed=False).scale) == np.float32(5.1 / 255)
    below = quant_params(-5.1, -2, 8, signed=False)
    assert (float(below.scale), int(below.zero_point)) == (np.float32(5.1 / 255), 255)


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("constant", [0.0, 1.0, -3.5, 1e-45, 3e38])
def test_constant_tensor(constant: float, signed: bool) -> None:
    values = np.full(4, constant, np.float32)
    chosen = quant_params(values.min(), values.max(), 8, signed)
    assert 0 < chosen.scale < np.inf
    np.testing.assert_allclose(chosen.dequantize(chosen.quantize(values)), values, rtol=1e-2, atol=1e-37)


def test_widest_range_of_float32() -> None:
    chosen = quant_params(-3.4e38, 3.4e38, 2, signed=False)
    assert np.isfinite(chosen.scale)
    assert chosen.quantize(np.array([-3.4e38, 3.4e38], np.float32)).tolist() == [0, 3]


@pytest.mark.parametrize("signed", [False, True])
def test_infinity_saturates(signed: bool) -> None:
    chosen = quant_params(-1, 1, 8, signed)
    levels = chosen.levels(chosen.quantize(np.array([-np.inf, np.inf, -3e38, 3e38], np.float32)))
    assert levels.tolist() == [chosen.low, chosen.high] * 2


@given(arrays(np.float32, (3, 4, 2), elements=finite), bits, st.booleans())
def test_per_channel_is_per_tensor_of_each_channel(weight: np.ndarray, bits: int, signed: bool) -> None:
    together = weight_params(weight, bits, signed, per_channel=True)
    codes = together.quantize(weight)
    for channel, values in enumerate(weight):
        alone = weight_params(values[None], bits, signed, per_channel=False)
        assert alone.scale == together.scale[channel]
        assert alone.zero_point == together.zero_point[channel]
        np.testing.assert_array_equal(alone.quantize(values), codes[channel])
    np.testing.assert_array_equal(together.dequantize(codes)[1], alone_dequantized(together, codes, 1))


def alone_dequantized(chosen: QuantParams, codes: np.ndarray, channel: int) -> np.ndarray:
    level = chosen.levels(codes[channel])
    return (level - int(chosen.zero_point[channel])) * float(chosen.scale[channel])


def test_nan_has_no_level() -> None:
    with pytest.raises(AccelsimError, match="an input of layer c1 is NaN"):
        params(1, 0).quantize(np.array([1, np.nan], np.float32), "an input of layer c1")


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: params(1, 0, 17), "17 bits; expected 2 to 16"),
        (lambda: params(1, 0, 1), "1 bits; expected 2 to 16"),
        (lambda: params(0, 0), "scale 0.0; expected positive"),
        (lambda: params(np.nan, 0), "scale nan"),
        (lambda: params(1, 256), "zero point 256; expected 0 to 255"),
        (lambda: params(1, 1, 8, True), "zero point 1; expected 0, as signed quantization is symmetric"),
        (lambda: QuantParams(np.ones((2, 2), np.float32), np.zeros((2, 2), np.int64), 8, False), r"\(2, 2\)"),
        (lambda: QuantParams(np.ones(2, np.float32), np.zeros(3, np.int64), 8, False), r"\(3,\)"),
        (lambda: quant_params(0, np.inf, 8, False), "not finite"),
        (lambda: quant_params(np.nan, 1, 8, True), "not finite"),
    ],
)
def test_errors(make: object, message: str) -> None:
    with pytest.raises(AccelsimError, match=message):
        make()  # type: ignore[operator]
