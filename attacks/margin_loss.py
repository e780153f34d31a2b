"""The margin loss, for gradient attacks that take a loss."""

from typing import Any, Literal

from accelsim.errors import AccelsimError

__all__ = ["Loss", "check_loss", "use_loss"]

#: What an attack increases: the cross-entropy, or the largest other logit less that of the label.
Loss = Literal["cross-entropy", "margin"]

#: Takes the label's logit out of a maximum.
_FAR = 1e30


def check_loss(loss: str) -> None:
    """Raise `AccelsimError` unless there is such a loss."""
    if loss not in ("cross-entropy", "margin"):
        raise AccelsimError(f"loss is {loss!r}; expected cross-entropy or margin")


def use_loss(adversary: Any, loss: Loss, name: str) -> None:
    r"""Make a Foolbox attack increase another loss than its own.

    The margin is :math:`\sum_i \max_{j \ne y_i} z_{ij} - z_{i y_i}` of logits :math:`z` and labels :math:`y`.
    Unlike the cross-entropy, whose gradient vanishes where the network is sure, it has one everywhere
    (Carlini and Wagner, "Towards Evaluating the Robustness of Neural Networks", S&P 2017).

    Parameters
    ----------
    adversary : foolbox.attacks.Attack
        A new attack; changed in place.
    loss : {"cross-entropy", "margin"}
    name : str
        Name of the attack in the error.

    Raises
    ------
    AccelsimError
        If the attack has a loss of its own.
    """
    check_loss(loss)
    if loss == "cross-entropy":
        return
    if not hasattr(adversary, "get_loss_fn"):
        raise AccelsimError(f"attack {name} has an objective of its own; it takes no {loss} loss")
    adversary.get_loss_fn = _margin


def _margin(model: Any, labels: Any) -> Any:
    import eagerpy as ep

    def loss(inputs: Any) -> Any:
        logits = model(inputs)
        others = logits - ep.onehot_like(logits, labels, value=_FAR)
        return (others.max(axis=1) - logits[range(len(logits)), labels]).sum()

    return loss
