import subprocess
import sys
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accelsim.errors import AccelsimError
from accelsim.workers import share_tasks


@given(st.integers(0, 100), st.integers(1, 6))
def test_every_task_runs_once(tasks: int, threads: int) -> None:
    runs = [0] * tasks

    def run(first: int, stop: int) -> None:
        for task in range(first, stop):
            runs[task] += 1

    share_tasks(run, tasks, threads)
    assert runs == [1] * tasks


def test_no_threads_are_refused() -> None:
    """They would run nothing."""
    for threads in (0, -1):
        with pytest.raises(AccelsimError, match=f"{threads} threads; expected at least 1"):
            share_tasks(lambda first, stop: None, 8, threads)


def test_runs_on_several_threads_at_once() -> None:
    meeting = threading.Barrier(3, timeout=30)
    share_tasks(lambda first, stop: meeting.wait() and None, 3, 3)


def test_tasks_may_share_tasks_of_their_own() -> None:
    """Threads that wait for others do not keep these from beginning."""
    runs = []

    def outer(first: int, stop: int) -> None:
        share_tasks(lambda first, stop: runs.append(stop - first), 10, 2)

    share_tasks(outer, 8, 2)
    assert sum(runs) == 80


@pytest.mark.parametrize("of_caller", [True, False])
def test_errors_reach_the_caller(of_caller: bool) -> None:
    """Whichever thread they come from."""
    caller = threading.get_ident()
    both = threading.Barrier(2, timeout=30)

    def run(first: int, stop: int) -> None:
        both.wait()
        if (threading.get_ident() == caller) == of_caller:
            raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        share_tasks(run, 2, 2)


@pytest.mark.parametrize("first_line", ["", "import torch\n"], ids=["Python's threads", "torch's threads"])
def test_forked_process_has_threads_of_its_own(first_line: str) -> None:
    program = first_line + (
        "import os\n"
        "from accelsim.workers import share_tasks\n"
        "share_tasks(lambda first, stop: None, 8, 2)\n"
        "child = os.fork()\n"
        "if child == 0:\n"
        "    share_tasks(lambda first, stop: None, 8, 2)\n"
        "    os._exit(7)\n"
        "print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))\n"
    )
    command = [sys.executable, "-W", "ignore", "-c", program]
    assert subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout == "7\n"


@pytest.mark.parametrize("first_line", ["", "import torch\n"], ids=["Python's threads", "torch's threads"])
def test_interrupted_tasks_are_not_begun(first_line: str) -> None:
    program = first_line + (
        "import os, signal, time\n"
        "from accelsim.workers import share_tasks\n"
        "begun = []\n"
        "def run(first, stop):\n"
        "    begun.append(first)\n"
        "    if len(begun) == 2:\n"
        "        os.kill(os.getpid(), signal.SIGINT)\n"
        "    time.sleep(0.5)\n"
        "try:\n"
        "    share_tasks(run, 8, 2)\n"
        "except KeyboardInterrupt:\n"
        "    print(len(begun) < 8)\n"
    )
    command = [sys.executable, "-c", program]
    assert subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout == "True\n"
