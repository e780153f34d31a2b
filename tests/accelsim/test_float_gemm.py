"""Sums of approximate float products against the scalar closed forms added up one by one."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from accelsim.errors import AccelsimError
from accelsim.float_arithmetic import arithmetic_of
from accelsim.float_gemm import FloatFactor, float_gemm, sum_float_products
from accelsim.float_gemm_kernel import rounds_in_registers
from accelsim.floats import AUTHORS_LEAST_OPERAND, CLOSED_FORMS, Float32ClosedForm

#: Zeros, subnormals, ends of the range, infinities, NaN, and operands of blocks4 whose product is 2^48.
SPECIAL = np.array(
    [
        0, 1, 0x7FFFFF, 0x800000, AUTHORS_LEAST_OPERAND - 1, AUTHORS_LEAST_OPERAND, 0x1FFFFFFF, 0x3F800000,
        0x3FFFFFFF, 0x40000000, 0x5F800000, 0x7F000000, 0x7F7FFFFF, 0x7F800000, 0x7FC00000, 0x3FF20000,
        0x3FFE0000, 0x3FF40C00, 0x3FDB3400,
    ],
    dtype=np.uint32,
)  # fmt: skip
SPECIAL = np.concatenate([SPECIAL, SPECIAL | np.uint32(1 << 31)]).view(np.float32)
FORMS = pytest.mark.parametrize("form", CLOSED_FORMS.values(), ids=lambda form: form.name)
#: Without a kernel of its own; blocks of another size.
OTHERS = (
    Float32ClosedForm("array24_nearest", 24, "nearest-even"),
    Float32ClosedForm("blocks2", 2),
    Float32ClosedForm("blocks8", 8),
    Float32ClosedForm("blocks12_halved", 12, halves_overflow=True),
)


def scalar_sums(form, x, w, operand="a"):
    """The documented order, with the plain reference of `accelsim.float_reference`."""
    out = np.zeros((len(x), w.shape[1], x.shape[2]), np.float32)
    with np.errstate(all="ignore"):
        for k in range(x.shape[1]):
            a, b = (array[:, k] if array is x else array[:, :, k] for array in (x, w))
            a, b = np.broadcast_arrays(a[:, None, :], b[:, :, None])
            out = out + form.reference(*((a, b) if operand == "a" else (b, a)))
    return np.where(np.isnan(out), np.float32(np.nan), out)


def assert_same_bits(found, expected):
    np.testing.assert_array_equal(found.view(np.uint32), expected.view(np.uint32))


def random_product(rng, groups, depth, pixels, channels):
    """Activations as after a ReLU, and weights."""
    x = np.maximum(rng.normal(size=(groups, depth, pixels)), 0).astype(np.float32)
    return x, rng.normal(0, 0.1, (groups, channels, depth)).astype(np.float32)


@FORMS
@pytest.mark.parametrize("operand", ["a", "b"])
@pytest.mark.parametrize("shape", [(1, 27, 70, 6), (3, 9, 49, 1), (2, 30, 1, 21), (1, 50, 64, 8)])
def test_sums_are_those_of_the_scalar_products(form, operand, shape):
    x, w = random_product(np.random.default_rng(0), *shape)
    expected = scalar_sums(form, x, w, operand)
    assert_same_bits(float_gemm(form, x, w, activation_operand=operand), expected)


@pytest.mark.parametrize("form", [*CLOSED_FORMS.values(), *OTHERS], ids=lambda form: form.name)
def test_any_float_may_be_an_operand(form):
    rng = np.random.default_rng(1)
    for scale in (0, 12, 38):  # powers of ten: from no products beyond float32's range to many
        x, w = random_product(rng, 2, 12, 40, 7)
        x *= np.float32(10) ** rng.integers(-scale, scale + 1, (1, 1, 40)).astype(np.float32)
        w *= np.float32(10) ** rng.integers(-scale, scale + 1, (1, 7, 1)).astype(np.float32)
        assert_same_bits(float_gemm(form, x, w), scalar_sums(form, x, w))
    for depth in (1, 2, 5):
        x, w = rng.choice(SPECIAL, (3, depth, 60)), rng.choice(SPECIAL, (3, 30, depth))
        assert_same_bits(float_gemm(form, x, w), scalar_sums(form, x, w))


@FORMS
def test_where_terms_become_subnormal_or_infinite(form):
    rng = np.random.default_rng(3)
    x, w = (rng.normal(size=shape).astype(np.float32) for shape in ((1, 6, 320), (1, 8, 6)))
    for total in [*range(-135, -90, 3), *range(118, 130)]:  # exponents of the products, about
        for own in (total // 2, max(total - 60, -124), min(total + 60, 124)):
            scaled = np.ldexp(x, own), np.ldexp(w, total - own)
            assert_same_bits(float_gemm(form, *scaled), scalar_sums(form, *scaled))


@FORMS
@settings(max_examples=30)
@given(data=st.data())
def test_sums_of_found_values(form, data):
    sides = st.integers(1, 6)
    groups, depth, channels = data.draw(sides), data.draw(sides), data.draw(sides)
    pixels = data.draw(st.integers(1, 40))
    values = st.floats(width=32) | st.sampled_from(SPECIAL.tolist())
    x = data.draw(arrays.arrays(np.float32, (groups, depth, pixels), elements=values))
    w = data.draw(arrays.arrays(np.float32, (groups, channels, depth), elements=values))
    operand = data.draw(st.sampled_from("ab"))
    assert_same_bits(float_gemm(form, x, w, activation_operand=operand), scalar_sums(form, x, w, operand))


@FORMS
def test_neither_threads_nor_instructions_change_a_bit(form):
    x, w = random_product(np.random.default_rng(2), 2, 100, 333, 37)
    one = float_gemm(form, x, w, threads=1)
    assert_same_bits(float_gemm(form, x, w, threads=2), one)
    assert_same_bits(float_gemm(form, x, w, threads=5), one)
    in_float64 = np.zeros_like(one)
    pixel, channel, k = np.arange(333), np.arange(37), np.arange(100)
    sum_float_products(
        form,
        FloatFactor(x.ravel(), np.array([[0], [100]]) * 333 + k * 333, pixel, pixel),
        FloatFactor(w.ravel(), np.array([[0], [3700]]) + k, channel * 100, channel * 333),
        in_float64.ravel(),
        np.array([0, 37 * 333]),
        in_registers=False,
    )
    assert_same_bits(in_float64, one)


def test_a_product_at_the_bound_of_halving_is_halved():
    form = CLOSED_FORMS["axfpm_authors"]
    assert form.multiply(*np.array([[0x3FF20000], [0x3FFE0000]], np.uint32).view(np.float32))[0] < 4
    x = SPECIAL[-19:][np.isfinite(SPECIAL[-19:]) & (np.abs(SPECIAL[-19:]) < 1e9)]
    x = np.abs(x[np.abs(x) >= 1])[None, None]
    w = np.ascontiguousarray(np.broadcast_to(x.transpose(0, 2, 1), (1, x.size, 1)))
    assert_same_bits(float_gemm(form, x, w), scalar_sums(form, x, w))


def test_kernels_are_those_of_the_closed_forms():
    assert [arithmetic_of(form).kernel for form in CLOSED_FORMS.values()] == [
        "nearest", "truncated", "exact", "two terms", "two terms halved",
    ]  # fmt: skip
    assert arithmetic_of(OTHERS[0]).kernel is None
    assert isinstance(rounds_in_registers(), bool)


def test_the_sum_is_sequential():
    ones = np.array([[[1e8], [1.0], [-1e8], [1.0]]], np.float32)
    found = float_gemm(CLOSED_FORMS["fp32_exact"], ones, np.ones((1, 1, 4), np.float32))
    assert found.item() == 1.0  # 1e8 + 1 is 1e8


def test_empty_sums_are_zero():
    form = CLOSED_FORMS["axfpm_blocks4"]
    assert float_gemm(form, np.ones((1, 0, 3), np.float32), np.ones((1, 2, 0), np.float32)).tolist() == [
        [[0, 0, 0], [0, 0, 0]]
    ]
    assert float_gemm(form, np.ones((1, 4, 0), np.float32), np.ones((1, 2, 4), np.float32)).shape == (1, 2, 0)


def test_wrong_operands_are_refused():
    form, x, w = CLOSED_FORMS["fp32_exact"], np.ones((1, 4, 2), np.float32), np.ones((1, 3, 5), np.float32)
    with pytest.raises(AccelsimError, match="groups and depth must agree"):
        float_gemm(form, x, w)
    with pytest.raises(AccelsimError, match="expected float32"):
        float_gemm(form, x.astype(np.float64), w)
