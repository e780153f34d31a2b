import os
import signal
import time
from hashlib import sha256

import numpy as np
import pytest

from accelsim.rtl.evolved import NetlistCircuit

SMALL = ["--seed-circuit", "mul4u_exact", "--bound", "3%", "--evaluations", 2000]


def test_a_search_and_its_command(accelsim, tmp_path):
    path = tmp_path / "mul4u_mine.gates"
    document = accelsim("evolve", *SMALL, "--seed", 7, "-o", path, "--json").document
    circuit = NetlistCircuit(path)
    assert document["name"] == circuit.name == "mul4u_mine"
    assert document["evaluations"] == 2000
    assert document["error_percent"] <= document["bound_percent"] == 3
    assert document["gates"] == circuit.netlist().gate_count
    assert document["area_um2"] < document["seed_area_um2"]
    assert document["command"] == (
        "accelsim evolve --seed-circuit mul4u_exact --metric mae --bound 3% --evaluations 2000 --seed 7 "
        "-o mul4u_mine.gates"
    )
    before = path.read_bytes()
    accelsim("evolve", *SMALL, "--seed", 7, "-o", path)
    assert path.read_bytes() == before


def test_what_it_prints(accelsim, tmp_path):
    path = tmp_path / "t.gates"
    ended = accelsim("evolve", *SMALL[:-2], "--generations", 500, "-o", path)
    assert (ended.code, ended.err) == (0, "")
    assert "of mul4u_exact" in ended.out
    assert "2,000 candidates" in ended.out


def test_nothing_smaller_than_a_seed_with_multiplexers(accelsim, tmp_path):
    path = tmp_path / "made" / "too" / "t.gates"  # as every command makes missing folders of what it writes
    seed = ["--seed-circuit", "mul4u_mitchell", "--bound", "5%", "-o", path]
    document = accelsim("evolve", *seed, "--evaluations", 40, "--json").document
    assert document["area_um2"] == document["seed_area_um2"]
    assert (
        document["error_percent"] == accelsim("multipliers", "show", path, "--json").document["mae_percent"]
    )
    out = accelsim("evolve", *seed, "--evaluations", 40).out
    assert "100.00 % of mul4u_mitchell; nothing smaller was found" in out
    assert ", no smaller than mul4u_mitchell" in out
    assert "nothing smaller" not in accelsim("evolve", *seed, "--evaluations", 100_000).out


def test_a_seed_without_area(accelsim, tmp_path):
    wires = tmp_path / "wires.gates"
    wires.write_text("accelsim netlist 1\nsigned: no\ninputs: a 2 b 2\np = b0 b1 a0 a1\n")
    seed = ["--seed-circuit", wires, "--bound", "100%", "--nodes", 4, "-o", tmp_path / "t.gates"]
    assert "100.00 % of" in accelsim("evolve", *seed, "--evaluations", 40).out


def test_the_circuit_is_a_multiplier_like_any_other(accelsim, tmp_path):
    path = tmp_path / "t.gates"
    accelsim("evolve", *SMALL, "-o", path)
    assert accelsim("verify-mult", path, "--json").document["mismatches"] == 0
    shown = accelsim("multipliers", "show", path, "--json").document
    assert shown["mae_percent"] <= 3
    assert accelsim("evolve", *SMALL, "--seed-circuit", path, "-o", tmp_path / "u.gates").code == 0


def test_under_a_recorded_distribution(accelsim, checkpoints, tmp_path):
    pairs = tmp_path / "pairs.npz"
    network = ["--checkpoint", checkpoints["ffnn"], "--images", 4]
    recorded = accelsim("record-operands", *network, "-m", "mul4u_exact", "-o", pairs, "--json").document
    assert (
        recorded["pairs"] == np.load(pairs)["pairs"].sum() == sum(own["pairs"] for own in recorded["counts"])
    )
    path = tmp_path / "t.gates"
    document = accelsim("evolve", *SMALL, "--distribution", pairs, "-o", path, "--json").document
    assert document["error_percent"] <= 3
    assert f"--distribution {pairs}" in document["command"]
    assert document["distribution_sha256"] == sha256(pairs.read_bytes()).hexdigest()
    assert f"distribution sha256: {document['distribution_sha256']}" in path.read_text().splitlines()
    table = accelsim("record-operands", *network, "-o", tmp_path / "pairs.npy").out
    assert "on mul8u_exact" in table
    assert np.load(tmp_path / "pairs.npy").shape == (256, 256)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--metric", "mea"], "no error metric 'mea'; known are mae, wce, ep, mre, mse"),
        (["--bound", "101%"], "bound '101%' is out of range"),
        (["--bound", "-1%"], "out of range"),
        (["--seed-circuit", "mul16u_exact"], "too wide"),
        (["--seed-circuit", "mul4u_exat"], "did you mean mul4u_exact"),
        (["--seed", -1], "-1"),
        (["--offspring", 0], "offspring is 0"),
        (["--nodes", 3], "more than the 3 nodes"),
        (["--generations", 5], "either --evaluations or --generations"),
        (["--distribution", "missing.npz"], "cannot read missing.npz"),
        (["--resume"], "cannot read checkpoint"),
        (["-o", "t.v"], "must end in .gates"),
    ],
)
def test_bad_input(refused, tmp_path, monkeypatch, options, message):
    monkeypatch.chdir(tmp_path)
    assert message in refused("evolve", *SMALL, "-o", "t.gates", *options)
    assert list(tmp_path.iterdir()) == []


def test_bound_is_required(refused):
    assert "--bound" in refused("evolve", "-o", "t.gates")


def test_operands_of_another_width(refused, tmp_path):
    np.save(tmp_path / "pairs.npy", np.ones((256, 256)))
    line = refused("evolve", *SMALL, "--distribution", tmp_path / "pairs.npy", "-o", tmp_path / "t.gates")
    assert "has shape (256, 256); these operands need (16, 16)" in line


def test_recording_refuses(refused, tmp_path):
    assert "must end in .npy or .npz" in refused("record-operands", "-o", tmp_path / "x.csv")
    twice = ["-m", "mul4u_exact", "-m", "mul4u_udm"]
    assert "once" in refused("record-operands", *twice, "-o", tmp_path / "x.npy")


def test_ctrl_c_leaves_a_checkpoint_to_resume(child, accelsim, refused, tmp_path):
    long = [
        "evolve",
        "--seed-circuit",
        "mul4u_exact",
        "--bound",
        "3%",
        "--evaluations",
        10**9,
        "-o",
        "t.gates",
    ]
    process = child(*long, cwd=tmp_path)
    checkpoint = tmp_path / "t.gates.checkpoint"
    deadline = time.monotonic() + 60
    while not checkpoint.exists() and time.monotonic() < deadline:
        time.sleep(0.2)
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (130, "", "accelsim: interrupted\n")
    assert [path.name for path in tmp_path.iterdir()] == ["t.gates.checkpoint"]
    path = tmp_path / "t.gates"
    assert "holds an unfinished search" in refused("evolve", *SMALL, "-o", path)
    resumed = accelsim("evolve", *SMALL, "--resume", "-o", path, "--json").document
    assert resumed["evaluations"] > 2000  # it had gone further
    assert [path.name for path in tmp_path.iterdir()] == ["t.gates"]
