"""Registry of the data sets."""

from collections.abc import Callable
from dataclasses import dataclass
from types import MappingProxyType

from accelsim.errors import AccelsimError, nearest
from accelsim.models.cifar10 import has_cifar10, load_cifar10
from accelsim.models.dataset import Dataset
from accelsim.models.digits import load_digits
from accelsim.models.mnist import has_mnist, load_mnist

__all__ = ["dataset_names", "is_at_hand", "load_dataset"]


@dataclass(frozen=True)
class _Source:
    """Where a data set comes from; ``load`` takes whether to show the progress of a download."""

    load: Callable[[bool], Dataset]
    is_at_hand: Callable[[], bool]


_SOURCES = MappingProxyType(
    {
        "digits": _Source(lambda progress: load_digits(), lambda: True),
        "mnist": _Source(lambda progress: load_mnist(progress=progress), has_mnist),
        "cifar10": _Source(lambda progress: load_cifar10(progress=progress), has_cifar10),
    }
)


def dataset_names() -> list[str]:
    """Return the names that `load_dataset` knows."""
    return list(_SOURCES)


def load_dataset(name: str, *, progress: bool = True) -> Dataset:
    """Return a data set by name: ``"digits"`` (embedded), ``"mnist"`` or ``"cifar10"`` (files or download).

    Parameters
    ----------
    name : str
        Name of the data set.
    progress : bool
        Whether a download shows a progress bar on stderr where stderr is a terminal.

    Raises
    ------
    AccelsimError
        If the name is unknown, or the files are missing or damaged.
    """
    return _source(name).load(progress)


def is_at_hand(name: str) -> bool:
    """Return whether `load_dataset` finds a data set without a download.

    Raises
    ------
    AccelsimError
        If the name is unknown.
    """
    return _source(name).is_at_hand()


def _source(name: str) -> _Source:
    if name not in _SOURCES:
        hint = nearest(name, _SOURCES) or f"; there are {', '.join(_SOURCES)}"
        raise AccelsimError(f"unknown data set {name!r}{hint}")
    return _SOURCES[name]
