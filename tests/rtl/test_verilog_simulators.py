import re
import subprocess
import tempfile
from shutil import which

import numpy as np
import pytest

from accelsim.errors import AccelsimError
from accelsim.rtl import export, verilog_simulators
from accelsim.rtl.catalogue import find_circuit
from accelsim.rtl.evolved import evolved_names
from accelsim.rtl.export import bench_pairs, bench_products, verilog_files
from accelsim.rtl.float_library import float_names
from accelsim.rtl.gates_as_text import flat_verilog_of
from accelsim.rtl.library import names, wide_names
from accelsim.rtl.verification import verify
from accelsim.rtl.verilog_simulators import BenchResult, run_bench

PROGRAMS = {"icarus": "iverilog", "verilator": "verilator"}
#: Every architecture and every way of signedness once.
SUBSET = [
    "mul4u_exact",
    "mul6u_ama5_k5",
    "mul8u_csa_ama1_k6",
    "mul8u_dadda_ama3_k6",
    "mul8u_wallace_ama2_k6",
    "mul8u_trunc_k6_corrected",
    "mul8u_bam_h1_v6",
    "mul8u_udm",
    "mul8u_mitchell",
    "mul8u_drum_k4",
    "mul8s_bw_ama4_k6",
    "mul8s_sm_drum_k4",
    "mul16u_drum_k6",
    "e4m3_exact",
]


def needs(simulator):
    program = PROGRAMS[simulator]
    return pytest.mark.skipif(not which(program), reason=f"{program} is not on PATH")


EACH = [pytest.param(simulator, marks=needs(simulator)) for simulator in PROGRAMS]
WITH_ICARUS = needs("icarus")


@pytest.fixture(autouse=True, scope="module")
def runtime_compiled_once(tmp_path_factory):
    """Keep what Verilator compiles of its own for each model, most of the time that it takes."""
    folder = tmp_path_factory.mktemp("verilator")
    script = folder / "compile"
    script.write_text(
        "#!/bin/sh\n"
        "for source; do :; done  # the last argument\n"
        'object=$(basename "$source" .cpp).o\n'
        'case $source in /*) kept=$(dirname "$0")/$object ;; *) exec "$@" ;; esac\n'
        '[ -f "$kept" ] || { "$@" && cp "$object" "$kept"; } || exit\n'
        'cp "$kept" "$object"\n'
    )
    script.chmod(0o755)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OBJCACHE", str(script))
        yield


@WITH_ICARUS
@pytest.mark.parametrize("name", SUBSET)
def test_icarus_agrees(name):
    found = verify(name, simulator="icarus", vectors=3000)
    assert (found.mismatches, found.pairs_checked, found.method) == (0, 3000, "random")


@needs("verilator")
@pytest.mark.parametrize("name", ["mul8u_drum_k4", "mul8u_evo_e3000000"])  # 5.006 inverts a bit of the other
def test_verilator_agrees(name):
    found = verify(name, simulator="verilator")
    assert (found.mismatches, found.pairs_checked, found.method) == (0, 1 << 16, "exhaustive")


@pytest.mark.slow
@pytest.mark.parametrize(("simulator", "vectors"), [("amaranth", 100), ("icarus", 5000), ("verilator", 5000)])
@pytest.mark.parametrize("name", [*names(), *wide_names(), *float_names(), *evolved_names()])
def test_every_multiplier_of_the_library_agrees(name, simulator, vectors):
    """Our simulator, Amaranth's, and the exported Verilog in others."""
    if not which(PROGRAMS.get(simulator, "sh")):
        pytest.skip(f"{PROGRAMS[simulator]} is not on PATH")
    found = verify(name, simulator=simulator, vectors=vectors)
    assert (found.mismatches, found.pairs_checked) == (0, vectors)


@pytest.mark.parametrize("simulator", EACH)
def test_a_wrong_expectation_is_told(simulator):
    circuit = find_circuit("mul4s_exact")
    pairs = bench_pairs(circuit)
    products = bench_products(circuit, pairs)
    wrong = products.copy()
    places = [0x9A, *range(200, 206)]  # -7 * -6 first
    wrong[places] ^= np.uint64(0x80)
    found = run_bench(simulator, circuit, pairs, wrong)
    assert found.mismatches == 7
    assert len(found.first) == 5
    assert found.first[0] == (-7, -6, 42, 42 - 128)


