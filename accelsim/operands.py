"""Operands that users give: integers of a range, broadcast together."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from accelsim.errors import AccelsimError

__all__ = ["broadcast_operands", "checked_integers"]


def checked_integers(values: ArrayLike, low: int, high: int, what: str) -> NDArray[Any]:
    """Return integers from ``low`` to ``high`` as an array of an integer type; an empty array is always one.

    Parameters
    ----------
    values : array-like
        What the user gave.
    low, high : int
        The least and the greatest that is allowed.
    what : str
        What the values are, for the error message.

    Raises
    ------
    AccelsimError
        If they are not integers of that range.
    """
    try:
        array = np.asarray(values)
    except ValueError as error:  # rows of different lengths
        raise AccelsimError(f"{what} is no array; expected integers from {low} to {high}") from error
    if not array.size:
        return np.empty(array.shape, np.int64)
    if array.dtype.kind in "iu":
        least, greatest = int(array.min()), int(array.max())
        if low <= least and greatest <= high:
            return array
        shown = f"an array from {least} to {greatest}"
    else:
        shown = f"an array of type {array.dtype}"
    raise AccelsimError(
        f"{what} is {array if array.ndim == 0 else shown}; expected integers from {low} to {high}"
    )


def broadcast_operands(operands: Sequence[NDArray[Any]], what: str) -> tuple[NDArray[Any], ...]:
    """Return the operands broadcast together.

    Raises
    ------
    AccelsimError
        If their shapes do not agree.
    """
    try:
        return np.broadcast_arrays(*operands)
    except ValueError as error:
        shapes = " and ".join(str(operand.shape) for operand in operands)
        raise AccelsimError(f"{what}: operands of shapes {shapes} cannot be broadcast together") from error
