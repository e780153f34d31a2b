import signal
import time

import pytest

SWEEP = """
network = "ffnn"
epochs = 1
images = 40
[[grid]]
attack = ["fgm-linf", "rau-linf"]
budget = [0, 0.1]
multiplier = ["float32", "mul8u_drum_k4"]
"""


@pytest.fixture
def file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "sweep.toml"
    path.write_text(SWEEP)
    return path


def test_run_status_resume_export_and_plot(accelsim, file, tmp_path):
    ran = accelsim("sweep", "run", file)
    assert ran.code == 0
    assert "cells        8 of 8 finished" in ran.out
    document = accelsim("sweep", "status", "sweep.sqlite", "--json").document
    assert (document["cells"], document["finished"], document["groups"]) == (8, 8, 3)
    assert accelsim("sweep", "resume", "sweep.sqlite").out.splitlines()[1:] == ran.out.splitlines()[1:]
    assert accelsim("sweep", "export", "sweep.sqlite", "-o", "sweep.csv").out == "8 rows in sweep.csv\n"
    drawn = accelsim("sweep", "plot", "sweep.sqlite", "-o", "pictures", "--json").document
    assert drawn["missing"] == 0
    assert all((tmp_path / picture).stat().st_size > 1000 for picture in drawn["files"])


def test_options_define_the_same_cells_as_a_file(accelsim, file, tmp_path):
    accelsim("sweep", "run", file)
    options = "--network ffnn --epochs 1 --images 40 -a fgm-linf -a rau-linf -b 0 -b 0.1"
    ran = accelsim("sweep", "run", *options.split(), "-m", "float32", "-m", "mul8u_drum_k4", "-o", "o.sqlite")
    assert ran.code == 0
    for name in ("sweep", "o"):
        accelsim("sweep", "export", f"{name}.sqlite", "-o", f"{name}.csv")
    assert (tmp_path / "o.csv").read_bytes() == (tmp_path / "sweep.csv").read_bytes()


def test_an_unfinished_sweep_says_what_is_missing(accelsim, file):
    accelsim("sweep", "run", file)
    file.write_text(SWEEP.replace("[0, 0.1]", "[0, 0.1, 0.2]"))
    from accelsim.attacks.sweeps import Store, resolved
    from accelsim.attacks.sweeps.sweep_file import read_sweep

    with Store("sweep.sqlite", writable=True) as store:
        store.plan(resolved(read_sweep(file)))
    ended = accelsim("sweep", "export", "sweep.sqlite", "-o", "sweep.csv")
    assert ended.out == "8 rows in sweep.csv\n"
    assert "4 cells have no result yet; accelsim sweep resume sweep.sqlite computes them" in ended.err
    assert "12 of 12" in accelsim("sweep", "run", file).out


def test_mistakes_are_one_line(refused, file):
    assert "there is no store nowhere" in refused("sweep", "status", "nowhere")
    assert "there is no store nowhere" in refused("sweep", "resume", "nowhere")
    assert "give either the file of a sweep or options" in refused("sweep", "run")
    assert "give either the file of a sweep or options" in refused("sweep", "run", file, "-b", "0.1")
    assert "needs the name of its store" in refused("sweep", "run", "-b", "0.1")
    assert "--budget: 'o.1'; expected" in refused(
        "sweep", "run", "-a", "fgm-linf", "-b", "o.1", "-m", "float32", "-o", "x.sqlite"
    )
    file.write_text(SWEEP.replace("budget", "buget"))
    assert "line 7: buget: no such key; did you mean budget?" in refused("sweep", "run", file)
    assert "damaged or not the store" in refused("sweep", "status", file)
    assert "no command statsu; did you mean status" in refused("sweep", "statsu")
    assert not file.with_suffix(".sqlite").exists()


def test_every_key_of_a_file_is_an_option():
    from accelsim.attacks.sweeps.grid_values import KEYS
    from accelsim.cli.sweep import run

    assert set(KEYS) <= {parameter.name for parameter in run.params}


def test_ctrl_c_says_how_to_go_on(child, file):
    endless = SWEEP.replace('"rau-linf"', '{name = "pgd-linf", steps = 10_000_000}')
    file.write_text(endless.replace("0.1]", "0.1, 0.2, 0.3, 0.4]"))
    process = child("sweep", "run", file, "--processes", 2, cwd=file.parent)
    log = file.with_suffix(".sqlite-wal")
    deadline = time.monotonic() + 300
    while time.monotonic() < deadline and not (log.exists() and log.stat().st_size > 60_000):
        time.sleep(0.05)  # the plan is written
    time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (130, "")
    kept, ended = err.splitlines()
    assert "cells are finished and kept; go on with: accelsim sweep resume" in kept
    assert ended == "accelsim: interrupted"
