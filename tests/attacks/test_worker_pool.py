"""Jobs done by this process or by several, and what becomes of those that fail."""

import importlib
import multiprocessing
import os
import pickle
from functools import partial
from pathlib import Path

import pytest
import torch

from accelsim.attacks.worker_pool import WorkerPool
from accelsim.errors import AccelsimError


@pytest.fixture
def jobs(monkeypatch):
    """Return the module of jobs; the processes get this one's path."""
    monkeypatch.syspath_prepend(Path(__file__).parent)
    return importlib.import_module("worker_jobs")


def test_one_process_keeps_its_state_from_job_to_job(jobs):
    with WorkerPool(1, list) as pool:
        answers = dict(pool.completed([partial(jobs.count, 1), partial(jobs.count, 2)]))
        more = dict(pool.completed([partial(jobs.count, 3)]))
    assert [answers[0][1], answers[1][1], more[0][1]] == [1, 3, 6]
    assert answers[0][0] == os.getpid()


def test_several_processes_do_every_job_and_stay_for_the_next(jobs):
    with WorkerPool(2, list) as pool:
        first = dict(pool.completed([partial(jobs.count, 1)] * 6))
        second = dict(pool.completed([partial(jobs.count, 0)] * 6))
        pids = {pid for pid, _ in first.values()}
        assert len(pids) == 2
        assert os.getpid() not in pids
        assert {pid for pid, _ in second.values()} == pids
        assert sum(dict(second.values()).values()) == 6
    assert not multiprocessing.active_children()


@pytest.mark.parametrize("processes", [1, 2])
def test_jobs_are_told_when_they_begin(jobs, processes):
    told = []
    with WorkerPool(processes, list) as pool:
        answers = pool.completed([partial(jobs.sleep, 0)] * 5, told.append)
        next(answers)
        assert told == list(range(len(told)))
        assert len(told) <= processes + 1
        list(answers)
    assert told == [0, 1, 2, 3, 4]


def test_tensors_go_there_and_back(jobs):
    tensors = [torch.rand(3), torch.rand(2, 2)]
    with WorkerPool(2, list) as pool:
        answers = dict(pool.completed([partial(jobs.doubled, tensor) for tensor in tensors]))
    assert all(torch.equal(answers[number], 2 * tensor) for number, tensor in enumerate(tensors))
    assert not any(tensor.is_shared() for tensor in tensors)


def test_an_error_is_raised_here_and_the_pool_can_go_on(jobs):
    with WorkerPool(2, list) as pool:
        with pytest.raises(AccelsimError, match="broken"):
            list(
                pool.completed(
                    [partial(jobs.fail, "broken"), partial(jobs.sleep, 0.2), partial(jobs.sleep, 0.2)]
                )
            )
        assert dict(pool.completed([partial(jobs.sleep, 0), partial(jobs.sleep, 0.01)])) == {0: 0, 1: 0.01}


def test_an_answer_that_cannot_be_sent_is_an_error_here(jobs):
    with WorkerPool(2, list) as pool, pytest.raises((pickle.PicklingError, AttributeError), match="local"):
        list(pool.completed([partial(jobs.closure, 1), partial(jobs.closure, 2)]))


def test_a_process_killed_between_jobs_is_noticed(jobs):
    with WorkerPool(2, list) as pool:
        list(pool.completed([partial(jobs.sleep, 0)] * 2))
        for child in multiprocessing.active_children():
            child.kill()
            child.join()
        with pytest.raises(AccelsimError, match="a process ended before its work was done"):
            list(pool.completed([partial(jobs.sleep, 0)] * 2))


def test_a_process_that_is_killed_is_noticed(jobs):
    with WorkerPool(2, list) as pool:
        answers = pool.completed([partial(jobs.sleep, 0), *[partial(jobs.sleep, 5)] * 3])
        next(answers)
        for child in multiprocessing.active_children():
            child.kill()
        with pytest.raises(AccelsimError, match="a process ended before its work was done"):
            list(answers)


@pytest.mark.parametrize("processes", [0, -1, 1.5])
def test_processes_are_counted_from_one(processes):
    with pytest.raises(AccelsimError, match="processes is"):
        WorkerPool(processes, list)
