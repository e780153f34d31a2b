import numpy as np
import pytest

from accelsim.lut import Lut
from accelsim.rtl.catalogue import load_lut
from accelsim.rtl.library import names


def test_list_has_every_name_in_whole(accelsim):
    ended = accelsim("multipliers", "list")
    listed = [line.split()[0] for line in ended.out.splitlines()[1:]]
    assert listed[: len(names())] == names()
    assert len(set(listed)) == len(listed)
    assert "…" not in ended.out


def test_list_as_json(accelsim):
    entries = accelsim("multipliers", "list", "--json").document["multipliers"]
    assert [entry["name"] for entry in entries][: len(names())] == names()
    assert {"name", "a_width", "b_width", "signed", "summary", "source"} == set(entries[0])


def test_show_as_json(accelsim):
    content = accelsim("multipliers", "show", "mul4u_udm", "--json").document

    # Blocks of 2x2 bits in which 3 * 3 = 7, in plain Python.
    def block(a, b):
        return 7 if a == b == 3 else a * b

    pairs = [(a, b) for a in range(16) for b in range(16)]
    halves = [(a // 4, a % 4, b // 4, b % 4) for a, b in pairs]
    products = [
        16 * block(ah, bh) + 4 * (block(ah, bl) + block(al, bh)) + block(al, bl) for ah, al, bh, bl in halves
    ]
    errors = [product - a * b for product, (a, b) in zip(products, pairs, strict=True)]
    relative = [abs(error) / (a * b) for error, (a, b) in zip(errors, pairs, strict=True) if a * b]
    assert content["mae"] == pytest.approx(np.mean(np.abs(errors)))
    assert content["mae_percent"] == pytest.approx(100 * np.mean(np.abs(errors)) / 256)
    assert content["wce"] == max(map(abs, errors))
    assert content["wce_percent"] == pytest.approx(100 * max(map(abs, errors)) / 256)
    assert content["ep_percent"] == pytest.approx(100 * np.mean(np.array(errors) != 0))
    assert content["mre_percent"] == pytest.approx(100 * np.mean(relative))
    assert (content["name"], content["a_width"], content["b_width"], content["signed"]) == (
        "mul4u_udm",
        4,
        4,
        False,
    )
    assert content["provenance"]["gates"] == sum(content["gates"].values())
    assert len(content["provenance"]["netlist_sha256"]) == 64


def test_show_of_a_file_has_no_hardware(accelsim, tmp_path):
    accelsim("multipliers", "lut", "mul4u_udm", "-o", tmp_path / "t.npy")
    content = accelsim("multipliers", "show", tmp_path / "t.npy", "--json").document
    assert content["summary"] == "4 x 4-bit unsigned LUT"
    assert content["source"] == str(tmp_path / "t.npy")
    assert content["gates"] is None
    assert content["provenance"] == {"file": "t.npy"}


def test_show_reads_well(accelsim):
    lines = accelsim("multipliers", "show", "mul4u_udm").out.splitlines()
    facts = dict(line.split(maxsplit=1) for line in lines)
    assert list(facts)[:5] == ["mul4u_udm", "source", "gates", "MAE", "WCE"]
    assert facts["EP"].endswith(" %")


@pytest.mark.parametrize("suffix", [".npy", ".npz"])
def test_lut_is_saved(accelsim, tmp_path, suffix):
    path = tmp_path / f"t{suffix}"
    content = accelsim("multipliers", "lut", "mul4s_exact", "-o", path, "--json").document
    assert content == {
        "name": "mul4s_exact",
        "file": str(path),
        "shape": [16, 16],
        "signed": True,
        "order": "ab",
    }
    saved = Lut.load(path)
    np.testing.assert_array_equal(saved.table, saved.exact_table())


def test_lut_says_where(accelsim, tmp_path):
    ended = accelsim("multipliers", "lut", "mul4u_exact", "-o", tmp_path / "t.npy")
    assert ended.out == f"mul4u_exact: 16 x 16 products [a, b] in {tmp_path / 't.npy'}\n"


def test_lut_of_an_unknown_kind_of_file(refused, tmp_path):
    assert "must end in .npy, .npz, .bin, .h or .mem" in refused(
        "multipliers", "lut", "mul4u_exact", "-o", tmp_path / "t.txt"
    )


def test_transposed_lut(accelsim, refused, tmp_path):
    path = tmp_path / "t.bin"
    content = accelsim("multipliers", "lut", "mul4u_ama5_k4", "-o", path, "--order", "ba", "--json").document
    assert content["order"] == "ba"
    table = np.fromfile(path, "<u2").reshape(16, 16)
    np.testing.assert_array_equal(table, load_lut("mul4u_ama5_k4").table.T)
    assert "a .npy LUT is indexed [a, b]" in refused(
        "multipliers", "lut", "mul4u_udm", "-o", tmp_path / "t.npy", "--order", "ba"
    )


def test_lut_below_a_file(refused, tmp_path):
    (tmp_path / "file").write_text("")
    path = tmp_path / "file" / "t.npy"
    assert "Not a directory" in refused("multipliers", "lut", "mul4u_exact", "-o", path)


def test_unknown_subcommand(refused):
    expected = "accelsim: no command lits; did you mean list? (see accelsim multipliers --help)\n"
    assert refused("multipliers", "lits") == expected
