"""The pair of pixels that a saliency map puts first."""

import torch

__all__ = ["best_pairs"]

#: Entries of the pair matrices that are formed at once.
_ENTRIES = 1 << 22


def best_pairs(
    gains: torch.Tensor, losses: torch.Tensor, free: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    r"""Return for each image the pair :math:`(p, q)` that maximises :math:`(g_p + g_q)(l_p + l_q)`.

    Both sums must be positive: algorithm 3 of Papernot et al., "The Limitations of Deep Learning in
    Adversarial Settings" (EuroS&P 2016), with gains for the target's derivatives and losses for the negative
    sum of the others'.

    The product grows with both sums. A pixel that two others match or exceed in gain and loss alike can
    therefore be replaced in any pair by one of them, and only those that fewer than two others so dominate
    are paired: some tens of a digit's 784. Those are found with one sort and two running maxima.

    Parameters
    ----------
    gains, losses : float tensors of shape (N, D)
        What each pixel adds to the target, and what it takes from the other classes.
    free : bool tensor of shape (N, D)
        Pixels that may be chosen.

    Returns
    -------
    pairs : int64 tensor of shape (N, 2)
        The pixels' positions.
    found : bool tensor of shape (N,)
        Whether there is a pair of positive sums; where not, the pair means nothing.
    """
    nothing = -torch.inf
    gains, losses = (values.masked_fill(~free, nothing) for values in (gains, losses))
    gains, order = gains.sort(dim=1, descending=True, stable=True)
    losses = losses.gather(1, order)
    before = losses.new_full((len(losses), 1), nothing)
    largest = torch.cat([before, losses.cummax(dim=1).values[:, :-1]], dim=1)
    second = torch.minimum(losses, largest).cummax(dim=1).values
    undominated = losses > torch.cat([before, second[:, :-1]], dim=1)

    width = max(2, int(undominated.sum(dim=1).max()))
    kept = undominated.int().argsort(dim=1, descending=True, stable=True)[:, :width]
    gains, losses = (
        values.masked_fill(~undominated, nothing).gather(1, kept).double() for values in (gains, losses)
    )
    pairs, found = [], []
    images = max(1, _ENTRIES // width**2)
    for gain, loss in zip(torch.split(gains, images), torch.split(losses, images), strict=True):
        gain_sums, loss_sums = (x[:, :, None] + x[:, None, :] for x in (gain, loss))
        valid = (gain_sums > 0) & (loss_sums > 0) & ~torch.eye(width, dtype=torch.bool, device=gain.device)
        best, position = (gain_sums * loss_sums).where(valid, -1.0).flatten(1).max(dim=1)
        found.append(best >= 0)
        pairs.append(torch.stack([position // width, position % width], dim=1))
    return order.gather(1, kept.gather(1, torch.cat(pairs))), torch.cat(found)
