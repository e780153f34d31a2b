import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from accelsim.errors import AccelsimError
from accelsim.lut import Lut, operand_values


def exact(a_bits: int, b_bits: int, signed: bool) -> Lut:
    a, b = operand_values(a_bits, signed), operand_values(b_bits, signed)
    return Lut("exact", np.multiply.outer(a, b), signed, {"netlist_sha256": "00"})


def test_operand_values():
    np.testing.assert_array_equal(operand_values(3, signed=True), [0, 1, 2, 3, -4, -3, -2, -1])
    np.testing.assert_array_equal(operand_values(2, signed=False), [0, 1, 2, 3])


@given(st.integers(2, 8), st.integers(2, 8), st.booleans(), st.data())
def test_multiply_takes_values(a_bits, b_bits, signed, data):
    lut = exact(a_bits, b_bits, signed)
    a = data.draw(st.sampled_from(operand_values(a_bits, signed).tolist()))
    b = data.draw(st.sampled_from(operand_values(b_bits, signed).tolist()))
    assert lut.multiply(a, b) == a * b
    assert (lut.a_width, lut.b_width) == (a_bits, b_bits)


@pytest.mark.parametrize("operand", [256, -1, 1.5])
def test_operand_out_of_range(operand):
    with pytest.raises(AccelsimError, match="operand a is .*; expected integers from 0 to 255"):
        exact(8, 8, False).multiply(operand, 1)


@pytest.mark.parametrize("suffix", [".npz", ".npy"])
@pytest.mark.parametrize("signed", [False, True])
def test_round_trip(tmp_path, suffix, signed):
    lut = exact(8, 6, signed)
    lut.save(tmp_path / f"mul{suffix}")
    loaded = Lut.load(tmp_path / f"mul{suffix}")
    assert loaded.signed == signed
    np.testing.assert_array_equal(loaded.table, lut.table)
    if suffix == ".npz":
        assert (loaded.name, loaded.provenance) == ("exact", lut.provenance)
    else:
        assert loaded.name == "mul"
        assert np.load(tmp_path / "mul.npy").dtype == (np.int16 if signed else np.uint16)


def test_the_caller_s_table_stays_its_own():
    table = np.multiply.outer(np.arange(4), np.arange(4)).astype(np.int32)
    lut = Lut("x", table, False)
    table[3, 3] = 7
    assert lut.multiply(3, 3) == 9
    with pytest.raises(ValueError, match="read-only"):
        lut.table[0, 0] = 1


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (np.zeros((256, 255), int), r"shape \(256, 255\); expected 2\^a x 2\^b"),
        (np.zeros(65536, int), "shape"),
        (np.zeros((2, 2), int), "from 2 to 12 bits"),
        (np.zeros((4, 4)), "type float64; expected integers"),
        (np.full((4, 4), 16), "from 16 to 16; a unsigned product of 4 bits lies in 0 to 15"),
        (np.full((4, 4), -1), "lies in 0 to 15"),
        ([[0, 1, 2, 3], [0, 1]], "LUT x is no array: its rows are not of one length"),
    ],
)
def test_tables_that_are_no_lut(table, message):
    with pytest.raises(AccelsimError, match=message.replace("a unsigned", "an unsigned")):
        Lut("x", table, False)


