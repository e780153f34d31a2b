"""Registry of the data sets."""

from collections.abc import Callable
from types import MappingProxyType

from accelsim.errors import AccelsimError, nearest
from accelsim.models.dataset import Dataset
from accelsim.models.digits import load_digits
from accelsim.models.mnist import load_mnist

__all__ = ["dataset_names", "load_dataset"]

_LOADERS = MappingProxyType[str, Callable[[bool], Dataset]](
    {"digits": lambda progress: load_digits(), "mnist": lambda progress: load_mnist(progress=progress)}
)


def dataset_names() -> list[str]:
    """Return the names that `load_dataset` knows."""
    return list(_LOADERS)


def load_dataset(name: str, *, progress: bool = True) -> Dataset:
    """Return a data set by name: ``"digits"`` (embedded) or ``"mnist"`` (files or download).

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
    if name not in _LOADERS:
        hint = nearest(name, _LOADERS) or f"; there are {' and '.join(_LOADERS)}"
        raise AccelsimError(f"unknown data set {name!r}{hint}")
    return _LOADERS[name](progress)
