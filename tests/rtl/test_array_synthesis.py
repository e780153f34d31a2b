"""Synthesis by part against counts by hand, and against the netlists of the parts alone."""

import os
from pathlib import Path

import pytest

from accelsim.rtl.array_names import ArrayName
from accelsim.rtl.array_synthesis import synthesised_parts
from accelsim.rtl.catalogue import netlist_of

LIBERTY = "sg13g2_stdcell_typ_1p20V_25C.lib"


def parts_of(text, liberty=None):
    return {part.name: part for part in synthesised_parts(ArrayName.parse(text), liberty)}


@pytest.mark.parametrize(
    ("dataflow", "skew"),
    [
        # Rows of 5 bits (operand and valid) from the left; partial sums and sums of 10 bits, or operands.
        ("ws", 5 * (1 + 2) + 2 * 10 * (1 + 2 + 3)),
        ("is", 5 * (1 + 2) + 2 * 10 * (1 + 2 + 3)),
        ("os", 5 * (1 + 2) + 5 * (1 + 2 + 3)),
    ],
)
def test_flip_flops_by_hand(dataflow, skew):
    parts = parts_of(f"array:3x4:{dataflow}:mul4u_ama5_k4:acc10")
    assert parts["processing_element"].flip_flops == 4 + 1 + 4 + 1 + 10
    assert parts["processing_element"].instances == 12
    assert parts["top"].flip_flops == 12 * 20 + skew
    assert parts["mul4u_ama5_k4"].flip_flops == parts["accumulator_adder"].flip_flops == 0


def test_a_whole_is_the_sum_of_its_parts():
    parts = parts_of("gemm:2x3:ws:mul4u_exact:acc12:steps16:depth32")
    assert parts["top"].memory_bits == 16 * 3 * 12 + parts["operand_sums"].memory_bits
    assert parts["operand_sums"].memory_bits == 16 * (4 + 5)
    assert {name: part.instances for name, part in parts.items()} == {
        "top": 1,
        "pe_array": 1,
        "processing_element": 6,
        "mul4u_exact": 6,
        "accumulator_adder": 6,
        "requantizer": 3,
        "fold_controller": 1,
        "operand_sums": 1,
    }
    inside = ["pe_array", "fold_controller", "operand_sums"]
    counted = sum(parts[name].cells for name in inside) + 3 * parts["requantizer"].cells
    assert counted < parts["top"].cells < 1.2 * counted
    pe = parts["processing_element"]
    registers = pe.flip_flops * 48.9888
    assert pe.area_um2 > parts["mul4u_exact"].area_um2 + parts["accumulator_adder"].area_um2 + registers


def test_a_multiplier_costs_about_what_its_netlist_does():
    """Module by module, an exact array is half and full adders, as in the netlist that was flattened."""
    part = parts_of("array:1x1:ws:mul8u_exact")["mul8u_exact"]
    netlist = netlist_of("mul8u_exact")
    assert netlist.gate_count * 0.9 < part.cells < netlist.gate_count * 1.15


@pytest.mark.skipif("ACCELSIM_DATA" not in os.environ, reason="needs the Liberty file in $ACCELSIM_DATA")
def test_cells_of_a_liberty_file():
    path = Path(os.environ["ACCELSIM_DATA"]) / "liberty" / LIBERTY
    of_file, built_in = (parts_of("array:2x2:os:mul4u_exact", each)["top"] for each in (path, None))
    assert of_file.flip_flops == built_in.flip_flops
    assert 0.7 * built_in.area_um2 < of_file.area_um2 < built_in.area_um2
