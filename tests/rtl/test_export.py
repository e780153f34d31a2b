import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from accelsim.errors import AccelsimError
from accelsim.rtl.catalogue import find_circuit, load_lut, netlist_of
from accelsim.rtl.export import (
    bench_pairs,
    bench_products,
    blif_file,
    module_name,
    verilog_files,
    write_files,
)
from accelsim.rtl.synthesis import SYNTHESIS_COMMANDS
from accelsim.rtl.yosys import run_yosys
from accelsim.rtl.yosys_json import netlist_from_json
from accelsim.simulation import outputs, truth_table

NAMES = [
    "mul4u_ama5_k4",
    "mul4s_exact",
    "mul4s_sm_udm",
    "mul6u_mitchell",
    "mul6s_sm_drum_k4",
    "mul4u_trunc_k3",
    "mul6u_trunc_k5_corrected",
    "mul6u_bam_h1_v4",
    "mul8u_wallace_ama2_k6",
    "e2m3_exact",
]


def synthesised(folder, command, name):
    synthesis = [text.format(top=name) for text in SYNTHESIS_COMMANDS]
    run_yosys([command, *synthesis, "write_json out.json"], folder, name)
    return netlist_from_json((folder / "out.json").read_text(), name, ports=["a", "b", "p"])


@pytest.mark.parametrize("name", NAMES)
def test_yosys_reads_the_verilog_as_the_same_multiplier(tmp_path, name):
    circuit = find_circuit(name)
    write_files(tmp_path, verilog_files(circuit))
    found = synthesised(tmp_path, f"read_verilog {name}.v", name)
    np.testing.assert_array_equal(truth_table(found), truth_table(circuit.netlist()))


def test_the_script_runs_in_yosys(tmp_path):
    write_files(tmp_path, verilog_files(find_circuit("mul4u_ama5_k4")))
    run_yosys((tmp_path / "mul4u_ama5_k4.ys").read_text().splitlines(), tmp_path, "the script")
    name = "mul4u_ama5_k4"
    for command in (f"read_verilog {name}_gates.v", f"read_blif -wideports {name}_gates.blif"):
        found = synthesised(tmp_path, command, name)
        np.testing.assert_array_equal(truth_table(found), truth_table(netlist_of(name)))


@pytest.mark.parametrize("name", ["mul4s_sm_drum_k3", "mul4u_udm"])
def test_blif(tmp_path, name):
    write_files(tmp_path, blif_file(find_circuit(name)))
    found = synthesised(tmp_path, f"read_blif -wideports {name}.blif", name)
    np.testing.assert_array_equal(truth_table(found), truth_table(netlist_of(name)))


def test_one_module_for_each_kind_of_cell():
    text = verilog_files(find_circuit("mul8u_ama5_k8"))["mul8u_ama5_k8.v"]
    modules = re.findall(r"^module (\w+)\(", text, re.MULTILINE)
    assert sorted(modules) == ["full_adder_ama5", "full_adder_exact", "half_adder_ama5", "mul8u_ama5_k8"]
    assert re.search(r"^module mul8u_ama5_k8\(a, b, p\);$", text, re.MULTILINE)
    assert "(*" not in text
    assert "$" not in re.sub(r"\$(un)?signed", "", text)


def test_imported_gates_are_flat(tmp_path):
    circuit = find_circuit("mul4u_udm")
    write_files(tmp_path, blif_file(circuit))
    imported = find_circuit(tmp_path / "mul4u_udm.blif")
    files = verilog_files(imported)
    text = files[f"{module_name(imported)}.v"]
    assert len(re.findall("^module ", text, re.MULTILINE)) == 1
    write_files(tmp_path, files)
    found = synthesised(tmp_path, f"read_verilog {module_name(imported)}.v", module_name(imported))
    np.testing.assert_array_equal(truth_table(found), truth_table(circuit.netlist()))


def test_vectors_of_small_multipliers_are_every_pair():
    files = verilog_files(find_circuit("mul4s_bw_ama5_k3"))
    words = [int(word, 16) for word in files["mul4s_bw_ama5_k3_vectors.mem"].split()]
    table = load_lut("mul4s_bw_ama5_k3").table & 0xFF
    assert words == [(a << 4 | b) << 8 | int(table[a, b]) for a in range(16) for b in range(16)] + [256]


def test_vectors_of_wide_multipliers_are_corners_and_random_pairs():
    circuit = find_circuit("mul32s_sm_drum_k8")
    a, b = bench_pairs(circuit)
    assert len(a) > 10_000
    assert {(0, 0), (0, 2**32 - 1), (2**31, 2**31), (2**31 - 1, 1)} <= set(
        zip(a.tolist(), b.tolist(), strict=True)
    )
    products = bench_products(circuit, (a, b))
    np.testing.assert_array_equal(products, outputs(circuit.netlist(), a, b))
    words = verilog_files(circuit)["mul32s_sm_drum_k8_vectors.mem"].split()
    assert int(words[-1], 16) == len(a) == len(words) - 1
    assert int(words[-2], 16) == int(a[-1]) << 96 | int(b[-1]) << 64 | int(products[-1])


def test_number_and_seed_of_vectors():
    circuit = find_circuit("mul4u_exact")
    pairs = bench_pairs(circuit, vectors=7, seed=1)
    assert len(pairs[0]) == 7
    assert any((x != y).any() for x, y in zip(pairs, bench_pairs(circuit, vectors=7, seed=2), strict=True))
    with pytest.raises(AccelsimError, match="0 vectors asked for"):
        bench_pairs(circuit, vectors=0)


EXPORT = """
import sys
from accelsim.rtl.catalogue import find_circuit
from accelsim.rtl.export import blif_file, verilog_files
circuit = find_circuit(sys.argv[1])
for name, text in {**verilog_files(circuit), **blif_file(circuit)}.items():
    sys.stdout.write(name + chr(10) + text)
"""


@pytest.mark.parametrize("name", ["mul8u_drum_k4", "mul8s_sm_udm"])
def test_the_same_bytes_in_every_process(name, tmp_path):
    written = []
    for number, seed in enumerate(("0", "1")):
        # Caches of their own, so that both synthesise.
        environment = os.environ | {"PYTHONHASHSEED": seed, "ACCELSIM_CACHE": str(tmp_path / seed)}
        folder = tmp_path / f"run{number}"
        folder.mkdir()
        command = [sys.executable, "-c", EXPORT, name]
        ended = subprocess.run(command, cwd=folder, env=environment, capture_output=True, check=True)
        written.append(ended.stdout)
    assert written[0] == written[1]
    circuit = find_circuit(name)
    here = {**verilog_files(circuit), **blif_file(circuit)}
    assert written[0].decode() == "".join(f"{file}\n{text}" for file, text in here.items())
    assert str(Path.home()) not in written[0].decode()


def test_a_table_has_no_gates(tmp_path):
    load_lut("mul4u_udm").save(tmp_path / "t.npz")
    for write in (verilog_files, blif_file):
        with pytest.raises(AccelsimError, match="it has no gates: take the circuit .* --against LUT"):
            write(find_circuit(tmp_path / "t.npz"))


@pytest.mark.parametrize(
    ("name", "expected"),
    [("mul4u_exact", "mul4u_exact"), ("4 bits", "m_4_bits"), ("table", "m_table"), ("a-b", "a_b")],
)
def test_names_of_modules_are_identifiers(name, expected):
    circuit = find_circuit("mul4u_exact")
    circuit.name = name
    assert module_name(circuit) == expected


def test_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(AccelsimError, match="cannot write .*: a part of the path is a file"):
        write_files(tmp_path / "file" / "folder", {"x": "y"})
