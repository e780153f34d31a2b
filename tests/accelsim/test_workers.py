import os
import subprocess
import sys
import threading
import time

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from accelsim import workers
from accelsim.errors import AccelsimError
from accelsim.workers import share_tasks

PATHS = ["Python's threads", "torch's threads"]


@pytest.fixture(params=PATHS)
def path(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Whose threads the tasks are shared with."""
    if request.param == PATHS[0]:
        monkeypatch.setattr(workers, "_openmp_parallel", lambda: None)
    else:
        assert workers._openmp_parallel() is not None
    return str(request.param)


def in_a_process(path: str, program: str, **variables: str) -> str:
    """Return what a program prints that has loaded torch, or has not."""
    first_line = "import torch\n" if path == PATHS[1] else ""
    command = [sys.executable, "-W", "ignore", "-c", first_line + program]
    run = subprocess.run(
        command, capture_output=True, text=True, check=True, timeout=60, env=os.environ | variables
    )
    return run.stdout


@pytest.mark.usefixtures("path")
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


@pytest.mark.usefixtures("path")
def test_runs_on_several_threads_at_once() -> None:
    meeting = threading.Barrier(3, timeout=30)
    share_tasks(lambda first, stop: meeting.wait() and None, 3, 3)


@pytest.mark.usefixtures("path")
def test_tasks_may_share_tasks_of_their_own() -> None:
    """Threads that wait for others do not keep these from beginning."""
    runs = []

    def outer(first: int, stop: int) -> None:
        share_tasks(lambda first, stop: runs.append(stop - first), 10, 2)

    share_tasks(outer, 8, 2)
    assert sum(runs) == 80


@pytest.mark.usefixtures("path")
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


def test_without_any_thread_the_caller_works(monkeypatch: pytest.MonkeyPatch) -> None:
    """And its errors are its own."""
    monkeypatch.setattr(workers, "_run_on_all", lambda work, threads: None)
    runs: list[int] = []
    share_tasks(lambda first, stop: runs.extend(range(first, stop)), 8, 2)
    assert runs == list(range(8))

    def run(first: int, stop: int) -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        share_tasks(run, 8, 2)


def test_a_team_may_be_smaller_than_asked_for(path: str) -> None:
    program = (
        "from accelsim.workers import share_tasks\n"
        "runs = []\n"
        "share_tasks(lambda first, stop: runs.extend(range(first, stop)), 20, 2)\n"
        "print(sorted(runs) == list(range(20)))\n"
    )
    assert in_a_process(path, program, OMP_THREAD_LIMIT="1") == "True\n"


def test_no_more_threads_work_than_asked_for() -> None:
    """Torch's team may have more."""
    before = torch.get_num_threads()
    torch.set_num_threads(4)
    try:
        names = set()
        share_tasks(lambda first, stop: time.sleep(0.01) or names.add(threading.get_ident()), 8, 2)
    finally:
        torch.set_num_threads(before)
    assert len(names) <= 2


def test_forked_process_has_threads_of_its_own(path: str) -> None:
    """And torch's operations end there, though its threads are those of the parent."""
    program = (
        "import os, sys\n"
        "from accelsim.workers import share_tasks\n"
        "share_tasks(lambda first, stop: None, 8, 2)\n"
        "child = os.fork()\n"
        "if child == 0:\n"
        "    share_tasks(lambda first, stop: None, 8, 2)\n"
        "    if 'torch' in sys.modules:\n"
        "        torch.relu(torch.randn(1_000_000))\n"
        "    os._exit(7)\n"
        "print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))\n"
    )
    assert in_a_process(path, program, OMP_NUM_THREADS="2") == "7\n"


def test_interrupted_tasks_are_not_begun(path: str) -> None:
    program = (
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
    assert in_a_process(path, program) == "True\n"


def test_no_interrupt_is_lost_on_torchs_threads() -> None:
    """Whenever it comes: all tasks have run, or KeyboardInterrupt is raised."""
    program = (
        "import signal\n"
        "from accelsim.workers import share_tasks\n"
        "inside, runs, interrupted, silent = False, 0, 0, 0\n"
        "def interrupt(*_):\n"
        "    if inside:\n"
        "        raise KeyboardInterrupt\n"
        "def run(first, stop):\n"
        "    global runs\n"
        "    runs += stop - first\n"
        "signal.signal(signal.SIGALRM, interrupt)\n"
        "signal.setitimer(signal.ITIMER_REAL, 0.01, 0.003)\n"
        "while interrupted < 100:\n"
        "    runs, inside = 0, True\n"
        "    try:\n"
        "        share_tasks(run, 4, 2)\n"
        "        inside = False\n"
        "        silent += runs != 4\n"
        "    except KeyboardInterrupt:\n"
        "        inside = False\n"
        "        interrupted += 1\n"
        "signal.setitimer(signal.ITIMER_REAL, 0)\n"
        "print(silent)\n"
    )
    assert in_a_process(PATHS[1], program, OMP_THREAD_LIMIT="1", OMP_WAIT_POLICY="passive") == "0\n"
