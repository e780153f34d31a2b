import random
from shutil import which

import numpy as np
import pytest

from accelsim.rtl.catalogue import load_lut


@pytest.fixture
def flipped(tmp_path):
    """A LUT file of mul4u_udm in which one random bit of one random entry is wrong, and where."""
    a, b, bit = random.randrange(16), random.randrange(16), random.randrange(8)
    table = load_lut("mul4u_udm").table.astype(np.uint8)
    table[a, b] ^= 1 << bit
    np.save(tmp_path / "flipped.npy", table)
    return tmp_path / "flipped.npy", a, b, int(table[a, b])


def test_every_pair_matches(accelsim):
    ended = accelsim("verify-mult", "mul4u_udm", "mul4s_exact", "--json")
    assert ended.code == 0
    assert (ended.document["pairs_checked"], ended.document["mismatches"]) == (512, 0)
    assert [entry["name"] for entry in ended.document["verifications"]] == ["mul4u_udm", "mul4s_exact"]
    assert all(entry["exhaustive"] for entry in ended.document["verifications"])


def test_text_of_a_match(accelsim):
    lines = accelsim("verify-mult", "mul4u_udm").out.splitlines()
    assert lines[0].split() == ["multiplier", "pairs", "checked", "mismatches", "seconds"]
    assert lines[1].split()[:4] == ["mul4u_udm", "256", "(all)", "0"]
    assert lines[-1] == "all 256 products are those of the hardware"


@pytest.mark.parametrize("simulator", ["netlist", "amaranth"])
def test_a_flipped_bit_is_caught(accelsim, flipped, simulator):
    path, a, b, wrong = flipped
    ended = accelsim("verify-mult", "mul4u_udm", "--lut", path, "--simulator", simulator, "--json")
    assert ended.code == 1
    assert ended.err == ""
    right = int(load_lut("mul4u_udm").table[a, b])
    (entry,) = ended.document["verifications"]
    assert entry["simulator"] == simulator
    assert (entry["pairs_checked"], entry["mismatches"]) == (256, 1)
    assert entry["first_mismatches"] == [{"a": a, "b": b, "hardware": right, "reference": wrong}]


def test_text_of_a_mismatch(accelsim, flipped):
    path, a, b, wrong = flipped
    ended = accelsim("verify-mult", "mul4u_udm", "--lut", path)
    assert ended.code == 1
    lines = ended.out.splitlines()
    right = load_lut("mul4u_udm").table[a, b]
    assert "mul4u_udm: 1 of 256 products differ from flipped; the first 1:" in lines
    assert [str(a), str(b), str(right), str(wrong)] in [line.split() for line in lines]
    assert lines[-1] == "1 of 1 LUTs differ from the hardware"


def test_random_vectors_in_amaranth(accelsim):
    (entry,) = accelsim(
        "verify-mult", "mul8u_drum_k4", "--simulator", "amaranth", "--vectors", 20, "--json"
    ).document["verifications"]
    assert (entry["pairs_checked"], entry["exhaustive"], entry["mismatches"]) == (20, False, 0)


def test_all_takes_every_name_of_the_library(accelsim, monkeypatch):
    assert "all but float, evolved and imported" in " ".join(accelsim("verify-mult", "--help").out.split())
    monkeypatch.setattr("accelsim.rtl.library.names", lambda: ["mul4u_exact", "mul4u_csa"])
    content = accelsim("verify-mult", "--all", "--json").document
    assert [entry["name"] for entry in content["verifications"]] == ["mul4u_exact", "mul4u_csa"]


@pytest.mark.parametrize("arguments", [[], ["mul4u_exact", "--all"]])
def test_names_or_all(refused, arguments):
    assert "either names of multipliers or --all" in refused("verify-mult", *arguments)


def test_one_lut_for_one_name(refused, tmp_path):
    arguments = ["mul4u_exact", "mul4u_csa", "--lut", tmp_path / "t.npy"]
    assert "--lut goes with exactly one name" in refused("verify-mult", *arguments)


def test_lut_of_another_width(refused, flipped):
    assert "mul8u_exact is unsigned, 8 x 8 bits" in refused("verify-mult", "mul8u_exact", "--lut", flipped[0])


