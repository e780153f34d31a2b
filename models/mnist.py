"""MNIST from its four IDX files, which are downloaded where they are missing."""

from pathlib import Path

import numpy as np
import torch

from accelsim.errors import AccelsimError
from accelsim.models.dataset import Dataset
from accelsim.models.download import download
from accelsim.models.idx import read_idx
from accelsim.progress import progress_bar
from accelsim.storage import data_folder

__all__ = ["MIRRORS", "SHA256", "has_mnist", "load_mnist"]

#: Where the files are downloaded from, in the order tried.
MIRRORS = (
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
)
#: SHA-256 of the published files.
SHA256 = {
    "train-images-idx3-ubyte.gz": "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
    "train-labels-idx1-ubyte.gz": "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
    "t10k-images-idx3-ubyte.gz": "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
    "t10k-labels-idx1-ubyte.gz": "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
}

_SIDE = 28


def load_mnist(*, progress: bool = True) -> Dataset:
    """Return MNIST (LeCun, Cortes and Burges): 60,000 training and 10,000 test images, in published order.

    The files are looked for in ``mnist`` in `accelsim.storage.data_folder`, by their published names, plain
    or with ``.gz``; a plain one wins. What is missing is downloaded there and held to its SHA-256. A file
    that was there already is the user's own: it must parse and fit the others, but may hold other images;
    `Dataset.sha256` tells what was used.

    Parameters
    ----------
    progress : bool
        Whether a download shows a progress bar on stderr where stderr is a terminal.

    Raises
    ------
    AccelsimError
        If a file is missing and cannot be downloaded, is damaged, or does not fit the others.
    """
    folder = data_folder() / "mnist"
    files = _files(folder, progress)
    parts = {}
    for part in ("train", "t10k"):
        images_file, labels_file = (
            files[f"{part}-images-idx3-ubyte.gz"],
            files[f"{part}-labels-idx1-ubyte.gz"],
        )
        images, labels = read_idx(images_file, 3), read_idx(labels_file, 1)
        if images.shape[1:] != (_SIDE, _SIDE) or not len(images):
            raise AccelsimError(
                f"{images_file} holds images of shape {images.shape}; expected (N, {_SIDE}, {_SIDE})"
            )
        if len(labels) != len(images):
            raise AccelsimError(
                f"{labels_file} holds {len(labels)} labels for the {len(images)} images beside it"
            )
        if labels.max() > 9:
            raise AccelsimError(f"{labels_file} holds the label {labels.max()}; expected 0 to 9")
        scaled = images[:, None].astype(np.float32)
        scaled /= np.float32(255)
        parts[part] = torch.from_numpy(scaled), torch.from_numpy(labels.astype(np.int64))
    return Dataset("mnist", *parts["train"], *parts["t10k"], classes=tuple(str(digit) for digit in range(10)))


def has_mnist() -> bool:
    """Return whether `load_mnist` finds its files without a download."""
    return all(path.is_file() for path in _paths(data_folder() / "mnist").values())


def _paths(folder: Path) -> dict[str, Path]:
    """Return where each published file is, or would be."""
    files = {}
    for name in SHA256:
        plain, compressed = folder / name.removesuffix(".gz"), folder / name
        files[name] = plain if plain.is_file() else compressed
    return files


def _files(folder: Path, progress: bool) -> dict[str, Path]:
    """Return where each published file is, after downloading those that are missing."""
    files = _paths(folder)
    missing = [name for name, path in files.items() if not path.is_file()]
    if missing:
        expected = f"{', '.join(SHA256)} (or the same without .gz)"
        with progress_bar("downloading MNIST", len(missing), progress) as done:
            for name in missing:
                download("MNIST", MIRRORS, name, SHA256[name], folder, expected)
                done("")
    return files
