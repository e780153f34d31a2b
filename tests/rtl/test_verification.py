import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accelsim.errors import AccelsimError
from accelsim.lut import Lut
from accelsim.netlist import Gate, Netlist, Port
from accelsim.rtl.catalogue import load_lut, netlist_of
from accelsim.rtl.circuits import DescribedCircuit
from accelsim.rtl.library import describe, names, wide_names
from accelsim.rtl.library_closed_forms import closed_form_of
from accelsim.rtl.operand_pairs import chosen_pairs, random_pairs
from accelsim.rtl.verification import Mismatch, verify
from accelsim.simulation import outputs, outputs_in_order, truth_table


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
    assert (first.hardware, first.reference) == (lut.table[a, b], bad.table[a, b])


def test_amaranth_s_simulator_checks_every_pair_of_small_multipliers():
    found = verify("mul4s_bw", simulator="amaranth")
    assert (found.pairs_checked, found.mismatches, found.exhaustive) == (256, 0, True)
    bad = flipped(load_lut("mul4s_bw"), 15, 8, 0)
    first = verify("mul4s_bw", bad, simulator="amaranth").first_mismatches
    assert first == (Mismatch(a=-1, b=-8, hardware=8, reference=9),)


def test_gates_of_evolved_multipliers_in_amaranth_s_simulator():
    name, other = "mul8s_evo_m200000", "mul8s_bw"
    assert verify(name, simulator="amaranth", vectors=200).mismatches == 0
    pairs = random_pairs(8, 8, 200, seed=3)
    differ = np.count_nonzero(load_lut(name).table[pairs] != load_lut(other).table[pairs])
    found = verify(name, against=other, simulator="amaranth", vectors=200, seed=3)
    assert 0 < found.mismatches == differ


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


@pytest.fixture
def wrong_gate(monkeypatch, mutate):
    """Give every description a netlist with one wrong gate; return the right one."""

    def of(name: str, seed: int):
        right = netlist_of(name)
        monkeypatch.setattr(DescribedCircuit, "fresh_netlist", lambda circuit: mutate(right, seed))
        return right, mutate(right, seed)

    return of


@pytest.mark.parametrize(
    "name", ["mul13u_exact", "mul13s_exact", "mul13u_drum_k4", "mul13u_trunc_k9_corrected"]
)
def test_every_pair_of_wider_multipliers_against_the_closed_form(name):
    found = verify(name)
    assert (found.pairs_checked, found.mismatches, found.method) == (1 << 26, 0, "exhaustive")
    assert found.reference_kind == "closed form"
    assert found.proven


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in wide_names() if "16" in name])
def test_every_pair_of_16_bit_multipliers(name):
    found = verify(name)
    assert (found.pairs_checked, found.mismatches, found.method) == (1 << 32, 0, "exhaustive")


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("name", ["mul8u_dadda", "mul8s_sm_mitchell"])
def test_exhaustive_comparison_counts_what_a_wrong_gate_does(name, seed, wrong_gate):
    right, wrong = wrong_gate(name, seed)
    differ = np.argwhere(truth_table(right) != truth_table(wrong))
    for found in (verify(name), verify(name, against=name)):
        assert (found.mismatches, found.method) == (len(differ), "exhaustive")
        first = [(one.a & 255, one.b & 255) for one in found.first_mismatches]
        assert first == [tuple(pair) for pair in differ[:5]]
        assert not found.proven


def test_exhaustive_comparisons_of_wider_netlists_notice_a_wrong_gate(wrong_gate):
    """The closed form and the other netlist tell the same, and what they tell is so."""
    right, wrong = wrong_gate("mul13u_csa", 1)
    form, netlist = verify("mul13u_csa"), verify("mul13u_csa", against="mul13u_csa")
    assert (form.reference_kind, netlist.reference_kind) == ("closed form", "multiplier")
    assert form.mismatches == netlist.mismatches > 0
    assert form.first_mismatches == netlist.first_mismatches
    first = form.first_mismatches[0]
    assert first.reference == first.a * first.b == outputs(right, first.a, first.b)
    assert first.hardware == outputs(wrong, first.a, first.b)
    before = (first.a << 13 | first.b) + 1
    differ = np.flatnonzero(outputs_in_order(right, 0, before) != outputs_in_order(wrong, 0, before))
    assert differ.tolist() == [before - 1]


def test_another_multiplier_as_reference():
    found = verify("mul8u_dadda", against="mul8u_wallace")
    assert (found.reference, found.reference_kind, found.mismatches) == ("mul8u_wallace", "multiplier", 0)
    different = verify("mul4u_udm", against="mul4u_exact")
    table = load_lut("mul4u_udm").table
    assert different.mismatches == np.count_nonzero(table != np.multiply.outer(np.arange(16), np.arange(16)))
    assert different.first_mismatches[0] == Mismatch(a=3, b=3, hardware=7, reference=9)


def test_a_file_as_reference(tmp_path):
    load_lut("mul4s_bw").save(tmp_path / "t.npz")
    found = verify("mul4s_bw", against=str(tmp_path / "t.npz"))
    assert (found.reference_kind, found.mismatches, found.exhaustive) == ("lut", 0, True)


