"""Threads that share the tasks of one compiled kernel."""

import os
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from functools import cache
from itertools import pairwise

from accelsim.errors import AccelsimError

__all__ = ["share_tasks"]

#: Ranges per thread: enough to even out threads that other programs slow down.
_RANGES_PER_THREAD = 4


def share_tasks(run: Callable[[int, int], None], tasks: int, threads: int) -> None:
    """Call ``run(first, stop)`` over ranges that together cover ``0`` to ``tasks``, on several threads.

    The caller is one of them, and does not wait for a thread that has not begun when nothing is left to do.
    Threads of Python rather than those of Numba's parallel loops: they wait without spinning beside the
    threads of torch, need no OpenMP on the machine, and may be entered from several threads at once.

    Parameters
    ----------
    run : callable
        A function that releases the GIL; calls must be independent of one another.
    tasks : int
        Number of tasks.
    threads : int
        Threads to use, at least 1; 1 runs everything on the caller's.

    Raises
    ------
    AccelsimError
        If there is to be no thread.
    """
    if threads < 1:
        raise AccelsimError(f"{threads} threads; expected at least 1")
    if threads == 1 or tasks <= 1:
        run(0, tasks)
        return
    ranges = min(tasks, threads * _RANGES_PER_THREAD)
    todo = deque(pairwise(tasks * i // ranges for i in range(ranges + 1)))

    def work() -> None:
        while todo:
            try:
                first, stop = todo.popleft()
            except IndexError:  # another thread was faster
                return
            run(first, stop)

    others = [_pool(threads).submit(work) for _ in range(min(threads, ranges) - 1)]
    try:
        work()
    finally:
        todo.clear()
        begun = [other for other in others if not other.cancel()]
        wait(begun)
    for other in begun:
        other.result()


@cache
def _pool(threads: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(threads, thread_name_prefix="accelsim")


# A forked process inherits the pools but not their threads.
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_pool.cache_clear)
