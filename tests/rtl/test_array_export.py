"""Exported arrays, their test benches in Icarus Verilog and Verilator, and their synthesis in Yosys."""

import os
import re
import shutil
import subprocess
import sys

import numpy as np
import pytest

from accelsim.errors import AccelsimError
from accelsim.gemm import lut_gemm
from accelsim.rtl.array_bench import Operands
from accelsim.rtl.array_export import array_files
from accelsim.rtl.array_names import ArrayName
from accelsim.rtl.catalogue import find_circuit, load_lut
from accelsim.rtl.export import blif_file, write_files
from accelsim.rtl.yosys import run_yosys

PROGRAMS = {"icarus": "iverilog", "verilator": "verilator"}


def needs(simulator):
    missing = shutil.which(PROGRAMS[simulator]) is None
    return pytest.param(simulator, marks=pytest.mark.skipif(missing, reason=f"needs {simulator}"))


ICARUS, VERILATOR = needs("icarus"), needs("verilator")


def readme_command(files, simulator):
    commands = re.search(r"```sh\n(.*?)```", files["README.md"], re.DOTALL)[1].splitlines()
    (command,) = [line for line in commands if line.startswith(PROGRAMS[simulator])]
    return command


def simulated(folder, files, simulator):
    """Run the README's command; return the exit status and the end of what was printed."""
    write_files(folder, files)
    command = readme_command(files, simulator).replace("-Wno-fatal", "-Wno-fatal -CFLAGS -O0")
    ended = subprocess.run(command, shell=True, cwd=folder, capture_output=True, text=True, check=False)
    return ended.returncode, ended.stdout[-1000:]


@pytest.mark.parametrize("simulator", [ICARUS])
@pytest.mark.parametrize(
    "name",
    [
        "array:3x2:ws:mul4u_ama5_k4:acc10",
        "array:2x3:is:mul4s_sm_udm:saturate:acc9",
        "array:3x3:os:mul8u_drum_k4:activation-b",
        "array:1x1:ws:mul4u_exact",
        "array:1x3:is:mul4u_exact",
        "array:1x1:os:mul4u_exact",
        "array:2x2:ws:mul8u_evo_m56464:saturate:acc17",
        "gemm:3x2:ws:mul4u_ama5_k4:acc10",
        "gemm:2x3:is:mul4s_sm_udm:saturate:acc9",
        "gemm:3x3:os:mul8u_drum_k4:activation-b",
        "gemm:1x1:ws:mul4u_exact",
        "gemm:1x1:is:mul4u_exact",
        "gemm:1x1:os:mul4u_exact",
        "gemm:2x2:ws:mul4u_mitchell:steps3:depth6",
    ],
)
def test_benches_pass(tmp_path, name, simulator):
    status, printed = simulated(tmp_path, array_files(ArrayName.parse(name)), simulator)
    assert (status, printed.startswith("PASS: 2 ")) == (0, True), printed


@pytest.mark.parametrize("simulator", [VERILATOR])
@pytest.mark.parametrize(
    "name", ["array:2x3:ws:mul4u_ama5_k4:acc10", "gemm:2x2:os:mul4s_sm_udm:saturate:acc9"]
)
def test_benches_pass_in_verilator(tmp_path, name, simulator):
    status, printed = simulated(tmp_path, array_files(ArrayName.parse(name)), simulator)
    assert (status, "PASS: 2 " in printed) == (0, True), printed


@pytest.mark.slow
@pytest.mark.parametrize("simulator", [ICARUS, VERILATOR])
@pytest.mark.parametrize("kind", ["array", "gemm"])
@pytest.mark.parametrize("dataflow", ["ws", "os"])
def test_sixteen_by_sixteen(tmp_path, kind, dataflow, simulator):
    name = ArrayName.parse(f"{kind}:16x16:{dataflow}:mul8u_exact")
    status, printed = simulated(tmp_path, array_files(name), simulator)
    assert (status, "PASS: 2 " in printed) == (0, True), printed


def test_the_bench_expects_the_fast_engine_s_sums_in_the_cycles_of_the_array():
    name = ArrayName.parse("array:2x3:ws:mul8u_drum_k4")
    draw = np.random.default_rng(0)
    x, w = draw.integers(0, 256, (5, 4)), draw.integers(0, 256, (4, 5))
    files = array_files(name, [Operands(x, w)])
    (vectors,) = [text for file, text in files.items() if file.endswith(".mem")]
    *words, count = [int(word, 16) for word in vectors.split()]
    assert count == len(words) == name.array.cycles((5, 4, 4))
    table = np.ascontiguousarray(load_lut("mul8u_drum_k4").table.T)
    expected = lut_gemm(table, x[None].astype(np.uint8), w[None].astype(np.uint8))[0]
    last_fold = [[word >> 32 * lane & 0xFFFFFFFF for lane in range(3)] for word in words[-4:]]
    assert last_fold == [[int(expected[3, pixel]), 0, 0] for pixel in range(4)]


