import time

import numpy as np
import pytest

from accelsim.errors import AccelsimError
from accelsim.netlist import Netlist, Port
from accelsim.rtl import proof
from accelsim.rtl.catalogue import netlist_of
from accelsim.rtl.library import describe
from accelsim.rtl.library_closed_forms import closed_form_of
from accelsim.rtl.proof import prove_bilinear, prove_equal
from accelsim.simulation import outputs, truth_table

BILINEAR = [
    "mul4u_exact",
    "mul8u_csa",
    "mul8u_dadda",
    "mul8s_exact",
    "mul4s_bw",
    "mul8u_ama5",
    "mul8u_ama5_k5",
    "mul8u_trunc_k6",
    "mul8u_trunc_k6_corrected",
    "mul8u_bam_h2_v8",
]


def form_of(name):
    return closed_form_of(describe(name).parsed)


@pytest.mark.parametrize("name", [*BILINEAR, "mul17u_trunc_k12_corrected", "mul17s_exact"])
def test_bilinear_multipliers_are_proven(name):
    assert prove_bilinear(netlist_of(name), form_of(name), describe(name).signed, 20).verdict == "equal"


@pytest.mark.parametrize("name", BILINEAR)
@pytest.mark.parametrize("seed", range(2))
def test_a_wrong_gate_has_another_polynomial(name, seed, mutate):
    wrong = mutate(netlist_of(name), seed)
    assert prove_bilinear(wrong, form_of(name), describe(name).signed, 1).verdict != "equal"


def test_one_wrong_coefficient_or_constant():
    netlist = netlist_of("mul4u_trunc_k3_corrected")
    for changed in ("mul4u_trunc_k3", "mul4u_trunc_k2_corrected", "mul4u_exact", "mul4u_bam_h1_v3"):
        form = form_of(changed)
        verdict, operands = prove_bilinear(netlist, form, False, 5)
        assert verdict == "different"
        a, b = (np.array([operand], np.uint64) for operand in operands)
        assert outputs(netlist, a, b) != form.products(a, b)
    wrongly_signed = prove_bilinear(netlist_of("mul4s_exact"), form_of("mul4s_exact"), False, 5)
    assert wrongly_signed.verdict == "undecided"  # the sums differ by multiples of 2^8


def test_constant_outputs():
    """p = 8 + 4 a[1] b[1], whose other bits are constant."""
    netlist = netlist_of("mul2u_trunc_k2")  # p[2] = a[1] b[1]
    assert netlist.outputs[0].nets[:2] == (0, 0)
    nets = (*netlist.outputs[0].nets[:3], 1)
    added = Netlist("added", netlist.inputs, (Port("p", nets),), netlist.opcodes, netlist.operands)
    form = form_of("mul2u_trunc_k2")
    assert prove_bilinear(added, form, False, 5).verdict != "equal"
    form.constant = 8
    assert prove_bilinear(added, form, False, 5).verdict == "equal"
    assert prove_bilinear(netlist, form, False, 5).verdict != "equal"


@pytest.mark.parametrize(
    ("left", "right"),
    [("mul4u_exact", "mul4u_dadda"), ("mul6u_csa", "mul6u_wallace"), ("mul20u_drum_k4",) * 2],
)
def test_equal_netlists(left, right):
    assert prove_equal(netlist_of(left), netlist_of(right), 20).verdict == "equal"


@pytest.mark.parametrize("name", ["mul4u_dadda", "mul8s_sm_drum_k4", "mul8u_mitchell", "mul20u_drum_k4"])
@pytest.mark.parametrize("seed", range(3))
def test_a_wrong_gate_gives_a_counterexample(name, seed, mutate):
    right = netlist_of(name)
    wrong = mutate(right, seed)
    found = prove_equal(wrong, right, 20)
    assert found.verdict == "different"
    a, b = found.counterexample
    assert outputs(wrong, a, b) != outputs(right, a, b)


def test_the_only_pair_that_differs_is_found():
    """20 x 20 bits, one product of 2^40 wrong: out of reach of random pairs."""
    right = netlist_of("mul20u_drum_k2")
    nets = [net for port in right.inputs for net in port.nets]
    a, b = 0xABCDE, 0x54321
    inverted = [net for bit, net in enumerate(nets) if not (a | b << 20) >> bit & 1]
    opcodes, operands, net = list(right.opcodes), right.operands.tolist(), right.net_count
    literal = {}
    for one in inverted:
        opcodes.append(1)  # NOT
        operands.append([one, 0, 0])
        literal[one] = net
        net += 1
    conjunction = literal.get(nets[0], nets[0])
    for one in nets[1:]:
        opcodes.append(2)  # AND
        operands.append([conjunction, literal.get(one, one), 0])
        conjunction, net = net, net + 1
    opcodes.append(6)  # XOR
    operands.append([right.outputs[0].nets[7], conjunction, 0])
    products = list(right.outputs[0].nets)
    products[7] = net
    wrong = Netlist("wrong", right.inputs, (Port("p", tuple(products)),), opcodes, operands)
    assert int(outputs(wrong, a, b)) == int(outputs(right, a, b)) ^ 1 << 7
    assert prove_equal(wrong, right, 30) == ("different", (a, b))


def test_time_limit():
    started = time.perf_counter()
    assert prove_equal(netlist_of("mul16u_exact"), netlist_of("mul16u_dadda"), 1).verdict == "undecided"
    assert (
        prove_bilinear(netlist_of("mul18u_wallace"), form_of("mul18u_wallace"), False, 1).verdict != "equal"
    )
    assert time.perf_counter() - started < 30


def test_missing_abc(monkeypatch, tmp_path):
    monkeypatch.setattr(proof, "find_spec", lambda name: None)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(AccelsimError, match="^yosys-abc is not on PATH; it is needed for proofs above"):
        prove_equal(netlist_of("mul4u_exact"), netlist_of("mul4u_csa"), 1)


def test_mutation_changes_few_gates(mutate):
    right = netlist_of("mul4u_exact")
    wrong = mutate(right, 5)
    assert np.count_nonzero(wrong.opcodes != right.opcodes) == 1
    assert (truth_table(wrong) != truth_table(right)).any()
