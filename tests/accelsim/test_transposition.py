import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accelsim.transposition import numbers_of_planes


@settings(max_examples=60)
@given(st.integers(1, 64), st.integers(1, 64 * 64), st.integers(0, 2**32 - 1))
def test_bits_of_the_numbers_are_those_of_the_planes(bits, count, seed):
    draw = np.random.default_rng(seed)
    values = draw.integers(0, 1 << 64, (bits + 7, 64), dtype=np.uint64)
    ports = draw.permutation(bits + 7)[:bits].astype(np.int32)
    kind = next(kind for kind in (np.uint8, np.uint16, np.uint32, np.uint64) if bits <= 8 * kind().nbytes)
    found = draw.integers(0, 256, count).astype(kind)  # what was there does not matter
    numbers_of_planes(values, ports, found)
    planes = np.unpackbits(values[ports].view(np.uint8), axis=1, bitorder="little")[:, :count]
    expected = sum(plane.astype(object) << bit for bit, plane in enumerate(planes))
    assert found.tolist() == expected.tolist()


@pytest.mark.parametrize("bits", [17, 32, 33, 64])
def test_whole_blocks(bits):
    values = np.random.default_rng(bits).integers(0, 1 << 64, (bits, 64), dtype=np.uint64)
    kind = np.uint32 if bits <= 32 else np.uint64
    whole, piecewise = np.empty(4096, kind), np.empty(4096, kind)
    numbers_of_planes(values, np.arange(bits, dtype=np.int32), whole)
    for word in range(64):  # too short for blocks
        part = piecewise[word * 64 : word * 64 + 64]
        numbers_of_planes(values[:, word : word + 1], np.arange(bits, dtype=np.int32), part)
    np.testing.assert_array_equal(whole, piecewise)
