"""A data set of labelled images, and the choices made from it."""

import hashlib
from dataclasses import dataclass, field
from functools import cached_property

import torch
from torch import Tensor

from accelsim.errors import AccelsimError
from accelsim.models.seeds import check_seed

__all__ = ["Dataset", "calibration_images"]


@dataclass(frozen=True, eq=False)
class Dataset:
    """Training and test images with their labels.

    Parameters
    ----------
    name : str
        Name of the data set.
    train_images, test_images : float32 tensor of shape (N, channels, height, width)
        Pixels in [0, 1].
    train_labels, test_labels : int64 tensor of shape (N,)
        Index of the class of each image.
    classes : tuple of str
        Name of each class.

    Raises
    ------
    AccelsimError
        If a shape or type is another one, a part is empty, a pixel is outside [0, 1] or not a number, or a
        label is no class.
    """

    name: str
    train_images: Tensor = field(repr=False)
    train_labels: Tensor = field(repr=False)
    test_images: Tensor = field(repr=False)
    test_labels: Tensor = field(repr=False)
    classes: tuple[str, ...]

    def __post_init__(self) -> None:
        self._check_part("training", self.train_images, self.train_labels)
        self._check_part("test", self.test_images, self.test_labels)
        if self.train_images.shape[1:] != self.test_images.shape[1:]:
            raise AccelsimError(
                f"data set {self.name}: training images of shape {tuple(self.train_images.shape[1:])}, "
                f"test images of shape {tuple(self.test_images.shape[1:])}; expected the same"
            )

    def _check_part(self, part: str, images: Tensor, labels: Tensor) -> None:
        where = f"data set {self.name}: {part}"
        if images.ndim != 4 or images.dtype != torch.float32 or not images.numel():
            raise AccelsimError(
                f"{where} images have shape {tuple(images.shape)} and type {images.dtype}; "
                "expected (N, channels, height, width) and torch.float32"
            )
        if labels.shape != images.shape[:1] or labels.dtype != torch.int64:
            raise AccelsimError(
                f"{where} labels have shape {tuple(labels.shape)} and type {labels.dtype}; "
                f"expected ({len(images)},) and torch.int64"
            )
        low, high = (float(bound) for bound in torch.aminmax(images))
        if not (low >= 0 and high <= 1):
            raise AccelsimError(f"{where} images have pixels from {low:g} to {high:g}; expected 0 to 1")
        if int(labels.min()) < 0 or int(labels.max()) >= len(self.classes):
            raise AccelsimError(
                f"{where} labels run from {int(labels.min())} to {int(labels.max())}; "
                f"expected 0 to {len(self.classes) - 1}"
            )

    @property
    def image_shape(self) -> tuple[int, ...]:
        """Channels, height and width."""
        return tuple(self.train_images.shape[1:])

    @cached_property
    def sha256(self) -> str:
        """SHA-256 (hexadecimal) of all images, labels and class names; the data set's name does not count."""
        return self._hash(self.train_images, self.train_labels, self.test_images, self.test_labels)

    @cached_property
    def train_sha256(self) -> str:
        """As `sha256`, without the test images and labels: of what a network is trained on."""
        return self._hash(self.train_images, self.train_labels)

    def _hash(self, *parts: Tensor) -> str:
        content = hashlib.sha256(repr(self.classes).encode())
        for part in parts:
            content.update(repr(tuple(part.shape)).encode())
            array = part.contiguous().numpy()
            content.update(array.astype(array.dtype.newbyteorder("<"), copy=False).data)
        return content.hexdigest()

    def test_subset(self, n: int) -> tuple[Tensor, Tensor]:
        """Return the first ``n`` test images and their labels, in the data set's own order.

        No image is picked or left out by what it shows: every user of ``n`` images gets the same ones, and
        those of a smaller ``n`` are among those of a larger. For digits that order is random
        (`accelsim.models.digits`); for MNIST it is the published one, whose first 5,000 test images come
        from the cleaner half.

        Returns
        -------
        images : float32 tensor of shape (n, channels, height, width)
        labels : int64 tensor of shape (n,)

        Raises
        ------
        AccelsimError
            If there are not that many.
        """
        if not 1 <= n <= len(self.test_images):
            raise AccelsimError(
                f"data set {self.name} has 1 to {len(self.test_images)} test images to give, not {n}"
            )
        return self.test_images[:n], self.test_labels[:n]


def calibration_images(dataset: Dataset, n: int = 256, seed: int = 0) -> Tensor:
    """Return ``n`` training images chosen at random: what quantization is calibrated on.

    Parameters
    ----------
    dataset : Dataset
        Where they come from; test images are never among them.
    n : int
        How many, without repetition.
    seed : int
        Same seed, same images; from 0 to 2^63 - 1.

    Returns
    -------
    float32 tensor of shape (n, channels, height, width)

    Raises
    ------
    AccelsimError
        If there are not that many, or the seed is out of range.
    """
    check_seed(seed, "calibration images")
    available = len(dataset.train_images)
    if not 1 <= n <= available:
        raise AccelsimError(f"data set {dataset.name} has 1 to {available} training images to give, not {n}")
    order = torch.randperm(available, generator=torch.Generator().manual_seed(seed))
    return dataset.train_images[order[:n]]
