"""What engines make of a table of products, made once and kept as long as the table lives."""

import weakref
from collections.abc import Callable
from functools import wraps
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

__all__ = ["kept_with_table"]

_Table = NDArray[np.int32]
_Made = TypeVar("_Made")


def kept_with_table(make: Callable[[_Table], _Made]) -> Callable[[_Table], _Made]:
    """Return the function that makes something of a table, but only once for an array that cannot change.

    Arrays that own their memory, read-only and contiguous, are known again by their identity, in views of
    all of them too.
    """
    made: dict[int, tuple[weakref.ref[_Table], _Made]] = {}

    @wraps(make)
    def kept(table: _Table) -> _Made:
        base = table.base if isinstance(table.base, np.ndarray) else table
        known = made.get(id(base))
        if known and known[0]() is base:
            return known[1]
        result = make(table)
        if not base.flags.writeable and base.shape == table.shape and base.flags.c_contiguous:
            key = id(base)
            made[key] = weakref.ref(base, lambda _: made.pop(key, None)), result
        return result

    return kept
