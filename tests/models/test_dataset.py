from dataclasses import FrozenInstanceError, replace

import pytest
import torch

from accelsim.errors import AccelsimError
from accelsim.models import Dataset, calibration_images, dataset_names, load_dataset


def test_unknown_names_get_a_hint() -> None:
    assert dataset_names() == ["digits", "mnist", "cifar10"]
    with pytest.raises(AccelsimError, match=r"^unknown data set 'MNST'; there are digits, mnist, cifar10$"):
        load_dataset("MNST")
    with pytest.raises(AccelsimError, match=r"^unknown data set 'digit'; did you mean digits\?$"):
        load_dataset("digit")


def test_a_dataset_is_frozen(tiny: Dataset) -> None:
    with pytest.raises(FrozenInstanceError):
        tiny.name = "other"  # type: ignore[misc]


def test_sha256_follows_the_content_and_not_the_name(tiny: Dataset) -> None:
    assert replace(tiny, name="other").sha256 == tiny.sha256
    pixel = tiny.test_images.clone()
    pixel[0, 0, 14, 14] += 2**-20 if pixel[0, 0, 14, 14] < 0.5 else -(2**-20)
    label = tiny.train_labels.clone()
    label[0] = (label[0] + 1) % 10
    others = [
        replace(tiny, test_images=pixel),
        replace(tiny, train_labels=label),
        replace(tiny, classes=tuple("abcdefghij")),
        replace(
            tiny,
            train_images=tiny.train_images.reshape(100, 1, 56, 14),
            test_images=tiny.test_images.reshape(50, 1, 56, 14),
        ),
    ]
    assert len({tiny.sha256, *(other.sha256 for other in others)}) == 5


def test_train_sha256_leaves_the_test_images_out(tiny: Dataset) -> None:
    other = replace(tiny, test_images=tiny.test_images[:7], test_labels=tiny.test_labels[:7])
    assert other.train_sha256 == tiny.train_sha256 != other.sha256 != tiny.sha256
    assert replace(tiny, train_labels=tiny.train_labels.flip(0)).train_sha256 != tiny.train_sha256


def test_sha256_does_not_depend_on_the_memory_layout(tiny: Dataset) -> None:
    transposed = tiny.train_images.transpose(2, 3).contiguous().transpose(2, 3)
    assert not transposed.is_contiguous()
    assert replace(tiny, train_images=transposed).sha256 == tiny.sha256


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"train_images": torch.zeros(100, 28, 28)}, r"training images have shape \(100, 28, 28\)"),
        (
            {"test_images": torch.zeros(50, 1, 28, 28, dtype=torch.float64)},
            "test images have .* torch.float64",
        ),
        ({"test_images": torch.zeros(0, 1, 28, 28)}, "test images have shape"),
        ({"test_images": torch.zeros(50, 1, 28, 27)}, "expected the same"),
        ({"train_labels": torch.zeros(99, dtype=torch.int64)}, r"training labels have shape \(99,\)"),
        ({"train_labels": torch.zeros(100)}, "training labels .* torch.float32"),
        ({"train_labels": torch.full((100,), 10)}, "training labels run from 10 to 10; expected 0 to 9"),
        ({"train_labels": torch.full((100,), -1)}, "training labels run from -1"),
        ({"test_images": torch.full((50, 1, 28, 28), 255.0)}, "pixels from 255 to 255; expected 0 to 1"),
        ({"test_images": torch.full((50, 1, 28, 28), torch.nan)}, "pixels from nan to nan"),
    ],
)
def test_wrong_parts_are_refused(tiny: Dataset, change: dict[str, torch.Tensor], message: str) -> None:
    with pytest.raises(AccelsimError, match=f"^data set tiny: .*{message}"):
        replace(tiny, **change)


def test_a_subset_is_the_beginning_of_the_test_images(tiny: Dataset) -> None:
    images, labels = tiny.test_subset(7)
    assert torch.equal(images, tiny.test_images[:7])
    assert torch.equal(labels, tiny.test_labels[:7])
    assert len(tiny.test_subset(50)[0]) == 50
    for n in (0, 51):
        with pytest.raises(AccelsimError, match=f"tiny has 1 to 50 test images to give, not {n}"):
            tiny.test_subset(n)


def test_calibration_images_are_a_fixed_sample_of_the_training_images(tiny: Dataset) -> None:
    state = torch.get_rng_state()
    images = calibration_images(tiny, 100, seed=3)
    assert torch.equal(torch.get_rng_state(), state)
    assert torch.equal(images[:20], calibration_images(tiny, 20, seed=3))
    assert not torch.equal(images, calibration_images(tiny, 100, seed=4))
    assert torch.equal(images.flatten(1).unique(dim=0), tiny.train_images.flatten(1).unique(dim=0))
    with pytest.raises(AccelsimError, match="tiny has 1 to 100 training images to give, not 101"):
        calibration_images(tiny, 101)


@pytest.mark.parametrize("seed", [-1, 2**63, 2**80, 1.5])
def test_calibration_seed_out_of_range(tiny: Dataset, seed: int) -> None:
    with pytest.raises(AccelsimError, match=r"calibration images: seed must be .* from 0 to 2\^63 - 1, not"):
        calibration_images(tiny, 4, seed=seed)
    assert len(calibration_images(tiny, 4, seed=2**63 - 1)) == 4
