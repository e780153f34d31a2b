"""The embedded data set: scikit-learn's handwritten digits, enlarged to MNIST's 28x28 pixels."""

import numpy as np
import torch
from numpy.typing import NDArray

from accelsim.models.dataset import Dataset

__all__ = ["SPLIT_SEED", "TEST_IMAGES", "load_digits"]

#: Seed of the one split into training and test images.
SPLIT_SEED = 2022
#: Test images, of 1,797 in all.
TEST_IMAGES = 500

_SOURCE_SIDE, _SIDE = 8, 28
_SOURCE_LEVELS = 16  # a source pixel counts the ink in a 4x4 block of a 32x32 bitmap


def load_digits() -> Dataset:
    """Return the digits: 1,297 training and 500 test images; needs neither network nor files.

    The 8x8 images (Alpaydin and Kaynak, "Optical recognition of handwritten digits", UCI 1998; the part
    that scikit-learn carries) are enlarged by bilinear interpolation and rounded to 256 levels, in integer
    arithmetic, so that every machine gets the same bits and, as in MNIST, a pixel is a multiple of 1/255.

    The split is stratified: every class gives the same share (largest remainders) to the test images.
    Which ones, and the order of both parts, is drawn once from PCG64 with seed `SPLIT_SEED`, whose stream
    numpy guarantees not to change.
    """
    from sklearn import datasets

    bunch = datasets.load_digits()
    labels = bunch.target.astype(np.int64)
    images = enlarged(bunch.images.astype(np.int64)).astype(np.float32) / np.float32(255)
    train, test = _stratified_split(labels)
    return Dataset(
        name="digits",
        train_images=torch.from_numpy(images[train, None]),
        train_labels=torch.from_numpy(labels[train]),
        test_images=torch.from_numpy(images[test, None]),
        test_labels=torch.from_numpy(labels[test]),
        classes=tuple(str(digit) for digit in range(10)),
    )


def enlarged(images: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return 8x8 images of levels 0 ... 16 as 28x28 images of levels 0 ... 255 (bilinear, edges held).

    Parameters
    ----------
    images : int64 array of shape (N, 8, 8)

    Returns
    -------
    int64 array of shape (N, 28, 28)
    """
    # The centre of pixel i lies at (i + 1/2) * 8/28 - 1/2 = (4i - 5)/14 of the source: weights in 14ths.
    position = np.clip(4 * np.arange(_SIDE) - 5, 0, 14 * (_SOURCE_SIDE - 1))
    left = np.minimum(position // 14, _SOURCE_SIDE - 2)
    weights = np.zeros((_SIDE, _SOURCE_SIDE), dtype=np.int64)
    weights[np.arange(_SIDE), left + 1] = position - 14 * left
    weights[np.arange(_SIDE), left] = 14 - weights[np.arange(_SIDE), left + 1]
    scaled = weights @ images @ weights.T
    one = 14 * 14 * _SOURCE_LEVELS
    return (2 * 255 * scaled + one) // (2 * one)


def _stratified_split(labels: NDArray[np.int64]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the indices of the training and of the test images, both in random order."""
    share = np.bincount(labels) * TEST_IMAGES / len(labels)
    wanted = np.floor(share).astype(int)
    wanted[np.argsort(wanted - share, kind="stable")[: TEST_IMAGES - wanted.sum()]] += 1
    order = np.argsort(np.random.PCG64(SPLIT_SEED).random_raw(len(labels)), kind="stable")
    is_test = np.zeros(len(labels), dtype=bool)
    for digit, count in enumerate(wanted):
        is_test[order[labels[order] == digit][:count]] = True
    return order[~is_test[order]], order[is_test[order]]