@WITH_ICARUS
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("name", ["mul4u_exact", "mul8s_sm_drum_k4"])
def test_a_wrong_gate_is_noticed(name, seed, mutate, monkeypatch):
    circuit = find_circuit(name)
    wrong = mutate(circuit.netlist(), seed)
    monkeypatch.setattr(
        export, "_verilog", lambda circuit, name: flat_verilog_of(wrong, name, circuit.signed)
    )
    found = verify(name, simulator="icarus", vectors=4096, seed=seed)
    assert found.mismatches
    first = found.first_mismatches[0]
    assert first.hardware != first.reference
    assert circuit.lut().multiply(first.a, first.b) == first.reference


@WITH_ICARUS
@pytest.mark.parametrize("kept", [0, 100, 256])
def test_missing_or_cut_vectors_are_a_failure(kept, monkeypatch):
    def cut(circuit, pairs, products):
        files = verilog_files(circuit, pairs, products)
        words = files["mul4u_exact_vectors.mem"].splitlines(keepends=True)
        return files | {"mul4u_exact_vectors.mem": "".join(words[:kept])}

    monkeypatch.setattr(verilog_simulators, "verilog_files", cut)
    circuit = find_circuit("mul4u_exact")
    pairs = bench_pairs(circuit)
    with pytest.raises(
        AccelsimError, match=r"icarus gave no verdict on mul4u_exact \(exit status 1\): FAIL: "
    ):
        run_bench("icarus", circuit, pairs, bench_products(circuit, pairs))


@WITH_ICARUS
def test_undriven_output(monkeypatch):
    def undriven(circuit, name):
        return f"module {name}(a, b, p); input [3:0] a; input [3:0] b; output [7:0] p; endmodule\n"

    monkeypatch.setattr(export, "_verilog", undriven)
    with pytest.raises(AccelsimError, match="icarus: mul4u_exact has an undefined output"):
        verify("mul4u_exact", simulator="icarus")


@WITH_ICARUS
def test_verilog_that_icarus_refuses(monkeypatch):
    monkeypatch.setattr(export, "_verilog", lambda circuit, name: f"module {name}(a b, p);\nendmodule\n")
    with pytest.raises(AccelsimError, match="iverilog failed on mul4u_exact: .*syntax error"):
        verify("mul4u_exact", simulator="icarus")


@pytest.mark.parametrize("simulator", PROGRAMS)
def test_missing_program(simulator, monkeypatch, tmp_path):
    find_circuit("mul4u_exact").lut()
    monkeypatch.setenv("PATH", str(tmp_path))
    program = PROGRAMS[simulator]
    expected = f"^{program} is not on PATH; it is needed for --simulator {simulator}$"
    with pytest.raises(AccelsimError, match=expected):
        verify("mul4u_exact", simulator=simulator)


@WITH_ICARUS
def test_nothing_stays_behind(monkeypatch, tmp_path):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    verify("mul4u_exact", simulator="icarus")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("simulator", EACH)
def test_the_readme_s_commands(simulator, tmp_path):
    name = "mul4u_ama5_k4"
    files = verilog_files(find_circuit(name))
    commands = re.search(r"```sh\n(.*?)```", files["README.md"], re.DOTALL)[1].splitlines()
    (command,) = [line for line in commands if line.startswith(PROGRAMS[simulator])]

    def run():
        return subprocess.run(command, shell=True, cwd=tmp_path, capture_output=True, text=True, check=False)

    export.write_files(tmp_path, files)
    ended = run()
    assert (ended.returncode, "PASS: 256 products of mul4u_ama5_k4\n" in ended.stdout) == (0, True)
    vectors = tmp_path / f"{name}_vectors.mem"
    words = vectors.read_text().splitlines(keepends=True)
    vectors.write_text("".join(["00ff\n", *words[1:]]))
    ended = run()
    assert ended.returncode != 0
    assert "mismatch: a = 0, b = 0, p = 0, expected 255\nFAIL: 1 of 256 products" in ended.stdout
    vectors.write_text("".join(words[:9]))
    ended = run()
    assert ended.returncode != 0
    assert f"FAIL: {name}_vectors.mem is missing or incomplete" in ended.stdout


def test_verdicts():
    read = verilog_simulators._read
    assert read("m", "icarus", "PASS: 3 products of m\n", 0) == BenchResult(0, ())
    assert read("m", "icarus", "FAIL: 2 of 3 products of m differ\n", 1) == BenchResult(2, ())
    with pytest.raises(AccelsimError, match=r"icarus gave no verdict on m \(.* 0\): it printed nothing"):
        read("m", "icarus", "", 0)
    for printed, status in (("PASS: 3 products of m\n", 139), ("FAIL: 2 of 3 products of m differ\n", 0)):
        with pytest.raises(AccelsimError, match=f"icarus gave no verdict on m .exit status {status}"):
            read("m", "icarus", printed, status)
