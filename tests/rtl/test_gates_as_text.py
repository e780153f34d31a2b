import numpy as np
import pytest

from accelsim.errors import AccelsimError
from accelsim.netlist import Gate, Netlist, Port
from accelsim.rtl.catalogue import netlist_of
from accelsim.rtl.gates_as_text import blif_of, flat_verilog_of
from accelsim.rtl.synthesis import SYNTHESIS_COMMANDS
from accelsim.rtl.yosys import run_yosys
from accelsim.rtl.yosys_json import netlist_from_json
from accelsim.simulation import truth_table


def every_gate():
    """Two inputs of 3 bits, an output of 6 of which each bit depends on gates of other kinds."""
    kinds = list(Gate)
    draw = np.random.default_rng(4)
    operands = [[int(draw.integers(0, 8 + gate)) for _ in range(3)] for gate in range(4 * len(kinds))]
    opcodes = [kinds[gate % len(kinds)] for gate in range(len(operands))]
    ports = Port("x", (2, 3, 4)), Port("y", (5, 6, 7))
    last = 8 + len(operands)
    return Netlist("every", ports, (Port("z", (0, 1, 3, *range(last - 11, last))),), opcodes, operands)


def read_by_yosys(folder, command, top):
    run_yosys(
        [command, *(text.format(top=top) for text in SYNTHESIS_COMMANDS), "write_json o.json"], folder, top
    )
    return netlist_from_json((folder / "o.json").read_text(), top, ports=["a", "b", "p"])


@pytest.mark.parametrize("signed", [False, True])
def test_yosys_reads_the_verilog_as_the_same_function(tmp_path, signed):
    netlist = every_gate()
    text = flat_verilog_of(netlist, "m", signed)
    assert ("signed [2:0] a" in text) == signed
    (tmp_path / "m.v").write_text(text)
    found = read_by_yosys(tmp_path, "read_verilog m.v", "m")
    np.testing.assert_array_equal(truth_table(found), truth_table(netlist))


def test_yosys_reads_the_blif_as_the_same_function(tmp_path):
    netlist = every_gate()
    (tmp_path / "m.blif").write_text(blif_of(netlist, "m"))
    found = read_by_yosys(tmp_path, "read_blif -wideports m.blif", "m")
    assert [(port.name, port.width) for port in found.inputs] == [("a", 3), ("b", 3)]
    np.testing.assert_array_equal(truth_table(found), truth_table(netlist))


def test_not_a_multiplier():
    netlist = netlist_of("mul4u_exact")
    joined = Netlist(
        "one", (Port("ab", tuple(range(2, 10))),), netlist.outputs, netlist.opcodes, netlist.operands
    )
    for write in (lambda: blif_of(joined, "m"), lambda: flat_verilog_of(joined, "m", False)):
        with pytest.raises(AccelsimError, match="^one has 1 inputs and 1 outputs; a multiplier has two and"):
            write()