def test_files_that_are_no_lut(tmp_path):
    exact(8, 8, False).save(tmp_path / "good.npz")
    content = (tmp_path / "good.npz").read_bytes()
    (tmp_path / "cut.npz").write_bytes(content[: len(content) // 2])
    (tmp_path / "text.npy").write_text("hello")
    np.savez(tmp_path / "other.npz", x=np.zeros((4, 4)), y=np.zeros((4, 4)))
    for name in ["cut.npz", "text.npy", "other.npz"]:
        with pytest.raises(AccelsimError, match=rf"{name} is damaged or not a LUT file"):
            Lut.load(tmp_path / name)
    with pytest.raises(AccelsimError, match="cannot read .*missing.npy: No such file"):
        Lut.load(tmp_path / "missing.npy")
    with pytest.raises(AccelsimError, match="expected a name that ends in .npy or .npz"):
        Lut.load(tmp_path / "lut.txt")
    with pytest.raises(AccelsimError, match="must end in .npy or .npz"):
        exact(8, 8, False).save(tmp_path / "lut.txt")


def test_the_only_array_of_an_archive(tmp_path):
    table = exact(4, 4, False).table
    np.savez(tmp_path / "mine.npz", products=table.astype(np.uint8))
    found = Lut.load(tmp_path / "mine.npz")
    assert (found.name, found.signed, found.table.tolist()) == ("mine", False, table.tolist())
    np.savez(tmp_path / "mine.npz", products=table, rows=table)
    with pytest.raises(
        AccelsimError, match="mine.npz is .* not a LUT file: it holds arrays 'products', 'rows';"
    ):
        Lut.load(tmp_path / "mine.npz")


def test_bare_table_with_given_signedness(tmp_path):
    table = exact(4, 4, False).table.astype(np.int64)
    np.save(tmp_path / "wide.npy", table)
    assert not Lut.load(tmp_path / "wide.npy", signed=False).signed
    with pytest.raises(
        AccelsimError, match="wide.npy is of type int64, .* no negative entry; .* or pass signed=False"
    ):
        Lut.load(tmp_path / "wide.npy")
    np.save(tmp_path / "wide.npy", exact(4, 4, True).table.astype(np.int64))
    assert Lut.load(tmp_path / "wide.npy").signed


@pytest.mark.parametrize("suffix", ["npz", "npy"])
def test_no_damage_goes_by_another_name(tmp_path, suffix):
    rng = np.random.default_rng(0)
    Lut("x", rng.integers(0, 200, (16, 16)), False, {"a": 3}).save(tmp_path / f"good.{suffix}")
    content = (tmp_path / f"good.{suffix}").read_bytes()
    refused = 0
    for _ in range(300):
        damaged = bytearray(content)
        damaged[rng.integers(len(content))] = rng.integers(256)
        (tmp_path / f"bad.{suffix}").write_bytes(damaged)
        try:
            Lut.load(tmp_path / f"bad.{suffix}")
        except AccelsimError as error:
            assert "\n" not in str(error)  # noqa: PT017 (most, but not all, are refused)
            refused += 1
    assert refused > 50


def test_content_of_the_other_kind(tmp_path):
    exact(4, 4, False).save(tmp_path / "bare.npy")
    exact(4, 4, False).save(tmp_path / "whole.npz")
    (tmp_path / "bare.npy").rename(tmp_path / "bare.npz")
    (tmp_path / "whole.npz").rename(tmp_path / "whole.npy")
    with pytest.raises(AccelsimError, match="bare.npz is damaged or not a LUT file|holds what belongs"):
        Lut.load(tmp_path / "bare.npz")
    with pytest.raises(AccelsimError, match="whole.npy holds what belongs in an .npz file; rename it"):
        Lut.load(tmp_path / "whole.npy")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"provenance": 3}, "m.npz: LUT exact: provenance is 3; expected a mapping"),
        ({"provenance": {"a": [1]}}, r"provenance has 'a': \[1\]; expected names with strings or numbers"),
        ({"name": 5}, "m.npz: the name of a LUT is 5; expected a string"),
        ({"signed": "no"}, "m.npz: LUT exact: signed is 'no'; expected True or False"),
        ({"signed": None}, "signed is None; expected True or False"),
    ],
)
def test_files_that_say_something_odd_of_themselves(tmp_path, change, message):
    about = {"name": "exact", "signed": False, "provenance": {}} | change
    np.savez(tmp_path / "m.npz", table=exact(4, 4, False).table, about=np.array(json.dumps(about)))
    with pytest.raises(AccelsimError, match=message):
        Lut.load(tmp_path / "m.npz")
    np.savez(tmp_path / "m.npz", table=exact(4, 4, False).table, about=np.array("[1]"))
    with pytest.raises(AccelsimError, match="damaged or not a LUT file"):
        Lut.load(tmp_path / "m.npz")


def test_numpy_s_numbers_in_the_provenance(tmp_path):
    lut = Lut("x", exact(4, 4, True).table, np.bool_(True), {"a": np.int64(3), "b": np.float32(0.5)})
    lut.save(tmp_path / "m.npz")
    assert Lut.load(tmp_path / "m.npz").provenance == {"a": 3, "b": 0.5}
    assert Lut.load(tmp_path / "m.npz").signed is True
    with pytest.raises(AccelsimError, match="provenance has 1: 'x'; expected names"):
        Lut("x", lut.table, True, {1: "x"})


def test_shapes_of_operands():
    lut = exact(8, 8, False)
    assert lut.multiply([], 1).shape == (0,)
    assert lut.multiply(np.empty((2, 0), np.uint8), 1).shape == (2, 0)
    np.testing.assert_array_equal(lut.multiply([[1], [2]], [3, 4]), [[3, 4], [6, 8]])
    with pytest.raises(
        AccelsimError, match=r"exact: operands of shapes \(3,\) and \(2,\) cannot be broadcast"
    ):
        lut.multiply([1, 2, 3], [1, 2])
    for odd, shown in (
        ([[1], [2, 3]], "no array"),
        ([1.0], "type float64"),
        (2**64, "18446744073709551616"),
        (None, "None"),
        ([True], "type bool"),
    ):
        with pytest.raises(AccelsimError, match=f"operand b is .*{shown}.*; expected integers from 0 to 255"):
            lut.multiply(1, odd)
