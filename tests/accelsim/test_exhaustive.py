import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accelsim.exhaustive import find_differences


@settings(max_examples=40)
@given(st.integers(1, 5000), st.sampled_from([64, 256, 4096]), st.integers(0, 6), st.integers(0, 2**32 - 1))
def test_counts_all_and_shows_the_first(vectors, piece, shown, seed):
    draw = np.random.default_rng(seed)
    wrong = draw.random(vectors) < draw.choice([0, 0.001, 0.5, 1])

    def differs(first, count):
        assert first % piece == 0
        assert 0 < count <= piece
        return wrong[first : first + count]

    found = find_differences(vectors, differs, shown, piece)
    assert found.total == np.count_nonzero(wrong)
    assert found.first == tuple(np.flatnonzero(wrong)[:shown])


def test_an_exception_ends_every_thread():
    running = set()

    def differs(first, count):
        running.add(threading.current_thread())
        if first == 0:
            raise KeyboardInterrupt
        return np.zeros(count)

    with pytest.raises(KeyboardInterrupt):
        find_differences(1 << 62, differs, 1, piece=1 << 10)
    # Were they still at it, they would not get round to this.
    assert find_differences(64, lambda first, count: np.ones(count), 1).total == 64
