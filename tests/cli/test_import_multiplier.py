import json

import numpy as np
import pytest

VERILOG = "module {}(input [3:0] B, input [2:0] A, output [6:0] O);\n  assign O = {};\nendmodule\n"


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("ACCELSIM_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def mine(tmp_path):
    path = tmp_path / "mine.v"
    path.write_text(VERILOG.format("m", "A * (B & 12)"))
    return path


def test_import_prints_the_multiplier_and_its_errors(accelsim, mine):
    ended = accelsim("multipliers", "import", mine)
    heading, row = ended.out.splitlines()
    assert heading.split() == ["multiplier", "bits", "operands", "MAE", "WCE", "EP", "%", "MRE", "%"]
    # b loses 1.5 on average, 3 at most, nothing for every fourth b; a is 3.5 on average, 7 at most.
    values = ["5.25", "21", f"{100 * 7 / 8 * 3 / 4:.4g}"]
    assert (
        row.split()[:12]
        == [*["mine", "3", "x", "4", "unsigned", "a", "=", "A,", "b", "=", "B"], *values][:12]
    )
    assert row.split()[-1] == "added"
    assert ended.err == ""


def test_every_command_takes_the_name_and_the_path(accelsim, mine):
    accelsim("multipliers", "import", mine)
    for name in ("mine", str(mine)):
        shown = accelsim("multipliers", "show", name, "--json").document
        assert (shown["a_width"], shown["b_width"], shown["wce"]) == (3, 4, 21)
        assert shown["summary"] == "3 x 4-bit unsigned module m of mine.v"
        assert shown["provenance"]["file"] == "mine.v"
        assert sum(shown["gates"].values()) == shown["provenance"]["gates"]
        assert accelsim("multiply", name, 7, 15, "--json").code == 0
        verified = accelsim("verify-mult", name, "--json")
        assert verified.code == 0
        assert verified.document["pairs_checked"] == 128
    (listed,) = (
        entry
        for entry in accelsim("multipliers", "list", "--json").document["multipliers"]
        if entry["name"] == "mine"
    )
    assert (listed["a_width"], listed["b_width"], listed["signed"]) == (3, 4, False)
    assert "\nmine  " in accelsim("multipliers", "list").out


def test_json(accelsim, mine, home):
    document = accelsim("multipliers", "import", mine, "--name", "yours", "--json").document
    (imported,) = document["imports"]
    line = json.loads((home / "multipliers.jsonl").read_text())
    assert imported == {"outcome": "added", "notes": [], **line}
    again = accelsim("multipliers", "import", mine, "--name", "yours", "--json").document
    assert again["imports"][0]["outcome"] == "unchanged"


def test_options_reach_the_reader(accelsim, tmp_path):
    path = tmp_path / "two.v"
    path.write_text(VERILOG.format("other", "A + B") + VERILOG.format("m", "A * part"))
    part = tmp_path / "part.v"
    options = ("--top", "other", "--a", "B", "--b", "A", "--product", "O", "--signed")
    part.write_text("module unused; endmodule")
    document = accelsim("multipliers", "import", path, *options, "--with", part, "--json").document
    (imported,) = document["imports"]
    assert imported["ports"] == ["B", "A", "O"]
    assert (imported["module"], imported["signed"], len(imported["files"])) == ("other", True, 2)


def test_note_goes_to_standard_error(accelsim, tmp_path):
    table = np.arange(-8, 8)[:, None] * np.arange(-8, 8)[None, :]
    np.save(tmp_path / "t.npy", (np.roll(table, 8, (0, 1)) & 255).astype(np.uint8))
    ended = accelsim("multipliers", "import", tmp_path / "t.npy")
    assert ended.code == 0
    assert ended.err.startswith("note: t was read as unsigned")
    assert len(ended.out.splitlines()) == 2


def test_several_files(accelsim, mine, tmp_path):
    np.arange(1 << 16, dtype="<u2").tofile(tmp_path / "count.bin")
    ended = accelsim("multipliers", "import", mine, tmp_path / "count.bin", "--order", "ab")
    assert [line.split()[0] for line in ended.out.splitlines()[1:]] == ["mine", "count"]
    assert accelsim("multiply", "count", 2, 3, "--json").code == 0


def test_replace(accelsim, refused, mine):
    accelsim("multipliers", "import", mine)
    mine.write_text(VERILOG.format("m", "A * B"))
    assert "choose another with --name, or --replace it" in refused("multipliers", "import", mine)
    assert accelsim("multipliers", "import", mine, "--replace").out.rstrip().endswith("replaced")


@pytest.mark.parametrize(
    ("file", "content", "options", "expected"),
    [
        ("m.v", b"module m(input a;\n", (), "m.v:1: syntax error"),
        ("m.v", b"", (), "m.v is empty"),
        ("m.v", None, (), "cannot read "),
        ("m.v", bytes(range(200)), (), "m.v is not a text file"),
        ("m.v", VERILOG.format("m", "A * B").encode(), ("--top", "n"), "no module n; there are m"),
        ("m.blif", b".model m\n.inputs a\n.foo\n", (), "m.blif:3: unknown construct .foo"),
        ("m.bin", bytes(131_072), (), "the order of its operands is not in the file"),
        ("m.bin", bytes(100), ("--order", "ab"), "m.bin has 100 bytes; expected 131,072"),
        ("m.h", b"int x;", (), "0 arrays with initialisers"),
        ("m.vhd", b"entity m is", (), "m.vhd is no multiplier's file; expected .bin, .blif, "),
        ("m.v", b"", ("--order", "up"), "'up' is not one of 'ab', 'ba'"),
    ],
)
def test_bad_input_is_one_line(refused, tmp_path, file, content, options, expected):
    path = tmp_path / file
    if content is not None:
        path.write_bytes(content)
    assert expected in refused("multipliers", "import", path, *options)


def test_no_file(refused):
    assert "Missing argument 'FILE...'" in refused("multipliers", "import")


def test_remove(accelsim, refused, mine, home):
    accelsim("multipliers", "import", mine)
    accelsim("multipliers", "import", mine, "--name", "same_content")
    assert refused("multipliers", "remove", "mine", "mone") == (
        "accelsim: 'mone' is not an imported multiplier; did you mean mine?\n"
    )
    assert accelsim("multipliers", "show", "mine").code == 0
    (removed,) = accelsim("multipliers", "remove", "mine", "--json").document["removed"]
    assert (removed["name"], removed["files"][0]["file"]) == ("mine", "mine.v")
    assert mine.exists()
    assert "mine" in refused("multipliers", "show", "mine")
    assert accelsim("verify-mult", "same_content").code == 0, "its files are those of the removed one"
    accelsim("multipliers", "remove", "same_content")
    assert list((home / "multipliers").iterdir()) == []
    assert "not an imported multiplier" in refused("multipliers", "remove", "mul8u_exact")
