import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from accelsim.errors import AccelsimError
from accelsim.float_errors import float_errors, uniform_operands
from accelsim.float_format import FP32
from accelsim.floats import AUTHORS_LEAST_OPERAND, CLOSED_FORMS, Float32ClosedForm, closed_form

#: Zeros, subnormals, the ends of the range, halves of the exponent range, ties, infinities, NaN; both signs.
# fmt: off
CORNERS = np.array(
    [
        0, 1, 0x7FFFFF, 0x800000, 0x800001, 0xFFFFFF, 0x1000000, 0x1FFFFFFF, 0x20000000, 0x20000001,
        0x03AA2424, 0x03AA2425, 0x3F000000, 0x3F7FFFFF, 0x3F800000, 0x3F800001, 0x3FFFFFFF, 0x40000000,
        0x5F7FFFFF, 0x5F800000, 0x7F000000, 0x7F7FFFFF, 0x7F800000, 0x7F800001, 0x7FC00000, 0x7FFFFFFF,
        0x3FF20000, 0x3FFE0000, 0x3FF40C00, 0x3FDB3400,  # blocks4 makes exactly 2^48 of each two
    ],
    dtype=np.uint32,
)
# fmt: on
CORNERS = np.concatenate([CORNERS, CORNERS | np.uint32(1 << 31)]).view(np.float32)
CORNER_PAIRS = [side.ravel().copy() for side in np.meshgrid(CORNERS, CORNERS)]
FORMS = pytest.mark.parametrize("form", CLOSED_FORMS.values(), ids=lambda form: form.name)


def assert_same_bits(found, expected):
    np.testing.assert_array_equal(found.view(np.uint32), expected.view(np.uint32))


@FORMS
def test_kernel_is_the_reference(form):
    a, b = np.random.default_rng(0).integers(0, 1 << 32, (2, 400_000), dtype=np.uint32).view(np.float32)
    assert_same_bits(form.multiply(a, b), form.reference(a, b))
    assert_same_bits(form.multiply(*CORNER_PAIRS), form.reference(*CORNER_PAIRS))


@FORMS
@given(pair=st.tuples(*[st.floats(width=32)] * 2))
def test_kernel_is_the_reference_at_found_values(form, pair):
    a, b = (np.array([value], np.float32) for value in pair)
    assert_same_bits(form.multiply(a, b), form.reference(a, b))


@FORMS
def test_terms_add_up_to_the_product(form):
    rng = np.random.default_rng(0)
    a, b = (rng.normal(0, 1, 50_000).astype(np.float32) for _ in range(2))
    product = (form.terms_a(a).astype(np.float64) * form.terms_b(b).astype(np.float64)).sum(axis=0)
    if form.halves_overflow:
        power = np.ldexp(1.0, sum(np.frexp(x)[1] - 1 for x in (a, b)))
        product = np.where(np.abs(product) >= 4 * power, product / 2, product)
    rounded = product.astype(np.float32)
    if form.rounding == "truncate":
        toward_zero = np.nextafter(rounded, np.float32(0))
        rounded = np.where(np.abs(rounded) > np.abs(product), toward_zero, rounded)
    assert_same_bits(form.multiply(a, b), rounded)


def test_flushed_operands_have_no_terms():
    form = closed_form("axfpm_authors")
    a = np.array([0, 1e-40, 9e-37, 1.1e-36], np.float32)
    assert (form.terms_a(a).any(axis=0) == [False, False, False, True]).all()
    assert (form.terms_b(a).any(axis=0) == [False, False, False, True]).all()
    with pytest.raises(AccelsimError, match="expected a magnitude below 2\\^127"):
        form.terms_b(np.array([2e38], np.float32))


def test_check_vectors_of_the_authors_code():
    a, b = np.array([0.856, 1.0], np.float32), np.array([0.471, 1.0], np.float32)
    found = closed_form("axfpm_authors").multiply(a, b)
    assert found.astype(np.float64).tolist() == [0.426080584526062, 2.0]


def test_authors_zero_begins_at_1e_36():
    bits = np.array([AUTHORS_LEAST_OPERAND - 1, AUTHORS_LEAST_OPERAND], np.uint32)
    below, above = bits.view(np.float32).astype(np.float64)
    assert below < 1e-36 <= above
    found = closed_form("axfpm_authors").multiply(bits.view(np.float32), np.ones(2, np.float32))
    assert (found > 0).tolist() == [False, True]


@pytest.mark.parametrize(
    ("name", "mred", "nmed", "share_above_percent", "ratio_of_means"),
    [
        ("axfpm_array24", 2 * np.log(2) - 1, 1 / 12, 100, 1 / 3),
        ("axfpm_blocks4", 0.412, 0.0902, 100, None),
        ("axfpm_authors", 0.411, 0.0906, 95.7, None),
    ],
)
def test_errors_over_ten_million_pairs(name, mred, nmed, share_above_percent, ratio_of_means):
    a, b = (bits.view(np.float32) for bits in uniform_operands(FP32, 10**7, seed=0))
    errors = float_errors(closed_form(name).multiply(a, b), a.astype(np.float64) * b)
    assert errors.pairs == 10**7
    assert errors.mred == pytest.approx(mred, rel=0.01)
    assert errors.nmed == pytest.approx(nmed, rel=0.01)
    assert errors.share_above_percent == pytest.approx(share_above_percent, rel=0.01)
    if ratio_of_means:
        assert errors.ratio_of_means == pytest.approx(ratio_of_means, rel=0.01)


def test_shapes_broadcast():
    form = closed_form("fp32_exact")
    a, b = np.arange(6, dtype=np.float32).reshape(2, 3), np.array([[2.0], [3.0]], np.float32)
    assert_same_bits(form.multiply(a, b), a * b)
    assert form.multiply(a[:, :0], b[:, :0]).shape == (2, 0)


def test_wrong_type():
    with pytest.raises(AccelsimError, match="axfpm_array24 multiplies float32 arrays; got float64"):
        closed_form("axfpm_array24").multiply(np.zeros(1), np.zeros(1, np.float32))


def test_unknown_name():
    with pytest.raises(AccelsimError, match="no closed form of 'axfpm_block4'.*did you mean axfpm_blocks4"):
        closed_form("axfpm_block4")


def test_halving_needs_truncation():
    with pytest.raises(AccelsimError, match="halved only where it is truncated"):
        Float32ClosedForm("x", 4, "nearest-even", halves_overflow=True)


@pytest.mark.parametrize("bad", [-3e38, np.inf, np.nan])
def test_second_operands_that_cannot_be_doubled(bad):
    with pytest.raises(AccelsimError, match=re.escape(f"operand b is {bad:g}; expected a magnitude")):
        closed_form("axfpm_blocks4").terms_b(np.array([1, bad], np.float32))
