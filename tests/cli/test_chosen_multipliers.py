"""Which multipliers an experiment compares, what it calls them, and what it keeps of them."""

import hashlib
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pytest

from accelsim.cli.chosen_multipliers import chosen_multipliers
from accelsim.cli.output import Output
from accelsim.errors import AccelsimError
from accelsim.lut import Lut, operand_values
from accelsim.rtl.catalogue import load_lut, netlist_of


def exact(a_width, b_width, signed=False):
    table = np.multiply.outer(operand_values(a_width, signed), operand_values(b_width, signed))
    return table.astype("i4" if signed else "u4")


@pytest.fixture
def save(tmp_path, monkeypatch):
    """Save a table below the current folder and return its path."""
    monkeypatch.chdir(tmp_path)

    def write(path, table):
        Path(path).parent.mkdir(exist_ok=True)
        np.save(path, table)
        return path

    return write


def tables(*names):
    return {
        multiplier.name: multiplier.lut.table
        for multiplier in chosen_multipliers([str(name) for name in names], Output(quiet=True))
    }


@pytest.mark.parametrize("name", ["mul4u_exact", "mul4u_udm", "float"])
def test_a_file_never_takes_anothers_name(save, name):
    wrong = exact(4, 4) // 2
    path = save(f"p/{name}.npy", wrong)
    found = tables(path, "mul4u_udm")
    assert list(found) == (["mul4u_exact", path, "mul4u_udm"])
    assert (found["mul4u_exact"] == exact(4, 4)).all()
    assert (found["mul4u_udm"] == load_lut("mul4u_udm").table).all()
    assert (found[path] == wrong).all()


def test_a_file_alone_has_its_own_name(save):
    assert list(tables(save("p/mine.npy", exact(4, 4) // 2))) == ["mul4u_exact", "mine"]


def test_files_of_one_name_are_told_apart_by_their_paths(save):
    first, second = save("p/x.npy", exact(4, 4) // 2), save("q/x.npy", exact(4, 4) // 4)
    found = tables(first, second)
    assert list(found) == ["mul4u_exact", first, second]
    assert (found[second] == exact(4, 4) // 4).all()


def test_the_same_file_twice_is_refused(save):
    first, second = save("p/x.npy", exact(4, 4) // 2), save("q/x.npy", exact(4, 4) // 2)
    with pytest.raises(AccelsimError, match="^multiplier x is given twice$"):
        tables(first, first)
    with pytest.raises(AccelsimError, match="x is given twice: p/x.npy and q/x.npy have the same products"):
        tables(first, second)


def test_a_copy_of_the_accurate_multiplier_is_that(save):
    assert list(tables(save("p/mul4u_exact.npy", exact(4, 4)))) == ["mul4u_exact"]
    assert list(tables("mul4u_udm", "mul4u_exact")) == ["mul4u_exact", "mul4u_udm"]


@pytest.mark.parametrize(
    ("widths", "signed", "name"), [((4, 8), False, "exact 4x8"), ((5, 3), True, "exact signed 5x3")]
)
def test_the_accurate_multiplier_has_both_widths(save, widths, signed, name):
    found = tables(save("x.npy", exact(*widths, signed) // 2))
    assert list(found) == [name, "x"]
    assert (found[name] == exact(*widths, signed)).all()


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("wide.npy", "^wide.npy multiplies 12 x 12 bits; .* integer multipliers of 2 to 8 bits"),
        ("mul16u_exact", "^mul16u_exact multiplies 16 x 16 bits"),
        ("bf16_exact", "^bf16_exact multiplies floats"),
    ],
)
def test_what_the_engine_cannot_run_is_refused_by_its_own_name(save, name, message):
    save("wide.npy", exact(12, 12))
    with pytest.raises(AccelsimError, match=message):
        tables(name)


def test_provenance_of_gates_and_of_a_table(save):
    table = exact(4, 8) // 2
    path = save("x.npy", table)
    chosen = chosen_multipliers(["mul4u_udm", path], Output(quiet=True))
    _, accurate, udm, mine = [multiplier.provenance() for multiplier in chosen]
    assert (accurate["multiplier"], accurate["source"]) == ("exact 4x8", "exact products")
    assert udm["netlist_sha256"] == netlist_of("mul4u_udm").digest
    products = load_lut("mul4u_udm").table.astype("<i4").tobytes()
    assert udm["table_sha256"] == hashlib.sha256(products).hexdigest()
    assert mine == {
        "multiplier": "x",
        "source": "x.npy",
        "a_width": 4,
        "b_width": 8,
        "signed": False,
        "table_sha256": hashlib.sha256(table.astype("<i4").tobytes()).hexdigest(),
        "netlist_sha256": None,
    }


def test_results_name_what_they_follow_from(accelsim, checkpoints, save):
    save("p/mul4u_exact.npy", exact(4, 4) // 2)
    given = ["--checkpoint", checkpoints["ffnn"], "-m", "p/mul4u_exact.npy", "--images", 3, "--json"]
    attacked = accelsim("attack", *given, "-a", "fgm-linf", "-b", 0).document
    evaluated = accelsim("evaluate", *given).document
    for content in (attacked, evaluated):
        assert [entry["multiplier"] for entry in content["multipliers"]] == [
            "mul4u_exact",
            "p/mul4u_exact.npy",
        ]
        accurate, mine = content["multipliers"]
        assert accurate["netlist_sha256"] == netlist_of("mul4u_exact").digest
        assert mine["source"] == "p/mul4u_exact.npy"
        assert mine["table_sha256"] != accurate["table_sha256"]
        assert content["versions"]["torch"] == version("torch")
        assert {"seed", "activation_operand", "weights", "weights_sha256", "dataset_sha256"} < set(content)
    assert [row["victim"] for row in attacked["results"]] == ["mul4u_exact", "p/mul4u_exact.npy"]
    assert evaluated["multipliers"][1]["layers"][0]["multiplier"] == "p/mul4u_exact.npy"


def test_a_lut_keeps_its_name_in_an_npz(save):
    Lut("inside", exact(4, 4) // 2, False).save("outside.npz")
    assert list(tables("outside.npz")) == ["mul4u_exact", "inside"]
