import numpy as np
import pytest

from accelsim.lut import Lut
from accelsim.rtl.catalogue import find_circuit, netlist_of
from accelsim.rtl.circuits import TableCircuit, product_table
from accelsim.rtl.exact_reference import exact_reference


@pytest.mark.parametrize(
    ("name", "exact"), [("mul4u_drum_k3", "mul4u_exact"), ("mul5s_bw_ama1_k3", "mul5s_exact")]
)
def test_square(name, exact):
    found, netlist = exact_reference(find_circuit(name))
    assert found == exact
    assert netlist.digest == netlist_of(exact).digest


def test_floats():
    assert exact_reference(find_circuit("e3m3_drum_k3"))[0] == "e3m3_exact"


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("widths", [(3, 5), (5, 3)])
def test_operands_of_different_widths(signed, widths):
    lut = Lut("table", np.zeros([1 << width for width in widths], int), signed)
    name, netlist = exact_reference(TableCircuit(lut, "test"))
    assert name == f"mul5{'s' if signed else 'u'}_exact_{widths[0]}x{widths[1]}"
    assert [port.width for port in netlist.inputs] == list(widths)
    assert (product_table(netlist, signed) == lut.exact_table()).all()
