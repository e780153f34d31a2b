import ml_dtypes
import numpy as np
import pytest

from accelsim.errors import AccelsimError
from accelsim.float_format import BF16, FP32, FloatFormat
from accelsim.float_reference import ama5_blocks_product, checked_rounding, product_patterns


def exact(a, b):
    return a * b


def test_float32_is_numpys():
    a, b = np.random.default_rng(0).integers(0, 1 << 32, (2, 300_000), dtype=np.uint32)
    with np.errstate(all="ignore"):
        expected = a.view(np.float32) * b.view(np.float32)
    ours = product_patterns(FP32, a, b, exact).view(np.float32)
    smallest = np.float32(2.0**-126)
    normal = (np.abs(a.view(np.float32)) >= smallest) & (np.abs(b.view(np.float32)) >= smallest)
    normal &= ~(np.abs(expected) <= smallest)
    np.testing.assert_array_equal(ours[normal], expected[normal])


@pytest.mark.parametrize(
    ("form", "dtype"),
    [(FloatFormat(4, 3), ml_dtypes.float8_e4m3), (FloatFormat(5, 2), ml_dtypes.float8_e5m2)],
)
def test_every_pair_of_8_bits_is_that_of_ml_dtypes(form, dtype):
    a, b = np.indices((256, 256)).astype(np.uint8)
    with np.errstate(all="ignore"):
        values = (a.view(dtype) * b.view(dtype)).astype(np.float64)
    ours = form.decode(product_patterns(form, a, b, exact))
    smallest = 2.0 ** (1 - form.bias)
    subnormal = sum(((x & 127) < form.least_normal) & ((x & 127) > 0) for x in (a, b)) > 0
    normal = ~subnormal & ~(np.abs(values) <= smallest)
    assert normal.mean() > 0.5
    np.testing.assert_array_equal(ours[normal], values[normal])


def test_truncation_is_the_next_value_towards_zero():
    a, b = np.random.default_rng(0).integers(0x3F800000, 0x40800000, (2, 100_000)).astype(np.uint32)
    values = [bits.view(np.float32).astype(np.float64) for bits in (a, b)]
    product = values[0] * values[1]
    rounded = product.astype(np.float32)
    expected = np.where(rounded > product, np.nextafter(rounded, np.float32(0)), rounded)
    ours = product_patterns(FP32, a, b, exact, rounding="truncate").view(np.float32)
    np.testing.assert_array_equal(ours, expected)


def test_a_product_of_any_size_is_normalised():
    """The significand product may be anything; the result has its value."""
    one = BF16.encode([1.0])
    for product in (1, 5, 1 << 14, (1 << 16) - 1, 1 << 17):
        found = product_patterns(BF16, one, one, lambda a, b, p=product: np.full_like(a, p))
        assert BF16.decode(found)[0] == pytest.approx(product / 2.0**14, rel=2.0**-8)
    assert product_patterns(BF16, one, one, lambda a, b: 0 * a)[0] == 0


def test_blocks_of_one_bit_are_exact():
    a, b = np.indices((64, 64))
    np.testing.assert_array_equal(ama5_blocks_product(a, b, 6, 1), a * b)


def test_blocks_add_up():
    a, b = np.random.default_rng(0).integers(0, 1 << 12, (2, 1000))
    total = 0
    for i in (0, 4, 8):
        for j in (0, 4, 8):
            x, y = a >> i & 15, b >> j & 15
            total = total + (((x & 1) * y + 16 * (y >> 3) * (x & 14)) << i + j)
    np.testing.assert_array_equal(ama5_blocks_product(a, b, 12, 4), total)


def test_blocks_that_do_not_fit():
    with pytest.raises(AccelsimError, match="significands of 24 bits cannot be cut into blocks of 5"):
        ama5_blocks_product(1, 1, 24, 5)


def test_unknown_rounding():
    with pytest.raises(AccelsimError, match="rounding is 'up'; expected nearest-even or truncate"):
        checked_rounding("x", "up")