def test_missing_lut_file(refused, tmp_path):
    line = refused("verify-mult", "mul4u_exact", "--lut", tmp_path / "t.npy")
    assert "No such file or directory" in line


def test_vectors_go_with_amaranth(refused):
    assert "--vectors goes with amaranth" in refused("verify-mult", "mul4u_exact", "--vectors", 5)


def test_against_another_multiplier(accelsim):
    ended = accelsim("verify-mult", "mul4u_dadda", "--against", "mul4u_csa")
    assert ended.code == 0
    assert ended.out.splitlines()[-1] == "mul4u_dadda: all 256 products are those of mul4u_csa"
    ended = accelsim("verify-mult", "mul4u_udm", "--against", "mul4u_csa")
    assert ended.code == 1
    lines = ended.out.splitlines()
    assert ["a", "b", "hardware", "expected"] in [line.split() for line in lines]
    assert ["3", "3", "7", "9"] in [line.split() for line in lines]
    assert lines[-1] == "1 of 1 multipliers differ from the reference"


def test_text_of_proofs(accelsim):
    ended = accelsim("verify-mult", "mul17u_exact")
    assert ended.out.splitlines()[1].split()[:5] == [
        "mul17u_exact",
        f"{1 << 34:,}",
        "(all,",
        "by",
        "algebra)",
    ]
    assert "mul17u_exact: proven to be a * b for every operand pair, by its polynomial" in ended.out
    ended = accelsim("verify-mult", "mul17u_drum_k2", "--against", "mul17u_drum_k2")
    assert "proven by SAT to equal mul17u_drum_k2 for every operand pair" in ended.out


def test_what_is_not_proven(accelsim):
    ended = accelsim("verify-mult", "mul17u_drum_k2", "--vectors", 100, "--seed", 3)
    assert ended.out.splitlines()[1].split()[2] == "(random)"
    assert "nothing is proven about others (no method of proof for this closed form)" in ended.out
    (entry,) = accelsim("verify-mult", "mul17u_drum_k2", "--vectors", 100, "--json").document["verifications"]
    assert (entry["method"], entry["proven"], entry["exhaustive"]) == ("random", False, False)
    assert entry["reference_kind"] == "closed form"


def test_random_vectors_in_text(accelsim):
    ended = accelsim("verify-mult", "mul8u_udm", "--simulator", "amaranth", "--vectors", 20)
    assert (
        ended.out.splitlines()[-1]
        == "mul8u_udm: 20 random products are those of mul8u_udm; nothing is proven about others"
    )


@pytest.mark.skipif(not which("iverilog"), reason="iverilog is not on PATH")
def test_icarus(accelsim, flipped):
    path, a, b, wrong = flipped
    assert accelsim("verify-mult", "mul4u_udm", "--simulator", "icarus").code == 0
    ended = accelsim("verify-mult", "mul4u_udm", "--lut", path, "--simulator", "icarus", "--json")
    assert ended.code == 1
    (entry,) = ended.document["verifications"]
    right = int(load_lut("mul4u_udm").table[a, b])
    assert entry["first_mismatches"] == [{"a": a, "b": b, "hardware": right, "reference": wrong}]
    assert (entry["simulator"], entry["method"]) == ("icarus", "exhaustive")


@pytest.mark.parametrize(("simulator", "program"), [("icarus", "iverilog"), ("verilator", "verilator")])
def test_missing_simulator(refused, monkeypatch, tmp_path, simulator, program):
    load_lut("mul4u_udm")
    monkeypatch.setenv("PATH", str(tmp_path))
    line = refused("verify-mult", "mul4u_udm", "--simulator", simulator)
    assert line == f"accelsim: {program} is not on PATH; it is needed for --simulator {simulator}\n"


def test_lut_or_against(refused, flipped):
    arguments = ["mul4u_udm", "--lut", flipped[0], "--against", "mul4u_exact"]
    assert "either --lut or --against" in refused("verify-mult", *arguments)


def test_no_closed_form(refused):
    assert "mul16u_ama1 has neither a LUT nor a closed form" in refused("verify-mult", "mul16u_ama1")
