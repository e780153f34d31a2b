"""Files of gates: written, read, and every line that is wrong."""

import numpy as np
import pytest

from accelsim.errors import AccelsimError
from accelsim.netlist import Gate, Netlist, Port
from accelsim.rtl.catalogue import find_circuit, netlist_of
from accelsim.rtl.evolved import NetlistCircuit
from accelsim.rtl.gates_file import read_gates, write_gates

GOOD = """accelsim netlist 1
# a comment
name: mul1u_example
signed: no

inputs: a 1 b 1
g0 = AND a0 b0
p = g0 0
"""


def test_reads_a_file(tmp_path):
    path = tmp_path / "example.gates"
    path.write_text(GOOD)
    netlist, facts = read_gates(path)
    assert facts == {"name": "mul1u_example", "signed": "no"}
    assert netlist.inputs == (Port("a", (2,)), Port("b", (3,)))
    assert netlist.outputs == (Port("p", (4, 0)),)
    assert netlist.opcodes.tolist() == [Gate.AND]
    assert netlist.operands.tolist() == [[2, 3, 0]]


@pytest.mark.parametrize("name", ["mul8u_exact", "mul8s_sm_drum_k4", "mul4u_udm"])
def test_netlists_come_back(tmp_path, name):
    netlist = netlist_of(name)
    write_gates(tmp_path / "x.gates", netlist, {"signed": "yes", "note": "a: b"})
    again, facts = read_gates(tmp_path / "x.gates")
    assert again.digest == netlist.digest
    assert facts == {"name": netlist.name, "signed": "yes", "note": "a: b"}


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("accelsim netlist 1", "accelsim netlist 2", "line 1: not a file of gates"),
        ("AND", "ANDY", "line 7: no gate ANDY; did you mean"),
        ("AND a0 b0", "AND a0", "line 7: AND reads 2 nets, not 1"),
        ("AND a0 b0", "AND a0 b1", "line 7: no net b1 above"),
        ("AND a0 b0", "AND a0 g0", "line 7: no net g0 above"),
        ("g0 = AND", "g1 = AND", "line 7: g1 follows 0 gates; expected g0"),
        ("inputs: a 1 b 1\n", "", "a gate before the inputs"),
        ("inputs: a 1 b 1", "inputs: a 1 b", "line 6: expected one line"),
        ("inputs: a 1 b 1", "inputs: a 1 a 1", "line 6: expected one line"),
        ("inputs: a 1 b 1", "inputs: a 1 b 0", "line 6: expected the name of an input and its width"),
        ("p = g0 0\n", "", "the output is missing"),
        ("p = g0 0\n", "p = g0 0\ng1 = NOT a0\n", "line 9: .* after the output"),
        ("p = g0 0\n", "signed: yes\np = g0 0\n", "line 8: 'signed' among the gates"),
        ("name: mul1u_example", "what", "line 3: 'what' is no fact, gate or output"),
    ],
)
def test_wrong_lines(tmp_path, old, new, message):
    path = tmp_path / "x.gates"
    assert old in GOOD
    path.write_text(GOOD.replace(old, new))
    with pytest.raises(AccelsimError, match=message):
        read_gates(path)


def test_unreadable_files(tmp_path):
    with pytest.raises(AccelsimError, match="cannot read"):
        read_gates(tmp_path / "missing.gates")
    (tmp_path / "x.gates").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(AccelsimError, match="not text"):
        read_gates(tmp_path / "x.gates")


def test_what_cannot_be_written(tmp_path):
    netlist = netlist_of("mul4u_exact")
    with pytest.raises(AccelsimError, match="not a fact of one line"):
        write_gates(tmp_path / "x.gates", netlist, {"note": "one\ntwo"})
    with pytest.raises(AccelsimError, match="not a fact of one line"):
        write_gates(tmp_path / "x.gates", netlist, {"inputs": "a 8"})
    two = Netlist("two", netlist.inputs, netlist.outputs * 2, netlist.opcodes, netlist.operands)
    with pytest.raises(AccelsimError, match="has 2 outputs"):
        write_gates(tmp_path / "x.gates", two)
    assert not any(tmp_path.iterdir())


def test_a_file_is_a_multiplier_by_its_path(tmp_path):
    path = tmp_path / "mine.gates"
    write_gates(path, netlist_of("mul4s_exact"), {"signed": "yes"})
    circuit = find_circuit(path)
    assert isinstance(circuit, NetlistCircuit)
    assert (circuit.name, circuit.signed) == ("mul4s_exact", True)
    assert (circuit.lut().table == find_circuit("mul4s_exact").lut().table).all()
    assert find_circuit(str(path)).netlist().digest == circuit.netlist().digest


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("p = g0 0", "p = g0", "is not a multiplier"),
        ("inputs: a 1 b 1", "inputs: a 1 b 1 c 1", "is not a multiplier"),
        ("signed: no\n", "", "does not say whether"),
        ("signed: no", "signed: perhaps", "does not say whether"),
    ],
)
def test_files_that_are_no_multiplier(tmp_path, old, new, message):
    path = tmp_path / "x.gates"
    path.write_text(GOOD.replace(old, new))
    with pytest.raises(AccelsimError, match=message):
        NetlistCircuit(path)


def test_every_gate_has_its_line(tmp_path):
    count = len(Gate)
    operands = np.tile([2, 3, 4], (count, 1))
    used = {Gate.BUF: 1, Gate.NOT: 1, Gate.MUX: 3}
    for gate in Gate:
        operands[gate, used.get(gate, 2) :] = 0
    ports = (Port("a", (2, 3)), Port("b", (4,)))
    netlist = Netlist("all", ports, (Port("p", tuple(range(5, 5 + count))),), np.arange(count), operands)
    write_gates(tmp_path / "x.gates", netlist)
    assert read_gates(tmp_path / "x.gates")[0].digest == netlist.digest
