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
    np.savez(tmp_path / "other.npz", x=np.zeros(3))
    for name in ["cut.npz", "text.npy", "other.npz"]:
        with pytest.raises(AccelsimError, match=rf"{name} is damaged or not a LUT file"):
            Lut.load(tmp_path / name)
    with pytest.raises(AccelsimError, match="cannot read .*missing.npy: No such file"):
        Lut.load(tmp_path / "missing.npy")
    with pytest.raises(AccelsimError, match="expected a name that ends in .npy or .npz"):
        Lut.load(tmp_path / "lut.txt")
    with pytest.raises(AccelsimError, match="must end in .npy or .npz"):
        exact(8, 8, False).save(tmp_path / "lut.txt")


def test_bare_table_with_given_signedness(tmp_path):
    table = exact(4, 4, False).table.astype(np.int64)
    np.save(tmp_path / "wide.npy", table)
    assert not Lut.load(tmp_path / "wide.npy", signed=False).signed
    with pytest.raises(AccelsimError, match="signed product of 8 bits lies in -128 to 127"):
        Lut.load(tmp_path / "wide.npy")
