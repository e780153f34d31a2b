"""What direct attacks did: shares and norms, as rows."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from accelsim.attacks.outcome import Crafted
from accelsim.attacks.rates import Rate
from accelsim.attacks.recognition import recognisable
from accelsim.attacks.reproduction.rows import Rows

__all__ = ["add_direct", "perturbed"]


def perturbed(crafted: Crafted) -> dict[str, NDArray[np.float64]]:
    """Return the norms of each perturbation: ``l0`` (pixels), ``l1``, ``l2``, ``linf``; of shape (N,)."""
    change = (crafted.adversarial.double() - crafted.images.double()).flatten(2)
    flat = change.flatten(1)
    return {
        "l0": (change != 0).any(dim=1).sum(dim=1).double().numpy(),
        "l1": flat.abs().sum(dim=1).numpy(),
        "l2": torch.linalg.vector_norm(flat, dim=1).numpy(),
        "linf": flat.abs().amax(dim=1).numpy(),
    }


def add_direct(rows: Rows, row: str, column: str, crafted: Sequence[Crafted], least: float) -> None:
    """Add the rows of an attack on a network: of all examples, and of those that are still recognisable.

    Parameters
    ----------
    rows : Rows
        To which they are added.
    row, column : str
        Their place.
    crafted : sequence of Crafted
        The examples of each run, of images that the network classifies correctly.
    least : float
        The correlation with its image that a recognisable example exceeds.
    """
    place = (row, column)
    fooled = torch.cat([each.fooled for each in crafted])
    n, count = len(fooled), int(fooled.sum())
    rows.add_rate(*place, "adversarial_accuracy_percent", Rate(n - count, n))
    if len(crafted) > 1:
        shares = [100 - 100 * float(each.fooled.float().mean()) for each in crafted]
        rows.add(*place, "adversarial_accuracy_run_sd", float(np.std(shares, ddof=1)), len(shares))
    rows.add_rate(*place, "evasion_percent", Rate(count, n))
    norms = [perturbed(each) for each in crafted]
    for name in ("l0", "l1", "l2", "linf"):
        rows.add_mean(*place, f"{name}_mean", np.concatenate([each[name] for each in norms])[fooled.numpy()])
    shown = torch.cat([recognisable(each.adversarial, each.images, least) for each in crafted])
    removed = int((fooled & ~shown).sum())
    rows.add_rate(*place, "unrecognisable_percent", Rate(removed, n))
    kept, fooling = n - removed, int((fooled & shown).sum())
    rows.add_rate(*place, "adversarial_accuracy_recognisable_percent", Rate(kept - fooling, kept))
    l2 = np.concatenate([each["l2"] for each in norms])
    rows.add_mean(*place, "l2_mean_recognisable", l2[(fooled & shown).numpy()])
    seconds = sum(each.seconds for each in crafted) / n
    rows.add(*place, "seconds_per_example", seconds, n)
