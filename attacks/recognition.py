"""Whether an adversarial image still shows what it was made from."""

import torch
from torch import Tensor

__all__ = ["correlation_matrix", "correlations", "recognisable", "resemblance_of_others"]


def correlations(images: Tensor, others: Tensor) -> Tensor:
    """Return Pearson's correlation over the pixels of each pair of images, 0 where one is of a single value.

    Parameters
    ----------
    images, others : float tensors of shape (N, ...)

    Returns
    -------
    float64 tensor of shape (N,)
    """
    first, second = (_standardised(each) for each in (images, others))
    return (first * second).sum(dim=1)


def correlation_matrix(images: Tensor, others: Tensor) -> Tensor:
    """Return Pearson's correlation of each image with each other, float64 of shape (N, M)."""
    return _standardised(images) @ _standardised(others).T


def resemblance_of_others(images: Tensor, labels: Tensor) -> float:
    """Return the median correlation of two images of different classes.

    Parameters
    ----------
    images : float tensor of shape (N, ...)
    labels : int64 tensor of shape (N,)
        Of two classes at least.
    """
    return float(correlation_matrix(images, images)[labels[:, None] != labels].median())


def recognisable(adversarial: Tensor, images: Tensor, least: float) -> Tensor:
    """Return which adversarial images are more like their originals than a picture of something else is.

    An image whose correlation with the original is not above that of a typical pair of pictures of different
    classes (`resemblance_of_others`) tells a viewer no more of the original than any other picture would:
    noise has taken its place. Noise added in full to a picture of equal contrast leaves a correlation of 0.7.

    Parameters
    ----------
    adversarial, images : float tensors of shape (N, ...)
        Examples and the images that they were made from.
    least : float
        The correlation that must be exceeded.

    Returns
    -------
    bool tensor of shape (N,)
    """
    return correlations(adversarial, images) > least


def _standardised(images: Tensor) -> Tensor:
    """Return flat images of mean 0 and norm 1; of a single value: zeros."""
    flat = images.double().flatten(1)
    centred = flat - flat.mean(dim=1, keepdim=True)
    norm = torch.linalg.vector_norm(centred, dim=1, keepdim=True)
    standardised: Tensor = centred / norm.clamp_min(1e-12)
    return standardised
