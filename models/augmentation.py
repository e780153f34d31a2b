"""Training images moved and mirrored at random."""

import torch
import torch.nn.functional as F
from torch import Tensor

__all__ = ["cropped_and_flipped"]

_PIXELS = 4


def cropped_and_flipped(images: Tensor, draws: torch.Generator) -> Tensor:
    """Return images moved by up to 4 pixels each way, zeros coming in, every other mirrored left to right.

    How far, and which, is drawn for each image by itself.

    Parameters
    ----------
    images : float tensor of shape (N, channels, height, width)
        Not changed.
    draws : torch.Generator
        Where the choices come from.

    Returns
    -------
    float tensor of the same shape
    """
    n, _, height, width = images.shape
    padded = F.pad(images, (_PIXELS,) * 4).permute(0, 2, 3, 1)
    top, left = torch.randint(2 * _PIXELS + 1, (2, n, 1), generator=draws)
    mirrored = torch.randint(2, (n, 1), generator=draws, dtype=torch.bool)
    rows = top + torch.arange(height)
    columns = torch.where(mirrored, torch.arange(width - 1, -1, -1), torch.arange(width)) + left
    moved: Tensor = padded[torch.arange(n)[:, None, None], rows[:, :, None], columns[:, None]]
    return moved.permute(0, 3, 1, 2)
