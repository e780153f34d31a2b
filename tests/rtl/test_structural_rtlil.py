import re

import pytest

from accelsim.rtl.array_design import ArrayDesign
from accelsim.rtl.catalogue import find_circuit
from accelsim.rtl.delay_line import DelayLine
from accelsim.rtl.library import describe
from accelsim.rtl.pe_array import PeArray
from accelsim.rtl.structural_rtlil import structural_rtlil
from accelsim.systolic_array import SystolicArray


def modules_of(name):
    text = structural_rtlil(describe(name).build(), name)
    return re.findall(r"^module \\(\S+)$", text, re.MULTILINE), text


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("mul4u_exact", {"full_adder_exact", "half_adder_exact"}),
        ("mul4u_ama5_k4", {"full_adder_ama5", "full_adder_exact", "half_adder_ama5"}),
        ("mul8u_mitchell", {"binary_logarithm"}),
        (
            "mul8u_drum_k4",
            {"drum_segment", "dadda_multiplier_exact_4x4", "full_adder_exact", "half_adder_exact"},
        ),
        (
            "mul8s_sm_udm",
            {
                *(f"underdesigned_multiplier_{n}x{n}" for n in (2, 4, 8)),
                "underdesigned_block",
                "full_adder_exact",
                "half_adder_exact",
            },
        ),
    ],
)
def test_each_kind_of_submodule_is_one_module(name, expected):
    modules, _ = modules_of(name)
    assert len(modules) == len(set(modules))
    assert set(modules) == expected | {name}


def test_every_adder_cell_is_an_instance():
    """Each of the 7 rows below the first has a half adder and 7 full adders."""
    _, text = modules_of("mul8u_exact")
    assert len(re.findall(r"cell \\full_adder_exact ", text)) == 7 * 7
    assert len(re.findall(r"cell \\half_adder_exact ", text)) == 7


def test_ports_are_numbered_in_the_order_of_the_signature():
    _, text = modules_of("mul4s_exact")
    top = text.split("module \\mul4s_exact\n")[1]
    ports = re.findall(r"(?:input|output) (\d+) .*\\(\w+)\n", top.split("\nend\n")[0])
    assert sorted(ports) == [("1", "a"), ("2", "b"), ("3", "p")]


def test_components_of_the_same_name_are_elaborated_once(monkeypatch):
    elaborated = []
    elaborate = DelayLine.elaborate
    monkeypatch.setattr(DelayLine, "elaborate", lambda self, _: elaborated.append(self) or elaborate(self, _))
    text = structural_rtlil(PeArray(ArrayDesign(SystolicArray(3, 3), find_circuit("mul4u_exact"))), "top")
    assert len(elaborated) == 4  # one and two cycles, of two widths; used six times
    assert len(re.findall(r"^  cell \\delay_\S+ ", text, re.MULTILINE)) == 6
    assert len(re.findall(r"^  cell \\processing_element ", text, re.MULTILINE)) == 9


def test_clock_and_reset_reach_every_register():
    text = structural_rtlil(PeArray(ArrayDesign(SystolicArray(2, 2), find_circuit("mul4u_exact"))), "top")
    modules = dict(re.findall(r"^module \\(\S+)\n(.*?)^end$", text, re.MULTILINE | re.DOTALL))
    clocked = {name for name, body in modules.items() if re.search(r"input 1 +\\clk$", body, re.MULTILINE)}
    assert clocked == {"top", "processing_element", "delay_5x1", "delay_32x1"}
    instances = re.findall(r"cell \\(\S+) \\\S+\n(.*?)  end", modules["top"], re.DOTALL)
    for kind, connections in instances:
        assert (r"connect \clk \clk" in connections) == (kind in clocked)
