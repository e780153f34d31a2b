import gzip
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from accelsim.errors import AccelsimError
from accelsim.models.idx import read_idx

IMAGES = np.arange(2 * 3 * 5, dtype=np.uint8).reshape(2, 3, 5)
CONTENT = struct.pack(">HBB3I", 0, 8, 3, 2, 3, 5) + bytes(range(30))


def written(folder: Path, content: bytes) -> Path:
    path = folder / "images-idx3-ubyte"
    path.write_bytes(content)
    return path


def test_plain_and_gzip_files_hold_the_same_array(tmp_path: Path) -> None:
    for content in (CONTENT, gzip.compress(CONTENT)):
        array = read_idx(written(tmp_path, content), 3)
        assert array.dtype == np.uint8
        np.testing.assert_array_equal(array, IMAGES)


@given(st.data())
def test_any_array_is_read_back(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    array = data.draw(arrays(np.uint8, array_shapes(min_dims=1, max_dims=4, max_side=6)))
    header = struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape)
    path = written(tmp_path_factory.getbasetemp(), header + array.tobytes())
    np.testing.assert_array_equal(read_idx(path, array.ndim), array)


@pytest.mark.parametrize("length", range(len(CONTENT)))
def test_a_file_cut_anywhere_is_refused(tmp_path: Path, length: int) -> None:
    path = written(tmp_path, CONTENT[:length])
    with pytest.raises(AccelsimError, match=r"images-idx3-ubyte is (truncated|not an IDX file)") as caught:
        read_idx(path, 3)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("length", [2, 9, 20, len(gzip.compress(CONTENT)) - 1])
def test_a_gzip_file_cut_anywhere_is_refused(tmp_path: Path, length: int) -> None:
    path = written(tmp_path, gzip.compress(CONTENT)[:length])
    with pytest.raises(AccelsimError, match="images-idx3-ubyte is truncated"):
        read_idx(path, 3)


def test_a_damaged_gzip_file_is_refused(tmp_path: Path, flip_byte: Callable[[Path, int], None]) -> None:
    path = written(tmp_path, gzip.compress(CONTENT))
    flip_byte(path, path.stat().st_size - 6)  # in the CRC
    with pytest.raises(AccelsimError, match="images-idx3-ubyte is damaged"):
        read_idx(path, 3)


def test_trailing_bytes_are_refused(tmp_path: Path) -> None:
    with pytest.raises(
        AccelsimError, match=r"is too long: 47 bytes, expected 46 bytes for shape \(2, 3, 5\)"
    ):
        read_idx(written(tmp_path, CONTENT + b"x"), 3)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<html>not found</html>",
        struct.pack(">HBBI", 0, 8, 1, 2) + b"ab",  # labels
        struct.pack(">HBB3I", 0, 13, 3, 1, 1, 1) + bytes(4),  # float32
        struct.pack("<I3I", 0x803, 2, 3, 5) + bytes(30),  # the wrong byte order
    ],
)
def test_other_content_is_refused(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(
        AccelsimError, match="images-idx3-ubyte is not an IDX file of unsigned bytes in 3 dim"
    ):
        read_idx(written(tmp_path, content), 3)


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(AccelsimError, match="cannot read .*nowhere: No such file"):
        read_idx(tmp_path / "nowhere", 3)
    with pytest.raises(AccelsimError, match="cannot read .*: Is a directory"):
        read_idx(tmp_path, 3)
