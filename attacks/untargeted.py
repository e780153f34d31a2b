"""What an attack of Foolbox's interface is called with, where it is untargeted."""

from collections.abc import Callable, Mapping
from typing import Any

from eagerpy.astensor import astensor, astensor_
from foolbox.attacks.base import get_criterion, raise_if_kwargs
from foolbox.criteria import Misclassification
from torch import Tensor

from accelsim.errors import AccelsimError

__all__ = ["untargeted_call"]


def untargeted_call(
    attack: str, inputs: Any, criterion: Any, unknown: Mapping[str, object]
) -> tuple[Tensor, Tensor, Callable[[Tensor], Any]]:
    """Return images, labels, and what turns perturbed images into the caller's kind of tensor.

    Parameters
    ----------
    attack : str
        Its name in messages.
    inputs : tensor of shape (N, ...)
        Images, of any kind that Foolbox takes.
    criterion : foolbox.criteria.Misclassification or tensor of shape (N,)
        The labels.
    unknown : mapping of str to object
        Arguments that ``run`` has no name for.

    Raises
    ------
    AccelsimError
        If the criterion is another one.
    TypeError
        If there are unknown arguments.
    """
    raise_if_kwargs(dict(unknown))
    images, restored = astensor_(inputs)
    criterion = get_criterion(criterion)
    if not isinstance(criterion, Misclassification):
        raise AccelsimError(f"{attack} aims at Misclassification; not {criterion!r}")
    return images.raw, criterion.labels.raw, lambda perturbed: restored(astensor(perturbed))
