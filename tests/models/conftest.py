from collections.abc import Callable
from pathlib import Path

import pytest

from accelsim.models import Dataset, load_dataset


@pytest.fixture(autouse=True)
def own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The cache of these tests; the user's stays untouched."""
    monkeypatch.setenv("ACCELSIM_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture(scope="session")
def digits() -> Dataset:
    return load_dataset("digits")


@pytest.fixture(scope="session")
def tiny(digits: Dataset) -> Dataset:
    """A hundred training and fifty test images: an epoch takes a blink."""
    return Dataset(
        "tiny",
        digits.train_images[:100],
        digits.train_labels[:100],
        digits.test_images[:50],
        digits.test_labels[:50],
        digits.classes,
    )


@pytest.fixture
def flip_byte() -> Callable[[Path, int], None]:
    """Flip all bits of one byte of a file."""

    def flip(path: Path, at: int) -> None:
        content = bytearray(path.read_bytes())
        content[at] ^= 0xFF
        path.write_bytes(content)

    return flip
