"""`im2col` against indices written out."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from accelsim.im2col import ConvGeometry, im2col

pairs = st.tuples(st.integers(1, 3), st.integers(1, 3))


@given(
    st.integers(1, 3),
    st.integers(1, 4),
    st.tuples(st.integers(1, 5), st.integers(1, 40)),
    pairs,
    pairs,
    pairs,
    st.sampled_from([np.uint8, np.uint16]),
    st.data(),
)
def test_every_element_comes_from_where_the_kernel_is(
    images, channels, size, kernel, stride, dilation, kind, data
):
    """Rows shorter than 16, which are copied with what follows, as long, and longer; blocks of rows."""
    geometry = ConvGeometry(channels, kernel, stride, dilation, (0, 0, 0, 0), 1)
    height, width = (
        (n - 1) * s + d * (k - 1) + 1 for n, k, s, d in zip(size, kernel, stride, dilation, strict=True)
    )
    shape = images, channels, height, width
    padded = np.random.default_rng(data.draw(st.integers(0, 99))).integers(0, 256, shape).astype(kind)
    first = data.draw(st.integers(0, size[0] - 1))
    rows = data.draw(st.integers(1, size[0] - first))
    c, i, j, n, y, x = np.indices((channels, *kernel, images, rows, size[1]))
    expected = padded[n, c, stride[0] * (first + y) + dilation[0] * i, stride[1] * x + dilation[1] * j]
    found = im2col(padded, geometry, first, rows)
    np.testing.assert_array_equal(found, expected.reshape(1, geometry.depth, -1))


@pytest.mark.parametrize("padding", [(0, 0, 0, 0), (1, 2, 0, 3)])
def test_padding_has_the_code_of_zero(padding):
    images = np.arange(24, dtype=np.uint8).reshape(1, 2, 3, 4)
    left, right, top, bottom = padding
    found = ConvGeometry(2, (1, 1), (1, 1), (1, 1), padding, 1).padded(images, 9)
    assert found.shape == (1, 2, 3 + top + bottom, 4 + left + right)
    np.testing.assert_array_equal(found[:, :, top : top + 3, left : left + 4], images)
    assert (found == 9).sum() == found.size - 24 + 1
