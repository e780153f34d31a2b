"""The same results whoever computes them, in whatever order, and each of them once."""

import pytest

from accelsim import AccelsimError
from accelsim.attacks import craft
from accelsim.attacks.sweeps import Store, run
from accelsim.attacks.sweeps import evaluation as evaluation_module
from accelsim.attacks.worker_pool import WorkerPool


@pytest.fixture
def rows_of_one_process(cells, tmp_path):
    with Store(tmp_path / "one.sqlite", writable=True) as store:
        store.plan(cells)
        run(store)
        return store.rows().tuples()


def test_two_processes_give_the_same_rows(cells, tmp_path, rows_of_one_process):
    with Store(tmp_path / "two.sqlite", writable=True) as store:
        store.plan(cells)
        run(store, processes=2)
        assert store.rows().tuples() == rows_of_one_process


def test_finished_cells_are_not_computed_again(cells, tmp_path, rows_of_one_process, monkeypatch):
    crafted = []

    def counted(attack, source, images, labels, budget, *others, **more):
        crafted.append((attack.name, budget))
        return craft(attack, source, images, labels, budget, *others, **more)

    monkeypatch.setattr(evaluation_module, "craft", counted)
    with Store(tmp_path / "again.sqlite", writable=True) as store:
        store.plan(cells[:5])
        run(store)
        assert crafted == [("fgm-linf", 0.1)]
        store.plan(reversed(cells))
        run(store)
        assert crafted == [("fgm-linf", 0.1), ("rau-linf", 0.1)]
        store.plan(cells)
        run(store)
        assert store.rows().tuples() == rows_of_one_process
        status = store.status()
    assert (status.cells, status.finished, status.results) == (8, 8, 6)
    assert (status.groups, status.pending_groups) == (3, 0)


def test_seconds_are_those_of_the_plan(cells, tmp_path):
    with Store(tmp_path / "store.sqlite", writable=True) as store:
        store.plan(cells)
        run(store)
        everything = store.status()
        parts = []
        for part in (cells[2:4], [*cells[:2], *cells[4:]]):
            store.plan(part)
            parts.append(store.status())
            assert parts[-1].results == everything.results
    for name in ("crafting_seconds", "inference_seconds"):
        assert sum(getattr(part, name) for part in parts) == pytest.approx(getattr(everything, name))
    assert 0 < parts[0].inference_seconds < everything.inference_seconds


def test_parts_of_a_group_may_come_in_any_order(cells, tmp_path, rows_of_one_process, monkeypatch):
    monkeypatch.setattr(evaluation_module, "PART", 20)

    def backwards(pool, tasks):
        evaluator = evaluation_module.Evaluator()
        for number, task in reversed(list(enumerate(tasks))):
            yield number, task(evaluator)

    monkeypatch.setattr(WorkerPool, "completed", backwards)
    with Store(tmp_path / "parts.sqlite", writable=True) as store:
        store.plan(cells)
        run(store)
        assert store.rows().tuples() == rows_of_one_process


def test_an_error_of_a_process_is_told_here(cells, tmp_path, monkeypatch):
    with Store(tmp_path / "store.sqlite", writable=True) as store:
        store.plan(cells)
        monkeypatch.setenv("ACCELSIM_CACHE", "/dev/null/nowhere")  # the network must be trained, and kept
        with pytest.raises(AccelsimError, match="/dev/null/nowhere"):
            run(store, processes=2)
        assert store.status().finished == 0


@pytest.mark.parametrize("processes", [0, -1, 1.5])
def test_processes_are_counted_from_one(cells, tmp_path, processes):
    with Store(tmp_path / "store.sqlite", writable=True) as store:
        store.plan(cells)
        with pytest.raises(AccelsimError, match="processes is"):
            run(store, processes=processes)
