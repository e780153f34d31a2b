import numpy as np
import pytest

from accelsim.errors import AccelsimError
from accelsim.miter import miter
from accelsim.netlist import FIRST_INPUT_NET, Gate, Netlist, Port
from accelsim.simulation import truth_table


def random_netlist(seed, gates, outputs, inputs=(3, 4)):
    draw = np.random.default_rng(seed)
    first = FIRST_INPUT_NET + sum(inputs)
    ports, net = [], FIRST_INPUT_NET
    for number, width in enumerate(inputs):
        ports.append(Port(f"i{number}", tuple(range(net, net + width))))
        net += width
    operands = [[int(draw.integers(0, first + gate)) for _ in range(3)] for gate in range(gates)]
    opcodes = draw.integers(0, len(Gate), gates)
    out = Port("p", tuple(int(net) for net in draw.integers(0, first + gates, outputs)))
    return Netlist(f"random{seed}", tuple(ports), (out,), opcodes, np.array(operands).reshape(-1, 3))


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("outputs", [1, 2, 7])
def test_tells_where_outputs_differ(seed, outputs):
    left, right = random_netlist(seed, 12, outputs), random_netlist(seed + 100, 9, outputs)
    expected = truth_table(left) != truth_table(right)
    np.testing.assert_array_equal(truth_table(miter(left, right)), expected)


def test_a_netlist_does_not_differ_from_itself():
    netlist = random_netlist(3, 30, 5)
    assert not truth_table(miter(netlist, netlist)).any()


def test_ports_must_agree():
    with pytest.raises(
        AccelsimError,
        match=r"cannot compare random1 with random2: .* \[3, 4\] to \[2\] and \[3, 4\] to \[3\]",
    ):
        miter(random_netlist(1, 5, 2), random_netlist(2, 5, 3))
    with pytest.raises(AccelsimError, match=r"\[3, 4\] to \[2\] and \[4, 3\] to \[2\]"):
        miter(random_netlist(1, 5, 2), random_netlist(2, 5, 2, (4, 3)))
