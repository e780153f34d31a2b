import ml_dtypes
import numpy as np
import pytest

from accelsim.errors import AccelsimError
from accelsim.float_format import BF16, FP32, FloatFormat

E4M3, E3M4 = FloatFormat(4, 3), FloatFormat(3, 4)
WITNESSES = [(BF16, ml_dtypes.bfloat16), (E4M3, ml_dtypes.float8_e4m3), (E3M4, ml_dtypes.float8_e3m4)]


def flushed(values, form):
    smallest = 2.0 ** (1 - form.bias)
    return np.where(np.abs(values) < smallest, np.copysign(0, values), values)


@pytest.mark.parametrize(("form", "dtype"), WITNESSES)
def test_every_pattern_decodes_as_ml_dtypes_has_it(form, dtype):
    bits = np.arange(1 << form.width).astype(form.pattern_type)
    with np.errstate(invalid="ignore"):  # signalling NaN
        expected = flushed(bits.view(dtype).astype(np.float64), form)
    np.testing.assert_array_equal(form.decode(bits), expected)
    np.testing.assert_array_equal(np.signbit(form.decode(bits)), bits >> form.width - 1)


@pytest.mark.parametrize(("form", "dtype"), WITNESSES)
def test_values_round_as_in_ml_dtypes(form, dtype):
    rng = np.random.default_rng(0)
    values = rng.normal(0, 1, 20_000) * 2.0 ** rng.integers(-form.bias - 3, form.bias + 3, 20_000)
    with np.errstate(over="ignore"):
        values = values.astype(np.float32)
        expected = values.astype(dtype).astype(np.float64)
    ours = form.decode(form.encode(values))
    normal = np.abs(expected) > 2.0 ** (1 - form.bias)
    np.testing.assert_array_equal(ours[normal], expected[normal])
    tiny = np.abs(values) < 2.0 ** (1 - form.bias) * (1 - 2.0**-form.mantissa_bits)
    assert not ours[tiny].any()


def test_float32_is_numpys():
    rng = np.random.default_rng(0)
    bits = np.append(
        rng.integers(0, 1 << 32, 100_000, dtype=np.uint32), [0, 1 << 31, FP32.infinity, FP32.nan]
    )
    bits = bits.astype(np.uint32)
    with np.errstate(invalid="ignore"):  # signalling NaN
        values = bits.view(np.float32).astype(np.float64)
    np.testing.assert_array_equal(FP32.decode(bits), flushed(values, FP32))
    normal = np.isfinite(values) & (np.abs(values) >= 2.0**-126)
    np.testing.assert_array_equal(FP32.encode(values)[normal], bits[normal])
    assert (FP32.encode(values)[np.isnan(values)] == FP32.nan).all()


def test_edges_of_the_range():
    assert FP32.encode([0.0, -0.0, np.inf, -np.inf, 1e300, 1e-300, -1e-300]).tolist() == [
        0,
        1 << 31,
        FP32.infinity,
        FP32.infinity | 1 << 31,
        FP32.infinity,
        0,
        1 << 31,
    ]
    assert FP32.encode(2.0**-126 * (1 - 2.0**-25)) == FP32.least_normal
    assert FP32.encode(2.0**-126 * (1 - 2.0**-24)) == 0


@pytest.mark.parametrize("name", ["fp32", "bf16", "e4m3", "e5m2"])
def test_names_are_read_back(name):
    assert FloatFormat.parse(name).name == name
    assert FloatFormat.parse("e8m23") == FP32


def test_unknown_format_names_the_nearest():
    with pytest.raises(AccelsimError, match="unknown float format 'fp23'.*did you mean fp32"):
        FloatFormat.parse("fp23")


def test_format_out_of_range():
    with pytest.raises(AccelsimError, match="exponent_bits is 11; expected an integer from 2 to 8"):
        FloatFormat.parse("e11m52")
