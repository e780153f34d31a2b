"""What happens to the process or the disk changes no result: killed, cut off, full."""

import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from accelsim import AccelsimError
from accelsim.attacks.sweeps import Store, resolved, run
from accelsim.attacks.sweeps.export import export

from .conftest import grid_of

SWEEP = """
batch_size = 20
images = 200
epochs = 1
network = ["ffnn", "lenet5"]
[[grid]]
attack = ["fgm-linf", "rau-linf", "bim-l2"]
budget = [0, 0.05, 0.1, 0.2]
multiplier = ["float32", "mul8u_drum_k4", "mul8u_exact"]
"""


@pytest.fixture(scope="module")
def cells():
    return resolved(grid_of(["fgm-linf", "rau-linf"], [0, 0.05, 0.1, 0.15, 0.2]))


@pytest.fixture(scope="module")
def undisturbed(cells, tmp_path_factory):
    """The export of a sweep that nothing happened to, and how long it took."""
    folder = tmp_path_factory.mktemp("undisturbed")
    started = time.monotonic()
    with Store(folder / "sweep.sqlite", writable=True) as store:
        store.plan(cells)
        run(store)
        export(store, folder / "sweep.csv")
    return (folder / "sweep.csv").read_bytes(), time.monotonic() - started


def exported(path):
    with Store(path, writable=True) as store:
        run(store)
        export(store, path.with_suffix(".csv"))
    return path.with_suffix(".csv").read_bytes()


def origins(path):
    """Return for each finished cell the group in which it was computed."""
    connection = sqlite3.connect(path)
    assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    found = dict(connection.execute("SELECT identity, grouped FROM results"))
    connection.close()
    return found


def planned(path, cells):
    with Store(path, writable=True) as store:
        store.plan(cells)
    return path


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
@pytest.mark.parametrize("times", [6, pytest.param(50, marks=pytest.mark.slow)])
def test_killed_at_random_moments(cells, tmp_path, undisturbed, times):
    expected, seconds = undisturbed
    patience, moments = seconds / 2, random.Random(0)
    kills = attempt = progressed = 0
    while kills < times:
        attempt += 1
        path = planned(tmp_path / f"{attempt}.sqlite", cells)
        before, finished = {}, False
        while not finished:
            child = os.fork()
            if child == 0:  # a child that has everything imported: killed within the sweep, not before it
                try:
                    with Store(path, writable=True) as store:
                        run(store)
                    os._exit(0)
                finally:
                    os._exit(1)  # an error must not go on with the tests in this process
            time.sleep(moments.uniform(0, patience))
            os.kill(child, signal.SIGKILL)
            status = os.waitpid(child, 0)[1]
            finished = os.WIFEXITED(status)
            assert not finished or os.WEXITSTATUS(status) == 0
            kills += not finished
            now = origins(path)
            assert before.items() <= now.items()  # what was finished is not computed again
            progressed += len(before) < len(now) and not finished
            if len(before) == len(now):
                patience *= 1.1  # the child of a large process may be slow
            before = now
        assert exported(path) == expected
    print(f"{kills} kills in {attempt} sweeps, {progressed} of them after new results")


def test_cut_off_in_the_middle_of_a_write(cells, tmp_path, undisturbed):
    """Whatever part of the last writes reached the disk, the store is whole, and the sweep goes on."""
    path = planned(tmp_path / "sweep.sqlite", cells)
    with Store(path, writable=True) as store:
        run(store)
        for name in ("sweep.sqlite", "sweep.sqlite-wal"):  # as a power cut would leave them: not closed
            shutil.copy(tmp_path / name, tmp_path / f"cut-{name}")
    log = (tmp_path / "cut-sweep.sqlite-wal").read_bytes()
    cuts, counts = random.Random(1), set()
    for _ in range(5):
        for leftover in tmp_path.glob("copy.sqlite*"):
            leftover.unlink()
        shutil.copy(tmp_path / "cut-sweep.sqlite", tmp_path / "copy.sqlite")
        (tmp_path / "copy.sqlite-wal").write_bytes(log[: cuts.randrange(len(log))])
        with Store(tmp_path / "copy.sqlite", writable=True) as store:
            counts.add(store.status().finished)
        assert exported(tmp_path / "copy.sqlite") == undisturbed[0]
    assert min(counts) < len(cells)


