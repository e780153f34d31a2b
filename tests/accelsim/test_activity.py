"""Counted toggles against a loop over vectors, in plain Python."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accelsim.activity import count_toggles
from accelsim.errors import AccelsimError
from accelsim.netlist import Gate
from accelsim.netlist_builder import NetlistBuilder

PLAIN = {
    Gate.BUF: lambda a, b, c: a,
    Gate.NOT: lambda a, b, c: 1 - a,
    Gate.AND: lambda a, b, c: a & b,
    Gate.NAND: lambda a, b, c: 1 - (a & b),
    Gate.OR: lambda a, b, c: a | b,
    Gate.NOR: lambda a, b, c: 1 - (a | b),
    Gate.XOR: lambda a, b, c: a ^ b,
    Gate.XNOR: lambda a, b, c: 1 - (a ^ b),
    Gate.ANDNOT: lambda a, b, c: a & (1 - b),
    Gate.ORNOT: lambda a, b, c: a | (1 - b),
    Gate.MUX: lambda a, b, c: b if c else a,
}


def states(netlist, *operands):
    """Value of every net for each vector."""
    found = []
    for vector in zip(*operands, strict=True):
        values = [0, 1]
        for port, operand in zip(netlist.inputs, vector, strict=True):
            values += [int(operand) >> bit & 1 for bit in range(port.width)]
        for opcode, nets in zip(netlist.opcodes, netlist.operands.tolist(), strict=True):
            values.append(PLAIN[Gate(opcode)](*(values[net] for net in nets)))
        found.append(values)
    return np.array(found)


@st.composite
def circuits(draw):
    builder = NetlistBuilder({"a": draw(st.integers(1, 4)), "b": draw(st.integers(1, 4))})
    nets = 2 + sum(port.width for port in builder.inputs)
    for _ in range(draw(st.integers(1, 12))):
        operands = [draw(st.integers(0, nets - 1)) for _ in range(3)]
        nets = builder.add(draw(st.sampled_from(Gate)), *operands) + 1
    return builder.netlist("random", {"p": [nets - 1]})


@settings(max_examples=60)
@given(circuits(), st.sampled_from([2, 3, 63, 64, 65, 66, 128, 200]), st.integers(0, 99), st.data())
def test_equals_a_loop(netlist, count, seed, data):
    operands = np.random.default_rng(seed).integers(0, 16, (2, count))
    net = st.integers(0, netlist.net_count - 1)
    watched = data.draw(st.lists(st.tuples(net, net), max_size=3))
    values = states(netlist, *operands)
    changes = values[1:] != values[:-1]
    activity = count_toggles(netlist, *operands, watched=watched)
    assert activity.operations == count - 1
    assert activity.toggles.tolist() == changes.sum(axis=0).tolist()
    assert activity.quiet_toggles.tolist() == [
        int((changes[:, first] & ~changes[:, second]).sum()) for first, second in watched
    ]


@pytest.mark.parametrize("count", [4095, 4096, 4097, 8192, 8193])
def test_blocks_join(count):
    builder = NetlistBuilder({"a": 8, "b": 8})
    net = builder.add(Gate.XOR, 2, 10)
    netlist = builder.netlist("xor", {"p": [net]})
    a, b = np.random.default_rng(count).integers(0, 256, (2, count))
    result = (a ^ b) & 1
    assert count_toggles(netlist, a, b).toggles[net] == (result[1:] != result[:-1]).sum()


def test_negative_operands_are_two_s_complement():
    builder = NetlistBuilder({"a": 4})
    netlist = builder.netlist("wires", {"p": builder.inputs[0].nets})
    assert count_toggles(netlist, [-1, 0, 7, -8]).toggles.tolist() == [0, 0, 3, 3, 3, 2]
    assert count_toggles(netlist, [15, 0, 7, 8]).toggles.tolist() == [0, 0, 3, 3, 3, 2]


def test_a_stream_that_does_not_suit():
    builder = NetlistBuilder({"a": 4, "b": 4})
    netlist = builder.netlist("wires", {"p": [2]})
    with pytest.raises(AccelsimError, match="wires has 2 inputs; got 1 streams of operands"):
        count_toggles(netlist, [1, 2])
    with pytest.raises(AccelsimError, match="needs at least 2 entries"):
        count_toggles(netlist, [1], [2])
