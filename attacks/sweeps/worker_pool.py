"""Parts of groups, shared among processes."""

import multiprocessing
import signal
from collections.abc import Iterator, Sequence
from contextlib import suppress
from multiprocessing.connection import Connection, wait
from typing import NamedTuple, cast

from accelsim.attacks.sweeps.cells import Crafting, Victim
from accelsim.attacks.sweeps.evaluation import Evaluator, Verdicts
from accelsim.errors import AccelsimError

__all__ = ["Task", "completed"]


class Task(NamedTuple):
    """One part of a group: images ``first`` to ``stop``."""

    crafting: Crafting
    victims: Sequence[Victim]
    first: int
    stop: int


def completed(tasks: Sequence[Task], processes: int) -> Iterator[tuple[int, Verdicts]]:
    """Yield the number and the verdicts of each task, in whatever order they are done.

    Parameters
    ----------
    tasks : sequence of Task
        Begun in this order.
    processes : int
        1: all in this process.

    Raises
    ------
    AccelsimError
        If a task cannot be evaluated, or a process ends before its task.
    """
    processes = min(processes, len(tasks))
    if processes <= 1:
        evaluator = Evaluator()
        for number, task in enumerate(tasks):
            yield number, evaluator.part(*task)
        return
    # Spawned, not forked: that inherits the locks of torch's and Numba's threads, but not the threads.
    context = multiprocessing.get_context("spawn")
    workers, connections = [], []
    try:
        for _ in range(processes):
            ours, theirs = context.Pipe()
            worker = context.Process(target=_work, args=(theirs,), daemon=True)
            worker.start()
            theirs.close()  # so that the worker's end is noticed here
            workers.append(worker)
            connections.append(ours)
        yield from _handed_out(tasks, connections)
    finally:
        for worker in workers:
            worker.terminate()
        for worker in workers:
            worker.join()
        for connection in connections:
            connection.close()


def _handed_out(tasks: Sequence[Task], connections: list[Connection]) -> Iterator[tuple[int, Verdicts]]:
    waiting = iter(enumerate(tasks))
    busy = {}
    for connection, (number, task) in zip(connections, waiting, strict=False):
        connection.send(task)
        busy[connection] = number
    while busy:
        for connection in cast("list[Connection]", wait(list(busy))):
            number = busy.pop(connection)
            try:
                answer = connection.recv()
            except (EOFError, OSError) as error:
                raise AccelsimError(
                    "a process of the sweep ended before its work was done, as for want of memory; what was "
                    "finished is in the store: resume, with fewer processes"
                ) from error
            if isinstance(answer, Exception):
                raise answer
            following = next(waiting, None)
            if following:
                busy[connection] = following[0]
                connection.send(following[1])
            yield number, answer


def _work(connection: Connection) -> None:
    """Evaluate what comes, until the other end is closed: by a sweep that is done, or killed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the sweep too, which ends this process
    evaluator = Evaluator()
    with suppress(EOFError, OSError):
        while True:
            task = connection.recv()
            try:
                answer: Verdicts | Exception = evaluator.part(*task)
            except Exception as error:  # raised where the task came from
                answer = error
            connection.send(answer)
