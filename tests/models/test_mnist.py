import gzip
import hashlib
import os
import struct
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest
import torch

from accelsim.errors import AccelsimError
from accelsim.models import load_dataset, mnist

RANDOM = np.random.default_rng(0)
IMAGES = {"train": RANDOM.integers(0, 256, (12, 28, 28)), "t10k": RANDOM.integers(0, 256, (5, 28, 28))}
LABELS = {"train": np.arange(12) % 10, "t10k": np.arange(5)}
NOWHERE = ("http://127.0.0.1:9/",)  # the discard port: nobody listens


def idx(array: np.ndarray) -> bytes:
    header = struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape)
    return header + array.astype(np.uint8).tobytes()


def write_all(folder: Path, compressed: bool) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for part in ("train", "t10k"):
        for name, array in (
            (f"{part}-images-idx3-ubyte", IMAGES[part]),
            (f"{part}-labels-idx1-ubyte", LABELS[part]),
        ):
            if compressed:
                (folder / f"{name}.gz").write_bytes(gzip.compress(idx(array)))
            else:
                (folder / name).write_bytes(idx(array))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder for the files, and no network."""
    monkeypatch.setenv("ACCELSIM_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(mnist, "MIRRORS", NOWHERE)
    return tmp_path / "data" / "mnist"


@pytest.mark.parametrize("compressed", [False, True])
def test_files_become_images_and_labels(folder: Path, compressed: bool) -> None:
    write_all(folder, compressed)
    dataset = load_dataset("mnist")
    assert dataset.name == "mnist"
    for images, labels, part in (
        (dataset.train_images, dataset.train_labels, "train"),
        (dataset.test_images, dataset.test_labels, "t10k"),
    ):
        assert images.dtype == torch.float32
        np.testing.assert_array_equal(images, (IMAGES[part][:, None] / np.float32(255)).astype(np.float32))
        np.testing.assert_array_equal(labels, LABELS[part])


def test_a_plain_file_wins_over_a_compressed_one(folder: Path) -> None:
    write_all(folder, compressed=True)
    (folder / "t10k-labels-idx1-ubyte").write_bytes(idx(LABELS["t10k"][::-1]))
    np.testing.assert_array_equal(load_dataset("mnist").test_labels, LABELS["t10k"][::-1])


def test_the_data_folder_is_the_cache_where_no_other_is_chosen(
    own_folders: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ACCELSIM_DATA")
    write_all(own_folders / "data" / "mnist", compressed=True)
    assert len(load_dataset("mnist").test_images) == 5


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("t10k-images-idx3-ubyte", idx(IMAGES["t10k"])[:-1], "is truncated"),
        ("t10k-images-idx3-ubyte", idx(IMAGES["t10k"][:, :27]), r"holds images of shape \(5, 27, 28\)"),
        ("t10k-images-idx3-ubyte", idx(IMAGES["t10k"][:0]), r"holds images of shape \(0, 28, 28\)"),
        (
            "train-images-idx3-ubyte",
            idx(LABELS["train"]),
            "is not an IDX file of unsigned bytes in 3 dimensions",
        ),
        ("train-labels-idx1-ubyte", idx(LABELS["train"][1:]), "holds 11 labels for the 12 images"),
        ("train-labels-idx1-ubyte", idx(LABELS["train"] + 1), "holds the label 10; expected 0 to 9"),
    ],
)
def test_a_bad_file_is_named(folder: Path, name: str, content: bytes, message: str) -> None:
    write_all(folder, compressed=False)
    (folder / name).write_bytes(content)
    with pytest.raises(AccelsimError, match=f"{name} {message}") as caught:
        load_dataset("mnist")
    assert "\n" not in str(caught.value)


def test_without_files_and_network_the_folder_and_the_files_are_named(
    folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(AccelsimError) as caught:
        load_dataset("mnist")
    message = str(caught.value)
    assert capfd.readouterr() == ("", "")
    assert "\n" not in message
    assert str(folder) in message
    assert all(name in message for name in mnist.SHA256)


def test_missing_files_are_downloaded_and_the_others_kept(
    folder: Path, mirror: tuple[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    url, served = mirror
    write_all(served, compressed=True)
    hashes = {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in served.iterdir()}
    monkeypatch.setattr(mnist, "SHA256", hashes)
    monkeypatch.setattr(mnist, "MIRRORS", (*NOWHERE, url))
    folder.mkdir(parents=True)
    (folder / "t10k-labels-idx1-ubyte").write_bytes(idx(LABELS["t10k"][::-1]))
    dataset = load_dataset("mnist")
    np.testing.assert_array_equal(dataset.train_labels, LABELS["train"])
    np.testing.assert_array_equal(dataset.test_labels, LABELS["t10k"][::-1])
    monkeypatch.setattr(mnist, "MIRRORS", NOWHERE)
    assert load_dataset("mnist").sha256 == dataset.sha256


@pytest.mark.parametrize("progress", [True, False])
def test_the_bar_of_a_download_is_as_asked(
    folder: Path, monkeypatch: pytest.MonkeyPatch, progress: bool
) -> None:
    asked = []

    def bar(description: str, total: int, shown: bool) -> nullcontext[object]:
        asked.append(shown)
        return nullcontext(lambda note: None)

    monkeypatch.setattr(mnist, "progress_bar", bar)
    monkeypatch.setattr(mnist, "download", lambda *what: None)
    with pytest.raises(AccelsimError, match="cannot read"):
        load_dataset("mnist", progress=progress)
    assert asked == [progress]


def test_a_download_with_another_checksum_is_refused_and_not_kept(
    folder: Path, mirror: tuple[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    url, served = mirror
    write_all(served, compressed=True)
    monkeypatch.setattr(mnist, "MIRRORS", (url,))
    with pytest.raises(
        AccelsimError, match="train-images-idx3-ubyte.gz is not in .* could not be downloaded .*hash"
    ):
        load_dataset("mnist")
    assert not any(folder.iterdir())


def test_a_folder_that_cannot_be_made_is_one_line(
    folder: Path, mirror: tuple[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mnist, "MIRRORS", (mirror[0],))
    folder.parent.write_text("a file where the folder should be")
    with pytest.raises(
        AccelsimError, match=r"could not be downloaded \((Not a directory|File exists)\)"
    ) as caught:
        load_dataset("mnist")
    assert "\n" not in str(caught.value)


@pytest.mark.skipif(
    "ACCELSIM_DATA" not in os.environ, reason="$ACCELSIM_DATA, with mnist/ inside, is not set"
)
def test_the_published_files() -> None:
    dataset = load_dataset("mnist")
    assert dataset.train_images.shape == (60_000, 1, 28, 28)
    assert dataset.test_images.shape == (10_000, 1, 28, 28)
    assert dataset.test_labels[:10].tolist() == [7, 2, 1, 0, 4, 1, 4, 9, 5, 9]
    assert dataset.train_labels.bincount().tolist() == [
        5923,
        6742,
        5958,
        6131,
        5842,
        5421,
        5918,
        6265,
        5851,
        5949,
    ]
    assert float(dataset.train_images.double().mean()) == pytest.approx(0.1307, abs=5e-5)
    assert float(dataset.train_images.double().std()) == pytest.approx(0.3081, abs=5e-5)
