"""Figure 12: the networks' confidence in clean images."""

import numpy as np
import torch
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray
from torch import Tensor, nn

from accelsim.attacks.guesmi2021.published import PUBLISHED
from accelsim.attacks.guesmi2021.study import BATCH_SIZE, Study
from accelsim.attacks.rates import Rate
from accelsim.attacks.reproduction.rows import Row

__all__ = ["confidences", "figure_12"]

_COLUMNS = ("exact", "axfpm", "axfpm_array24", "bf16")
_THRESHOLD = 0.8


def confidences(scores: Tensor, labels: Tensor) -> NDArray[np.float64]:
    """Return the score of each label less the largest other one (section 6 of the paper).

    Parameters
    ----------
    scores : float tensor of shape (N, classes)
        Softmax scores, or logits.
    labels : int64 tensor of shape (N,)
    """
    own = scores.gather(1, labels[:, None])[:, 0]
    others = scores.scatter(1, labels[:, None], -torch.inf).amax(dim=1)
    return (own - others).double().numpy()


def figure_12(study: Study) -> list[Row]:
    """Cumulative distribution of the confidence, and the margin of the logits that it comes from."""
    subject = study.subject("mnist")
    figure = Figure(figsize=(9, 3.6), layout="constrained")
    FigureCanvasAgg(figure)
    left, right = figure.subplots(1, 2)
    rows = PUBLISHED.rows("figure-12", "clean", "mnist")
    for column in _COLUMNS:
        logits = _logits(subject.victim(column), subject.images)
        softmax, margin = (confidences(scores, subject.labels) for scores in (logits.softmax(dim=1), logits))
        style = "--" if column == "bf16" else "-"  # it hides that of the exact network
        left.ecdf(softmax, label=column, linestyle=style)
        right.ecdf(margin, label=column, linestyle=style)
        above = Rate(int((softmax > _THRESHOLD).sum()), len(softmax))
        rows.add_rate(f"confidence above {_THRESHOLD}", column, "share_percent", above)
        rows.add_mean("confidence", column, "mean", softmax)
        rows.add_mean("margin of the logits", column, "mean", margin)
    left.set(xlabel="confidence: softmax of label less runner-up", ylabel="share of images", xlim=(0, 1))
    right.set(xlabel="margin of the logits", ylabel="share of images")
    right.legend(loc="lower right")
    study.picture("figure-12", figure)
    return rows.rows


@torch.no_grad()
def _logits(net: nn.Module, images: Tensor) -> Tensor:
    return torch.cat([net(batch) for batch in torch.split(images, BATCH_SIZE)])
