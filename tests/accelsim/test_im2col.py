"""`im2col` and columns that are not laid out, against indices written out."""

from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from accelsim import gemm
from accelsim.columns import Columns, code_sums, laid_out
from accelsim.errors import AccelsimError
from accelsim.gemm import lut_gemm
from accelsim.gemm_engines import ENGINES
from accelsim.im2col import ConvGeometry, im2col

pairs = st.tuples(st.integers(1, 3), st.integers(1, 3))


class Case(NamedTuple):
    """Some rows of a convolution's output, and what the kernel sees there."""

    padded: NDArray[np.unsignedinteger]
    geometry: ConvGeometry
    first: int
    rows: int
    expected: NDArray[np.unsignedinteger]


@st.composite
def cases(draw, kinds=(np.uint8, np.uint16)) -> Case:
    """Rows shorter than 16, which are copied with what follows, as long, and longer; blocks of rows."""
    images, groups, channels = draw(st.integers(1, 3)), draw(st.integers(1, 2)), draw(st.integers(1, 3))
    size = draw(st.tuples(st.integers(1, 5), st.integers(1, 80)))
    kernel, stride, dilation = draw(pairs), draw(pairs), draw(pairs)
    geometry = ConvGeometry(groups * channels, kernel, stride, dilation, (0, 0, 0, 0), groups)
    height, width = (
        (n - 1) * s + d * (k - 1) + 1 for n, k, s, d in zip(size, kernel, stride, dilation, strict=True)
    )
    shape = images, groups * channels, height, width
    kind = draw(st.sampled_from(kinds))
    random = np.random.default_rng(draw(st.integers(0, 99)))
    padded = random.integers(0, np.iinfo(kind).max + 1, shape).astype(kind)
    first = draw(st.integers(0, size[0] - 1))
    rows = draw(st.integers(1, size[0] - first))
    c, i, j, n, y, x = np.indices((groups * channels, *kernel, images, rows, size[1]))
    expected = padded[n, c, stride[0] * (first + y) + dilation[0] * i, stride[1] * x + dilation[1] * j]
    return Case(padded, geometry, first, rows, expected.reshape(groups, geometry.depth, -1))


@given(cases())
def test_every_element_comes_from_where_the_kernel_is(case):
    found = im2col(case.padded, case.geometry, case.first, case.rows)
    np.testing.assert_array_equal(found, case.expected)


@given(cases())
def test_columns_stand_for_the_matrix(case):
    columns = Columns(case.padded, case.geometry, case.first, case.rows)
    assert columns.shape == case.expected.shape
    np.testing.assert_array_equal(laid_out(columns), case.expected)
    for x in (columns, case.expected):
        np.testing.assert_array_equal(code_sums(x), case.expected.sum(axis=1, dtype=np.int64))


def engines():
    return [each.name for each in ENGINES.values() if not each.missing()]


@st.composite
def tables(draw) -> NDArray[np.int32]:
    """Entries of one to three bytes, few or many patterns; of rank 1, so that every engine runs."""
    weights, codes = draw(st.sampled_from([(256, 256), (16, 128), (2, 100)]))
    a, b = np.arange(weights) - draw(st.integers(0, weights)), np.arange(codes) * draw(st.integers(1, 255))
    return np.multiply.outer(a, b).astype(np.int32)


@pytest.mark.parametrize("engine", engines())
@given(cases(kinds=(np.uint8,)), tables(), st.integers(1, 70), st.sampled_from([1, 2]), st.booleans())
def test_engines_take_columns_as_they_take_the_matrix(engine, case, table, channels, threads, deep):
    """Also of more channels, and deeper, than one pass or one thread takes."""
    geometry = replace(case.geometry, channels=(100 if deep else 1) * case.geometry.channels)
    images, _, height, width = case.padded.shape
    draw = np.random.default_rng(channels)
    padded = draw.integers(0, table.shape[1], (images, geometry.channels, height, width)).astype(np.uint8)
    w = draw.integers(0, len(table), (geometry.groups, channels, geometry.depth)).astype(np.uint8)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gemm, "_TOO_FEW_TO_SHARE", 0)
        columns = Columns(padded, geometry, case.first, case.rows)
        found = lut_gemm(table, columns, w, threads=threads, engine=engine)
    x = im2col(padded, geometry, case.first, case.rows)
    products = table[:, 1].astype(float)[w] @ x.astype(float)  # exact below 2^53
    np.testing.assert_array_equal(found, products.astype(np.int64).astype(np.int32))


def test_columns_of_other_codes_are_refused():
    """The codes of a table's width are looked at as those of a matrix are."""
    geometry = ConvGeometry(2, (1, 1), (1, 1), (1, 1), (0, 0, 0, 0), 1)
    table, w = np.zeros((256, 16), np.int32), np.zeros((1, 3, 2), np.uint8)
    codes = np.full((1, 2, 3, 3), 16)
    with pytest.raises(AccelsimError, match="activation code 16 has no entry in a table of 16 patterns"):
        lut_gemm(table, Columns(codes.astype(np.uint8), geometry, 0, 3), w)
    with pytest.raises(AccelsimError, match=r"uint16\[1, 2, 9\]"):
        lut_gemm(table, Columns(codes.astype(np.uint16), geometry, 0, 3), w)


@pytest.mark.parametrize("padding", [(0, 0, 0, 0), (1, 2, 0, 3)])
def test_padding_has_the_code_of_zero(padding):
    images = np.arange(24, dtype=np.uint8).reshape(1, 2, 3, 4)
    left, right, top, bottom = padding
    found = ConvGeometry(2, (1, 1), (1, 1), (1, 1), padding, 1).padded(images, 9)
    assert found.shape == (1, 2, 3 + top + bottom, 4 + left + right)
    np.testing.assert_array_equal(found[:, :, top : top + 3, left : left + 4], images)
    assert (found == 9).sum() == found.size - 24 + 1
