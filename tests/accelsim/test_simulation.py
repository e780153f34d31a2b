import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from accelsim.bit_planes import BLOCK_VECTORS
from accelsim.errors import AccelsimError
from accelsim.netlist import FIRST_INPUT_NET, Gate, Netlist, Port
from accelsim.simulation import outputs, outputs_in_order, truth_table

FUNCTIONS = {
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


def evaluate(netlist: Netlist, operands: list[int]) -> int:
    """One vector, one gate, one bit at a time."""
    bits = [0, 1]
    for port, operand in zip(netlist.inputs, operands, strict=True):
        bits += [operand >> i & 1 for i in range(port.width)]
    for opcode, nets in zip(netlist.opcodes, netlist.operands, strict=True):
        bits.append(FUNCTIONS[Gate(opcode)](*(bits[net] for net in nets)))
    return sum(bits[net] << i for i, net in enumerate(netlist.outputs[0].nets))


def random_netlist(seed: int, widths: tuple[int, ...], gates: int, outputs: int) -> Netlist:
    rng = np.random.default_rng(seed)
    first = FIRST_INPUT_NET + sum(widths)
    operands = [rng.integers(0, first + gate, 3) for gate in range(gates)]
    starts = np.cumsum([FIRST_INPUT_NET, *widths])
    ports = tuple(
        Port(f"i{index}", tuple(range(start, start + width)))
        for index, (start, width) in enumerate(zip(starts, widths, strict=False))
    )
    nets = tuple(int(net) for net in rng.integers(0, first + gates, outputs))
    return Netlist("random", ports, (Port("p", nets),), rng.integers(0, len(Gate), gates), np.array(operands))


widths = st.lists(st.integers(1, 5), min_size=1, max_size=3).map(tuple)


@given(st.integers(0, 2**32), widths, st.integers(0, 60), st.integers(1, 40))
def test_truth_table_equals_gate_by_gate_evaluation(seed, widths, gates, bits):
    netlist = random_netlist(seed, widths, gates, bits)
    table = truth_table(netlist)
    assert table.shape == tuple(1 << width for width in widths)
    for index in np.random.default_rng(seed).integers(0, table.size, 20):
        operands = np.unravel_index(index, table.shape)
        assert table[operands] == evaluate(netlist, [int(operand) for operand in operands])


@given(st.integers(0, 2**32), widths, st.integers(0, 60), st.integers(1, 64))
def test_given_vectors_agree_with_the_truth_table(seed, widths, gates, bits):
    netlist = random_netlist(seed, widths, gates, bits)
    operands = np.indices([1 << width for width in widths])
    np.testing.assert_array_equal(outputs(netlist, *operands), truth_table(netlist))


def test_vectors_that_do_not_fill_a_block_and_wide_operands():
    netlist = random_netlist(1, (32, 32), 200, 64)
    a, b = np.random.default_rng(2).integers(0, 1 << 32, (2, BLOCK_VECTORS + 70))
    found = outputs(netlist, a, b)
    assert found.dtype == np.uint64
    for i in [0, 63, 64, BLOCK_VECTORS - 1, BLOCK_VECTORS, len(a) - 1]:
        assert found[i] == evaluate(netlist, [int(a[i]), int(b[i])])


def test_many_blocks_are_shared_among_threads():
    netlist = random_netlist(3, (10, 9), 100, 20)
    table = truth_table(netlist)
    for a, b in np.random.default_rng(4).integers(0, 512, (50, 2)):
        assert table[2 * a + 1, b] == evaluate(netlist, [2 * int(a) + 1, int(b)])


def test_negative_operands_are_two_s_complement():
    wire = Netlist("wire", (Port("a", (2, 3, 4)),), (Port("p", (2, 3, 4)),), [], np.empty((0, 3)))
    np.testing.assert_array_equal(outputs(wire, [-1, -4, 3]), [7, 4, 3])


@pytest.mark.parametrize(
    ("operand", "shown"),
    [
        ([65539, 1], "an array from 1 to 65539; expected integers from -32768 to 65535"),
        (-32769, "-32769"),
        ([1.7], "an array of type float64"),
        (np.nan, "nan"),
        (2**64, "18446744073709551616"),
    ],
)
def test_operands_that_the_port_cannot_hold(operand, shown):
    with pytest.raises(AccelsimError, match=f"random: operand i1 is {shown}"):
        outputs(random_netlist(0, (4, 16), 3, 4), 1, operand)


def test_shapes_of_operands():
    netlist = random_netlist(5, (4, 16), 30, 4)
    assert outputs(netlist, [], 1).shape == (0,)
    assert outputs(netlist, [[1], [2]], [3, 4, -32768]).shape == (2, 3)
    with pytest.raises(
        AccelsimError, match=r"random: operands of shapes \(3,\) and \(2,\) cannot be broadcast"
    ):
        outputs(netlist, [1, 2, 3], [1, 2])


def test_widest_operands_and_wider_ones():
    wire = Netlist("wire", (Port("a", tuple(range(2, 66))),), (Port("p", (2, 65)),), [], np.empty((0, 3)))
    np.testing.assert_array_equal(outputs(wire, np.array([2**64 - 1, 1], np.uint64)), [3, 1])
    np.testing.assert_array_equal(outputs(wire, [-1, -(2**63)]), [3, 2])
    wide = Netlist("wide", (Port("a", tuple(range(2, 67))),), (Port("p", (2,)),), [], np.empty((0, 3)))
    with pytest.raises(AccelsimError, match="wide has input a of 65 bits; expected at most 64"):
        outputs(wide, 1)


def test_netlist_without_inputs():
    constant = Netlist("one", (), (Port("p", (1,)),), [], np.empty((0, 3)))
    for simulate in (truth_table, outputs):
        with pytest.raises(AccelsimError, match="one has no inputs"):
            simulate(constant)


def test_too_many_input_bits():
    with pytest.raises(AccelsimError, match="26 input bits; a truth table is made of at most 24"):
        truth_table(random_netlist(0, (13, 13), 1, 1))


def test_wrong_number_of_operands():
    with pytest.raises(AccelsimError, match=r"2 inputs \(i0, i1\); got 1"):
        outputs(random_netlist(0, (2, 2), 1, 1), [1])


def test_two_outputs():
    netlist = Netlist("two", (Port("a", (2,)),), (Port("p", (2,)), Port("q", (0,))), [], np.empty((0, 3)))
    with pytest.raises(AccelsimError, match="expected one"):
        truth_table(netlist)


@pytest.mark.parametrize("widths", [(4, 9), (10, 4), (13,)])
def test_pieces_of_the_truth_table(widths):
    netlist = random_netlist(8, widths, 60, 20)
    table = truth_table(netlist).ravel()
    for first, count in [(0, len(table)), (64, 1), (4096, 4096), (len(table) - 64, 64), (1024, 2000)]:
        piece = outputs_in_order(netlist, first, count)
        assert piece.dtype == table.dtype
        np.testing.assert_array_equal(piece, table[first : first + count])


def test_pieces_of_a_table_that_no_memory_holds():
    netlist = random_netlist(9, (31, 31), 80, 33)
    first = 0x2AAA_5555_1234_5000
    numbers = np.arange(first, first + 5000, dtype=np.uint64)
    a, b = numbers >> np.uint64(31), numbers & np.uint64(0x7FFF_FFFF)
    np.testing.assert_array_equal(outputs_in_order(netlist, first, 5000), outputs(netlist, a, b))
