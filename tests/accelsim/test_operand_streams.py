import numpy as np
import pytest

from accelsim.errors import AccelsimError
from accelsim.float_format import FP32
from accelsim.operand_streams import (
    drawn_stream,
    float_stream,
    is_distribution,
    read_stream,
    uniform_stream,
)


def test_uniform_operands_cover_every_pattern_evenly():
    stream = uniform_stream(3, 2, operations=32_000, seed=1)
    assert len(stream.a) == len(stream.b) == 32_001
    counts = np.bincount(stream.a * 4 + stream.b, minlength=32)
    assert counts.min() > 850
    assert counts.max() < 1150
    assert stream.description == "uniform random operands, 32000 operations, seed 1"
    assert (uniform_stream(3, 2, 10, 1).a == uniform_stream(3, 2, 10, 1).a).all()
    assert (uniform_stream(8, 8, 10, 1).a != uniform_stream(8, 8, 10, 2).a).any()
    with pytest.raises(AccelsimError, match="0 operations asked for; at least 1 is needed"):
        uniform_stream(3, 2, 0)


def test_floats_from_0_to_1():
    stream = float_stream(FP32, operations=2000, seed=3)
    numbers = stream.a.astype(np.uint32).view(np.float32)
    assert len(numbers) == len(stream.b) == 2001
    assert 0 <= numbers.min() < 0.01
    assert 0.99 < numbers.max() <= 1
    assert numbers.mean() == pytest.approx(0.5, abs=0.03)
    with pytest.raises(AccelsimError, match="0 operations asked for"):
        float_stream(FP32, 0)


def test_drawn_operands_follow_their_frequencies():
    frequencies = np.zeros((4, 8))
    frequencies[1, 5], frequencies[3, 0] = 3, 1
    stream = drawn_stream(frequencies, 4000, 0, "counts.npz")
    pairs, counts = np.unique([stream.a, stream.b], axis=1, return_counts=True)
    assert pairs.T.tolist() == [[1, 5], [3, 0]]
    assert counts[0] / counts[1] == pytest.approx(3, rel=0.1)
    for bad in (np.zeros((4, 8)), np.full((4, 8), -1.0), np.full((4, 8), np.inf)):
        with pytest.raises(AccelsimError, match="counts.npz: frequencies must be finite"):
            drawn_stream(bad, 10, 0, "counts.npz")


@pytest.fixture
def saved(tmp_path):
    def save(array):
        np.save(tmp_path / "stream.npy", array)
        return tmp_path / "stream.npy"

    return save


def test_a_recorded_stream(saved):
    path = saved(np.array([[-128, 255], [3, -1], [0, 0]], dtype=np.int16))
    stream = read_stream(path, 8, 8, signed=True)
    assert stream.a.tolist() == [-128, 3, 0]
    assert stream.b.tolist() == [255, -1, 0]
    assert stream.description == "stream.npy, 2 operations"


@pytest.mark.parametrize(
    ("array", "signed", "message"),
    [
        (np.zeros((5, 3), int), False, r"has shape \(5, 3\) and type int64; a stream of operands has"),
        (np.zeros(5, int), False, r"has shape \(5,\)"),
        (np.zeros((1, 2), int), False, "n at least 2"),
        (np.zeros((5, 2)), False, "type float64"),
        (np.array([[0, 0], [1, 256]]), False, "operand b of entry 1 is 256; an unsigned operand of 8 bits"),
        (np.array([[0, 0], [-1, 0]]), False, "operand a of entry 1 is -1; .* lies in 0 to 255"),
        (np.array([[0, 0], [-129, 0]]), True, "operand a of entry 1 is -129; .* lies in -128 to 255"),
        (np.array([[2**63, 0], [0, 0]], np.uint64), False, "operand a of entry 0 is 9223372036854775808"),
    ],
)
def test_streams_of_wrong_shape_or_range(saved, array, signed, message):
    with pytest.raises(AccelsimError, match=message):
        read_stream(saved(array), 8, 8, signed)


def test_files_that_are_no_stream(tmp_path):
    with pytest.raises(AccelsimError, match="cannot read .*none.npy: No such file"):
        read_stream(tmp_path / "none.npy", 8, 8, False)
    (tmp_path / "text.npy").write_text("not an array")
    with pytest.raises(AccelsimError, match="text.npy is damaged or not an .npy file"):
        read_stream(tmp_path / "text.npy", 8, 8, False)


def test_a_distribution_is_told_from_a_stream(saved, tmp_path):
    assert is_distribution(saved(np.ones((4, 8))), (4, 8))
    assert not is_distribution(saved(np.ones((256, 2), int)), (256, 256))
    assert is_distribution(tmp_path / "any.npz", (4, 8))