@pytest.mark.parametrize("simulator", [ICARUS])
@pytest.mark.parametrize(
    ("kind", "file", "pattern", "replacement", "expected"),
    [
        # An expected sum; a PE that adds nothing; a file without its first words.
        ("array", "vectors.mem", r"(?s)(.*)[0-9a-f]\n([0-9a-f]+)\n$", r"\g<1>f\n\2\n", "sums of 1 of"),
        ("array", ".v", r"\.product\(multiplier_p\)", ".product(8'd0)", r"FAIL: sums of \d\d+ of"),
        ("array", "vectors.mem", r"^[^\n]*\n[^\n]*\n", "", "vectors.mem is missing or incomplete"),
        # An expected code; a fold that takes a cycle more; a file without its first word.
        ("gemm", "results.mem", r"^(....).", r"\1e", "FAIL: 2 of 2 x"),
        ("gemm", ".v", r"count == 1'h1", "count == 2'h2", "mismatch: the last codes came in cycle"),
        ("gemm", "top.mem", r"^[^\n]*\n", "", "a .mem file is missing or incomplete"),
    ],
)  # fmt: skip
def test_benches_notice(tmp_path, kind, file, pattern, replacement, expected, simulator):
    files = array_files(ArrayName.parse(f"{kind}:2x2:ws:mul4u_exact"))
    (file,) = [each for each in files if each.endswith(file) and not each.endswith("_tb.v")]
    changed = re.sub(pattern, replacement, files[file], count=1)
    assert changed != files[file]
    status, printed = simulated(tmp_path, files | {file: changed}, simulator)
    assert status != 0
    assert re.search(expected, printed), printed


@pytest.mark.parametrize("name", ["array:2x2:os:mul4u_ama5_k4", "gemm:2x2:ws:mul4s_exact:steps16"])
def test_the_script_runs_in_yosys(tmp_path, name):
    files = array_files(ArrayName.parse(name))
    write_files(tmp_path, files)
    (script,) = [text for file, text in files.items() if file.endswith(".ys")]
    printed = run_yosys(script.splitlines(), tmp_path, "the script")
    assert "Found and reported 0 problems." in printed
    assert "Latch" not in printed.replace("No latch inferred", "")
    assert re.search(r"\d+ +\$_SDFFE_PP0P_", printed)


def test_one_module_for_each_kind_of_part():
    files = array_files(ArrayName.parse("array:3x3:ws:mul4u_ama5_k4"))
    text = files["array_3x3_ws_mul4u_ama5_k4.v"]
    modules = re.findall(r"^module (\w+)\(", text, re.MULTILINE)
    parts = ["accumulator_adder", "processing_element", *(f"delay_{each}" for each in ("32x1", "32x2"))]
    parts += ["delay_5x1", "delay_5x2", "full_adder_ama5", "full_adder_exact", "half_adder_ama5"]
    assert sorted(modules) == sorted([*parts, "mul4u_ama5_k4", "array_3x3_ws_mul4u_ama5_k4"])
    assert len(re.findall(r"^  processing_element pe_\d_\d \(", text, re.MULTILINE)) == 9
    assert "(*" not in text


def test_gates_of_a_file(tmp_path):
    write_files(tmp_path, blif_file(find_circuit("mul4u_udm")))
    files = array_files(ArrayName.parse(f"array:2x2:ws:{tmp_path / 'mul4u_udm.blif'}"))
    assert "array_2x2_ws_mul4u_udm.v" in files
    assert re.search(r"^module mul4u_udm\(a, b, p\);", files["array_2x2_ws_mul4u_udm.v"], re.MULTILINE)


EXPORT = """
import sys
from accelsim.rtl.array_export import array_files
from accelsim.rtl.array_names import ArrayName
for name, text in array_files(ArrayName.parse(sys.argv[1])).items():
    sys.stdout.write(name + chr(10) + text)
"""


def test_the_same_bytes_in_every_process(tmp_path):
    name = "gemm:2x2:ws:mul4u_udm"
    written = []
    for seed in ("0", "1"):
        environment = os.environ | {"PYTHONHASHSEED": seed, "ACCELSIM_CACHE": str(tmp_path / seed)}
        command = [sys.executable, "-c", EXPORT, name]
        ended = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, check=True)
        written.append(ended.stdout.decode())
    here = "".join(f"{file}\n{text}" for file, text in array_files(ArrayName.parse(name)).items())
    assert written == [here, here]


def test_what_cannot_be_exported(tmp_path):
    load_lut("mul4u_udm").save(tmp_path / "t.npz")
    with pytest.raises(AccelsimError, match="no gates"):
        array_files(ArrayName.parse(f"array:2x2:ws:{tmp_path / 't.npz'}"))
    with pytest.raises(AccelsimError, match="1,000,000 PEs are too many to export"):
        array_files(ArrayName.parse("array:1000x1000:ws:mul4u_exact"))
