import os
import re
import signal
import time
from pathlib import Path

import pytest

from accelsim.rtl.array_export import array_files
from accelsim.rtl.array_names import ArrayName
from accelsim.rtl.catalogue import find_circuit, load_lut
from accelsim.rtl.export import blif_file, verilog_files


def test_files(accelsim, tmp_path):
    folder = tmp_path / "new" / "folder"
    ended = accelsim("export-verilog", "mul4u_udm", "-o", folder, "--json")
    assert ended.code == 0
    files = verilog_files(find_circuit("mul4u_udm"))
    assert ended.document == {
        "name": "mul4u_udm",
        "module": "mul4u_udm",
        "format": "verilog",
        "folder": str(folder),
        "files": list(files),
    }
    assert {path.name: path.read_text() for path in folder.iterdir()} == files


def test_blif(accelsim, tmp_path):
    ended = accelsim("export-verilog", "mul4u_udm", "-o", tmp_path, "--format", "blif")
    assert ended.out == f"mul4u_udm in {tmp_path}: mul4u_udm.blif\n"
    assert (tmp_path / "mul4u_udm.blif").read_text() == blif_file(find_circuit("mul4u_udm"))["mul4u_udm.blif"]


def test_a_second_time_replaces_the_files(accelsim, tmp_path):
    accelsim("export-verilog", "mul4u_udm", "-o", tmp_path)
    first = (tmp_path / "mul4u_udm.v").read_bytes()
    (tmp_path / "mul4u_udm.v").write_text("old")
    (tmp_path / "other").write_text("kept")
    accelsim("export-verilog", "mul4u_udm", "-o", tmp_path)
    assert (tmp_path / "mul4u_udm.v").read_bytes() == first
    assert (tmp_path / "other").read_text() == "kept"


def test_bad_input(refused, tmp_path):
    (tmp_path / "file").touch()
    load_lut("mul4u_udm").save(tmp_path / "t.npz")
    folder = tmp_path / "folder"
    line = refused("export-verilog", "mul4u_exact", "-o", folder, "--format", "vhdl")
    assert "'vhdl' is not one of 'verilog', 'blif'" in line
    assert "cannot write into" in refused("export-verilog", "mul4u_exact", "-o", tmp_path / "file" / "x")
    assert "is a file" in refused("export-verilog", "mul4u_exact", "-o", tmp_path / "file")
    assert "did you mean mul4u_exact" in refused("export-verilog", "mul4u_exac", "-o", folder)
    assert "it has no gates" in refused("export-verilog", tmp_path / "t.npz", "-o", folder)
    assert "Missing option" in refused("export-verilog", "mul4u_exact")
    assert not folder.exists()


def test_unwritable_folder(refused):
    """Not even root makes folders there."""
    assert "cannot write into" in refused("export-verilog", "mul4u_exact", "-o", "/proc/folder")


SLOW_TOOL = """#!/bin/sh
echo $$ > "$MARK"
sleep 100
"""


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks at processes in /proc")
def test_ctrl_c_ends_the_simulator_and_leaves_no_folder(child, tmp_path):
    tools, temporary, mark = tmp_path / "tools", tmp_path / "tmp", tmp_path / "pid"
    tools.mkdir()
    temporary.mkdir()
    (tools / "iverilog").write_text(SLOW_TOOL)
    (tools / "iverilog").chmod(0o755)
    path = f"{tools}{os.pathsep}{os.environ['PATH']}"
    environment = os.environ | {"PATH": path, "MARK": str(mark), "TMPDIR": str(temporary)}
    running = child("verify-mult", "mul4u_exact", "--simulator", "icarus", env=environment)
    while not mark.exists() or not mark.read_text().strip():
        assert running.poll() is None
        time.sleep(0.05)
    running.send_signal(signal.SIGINT)
    _, err = running.communicate(timeout=30)
    assert running.returncode == 130
    assert err == "accelsim: interrupted\n"
    assert not list(temporary.glob("accelsim-*"))
    state = Path(f"/proc/{mark.read_text().strip()}/stat")
    assert not state.exists() or re.search(r"\) Z ", state.read_text())


def test_array(accelsim, tmp_path):
    ended = accelsim("export-verilog", "array:2x1:os:mul4u_exact:wrap", "-o", tmp_path, "--json")
    name = ArrayName.parse("array:2x1:os:mul4u_exact")
    files = array_files(name)
    assert ended.document == {
        "name": str(name),
        "module": "array_2x1_os_mul4u_exact",
        "format": "verilog",
        "folder": str(tmp_path),
        "files": list(files),
    }
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == files


def test_bad_arrays(refused, tmp_path):
    folder = tmp_path / "folder"
    for name, expected in (
        ("array:2x0:ws:mul4u_exact", "an array of 0 columns; expected 1 or more"),
        ("array:2x2:wos:mul4u_exact", "unknown dataflow 'wos'"),
        ("gemm:2x2:ws:mul4u_exact:acc8", "8 bits is narrower than the products of mul4u_exact"),
        ("array:2x2:ws:mul4u_exat", "did you mean mul4u_exact"),
        ("arrray:2x2:ws:mul4u_exact", "did you mean array"),
    ):
        assert expected in refused("export-verilog", name, "-o", folder)
    array = "array:2x2:ws:mul4u_exact"
    assert "blif is for multipliers" in refused("export-verilog", array, "-o", folder, "--format", "blif")
    assert not folder.exists()
