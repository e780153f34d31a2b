"""The manifest of imported multipliers: what is written, what stays, and who may write at once."""

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from accelsim.errors import AccelsimError
from accelsim.rtl.catalogue import find_circuit, listed_circuits, listed_names, load_lut, netlist_of
from accelsim.rtl.import_options import ImportOptions
from accelsim.rtl.importing import import_multipliers
from accelsim.rtl.manifest import kept_folder, manifest_path, read_entries
from accelsim.rtl.verification import verify

MODULE = "module {}(input {} [3:0] x, input {} [2:0] y, output [6:0] z);\n  assign z = {};\nendmodule\n"


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("ACCELSIM_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def verilog(folder: Path, name: str = "mine", expression: str = "x * (y & 6)", signed: str = "") -> Path:
    path = folder / f"{name}.v"
    path.write_text(MODULE.format("m", signed, signed, expression))
    return path


def contents(folder: Path) -> dict[str, tuple[bytes, int]]:
    return {
        str(path): (path.read_bytes(), path.stat().st_mtime_ns)
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_a_line_says_it_all(tmp_path):
    (imported,) = import_multipliers([verilog(tmp_path)])
    (line,) = manifest_path().read_text().splitlines()
    content = json.loads(line)
    source = (tmp_path / "mine.v").read_bytes()
    assert content["files"] == [{"file": "mine.v", "sha256": hashlib.sha256(source).hexdigest()}]
    assert {
        key: content[key] for key in ("name", "a_width", "b_width", "signed", "module", "ports", "order")
    } == {
        "name": "mine",
        "a_width": 4,
        "b_width": 3,
        "signed": False,
        "module": "m",
        "ports": ["x", "y", "z"],
        "order": None,
    }
    # Half of the y are odd and lose 1 x: EP over x in 1 ... 15.
    assert content["metrics"]["ep_percent"] == pytest.approx(100 * 15 / 16 / 2)
    assert content["metrics"]["mae"] == pytest.approx(np.arange(16).mean() / 2)
    assert content["metrics"]["wce"] == 15
    assert imported.metrics is not None
    assert imported.outcome == "added"


def test_the_name_is_accepted_and_verifies_without_the_original(tmp_path):
    path = verilog(tmp_path)
    import_multipliers([path], name="my-own.mul")
    path.unlink()
    a, b = np.arange(16)[:, None], np.arange(8)[None, :]
    lut = load_lut("my-own.mul")
    np.testing.assert_array_equal(lut.table, a * (b & 6))
    assert (lut.provenance["file"], len(lut.provenance["file_sha256"])) == ("mine.v", 64)
    assert lut.provenance["netlist_sha256"] == netlist_of("my-own.mul").digest
    found = verify("my-own.mul")
    assert (found.name, found.pairs_checked, found.mismatches) == ("my-own.mul", 128, 0)
    assert "my-own.mul" in listed_names()
    (circuit,) = [circuit for circuit in listed_circuits() if circuit.name == "my-own.mul"]
    assert circuit.summary == "4 x 3-bit unsigned module m of mine.v"


def test_two_files_of_one_netlist_have_their_own_provenance(tmp_path):
    import_multipliers([verilog(tmp_path, "one"), verilog(tmp_path, "two", "x * {y[2:1], 1'b0}")])
    assert load_lut("one").provenance["file"] == "one.v"
    assert load_lut("two").provenance["file"] == "two.v"
    assert load_lut("two").name == "two"


def test_importing_again_changes_nothing(tmp_path, home):
    import_multipliers([verilog(tmp_path), verilog(tmp_path, "other", "x + y")])
    before = contents(home)
    (tmp_path / "elsewhere").mkdir()
    (again,) = import_multipliers([verilog(tmp_path / "elsewhere")])
    assert again.outcome == "unchanged"
    assert contents(home) == before


def test_a_name_is_not_taken_silently(tmp_path, home):
    import_multipliers([verilog(tmp_path), verilog(tmp_path, "other", "x + y")])
    before = contents(home)
    path = verilog(tmp_path, expression="x * (y & 4)")
    with pytest.raises(
        AccelsimError,
        match=r"^mine is already the name of another multiplier, 4 x 3-bit unsigned, mine\.v \(SHA",
    ):
        import_multipliers([path])
    assert contents(home) == before
    old = kept_folder(read_entries()["mine"])
    (replaced,) = import_multipliers([path], replacing=True)
    assert replaced.outcome == "replaced"
    assert not old.exists()
    assert list(read_entries()) == ["mine", "other"]
    assert load_lut("mine").multiply(3, 7) == 12


def test_the_same_file_read_otherwise_is_another_multiplier(tmp_path):
    path = verilog(tmp_path)
    import_multipliers([path])
    for options in (ImportOptions(signed=True), ImportOptions(a="y")):
        with pytest.raises(AccelsimError, match="already the name of another multiplier"):
            import_multipliers([path], options)
    # What is stated as it was detected is no difference.
    stated = ImportOptions("m", "x", "y", "z", signed=False)
    assert import_multipliers([path], stated)[0].outcome == "unchanged"


def test_names_of_the_library_are_not_taken(tmp_path):
    for name in ("mul8u_exact", "mul8u_drum_k4", "mul8s_bw"):
        with pytest.raises(AccelsimError, match=f"^{name} is the name of a multiplier of the library"):
            import_multipliers([verilog(tmp_path)], name=name)
    assert not manifest_path().exists()


@pytest.mark.parametrize("name", ["", "a/b", "1st", "my mul", "x.npy", "x.v", "-x", ".."])
def test_names_that_could_not_be_asked_for(tmp_path, name):
    with pytest.raises(AccelsimError, match="cannot be a multiplier's name; give another with --name"):
        import_multipliers([verilog(tmp_path)], name=name)


def test_all_or_nothing(tmp_path, home):
    bad = tmp_path / "bad.v"
    bad.write_text("module")
    with pytest.raises(AccelsimError, match=r"bad\.v:1: syntax error"):
        import_multipliers([verilog(tmp_path), bad])
    assert not home.exists()
    same = tmp_path / "same"
    same.mkdir()
    with pytest.raises(AccelsimError, match="mine is already the name of another multiplier"):
        import_multipliers([verilog(tmp_path), verilog(same, expression="x + y")], replacing=True)
    assert read_entries() == {}
    with pytest.raises(AccelsimError, match="one name for 2 files; a name goes with one file"):
        import_multipliers([bad, bad], name="x")


def test_unknown_names_hint_at_imported_ones(tmp_path):
    import_multipliers([verilog(tmp_path, "my_multiplier")])
    with pytest.raises(AccelsimError, match=r"'my_multipler'.*; did you mean my_multiplier\?$"):
        find_circuit("my_multipler")


def test_kept_file_that_was_changed_is_refused(tmp_path):
    import_multipliers([verilog(tmp_path)])
    load_lut("mine")
    kept = kept_folder(read_entries()["mine"]) / "mine.v"
    kept.write_text(kept.read_text().replace("6", "4"))
    for use in (load_lut, netlist_of, verify):
        with pytest.raises(AccelsimError, match=r"mine\.v was changed after it was imported as mine"):
            use("mine")
    assert import_multipliers([verilog(tmp_path)])[0].outcome == "unchanged"
    assert load_lut("mine").multiply(3, 7) == 18
    kept.unlink()
    with pytest.raises(AccelsimError, match=r"^cannot read .*mine\.v: No such file"):
        load_lut("mine")


def test_further_files_are_kept(tmp_path):
    part = tmp_path / "part.v"
    part.write_text("module part(input [3:0] x, output [6:0] z); assign z = 3 * x; endmodule")
    path = tmp_path / "mine.v"
    path.write_text("module m(input [3:0] a, input [2:0] b, output [6:0] p); part i (a ^ b, p); endmodule")
    import_multipliers([path], ImportOptions(others=(part,)))
    part.unlink()
    path.unlink()
    assert verify("mine").mismatches == 0
    assert load_lut("mine").multiply(9, 4) == 39
    assert len(read_entries()["mine"].files) == 2


def test_imported_tables(tmp_path):
    table = np.arange(256)[:, None] * (np.arange(256)[None, :] & 240)
    table.T.astype("<u2").tofile(tmp_path / "mine.bin")
    (imported,) = import_multipliers([tmp_path / "mine.bin"], ImportOptions(order="ba"))
    (tmp_path / "mine.bin").unlink()
    assert (imported.entry.order, imported.entry.module, imported.entry.ports) == ("ba", None, None)
    np.testing.assert_array_equal(load_lut("mine").table, table)
    assert load_lut("mine").provenance["file"] == "mine.bin"
    with pytest.raises(AccelsimError, match="^mine is a LUT .*; it has no gates"):
        netlist_of("mine")


def test_too_wide_for_a_lut(tmp_path):
    path = tmp_path / "wide.v"
    path.write_text("module w(input [12:0] a, input [3:0] b, output [16:0] p); assign p = a * b; endmodule")
    (imported,) = import_multipliers([path])
    assert imported.metrics is None
    assert read_entries()["wide"].metrics is None
    assert netlist_of("wide").outputs[0].width == 17
    with pytest.raises(AccelsimError, match="wide is too wide for a LUT: 13 bits"):
        load_lut("wide")


def test_note_on_the_other_signedness(tmp_path):
    signed = "$signed(x) * $signed(y)"
    (imported,) = import_multipliers([verilog(tmp_path, expression=signed)])
    (note,) = imported.notes
    assert note.startswith("mine was read as unsigned (MAE ")
    assert note.endswith("; as signed its MAE would be 0: import it with --signed if that is what it is")
    (told,) = import_multipliers([verilog(tmp_path, "told", signed)], ImportOptions(signed=True))
    (declared,) = import_multipliers([verilog(tmp_path, "declared", "x * y", "signed")])
    assert told.notes == declared.notes == ()
    assert declared.entry.signed
    # Said to be unsigned: no doubt.
    assert import_multipliers([verilog(tmp_path)], ImportOptions(signed=False), name="sure")[0].notes == ()


@pytest.mark.parametrize("damage", ["{", '{"name": "x"}', "3", '{"files": 3}', "\udcff"])
def test_damaged_manifest_is_told_with_its_line(tmp_path, damage):
    import_multipliers([verilog(tmp_path)])
    with manifest_path().open("ab") as file:
        file.write(damage.encode("utf-8", errors="surrogateescape") + b"\n")
    with pytest.raises(AccelsimError, match=r"multipliers\.jsonl") as caught:
        find_circuit("mine")
    assert ("multipliers.jsonl:2: damaged line" in str(caught.value)) == (damage != "\udcff")
    assert find_circuit("mul4u_exact").name == "mul4u_exact"  # the library needs no manifest


def test_unwritable_home(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("ACCELSIM_HOME", str(tmp_path / "file"))
    with pytest.raises(AccelsimError, match=r"^cannot write .*file/multipliers\.lock"):
        import_multipliers([verilog(tmp_path)])


def test_processes_that_import_at_once_lose_nothing(tmp_path):
    """Each process imports its own LUTs, one import after the other, while the others do."""
    for process in range(3):
        for number in range(4):
            table = np.full((4, 4), process * 4 + number, dtype=np.uint8)
            np.save(tmp_path / f"p{process}_{number}.npy", table)
    script = (
        "import sys; from pathlib import Path; from accelsim.rtl.importing import import_multipliers\n"
        "for number in range(4):\n"
        "    import_multipliers([Path(sys.argv[1]) / f'p{sys.argv[2]}_{number}.npy'])\n"
    )
    children = [
        subprocess.Popen([sys.executable, "-c", script, str(tmp_path), str(process)]) for process in range(3)
    ]
    assert [child.wait() for child in children] == [0, 0, 0]
    names = {f"p{process}_{number}" for process in range(3) for number in range(4)}
    assert set(read_entries()) == names
    for name in names:
        assert load_lut(name).multiply(3, 3) == int(name[1]) * 4 + int(name[3])
