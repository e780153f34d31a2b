"""Proofs by SAT that AMA5 arrays of gates compute their formula, for all operands at once."""

import pytest
from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from accelsim.errors import AccelsimError
from accelsim.float_reference import block_masks
from accelsim.rtl.block_array import BlockArrayMultiplier
from accelsim.rtl.cell_array import CellArrayMultiplier, same_cells
from accelsim.rtl.synthesis import rtlil_of
from accelsim.rtl.yosys import run_yosys

COMMANDS = """
    read_rtlil formula.il
    read_rtlil gates.il
    setattr -mod -unset top *
    proc
    flatten
    techmap
    opt
    miter -equiv -flatten -make_outputs formula gates miter
    hierarchy -top miter
    techmap
    opt -full
    abc -g AND,XOR
    sat -verify -prove trigger 0 miter
"""


class Formula(wiring.Component):
    """The sum of two exact products that `ama5_blocks_product` computes; ``extra`` makes it wrong."""

    def __init__(self, width, block, product_width, extra):
        self.low, self.high = block_masks(width, block)
        self.extra = extra
        super().__init__({"a": In(width), "b": In(width), "p": Out(product_width)})

    def elaborate(self, platform):
        m = Module()
        rest = (self.a & ~self.low) * (self.b & self.high)
        m.d.comb += self.p.eq((self.a & self.low) * self.b + (rest << 1) + (self.a.all() & self.extra))
        return m


def prove(folder, width, block, extra=0):
    if width == block:
        gates = CellArrayMultiplier(same_cells(width, "ama5"))
    else:
        gates = BlockArrayMultiplier(width, block)
    formula = Formula(width, block, len(gates.p), extra)
    (folder / "gates.il").write_text(rtlil_of(gates, "gates"))
    (folder / "formula.il").write_text(rtlil_of(formula, "formula"))
    return run_yosys([line.strip() for line in COMMANDS.strip().splitlines()], folder, "the formula")


@pytest.mark.parametrize(
    ("width", "block"), [(24, 24), (4, 4), (8, 4), pytest.param(12, 4, marks=pytest.mark.slow)]
)
def test_formula_is_proved(tmp_path, width, block):
    assert "SAT proof finished - no model found: SUCCESS!" in prove(tmp_path, width, block)


@pytest.mark.parametrize(("width", "block"), [(24, 24), (8, 4)])
def test_a_formula_that_is_wrong_for_one_operand_is_refuted(tmp_path, width, block):
    with pytest.raises(AccelsimError, match="proof did fail"):
        prove(tmp_path, width, block, extra=1)
