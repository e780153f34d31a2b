import numpy as np
import pytest
import torch
import torch.nn.functional as F
from sklearn import datasets

from accelsim.models import Dataset, load_dataset


@pytest.fixture(scope="module")
def source() -> torch.Tensor:
    """The 1,797 images as scikit-learn has them, of shape (1797, 1, 8, 8), in [0, 1]."""
    return torch.from_numpy(datasets.load_digits().images[:, None] / 16)


def test_shapes_and_types(digits: Dataset) -> None:
    assert digits.name == "digits"
    assert digits.train_images.shape == (1297, 1, 28, 28)
    assert digits.test_images.shape == (500, 1, 28, 28)
    assert digits.train_images.dtype == digits.test_images.dtype == torch.float32
    assert digits.train_labels.dtype == digits.test_labels.dtype == torch.int64
    assert digits.classes == tuple("0123456789")
    assert float(digits.train_images.min()) == 0
    assert float(digits.train_images.max()) == 1


def test_every_load_on_every_machine_is_the_same(digits: Dataset) -> None:
    assert load_dataset("digits").sha256 == digits.sha256
    assert digits.sha256 == "2d7156b00016ecf3f1f738b21a033fd86c82a6ef48adbe53b1af9198beb0206f"


def test_images_are_bilinear_enlargements_rounded_to_256_levels(
    digits: Dataset, source: torch.Tensor
) -> None:
    expected = F.interpolate(source, size=(28, 28), mode="bilinear", align_corners=False)
    ours = digits.test_images[:200].double()
    levels = (ours * 255).round()
    assert float((ours * 255 - levels).abs().max()) < 1e-4
    distance = torch.cdist(levels.flatten(1) / 255, expected.flatten(1), p=torch.inf)
    assert float(distance.min(dim=1).values.max()) <= 0.5 / 255 + 1e-9


def test_the_split_is_a_partition_with_the_right_labels(digits: Dataset, source: torch.Tensor) -> None:
    expected = F.interpolate(source, size=(28, 28), mode="bilinear", align_corners=False)
    ours = torch.cat([digits.train_images, digits.test_images]).double()
    index = torch.cdist(ours.flatten(1), expected.flatten(1)).argmin(dim=1)
    assert index.sort().values.tolist() == list(range(1797))
    labels = torch.cat([digits.train_labels, digits.test_labels])
    np.testing.assert_array_equal(labels, datasets.load_digits().target[index])


def test_the_split_is_stratified_and_both_parts_are_mixed(digits: Dataset) -> None:
    in_test = digits.test_labels.bincount()
    share = (in_test + digits.train_labels.bincount()) * 500 / 1797
    assert float((in_test - share).abs().max()) < 1
    assert (digits.test_labels[:100].bincount(minlength=10) > 2).all()
    assert (digits.train_labels[:100].bincount(minlength=10) > 2).all()
