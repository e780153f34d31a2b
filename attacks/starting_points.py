"""Misclassified images from which attacks by answers alone set out."""

import torch

from accelsim.attacks.network import CheckedNetwork

__all__ = ["starting_points"]

#: Noise images drawn for an image at most; those that do not fool it are mostly of its own class.
_DRAWS = 100
#: Steps between an image and its starting point, at the first of which that fools the search ends.
_BLENDS = 50


@torch.no_grad()
def starting_points(
    network: CheckedNetwork, images: torch.Tensor, labels: torch.Tensor, wanted: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return a misclassified image for each image wanted, as near to it as a straight line leads.

    The end of the line is uniform noise that the network puts into another class than the label, as Brendel
    et al., "Decision-Based Adversarial Attacks" (ICLR 2018), begin. Where 100 draws give none (networks put
    almost all noise into one class, which cannot fool its own images), it is the nearest image of the batch
    that the network puts into another class.

    Parameters
    ----------
    network : CheckedNetwork
        Network under attack.
    images : float tensor of shape (N, ...)
        Pixels in [0, 1].
    labels : int64 tensor of shape (N,)
        True classes.
    wanted : bool tensor of shape (N,)
        Which images need one; the network classifies these correctly.

    Returns
    -------
    points : float tensor like ``images``
        Starting points; the images themselves where there is none.
    found : bool tensor of shape (N,)
        Where there is one.
    """
    ends = images.clone()
    missing = wanted.nonzero().flatten()
    for _ in range(_DRAWS):
        if len(missing) == 0:
            break
        noise = torch.rand_like(images[missing])
        fools = network(noise).argmax(dim=1) != labels[missing]
        ends[missing[fools]] = noise[fools]
        missing = missing[~fools]
    if len(missing):
        answers = network(images).argmax(dim=1)
        distances = torch.cdist(images[missing].flatten(1), images.flatten(1))
        distances[answers == labels[missing, None]] = torch.inf
        distance, nearest = distances.min(dim=1)
        has_one = distance < torch.inf
        ends[missing[has_one]] = images[nearest[has_one]]
        missing = missing[~has_one]
    found = wanted.clone()
    found[missing] = False
    points = _blended(network, images, labels, ends, found)
    # On the edge of rounding, an answer may depend on the company in which it is asked.
    while found.any() and not (fools := network(points[found]).argmax(dim=1) != labels[found]).all():
        found[found.clone()] = fools
    return points, found


def _blended(
    network: CheckedNetwork,
    images: torch.Tensor,
    labels: torch.Tensor,
    ends: torch.Tensor,
    found: torch.Tensor,
) -> torch.Tensor:
    """Move from the images towards the ends until the network is fooled."""
    points = images.clone()
    left = found.nonzero().flatten()
    for step in range(1, _BLENDS):
        if len(left) == 0:
            break
        blend = torch.lerp(images[left], ends[left], step / _BLENDS)
        fools = network(blend).argmax(dim=1) != labels[left]
        points[left[fools]] = blend[fools]
        left = left[~fools]
    points[left] = ends[left]
    return points
