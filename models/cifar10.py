"""CIFAR-10 from the files of its binary version, which are downloaded where they are missing."""

import tarfile
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from accelsim.errors import AccelsimError
from accelsim.models.dataset import Dataset
from accelsim.models.download import download
from accelsim.progress import progress_bar
from accelsim.storage import data_folder, written_atomically

__all__ = [
    "ARCHIVE",
    "CIFAR10_NAMES",
    "CLASSES",
    "MD5",
    "MIRRORS",
    "has_cifar10",
    "load_cifar10",
    "read_records",
]

#: What `Dataset.name` is of it: with all test images, and with the first 1,000.
CIFAR10_NAMES = ("cifar10", "cifar10-test-1000")
#: Where the archive is downloaded from.
MIRRORS = ("https://www.cs.toronto.edu/~kriz/",)
ARCHIVE = "cifar-10-binary.tar.gz"
#: MD5 of the archive, as published beside it.
MD5 = "c32a1d4ab5d03f1284b67883e8d87530"
#: The classes, by label.
CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")

_TRAINING = tuple(f"data_batch_{number}.bin" for number in range(1, 6))
_TEST = "test_batch.bin"
_TEST_1000 = "test_exact_1000.bin"
_SHAPE = (3, 32, 32)
_RECORD_BYTES = 1 + 3 * 32 * 32


def load_cifar10(*, progress: bool = True) -> Dataset:
    """Return CIFAR-10 (Krizhevsky 2009): 50,000 training and 10,000 test images, in published order.

    The files of the binary version, ``data_batch_1.bin`` to ``data_batch_5.bin`` and ``test_batch.bin``, are
    looked for in ``cifar10`` in `accelsim.storage.data_folder`. Where one is missing the published archive
    is downloaded, held to its MD5 and unpacked there. Files that were there already are the user's own: they
    must parse, but may hold other images; `Dataset.sha256` tells what was used.

    Where ``test_batch.bin`` is missing and ``test_exact_1000.bin`` is there, which holds the first 1,000
    images of the test batch, these are the test images, and the data set's name is ``cifar10-test-1000``.

    Parameters
    ----------
    progress : bool
        Whether a download shows a progress bar on stderr where stderr is a terminal.

    Raises
    ------
    AccelsimError
        If a file is missing and cannot be downloaded, or is damaged.
    """
    folder = data_folder() / "cifar10"
    if not has_cifar10():
        _fetch(folder, progress)
    whole = (folder / _TEST).is_file()
    train = [read_records(folder / name) for name in _TRAINING]
    test = read_records(folder / (_TEST if whole else _TEST_1000))
    return Dataset(
        CIFAR10_NAMES[0 if whole else 1],
        *_scaled(
            np.concatenate([images for images, _ in train]), np.concatenate([each for _, each in train])
        ),
        *_scaled(*test),
        classes=CLASSES,
    )


def has_cifar10() -> bool:
    """Return whether `load_cifar10` finds its files without a download."""
    folder = data_folder() / "cifar10"
    tests = [name for name in (_TEST, _TEST_1000) if (folder / name).is_file()]
    return bool(tests) and all((folder / name).is_file() for name in _TRAINING)


def read_records(path: Path) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Read a file of records: a byte with the label, then the red, green and blue plane, row by row.

    Returns
    -------
    images : uint8 array of shape (N, 3, 32, 32)
    labels : uint8 array of shape (N,)

    Raises
    ------
    AccelsimError
        If the file is missing, unreadable, or no whole number of such records.
    """
    try:
        content = np.fromfile(path, np.uint8)
    except OSError as error:
        raise AccelsimError(f"cannot read {path}: {error.strerror}") from error
    if not len(content) or len(content) % _RECORD_BYTES:
        raise AccelsimError(
            f"{path} is not a file of CIFAR-10's binary version: {len(content)} bytes, "
            f"expected a multiple of {_RECORD_BYTES}"
        )
    records = content.reshape(-1, _RECORD_BYTES)
    labels = records[:, 0]
    if labels.max() >= len(CLASSES):
        raise AccelsimError(f"{path} holds the label {labels.max()}; expected 0 to {len(CLASSES) - 1}")
    return records[:, 1:].reshape(-1, *_SHAPE), labels


def _scaled(images: NDArray[np.uint8], labels: NDArray[np.uint8]) -> tuple[Tensor, Tensor]:
    pixels = images.astype(np.float32)
    pixels /= np.float32(255)
    return torch.from_numpy(pixels), torch.from_numpy(labels.astype(np.int64))


def _fetch(folder: Path, progress: bool) -> None:
    wanted = (*_TRAINING, _TEST)
    with progress_bar("downloading CIFAR-10", 1 + len(wanted), progress) as done:
        expected = f"{', '.join(_TRAINING)} and {_TEST} or {_TEST_1000}"
        archive = download("CIFAR-10", MIRRORS, ARCHIVE, f"md5:{MD5}", folder, expected)
        done("")
        with tarfile.open(archive) as content:
            for name in wanted:
                member = content.extractfile(f"cifar-10-batches-bin/{name}")
                assert member is not None
                with member, written_atomically(folder / name) as file:
                    file.write(member.read())
                done("")
    archive.unlink()
