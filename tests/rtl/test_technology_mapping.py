"""Netlists of cells compute what the netlists of gates do, for every operand pair."""

import os
from pathlib import Path

import numpy as np
import pytest

from accelsim.errors import AccelsimError
from accelsim.liberty_cells import read_cells
from accelsim.netlist import Gate
from accelsim.netlist_builder import NetlistBuilder
from accelsim.rtl.catalogue import netlist_of
from accelsim.rtl.technology_mapping import map_to_library, yosys_design
from accelsim.rtl.yosys_json import netlist_from_json
from accelsim.simulation import truth_table

SMALL = Path(__file__).parents[1] / "data" / "small.lib"


@pytest.mark.parametrize("name", ["mul4u_exact", "mul4s_bw", "mul4u_mitchell", "mul4u_trunc_k3_corrected"])
def test_every_product_is_the_same(name):
    netlist = netlist_of(name)
    mapped = map_to_library(netlist, read_cells(SMALL))
    assert [(port.name, port.width) for port in mapped.netlist.inputs] == [("a", 4), ("b", 4)]
    assert (truth_table(mapped.netlist) == truth_table(netlist)).all()
    assert set(mapped.histogram()) <= {"INV", "NAND2", "AND2", "XOR2"}
    assert sum(mapped.histogram().values()) == len(mapped.instances)


@pytest.mark.skipif("ACCELSIM_DATA" not in os.environ, reason="needs the Liberty file in $ACCELSIM_DATA")
@pytest.mark.parametrize("name", ["mul8u_exact", "mul8s_bw_ama1_k6", "mul8u_drum_k4"])
def test_cells_of_a_published_library(name):
    path = Path(os.environ["ACCELSIM_DATA"]) / "liberty" / "sg13g2_stdcell_typ_1p20V_25C.lib"
    netlist = netlist_of(name)
    mapped = map_to_library(netlist, read_cells(path))
    assert (truth_table(mapped.netlist) == truth_table(netlist)).all()


def test_outputs_that_are_constants_or_inputs_have_no_cell():
    builder = NetlistBuilder({"a": 2, "b": 1})
    netlist = builder.netlist("wires", {"p": [0, 2, 1, builder.add(Gate.AND, 3, 4)]})
    mapped = map_to_library(netlist, read_cells(SMALL))
    assert mapped.histogram() == {"AND2": 1}
    assert (truth_table(mapped.netlist) == truth_table(netlist)).all()


def test_every_gate_reaches_yosys():
    builder = NetlistBuilder({"a": 1, "b": 1, "c": 1})
    nets = [builder.add(gate, 2, 3, 4) for gate in Gate]
    netlist = builder.netlist("gates", {"p": nets})
    back = netlist_from_json(yosys_design(netlist), ports=["a", "b", "c"])
    assert sorted(back.opcodes.tolist()) == sorted(map(int, Gate))
    assert (truth_table(back) == truth_table(netlist)).all()


def test_loads_add_up():
    builder = NetlistBuilder({"a": 1, "b": 1})
    netlist = builder.netlist("nand", {"p": [builder.add(Gate.NAND, 2, 3)]})
    mapped = map_to_library(netlist, read_cells(SMALL))
    assert mapped.histogram() == {"NAND2": 1}
    assert sorted(mapped.loads.tolist())[-3:] == pytest.approx([0, 2, 3])
    assert np.flatnonzero(mapped.loads).tolist() == [2, 3]


def test_cells_that_abc_cannot_map_with(tmp_path):
    path = tmp_path / "no_gates.lib"
    text = SMALL.read_text()
    for cell in ("NAND2", "AND2", "XOR2"):
        text = text.replace(f"cell ({cell}) {{", f"cell ({cell}) {{ dont_use : true;")
    path.write_text(text)
    with pytest.raises(
        AccelsimError, match="no_gates.lib has no gate of several inputs; circuits cannot be mapped without"
    ):
        map_to_library(netlist_of("mul4u_exact"), read_cells(path))
