"""Jobs shared among processes."""

import multiprocessing
import pickle
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from types import TracebackType
from typing import Any, Generic, Self, TypeVar, cast

from accelsim.errors import AccelsimError

__all__ = ["WorkerPool"]

State = TypeVar("State")
Answer = TypeVar("Answer")


class WorkerPool(Generic[State]):
    """Processes that do jobs, begun when there are some, and ended when the ``with`` block is left.

    They are spawned: a script that has several needs ``if __name__ == "__main__":``.

    Parameters
    ----------
    processes : int
        1: all in this process.
    begin : callable
        Returns what a process keeps from one job to the next; a function of a module.

    Raises
    ------
    AccelsimError
        If the number of processes is none from 1 up.
    """

    def __init__(self, processes: int, begin: Callable[[], State]) -> None:
        if not isinstance(processes, int) or processes < 1:
            raise AccelsimError(f"processes is {processes!r}; expected a whole number from 1 up")
        self.processes = processes
        self._begin = begin
        self._own: list[State] = []
        self._workers: list[BaseProcess] = []
        self._connections: list[Connection] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the processes; the next jobs begin others."""
        for worker in self._workers:
            worker.terminate()
        for worker in self._workers:
            worker.join()
        for connection in self._connections:
            connection.close()
        self._workers.clear()
        self._connections.clear()

    def completed(
        self,
        jobs: Sequence[Callable[[State], Answer]],
        begun: Callable[[int], object] = lambda number: None,
    ) -> Iterator[tuple[int, Answer]]:
        """Yield the number and the answer of each job, in whatever order they are done.

        Parameters
        ----------
        jobs : sequence of callables
            Begun in this order; each is given what its process keeps. Picklable, as are their answers.
        begun : callable
            Told the number of each job when it begins.

        Raises
        ------
        AccelsimError
            If a process ends before its job. Whatever a job raises is raised here.
        """
        if min(self.processes, len(jobs)) <= 1:
            for number, job in enumerate(jobs):
                if not self._own:
                    self._own.append(self._begin())
                begun(number)
                yield number, job(self._own[0])
            return
        try:
            while len(self._workers) < self.processes:
                self._spawn()
            yield from _handed_out(jobs, self._connections, begun)
        except BaseException:
            self.close()  # an answer that nobody took must not be the next job's
            raise

    def _spawn(self) -> None:
        # Spawned, not forked: that inherits the locks of torch's and Numba's threads, but not the threads.
        context = multiprocessing.get_context("spawn")
        with _interrupted_later():
            ours, theirs = context.Pipe()
            worker = context.Process(target=_work, args=(theirs, self._begin), daemon=True)
            worker.start()
            theirs.close()  # so that the worker's end is noticed here
            self._workers.append(worker)
            self._connections.append(ours)


@contextmanager
def _interrupted_later() -> Iterator[None]:
    """Keep Ctrl-C waiting: a process that is half begun tells its troubles on stderr.

    Processes begun meanwhile never get it.
    """
    if not hasattr(signal, "pthread_sigmask"):  # on Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _handed_out(
    jobs: Sequence[Callable[[State], Answer]],
    connections: list[Connection],
    begun: Callable[[int], object],
) -> Iterator[tuple[int, Answer]]:
    waiting = iter(enumerate(jobs))
    busy = {}
    for connection, (number, job) in zip(connections, waiting, strict=False):
        begun(number)
        _send(connection, job)
        busy[connection] = number
    while busy:
        for connection in cast("list[Connection]", wait(list(busy))):
            number = busy.pop(connection)
            answer = _received(connection)
            if isinstance(answer, Exception):
                raise answer
            following = next(waiting, None)
            if following:
                busy[connection] = following[0]
                begun(following[0])
                _send(connection, following[1])
            yield number, answer


# As bytes: torch would share the memory of tensors sent as they are, a file descriptor each.
def _send(connection: Connection, job: object) -> None:
    content = pickle.dumps(job)
    with _noticing_its_end():
        connection.send_bytes(content)


def _received(connection: Connection) -> Any:
    with _noticing_its_end():
        return pickle.loads(connection.recv_bytes())


@contextmanager
def _noticing_its_end() -> Iterator[None]:
    try:
        yield
    except (EOFError, OSError) as error:
        raise AccelsimError(
            "a process ended before its work was done, as for want of memory; what was finished is kept: "
            "start again, with fewer processes"
        ) from error


def _work(connection: Connection, begin: Callable[[], Any]) -> None:
    """Do the jobs that come, until the other end is closed: by what had them done, or when it is killed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the other end too, which ends this process
    state = begin()
    with suppress(EOFError, OSError):
        while True:
            content = connection.recv_bytes()
            try:
                answer = pickle.dumps(pickle.loads(content)(state))
            except Exception as error:  # raised where the job came from
                answer = pickle.dumps(error)
            connection.send_bytes(answer)
