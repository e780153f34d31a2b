"""What a store refuses, and what it keeps."""

import os
import sqlite3
import subprocess
import sys
from contextlib import contextmanager

import numpy as np
import pytest

from accelsim import AccelsimError
from accelsim.attacks.sweeps import Store, evaluate, run
from accelsim.attacks.sweeps.store_schema import SCHEMA_VERSION


@pytest.fixture
def path(tmp_path):
    return tmp_path / "sweep.sqlite"


def test_the_verdict_on_each_image_is_kept(cells, path):
    with Store(path, writable=True) as store:
        store.plan(cells)
        run(store)
        for cell in cells:
            (verdict,) = evaluate(cell.crafting, [cell.victim]).correct
            np.testing.assert_array_equal(store.correct(cell.identity), verdict)


def test_a_finished_cell_has_its_provenance(cells, path):
    with Store(path, writable=True) as store:
        store.plan(cells)
        run(store)
        row = store.frame().iloc[-1]
    assert (row.source, row.attack, row.budget, row.victim) == ("ffnn", "rau-linf", 0.1, "mul8u_drum_k4")
    assert (row.scheme, row.bits, row.layers, row.n, row.identity) == (
        "unsigned", 8, "linear", 50, cells[-1].identity,
    )  # fmt: skip
    connection = sqlite3.connect(path)
    (engine, versions), (description,) = (
        connection.execute("SELECT engine, versions FROM runs").fetchone(),
        connection.execute("SELECT description FROM victims ORDER BY id DESC").fetchone(),
    )
    connection.close()
    assert engine.startswith("accelsim ")
    assert '"torch"' in versions
    assert cells[-1].victim.multiplier_sha256 in description
    assert cells[-1].victim.netlist_sha256 in description


def test_a_plan_may_change_and_results_stay(cells, path):
    with Store(path, writable=True) as store:
        store.plan(cells[:4])
        run(store)
        store.plan(cells[2:])
        assert (store.status().cells, store.status().finished, store.status().results) == (6, 4, 4)


def test_a_cell_that_is_there_twice_is_refused_and_the_plan_stays(cells, path):
    with Store(path, writable=True) as store:
        store.plan(cells)
        with pytest.raises(AccelsimError, match="twice: fgm-linf, budget 0, victim float32"):
            store.plan([*cells, cells[0]])
        assert store.status().cells == len(cells)
        with pytest.raises(AccelsimError, match="no cells"):
            store.plan([])


@contextmanager
def read_only(folder):
    """Make a folder take no files; as root, by a mount."""
    folder.chmod(0o555)
    mounts = 0
    try:
        if os.access(folder, os.W_OK):
            for options in (["--bind"], ["-o", "remount,ro,bind"]):
                done = subprocess.run(["mount", *options, folder, folder], capture_output=True, check=False)
                if done.returncode:
                    pytest.skip(f"cannot mount: {done.stderr.decode().strip()}")
                mounts = 1
        yield
    finally:
        if mounts:
            subprocess.run(["umount", folder], check=True)
        folder.chmod(0o755)


def test_a_store_in_a_folder_that_takes_no_files_is_read(cells, tmp_path):
    path = tmp_path / "archive" / "sweep.sqlite"
    with Store(path, writable=True) as store:
        store.plan(cells)
    (path.parent / ".sweep.sqlite.lock").unlink()
    with read_only(path.parent):
        assert [file.name for file in path.parent.iterdir()] == [path.name]
        with Store(path) as store:
            assert store.status().cells == len(cells)


def test_another_process_that_writes_is_told_of(path):
    with Store(path, writable=True):
        ended = subprocess.run(
            [sys.executable, "-m", "accelsim.cli", "sweep", "resume", str(path)],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert ended.returncode == 2
        assert ended.stderr == f"accelsim: another process writes {path}; wait for it, or end it\n"
        with Store(path) as reader:  # reading is always possible
            assert reader.status().cells == 0


def test_a_newer_schema_is_refused_and_left_alone(path):
    Store(path, writable=True).close()
    connection = sqlite3.connect(path)
    connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    connection.close()
    before = path.read_bytes()
    for writable in (False, True):
        with pytest.raises(AccelsimError, match=f"schema {SCHEMA_VERSION + 1}; .* up to {SCHEMA_VERSION}"):
            Store(path, writable=writable)
    assert path.read_bytes() == before


def test_another_engine_is_refused(cells, path, monkeypatch):
    with Store(path, writable=True) as store:
        store.plan(cells)
    monkeypatch.setattr("accelsim.attacks.sweeps.cells.ENGINE", "accelsim 99")
    with (
        Store(path, writable=True) as store,
        pytest.raises(AccelsimError, match="another version of accelsim"),
    ):
        run(store)


@pytest.mark.parametrize("content", [b"not a database at all", b"SQLite format 3\0 but cut off"])
def test_what_is_no_database_is_refused(path, content):
    path.write_bytes(content * 50)
    for writable in (False, True):
        with pytest.raises(AccelsimError, match=r"sweep.sqlite is damaged or not the store of a sweep"):
            Store(path, writable=writable)
    assert path.read_bytes() == content * 50


def test_another_database_is_refused_and_left_alone(path):
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE mine (x)")
    connection.close()
    before = path.read_bytes()
    for writable in (False, True):
        with pytest.raises(AccelsimError, match="is a database, but not the store of a sweep"):
            Store(path, writable=writable)
    assert path.read_bytes() == before


def test_a_missing_store_is_not_made_by_reading(path):
    with pytest.raises(AccelsimError, match="there is no store"):
        Store(path)
    assert not path.exists()
