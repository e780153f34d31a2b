import numpy as np
import pytest

from accelsim.errors import AccelsimError
from accelsim.netlist import Gate, Netlist, Port

A, B, P = Port("a", (2,)), Port("b", (3,)), Port("p", (4,))


def build(opcodes=(Gate.AND,), operands=((2, 3, 0),), inputs=(A, B), outputs=(P,), name="and2") -> Netlist:
    return Netlist(name, inputs, outputs, np.array(opcodes), np.array(operands))


def test_counts():
    netlist = build()
    assert (netlist.first_gate_net, netlist.gate_count, netlist.net_count) == (4, 1, 5)
    assert netlist.gate_histogram() == {"AND": 1}


def test_arrays_cannot_be_changed():
    netlist = build()
    with pytest.raises(ValueError, match="read-only"):
        netlist.opcodes[0] = 0


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"opcodes": (Gate.AND, Gate.OR)}, "2 opcodes for 1 gates"),
        ({"opcodes": (99,)}, "unknown opcode 99"),
        ({"opcodes": (300,)}, "unknown opcode 300; expected 0 to 10"),
        ({"opcodes": (-1,)}, "unknown opcode -1"),
        ({"opcodes": (256 + Gate.AND,)}, "unknown opcode 258"),
        ({"opcodes": (2.0,)}, "an array of opcodes is an array of type float64; expected integers"),
        ({"opcodes": (2**40,)}, "an array of opcodes is an array from 1099511627776"),
        ({"operands": ((2**32 + 2, 3, 0),)}, "an array of operands is an array from 0 to 4294967298"),
        ({"operands": ((2, 3),)}, "1 opcodes for 0.666667 gates of 3 operands"),
        ({"operands": ((4, 3, 0),)}, "gate 0 reads a net that no earlier gate drives"),
        ({"operands": ((-1, 3, 0),)}, "gate 0 reads"),
        ({"inputs": (B, A)}, "input nets must count up from 2"),
        ({"outputs": (Port("p", (5,)),)}, "output p names a net that does not exist"),
    ],
)
def test_inconsistent_netlists_are_refused(changes, message):
    with pytest.raises(AccelsimError, match=message):
        build(**changes)


def test_digest_tells_circuits_apart_but_not_names():
    assert build().digest == build(name="other").digest
    assert len({build().digest, build(opcodes=(Gate.OR,)).digest, build(operands=((3, 2, 0),)).digest}) == 3


def test_round_trip(tmp_path):
    build().save(tmp_path / "n.npz")
    loaded = Netlist.load(tmp_path / "n.npz")
    assert (loaded.name, loaded.inputs, loaded.outputs, loaded.digest) == (
        "and2",
        (A, B),
        (P,),
        build().digest,
    )


def test_damaged_and_missing_files(tmp_path):
    build().save(tmp_path / "n.npz")
    content = (tmp_path / "n.npz").read_bytes()
    (tmp_path / "n.npz").write_bytes(content[:-30])
    with pytest.raises(AccelsimError, match="damaged or not a netlist"):
        Netlist.load(tmp_path / "n.npz")
    with pytest.raises(AccelsimError, match="cannot read .*missing.npz: No such file"):
        Netlist.load(tmp_path / "missing.npz")
