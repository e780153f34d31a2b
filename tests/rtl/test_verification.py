import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accelsim.errors import AccelsimError
from accelsim.lut import Lut
from accelsim.rtl.catalogue import load_lut
from accelsim.rtl.library import names
from accelsim.rtl.verification import Mismatch, verify


def flipped(lut: Lut, a: int, b: int, bit: int) -> Lut:
    table = lut.table.copy()
    bits = (int(table[a, b]) & ((1 << lut.product_width) - 1)) ^ (1 << bit)
    table[a, b] = bits - (1 << lut.product_width) if lut.signed and bits >> (lut.product_width - 1) else bits
    return Lut(lut.name, table, lut.signed, lut.provenance)


@pytest.mark.parametrize("name", [name for name in names() if name.startswith(("mul4", "mul6"))])
def test_small_multipliers_pass(name):
    found = verify(name)
    assert (found.mismatches, found.first_mismatches, found.exhaustive) == (0, (), True)
    assert found.pairs_checked == 1 << 2 * int(name[3])


@pytest.mark.slow
@pytest.mark.parametrize("name", names())
def test_every_multiplier_passes(name):
    assert verify(name).mismatches == 0


@settings(max_examples=12)
@given(st.sampled_from(["mul8u_ama5_k8", "mul8s_bw", "mul4u_udm", "mul6s_sm_drum_k4"]), st.data())
def test_any_flipped_bit_is_caught(name, data):
    lut = load_lut(name)
    side = 1 << lut.a_width
    a, b = data.draw(st.integers(0, side - 1)), data.draw(st.integers(0, side - 1))
    bad = flipped(lut, a, b, data.draw(st.integers(0, lut.product_width - 1)))
    found = verify(name, bad)
    assert found.mismatches == 1
    pattern = side - 1
    (first,) = found.first_mismatches
    assert (first.a & pattern, first.b & pattern) == (a, b)
    assert (first.hardware, first.lut) == (lut.table[a, b], bad.table[a, b])


def test_amaranth_s_simulator_checks_every_pair_of_small_multipliers():
    found = verify("mul4s_bw", simulator="amaranth")
    assert (found.pairs_checked, found.mismatches, found.exhaustive) == (256, 0, True)
    bad = flipped(load_lut("mul4s_bw"), 15, 8, 0)
    first = verify("mul4s_bw", bad, simulator="amaranth").first_mismatches
    assert first == (Mismatch(a=-1, b=-8, hardware=8, lut=9),)


def test_amaranth_s_simulator_on_random_pairs():
    found = verify("mul8u_mitchell", simulator="amaranth", vectors=200, seed=1)
    assert (found.pairs_checked, found.mismatches, found.exhaustive) == (200, 0, False)


def test_wrong_widths_and_vectors():
    with pytest.raises(
        AccelsimError, match="LUT mul4u_exact is unsigned, 4 x 4 bits; mul8u_exact is unsigned, 8 x 8"
    ):
        verify("mul8u_exact", load_lut("mul4u_exact"))
    with pytest.raises(AccelsimError, match="LUT mul4u_exact is unsigned.*; mul4s_exact is signed"):
        verify("mul4s_exact", load_lut("mul4u_exact"))
    with pytest.raises(AccelsimError, match="0 vectors asked for; at least 1"):
        verify("mul8u_exact", simulator="amaranth", vectors=0)
    with pytest.raises(AccelsimError, match="every operand pair"):
        verify("mul8u_exact", vectors=5)
    with pytest.raises(AccelsimError, match="mul16u_ama1_k6 has neither a LUT nor a closed form; give"):
        verify("mul16u_ama1_k6")


def test_lut_comes_from_the_cache_and_survives_a_damaged_one(tmp_path, monkeypatch):
    monkeypatch.setenv("ACCELSIM_CACHE", str(tmp_path))
    lut = load_lut("mul4u_udm")
    (cached,) = (tmp_path / "luts").iterdir()
    assert cached.name.startswith(str(lut.provenance["netlist_sha256"]))
    cached.write_bytes(b"damaged")
    np.testing.assert_array_equal(load_lut("mul4u_udm").table, lut.table)
    np.testing.assert_array_equal(Lut.load(cached).table, lut.table)


def test_unwritable_cache_costs_time_only(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("ACCELSIM_CACHE", str(tmp_path / "file"))
    assert load_lut("mul4u_udm").multiply(3, 3) == 7


def test_paths(tmp_path):
    load_lut("mul4u_udm").save(tmp_path / "mine.npy")
    np.testing.assert_array_equal(load_lut(tmp_path / "mine.npy").table, load_lut("mul4u_udm").table)
    np.testing.assert_array_equal(load_lut(str(tmp_path / "mine.npy")).table, load_lut("mul4u_udm").table)
    with pytest.raises(AccelsimError, match="cannot read"):
        load_lut("./mul4u_udm.npz")
