"""Comparison over every input vector, a piece at a time: memory does not grow with their number."""

import os
import threading
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from accelsim.workers import share_tasks

__all__ = ["Differences", "find_differences"]

#: Vectors of a piece: what is compared stays in the second-level cache.
_PIECE = 1 << 16


class Differences(NamedTuple):
    """Where two functions differ.

    Parameters
    ----------
    total : int
        Vectors for which they do.
    first : tuple of int
        Numbers of the first such vectors.
    """

    total: int
    first: tuple[int, ...]


def find_differences(
    vectors: int, differs: Callable[[int, int], NDArray[Any]], shown: int, piece: int = _PIECE
) -> Differences:
    """Call ``differs(first, count)`` for pieces that together cover every vector, on all cores.

    Parameters
    ----------
    vectors : int
        Number of vectors.
    differs : callable
        Returns an array of shape (count,), zero where vector ``first + i`` shows no difference. It is called
        from several threads at once, which run side by side as far as it releases the GIL.
    shown : int
        How many of the first differing vectors to return.
    piece : int
        Vectors of a call, a power of two.
    """
    pieces = -(-vectors // piece)
    lock = threading.Lock()
    stopped = threading.Event()
    total = 0
    first: list[int] = []

    def compare(start: int, stop: int) -> None:
        nonlocal total
        count = 0
        found: list[int] = []
        try:
            for number in range(start, stop):
                if stopped.is_set():
                    return
                base = number * piece
                different = differs(base, min(piece, vectors - base))
                here = int(np.count_nonzero(different))
                if here:
                    count += here
                    if len(found) < shown:
                        found += (base + np.flatnonzero(different)[: shown - len(found)]).tolist()
        except BaseException:  # before the other threads are waited for
            stopped.set()
            raise
        with lock:
            total += count
            first.extend(found)

    try:
        share_tasks(compare, pieces, os.cpu_count() or 1)
    finally:
        stopped.set()  # after Ctrl-C, so that the threads end
    return Differences(total, tuple(sorted(first)[:shown]))
