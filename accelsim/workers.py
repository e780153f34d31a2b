"""Threads that share the tasks of one compiled kernel."""

import ctypes
import os
import sys
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from functools import cache
from itertools import pairwise
from threading import get_ident
from typing import Any

from accelsim.errors import AccelsimError

__all__ = ["share_tasks"]

#: Ranges per thread: enough to even out threads that other programs slow down.
_RANGES_PER_THREAD = 4
#: What OpenMP calls on each thread of a team.
_OnEachThread = ctypes.CFUNCTYPE(None, ctypes.c_void_p)


def share_tasks(run: Callable[[int, int], None], tasks: int, threads: int) -> None:
    """Call ``run(first, stop)`` over ranges that together cover ``0`` to ``tasks``, on several threads.

    The caller is one of them. The others are torch's, where torch is loaded and runs on OpenMP: after each
    of torch's operations these spin for milliseconds, and any other thread would have to share their cores.
    Elsewhere they are Python's.

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
    errors: list[BaseException] = []

    def work() -> None:
        try:
            while todo:
                try:
                    pair = todo.popleft()
                except IndexError:  # another thread was faster
                    return
                run(*pair)
        except BaseException as error:
            todo.clear()
            errors.append(error)

    _run_on_all(work, min(threads, ranges))
    work()  # if no thread was to be had
    if errors:
        raise errors.pop()


def _run_on_all(work: Callable[[], None], threads: int) -> None:
    """Call a function on the caller's thread and on others, of which some may come too late to be needed."""
    torch = sys.modules.get("torch")
    if torch is not None and (parallel := _openmp_parallel()) is not None:
        _run_on_team(parallel, work, threads, max(threads, torch.get_num_threads()))
        return
    others = [_pool(threads).submit(work) for _ in range(threads - 1)]
    work()
    wait([other for other in others if not other.cancel()])


def _run_on_team(parallel: Any, work: Callable[[], None], threads: int, team: int) -> None:
    """Call a function on some threads of OpenMP's team, which has the size that torch is about to ask for.

    OpenMP ends the threads that a smaller team leaves out, and takes a millisecond to begin others.
    """
    places, ended = deque(range(threads)), set()

    def take_place(_: Any) -> None:
        try:
            places.pop()
        except IndexError:
            pass
        else:
            work()
        ended.add(get_ident())

    parallel(_OnEachThread(take_place), None, team, 0)
    if get_ident() not in ended:  # ctypes has dropped what a signal raised outside of the work
        raise KeyboardInterrupt


@cache
def _openmp_parallel() -> Any:
    """Return what begins a parallel region of the OpenMP that torch has loaded (GNU's; LLVM's has it too)."""
    return None if _forked else getattr(ctypes.CDLL(None), "GOMP_parallel", None)


@cache
def _pool(threads: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(threads, thread_name_prefix="accelsim")


_forked = False


def _forget_threads() -> None:
    """Forget the threads of the process that was forked, which this one does not have.

    Torch would wait for them for ever, if they are those of its OpenMP.
    """
    global _forked
    if _openmp_parallel.cache_info().currsize and _openmp_parallel() is not None:
        sys.modules["torch"].set_num_threads(1)
    _forked = True
    _openmp_parallel.cache_clear()
    _pool.cache_clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_threads)
