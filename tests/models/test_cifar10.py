"""CIFAR-10 from small files in the format of its binary version."""

import hashlib
import io
import os
import tarfile
from pathlib import Path

import numpy as np
import pytest

from accelsim.errors import AccelsimError
from accelsim.models import cifar10, load_dataset

RANDOM = np.random.default_rng(0)
NAMES = (*(f"data_batch_{number}.bin" for number in range(1, 6)), "test_batch.bin")
IMAGES = {name: RANDOM.integers(0, 256, (3, 3, 32, 32)) for name in (*NAMES, "test_exact_1000.bin")}
LABELS = {name: RANDOM.integers(0, 10, 3) for name in IMAGES}


def records(name: str) -> bytes:
    return b"".join(
        bytes([label, *image.ravel()]) for label, image in zip(LABELS[name], IMAGES[name], strict=True)
    )


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the training files, and no network."""
    monkeypatch.setenv("ACCELSIM_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(cifar10, "MIRRORS", ("http://127.0.0.1:9/",))  # the discard port: nobody listens
    folder = tmp_path / "data" / "cifar10"
    folder.mkdir(parents=True)
    for name in NAMES[:5]:
        (folder / name).write_bytes(records(name))
    return folder


@pytest.mark.parametrize(
    ("test", "name"), [("test_batch.bin", "cifar10"), ("test_exact_1000.bin", "cifar10-test-1000")]
)
def test_files_become_images_and_labels(folder: Path, test: str, name: str) -> None:
    (folder / test).write_bytes(records(test))
    dataset = load_dataset("cifar10")
    assert dataset.name == name
    assert dataset.classes[3] == "cat"
    train = np.concatenate([IMAGES[each] for each in NAMES[:5]])
    np.testing.assert_array_equal(dataset.train_images, (train / np.float32(255)).astype(np.float32))
    np.testing.assert_array_equal(dataset.train_labels, np.concatenate([LABELS[each] for each in NAMES[:5]]))
    np.testing.assert_array_equal(dataset.test_images, (IMAGES[test] / np.float32(255)).astype(np.float32))
    np.testing.assert_array_equal(dataset.test_labels, LABELS[test])


def test_the_whole_test_batch_wins(folder: Path) -> None:
    for name in ("test_batch.bin", "test_exact_1000.bin"):
        (folder / name).write_bytes(records(name))
    assert load_dataset("cifar10").name == "cifar10"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is not a file of CIFAR-10's binary version: 0 bytes, expected a multiple of 3073"),
        (records("data_batch_2.bin")[:-1], "is not a file of CIFAR-10's binary version: 9218 bytes"),
        (b"\x0a" + records("data_batch_2.bin")[1:], "holds the label 10; expected 0 to 9"),
    ],
)
def test_a_bad_file_is_named(folder: Path, content: bytes, message: str) -> None:
    (folder / "test_batch.bin").write_bytes(records("test_batch.bin"))
    (folder / "data_batch_2.bin").write_bytes(content)
    with pytest.raises(AccelsimError, match=f"data_batch_2.bin {message}") as caught:
        load_dataset("cifar10")
    assert "\n" not in str(caught.value)


def test_without_files_and_network_the_folder_and_the_files_are_named(folder: Path) -> None:
    with pytest.raises(
        AccelsimError, match="cifar-10-binary.tar.gz is not in .* could not be downl"
    ) as caught:
        load_dataset("cifar10")
    message = str(caught.value)
    assert str(folder) in message
    assert all(name in message for name in (*NAMES, "test_exact_1000.bin"))
    assert "\n" not in message


def test_the_archive_is_downloaded_and_unpacked(
    folder: Path, mirror: tuple[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    url, served = mirror
    archive = served / "cifar-10-binary.tar.gz"
    with tarfile.open(archive, "w:gz") as content:
        for name in NAMES:
            member = tarfile.TarInfo(f"cifar-10-batches-bin/{name}")
            member.size = len(records(name))
            content.addfile(member, io.BytesIO(records(name)))
    monkeypatch.setattr(cifar10, "MIRRORS", (url,))
    with pytest.raises(AccelsimError, match="could not be downloaded .*hash"):
        load_dataset("cifar10")
    monkeypatch.setattr(cifar10, "MD5", hashlib.md5(archive.read_bytes()).hexdigest())
    dataset = load_dataset("cifar10")
    np.testing.assert_array_equal(dataset.test_labels, LABELS["test_batch.bin"])
    assert sorted(file.name for file in folder.iterdir()) == sorted(NAMES)
    monkeypatch.setattr(cifar10, "MIRRORS", ())
    assert load_dataset("cifar10").sha256 == dataset.sha256


@pytest.mark.skipif(
    "ACCELSIM_DATA" not in os.environ, reason="$ACCELSIM_DATA, with cifar10/ inside, is not set"
)
def test_the_published_files() -> None:
    dataset = load_dataset("cifar10")
    assert dataset.train_images.shape == (50_000, 3, 32, 32)
    assert dataset.train_labels.bincount().tolist() == [5000] * 10
    named = [dataset.classes[label] for label in dataset.test_labels[:5]]
    assert named == ["cat", "ship", "ship", "airplane", "frog"]
    # the means of the training images' red, green and blue that are commonly given
    means = dataset.train_images.mean((0, 2, 3)).tolist()
    assert means == pytest.approx([0.4914, 0.4822, 0.4465], abs=5e-5)
