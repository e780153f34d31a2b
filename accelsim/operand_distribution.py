"""Operand distributions: how often each pair of operands is multiplied, in files."""

import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from accelsim.errors import AccelsimError
from accelsim.storage import written_atomically

__all__ = ["load_distribution", "save_distribution"]


def save_distribution(path: str | os.PathLike[str], pairs: NDArray[Any]) -> None:
    """Write how often each operand pair occurs, as ``pairs`` of an ``.npz`` or as an ``.npy``.

    Raises
    ------
    AccelsimError
        If the name has another ending, or the file cannot be written.
    """
    path = Path(path)
    if path.suffix not in {".npy", ".npz"}:
        raise AccelsimError(f"cannot save a distribution as {path.name}: the name must end in .npy or .npz")
    with written_atomically(path) as file:
        if path.suffix == ".npy":
            np.save(file, pairs)
        else:
            np.savez_compressed(file, pairs=pairs)


def load_distribution(path: str | os.PathLike[str], shape: tuple[int, int]) -> NDArray[np.float64]:
    """Read how often each operand pair occurs.

    Parameters
    ----------
    path : path-like
        ``.npy``: an array of shape ``[a, b]``, indexed by the operands' bit patterns. ``.npz``: the same as
        ``pairs``, or histograms ``a`` and ``b`` of independent operands.
    shape : tuple of int
        Shape that the multiplier needs.

    Raises
    ------
    AccelsimError
        If the file is missing, damaged, or of another shape.
    """
    path = Path(path)
    try:
        with path.open("rb") as file:
            content = np.load(file, allow_pickle=False)
            if isinstance(content, np.ndarray):
                pairs = content
            elif "pairs" in content:
                pairs = content["pairs"]
            else:
                pairs = np.multiply.outer(content["a"], content["b"])
            weights = np.asarray(pairs, dtype=np.float64)
    except OSError as error:
        raise AccelsimError(f"cannot read {path}: {error.strerror or error}") from error
    except KeyError:
        raise AccelsimError(
            f"{path} is no operand distribution: expected an array pairs, or a and b"
        ) from None
    except Exception as error:  # NumPy, zipfile and zlib have many for a damaged file
        raise AccelsimError(f"{path} is damaged or no operand distribution: {error}") from error
    if weights.shape != shape:
        raise AccelsimError(f"{path} has shape {weights.shape}; these operands need {shape}")
    return weights