def test_a_full_disk(cells, tmp_path, undisturbed):
    path = planned(tmp_path / "sweep.sqlite", cells)
    with Store(path, writable=True) as store:
        (pages,) = store._connection.execute("PRAGMA page_count").fetchone()
        store._connection.execute(f"PRAGMA max_page_count = {pages}")
        with pytest.raises(AccelsimError, match="full; what was finished is in it: make room, then resume"):
            fill_pages(store)
    assert exported(path) == undisturbed[0]


def fill_pages(store):
    for number in range(10_000):
        store.begin_run(number)


def command(*arguments, **settings):
    return subprocess.run(
        [sys.executable, "-m", "accelsim.cli", "sweep", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        **settings,
    )


@pytest.mark.slow
def test_the_command_killed_at_random_moments(tmp_path):
    """With two processes; an export after kills is the one of an undisturbed run on one process."""
    file = tmp_path / "sweep.toml"
    file.write_text(SWEEP)
    assert command("run", file, "-o", tmp_path / "one.sqlite").returncode == 0  # trains the networks, too
    started = time.monotonic()
    assert command("run", file, "-o", tmp_path / "two.sqlite", "--processes", 2).returncode == 0
    seconds = time.monotonic() - started
    tables = []
    for name in ("one", "two"):
        assert command("export", tmp_path / f"{name}.sqlite", "-o", tmp_path / f"{name}.csv").returncode == 0
        tables.append((tmp_path / f"{name}.csv").read_bytes())
    assert tables[0] == tables[1]
    moments, kills, number, progressed = random.Random(2), 0, 0, 0
    while kills < 10:
        number += 1
        path, before = tmp_path / f"killed-{number}.sqlite", {}
        while True:
            arguments = ["resume", path] if path.exists() and before else ["run", file, "-o", path]
            with subprocess.Popen(
                [sys.executable, "-m", "accelsim.cli", "sweep", *map(str, arguments), "--processes", "2"],
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            ) as child:
                try:
                    child.wait(moments.uniform(0, 0.9 * seconds))
                except subprocess.TimeoutExpired:
                    child.kill()
                    kills += 1
            if path.exists():
                now = origins(path) if command("status", path).returncode == 0 else {}
                assert before.items() <= now.items()
                progressed += now != before
                before = now
            if child.returncode == 0:
                break
        assert command("export", path, "-o", tmp_path / "killed.csv").returncode == 0
        assert (tmp_path / "killed.csv").read_bytes() == tables[0]
    print(f"{kills} kills, {number} sweeps, new results after {progressed} of the starts")


@pytest.mark.slow
def test_a_small_file_system_fills_up(tmp_path):
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"cannot mount a tmpfs: {mounted.stderr.decode().strip()}")
    try:
        file, store = tmp_path / "sweep.toml", folder / "sweep.sqlite"
        file.write_text(SWEEP)
        assert command("run", file, "-o", tmp_path / "undisturbed.sqlite").returncode == 0
        filler = folder / "filler"
        fill(filler, room=300_000)
        failures = 0
        while (ended := command("run", file, "-o", store)).returncode:
            failures += 1
            assert ended.returncode == 2
            assert ended.stderr.startswith(f"accelsim: cannot write {store}: ")
            assert "make room, then resume" in ended.stderr
            assert ended.stderr.count("\n") == 1
            filler.write_bytes(filler.read_bytes()[100_000:])
        assert failures > 0
        for path in (tmp_path / "undisturbed.sqlite", store):
            assert command("export", path, "-o", tmp_path / f"{path.stem}.csv").returncode == 0
        assert (tmp_path / "sweep.csv").read_bytes() == (tmp_path / "undisturbed.csv").read_bytes()
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def fill(path: Path, room: int) -> None:
    """Leave so many bytes free."""
    free = shutil.disk_usage(path.parent).free
    path.write_bytes(bytes(free - room))
