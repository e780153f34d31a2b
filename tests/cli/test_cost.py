from pathlib import Path

import numpy as np
import pytest

SMALL = Path(__file__).parents[1] / "data" / "small.lib"


def test_table_says_what_it_rests_on(accelsim):
    ended = accelsim("cost", "mul4u_exact", "mul4u_drum_k3", "--operations", 200)
    assert ended.code == 0
    header, exact, drum, blank, *basis = ended.out.splitlines()
    assert header.split()[0] == "multiplier"
    assert exact.count("(1.000)") == 5
    assert drum.startswith("mul4u_drum_k3")
    assert blank == ""
    assert [line.split("  ")[0] for line in basis] == ["cells", "activity", "relative to", "PDP at"]
    assert "uniform random operands, 200 operations, seed 0" in ended.out


def test_json(accelsim):
    document = accelsim("cost", "mul4u_drum_k3", "--liberty", SMALL, "--operations", 200, "--json").document
    (entry,) = document["multipliers"]
    assert entry["name"] == "mul4u_drum_k3"
    assert entry["cells_from"] == "small.lib"
    assert entry["netlist_from"] == "description"
    assert set(entry["cells"]) <= {"INV", "NAND2", "AND2", "XOR2"}
    assert entry["energy_fj"] == pytest.approx(entry["switching_fj"] + entry["internal_fj"])
    assert entry["pdp_fj"] == pytest.approx(entry["power_uw"] * entry["delay_ns"])
    assert 0 < entry["relative"]["area_um2"] < 1.5


def test_a_recorded_stream(accelsim, tmp_path):
    path = tmp_path / "stream.npy"
    np.save(path, np.array([[1, 2], [3, 4], [15, 15]]))
    document = accelsim("cost", "mul4u_exact", "--activity", path, "--json").document
    assert document["multipliers"][0]["operations"] == 2


def test_a_lut_file(accelsim, refused, tmp_path):
    path = tmp_path / "table.npy"
    accelsim("multipliers", "lut", "mul4u_udm", "-o", path)
    assert "is a LUT and has no gates; --from-table synthesises some" in refused("cost", path)
    ended = accelsim("cost", path, "--from-table", "--operations", 100)
    assert "from truth table  table: gates synthesised anew" in ended.out


def test_bad_input(refused, tmp_path):
    assert "cannot read" in refused("cost", "mul4u_exact", "--liberty", tmp_path / "none.lib")
    broken = tmp_path / "broken.lib"
    broken.write_text("library (l) {\n time_unit : ;\n}")
    assert "broken.lib, line 2: time_unit has no value" in refused("cost", "mul4u_exact", "--liberty", broken)
    powerless = tmp_path / "powerless.lib"
    powerless.write_text(SMALL.read_text().replace("internal_power", "no_power"))
    assert "powerless.lib has no power tables" in refused("cost", "mul4u_exact", "--liberty", powerless)
    stream = tmp_path / "stream.npy"
    np.save(stream, np.array([[1, 2], [3, 16]]))
    assert "operand b of entry 1 is 16" in refused("cost", "mul4u_exact", "--activity", stream)
    np.save(stream, np.zeros((4, 3), int))
    assert "has shape (4, 3)" in refused("cost", "mul4u_exact", "--activity", stream)
    assert "did you mean" in refused("cost", "mul4u_exakt")
    assert "frequency" in refused("cost", "mul4u_exact", "--frequency", 0)
    assert "NAME" in refused("cost")


def test_arrays(accelsim):
    name = "array:2x2:ws:mul4u_exact:acc12"
    ended = accelsim("cost", name, "--operations", "999")
    lines = ended.out.splitlines()
    assert lines[0] == name
    assert [line.split()[:2] for line in lines[2:6]] == [
        ["top", "1"],
        ["processing_element", "4"],
        ["mul4u_exact", "4"],
        ["accumulator_adder", "4"],
    ]
    assert "activity       uniform random operands, 999 operations, seed 0" in lines
    (document,) = accelsim("cost", name, "--json").document["arrays"]
    assert set(document) == {"name", "parts", "pe", "activity"}
    assert document["parts"][0]["flip_flops"] == 4 * 22 + 5 + 2 * 12
    assert document["pe"]["flip_flops"] == 22


def test_bad_arrays(refused):
    assert "an array of 0 rows" in refused("cost", "array:0x2:ws:mul4u_exact")
    assert "unknown array 'mul4u_exact'" in refused("cost", "array:2x2:ws:mul4u_exact", "mul4u_exact")
