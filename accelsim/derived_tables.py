"""What engines make of a table of products or of weights, made once and kept as long as those live."""

import weakref
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

__all__ = ["kept_with_array"]

_Array = TypeVar("_Array", bound=NDArray[Any])
_Made = TypeVar("_Made")


def kept_with_array(make: Callable[[_Array], _Made]) -> Callable[[_Array], _Made]:
    """Return the function that makes something of an array, but only once for one that cannot change.

    Arrays that own their memory, read-only and contiguous, are known again by their identity, in views of
    all of them too.
    """
    made: dict[tuple[int, tuple[int, ...]], tuple[weakref.ref[NDArray[Any]], _Made]] = {}

    @wraps(make)
    def kept(array: _Array) -> _Made:
        base = array.base if isinstance(array.base, np.ndarray) else array
        key = id(base), array.shape
        known = made.get(key)
        whole = array.flags.c_contiguous and base.flags.c_contiguous and array.size == base.size
        if known and known[0]() is base and whole:
            return known[1]
        result = make(array)
        if not base.flags.writeable and whole and array.dtype == base.dtype:
            made[key] = weakref.ref(base, lambda _: made.pop(key, None)), result
        return result

    return kept