@pytest.mark.parametrize("name", ["mul17u_exact", "mul17s_exact"])
def test_wide_bilinear_multipliers_are_proven(name):
    found = verify(name)
    assert (found.method, found.mismatches, found.pairs_checked) == ("algebra", 0, 1 << 34)
    assert found.proven
    assert not found.exhaustive


def test_wide_netlists_are_proven_equal():
    found = verify("mul20u_drum_k3", against="mul20u_drum_k3")
    assert (found.method, found.mismatches, found.pairs_checked) == ("sat", 0, 1 << 40)
    assert found.proven


def test_what_is_not_proven_is_called_random():
    found = verify("mul20u_mitchell", vectors=2000)
    assert (found.method, found.mismatches, found.proven) == ("random", 0, False)
    assert found.undecided == "no method of proof for this closed form"
    assert found.pairs_checked == len(chosen_pairs(20, 20, 2000, 0)[0])
    late = verify("mul17u_wallace", against="mul17u_csa", time_limit=0.2)
    assert (late.method, late.undecided) == ("random", "sat gave no proof within 0.2 s")


@pytest.mark.parametrize(("name", "seed"), [("mul17u_exact", 0), ("mul17u_exact", 1), ("mul17u_drum_k4", 2)])
def test_random_pairs_notice_a_wrong_gate(name, seed, wrong_gate):
    wrong_gate(name, seed)
    found = verify(name)
    assert found.method == "random"
    assert found.mismatches
    assert not found.proven
    form = closed_form_of(describe(name).parsed)
    for one in found.first_mismatches:
        expected = form.products(*(np.array([x], dtype=np.uint64) for x in (one.a, one.b)))
        assert one.reference == expected[0] != one.hardware


def test_sat_notices_what_random_pairs_do_not(monkeypatch):
    """One product of 2^34 wrong."""
    right = netlist_of("mul17u_drum_k2")
    monkeypatch.setattr(
        DescribedCircuit, "fresh_netlist", lambda circuit: one_product_wrong(right, 54321, 98765)
    )
    found = verify("mul17u_drum_k2", against="mul17u_drum_k2", vectors=1000)
    assert (found.method, found.mismatches) == ("sat", 1)
    (first,) = found.first_mismatches
    assert (first.a, first.b) == (54321, 98765)
    assert first.hardware == first.reference ^ 1
    assert not found.proven
    assert verify("mul17u_drum_k2", vectors=1000).mismatches == 0


def one_product_wrong(right: Netlist, a: int, b: int) -> Netlist:
    """Complement the least bit of a single product."""
    width = right.inputs[0].width
    opcodes, operands = right.opcodes.tolist(), right.operands.tolist()

    def add(gate: Gate, *nets: int) -> int:
        opcodes.append(gate)
        operands.append([*nets, 0, 0][:3])
        return right.first_gate_net + len(opcodes) - 1

    here = 1
    for bit, net in enumerate(net for port in right.inputs for net in port.nets):
        here = add(Gate.AND if (a | b << width) >> bit & 1 else Gate.ANDNOT, here, net)
    low, *others = right.outputs[0].nets
    out = Port("p", (add(Gate.XOR, low, here), *others))
    return Netlist("wrong", right.inputs, (out,), opcodes, operands)


@pytest.mark.parametrize(
    "name", [pytest.param("fp32_exact", marks=pytest.mark.slow), "axfpm_array24", "bf16_drum_k4"]
)
def test_floats_against_their_formula(name):
    found = verify(name)
    assert (found.mismatches, found.method, found.reference_kind) == (0, "random", "closed form")


@pytest.mark.parametrize("name", ["e4m3_exact", "e3m4_trunc_k3", "e2m3_exact_swapped_truncate"])
def test_every_pair_of_small_floats(name):
    found = verify(name)
    assert (found.mismatches, found.method) == (0, "exhaustive")


def test_a_wrong_gate_of_a_float_multiplier(wrong_gate):
    wrong_gate("e4m3_exact", 2)
    assert verify("e4m3_exact").mismatches


def test_wide_multipliers_in_amaranth_s_simulator():
    for name in ("mul32u_mitchell", "bf16_drum_k3"):
        found = verify(name, simulator="amaranth", vectors=20)
        assert (found.mismatches, found.pairs_checked, found.reference_kind) == (0, 20, "multiplier")


def test_references_that_do_not_fit(tmp_path):
    with pytest.raises(
        AccelsimError, match="mul4u_exact is unsigned, 4 x 4 bits; mul8u_exact is unsigned, 8 x 8"
    ):
        verify("mul8u_exact", against="mul4u_exact")
    with pytest.raises(AccelsimError, match="bf16_exact multiplies floats, mul16u_exact integers"):
        verify("mul16u_exact", against="bf16_exact")
    with pytest.raises(AccelsimError, match="either a LUT or another multiplier"):
        verify("mul4u_exact", load_lut("mul4u_exact"), against="mul4u_csa")
    load_lut("mul4u_udm").save(tmp_path / "t.npz")
    with pytest.raises(AccelsimError, match="it has no gates"):
        verify(str(tmp_path / "t.npz"), against="mul4u_udm")
