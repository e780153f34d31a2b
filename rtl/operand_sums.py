"""Exact sums of activations beside the array, for the zero point of the weights; they add no cycle.

Where the sums of activations arise depends on the dataflow; all three components take activations that are 0
where there is none, change in cycles with ``enable`` only, and show the sum that goes with what leaves the
array.
"""

from amaranth.hdl import Module, Mux, Shape, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.data import ArrayLayout
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

__all__ = ["ColumnSums", "RowSums", "StepSums"]


class StepSums(wiring.Component):
    """``ws``: the sum of the activations of each step, over all folds of an output, in a memory.

    ``entering`` tells that ``values`` are those of step ``step`` and ``first`` that they are the first of
    their sum. ``next_step`` and ``next_leaving`` are the steps of the next cycle, ``sum`` is that of the
    step that leaves.

    Parameters
    ----------
    value, total : Shape
        Of an activation and of the sum.
    rows : int
        Activations in a step.
    steps : int
        Words of the memory.
    """

    _MustUse__silence = True  # see accelsim.rtl.multiplier.Multiplier

    module_name = "operand_sums"

    def __init__(self, value: Shape, total: Shape, rows: int, steps: int) -> None:
        self.steps = steps
        step = Shape((steps - 1).bit_length())
        super().__init__(
            {
                "enable": In(1),
                "entering": In(1),
                "first": In(1),
                "step": In(step),
                "next_step": In(step),
                "next_leaving": In(step),
                "values": In(ArrayLayout(value, rows)),
                "sum": Out(total),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Describe the adders and the memory."""
        m = Module()
        m.submodules.memory = memory = Memory(shape=self.sum.shape(), depth=self.steps, init=[])
        write = memory.write_port()
        before = memory.read_port(transparent_for=[write])
        leaving = memory.read_port(transparent_for=[write])
        m.d.comb += [
            write.en.eq(self.enable & self.entering),
            write.addr.eq(self.step),
            write.data.eq(balanced_sum([*self.values]) + Mux(self.first, 0, before.data)),
            before.en.eq(self.enable),
            before.addr.eq(self.next_step),
            leaving.en.eq(self.enable),
            leaving.addr.eq(self.next_leaving),
            self.sum.eq(leaving.data),
        ]
        return m


class ColumnSums(wiring.Component):
    """``is``: the sum of the activations that each column was loaded with, over all folds of an output.

    While ``loading`` is on, ``values`` are added; with ``restart``, to 0.

    Parameters
    ----------
    value, total : Shape
        Of an activation and of a sum.
    columns : int
        How many sums.
    """

    _MustUse__silence = True  # see accelsim.rtl.multiplier.Multiplier

    module_name = "operand_sums"

    def __init__(self, value: Shape, total: Shape, columns: int) -> None:
        super().__init__(
            {
                "enable": In(1),
                "loading": In(1),
                "restart": In(1),
                "values": In(ArrayLayout(value, columns)),
                "sums": Out(ArrayLayout(total, columns)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Describe an adder and a register for each column."""
        m = Module()
        with m.If(self.enable & self.loading):
            for total, value in zip(self.sums, self.values, strict=True):
                m.d.sync += total.eq(Mux(self.restart, 0, total) + value)
        return m


class RowSums(wiring.Component):
    """``os``: the sum of the activations that entered each row.

    While ``entering`` is on, ``values`` are added. While ``draining`` is on, the sums move down one row in
    each cycle and 0 enters at the top, as in the array; ``sum`` is that of the last row.

    Parameters
    ----------
    value, total : Shape
        Of an activation and of a sum.
    rows : int
        How many sums.
    """

    _MustUse__silence = True  # see accelsim.rtl.multiplier.Multiplier

    module_name = "operand_sums"

    def __init__(self, value: Shape, total: Shape, rows: int) -> None:
        super().__init__(
            {
                "enable": In(1),
                "entering": In(1),
                "draining": In(1),
                "values": In(ArrayLayout(value, rows)),
                "sum": Out(total),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Describe an adder and a register for each row."""
        m = Module()
        totals = [Signal(self.sum.shape(), name=f"total_{row}") for row in range(len(self.values))]
        with m.If(self.enable):
            for row, (total, value) in enumerate(zip(totals, self.values, strict=True)):
                with m.If(self.entering):
                    m.d.sync += total.eq(total + value)
                with m.If(self.draining):
                    m.d.sync += total.eq(totals[row - 1] if row else 0)
        m.d.comb += self.sum.eq(totals[-1])
        return m


def balanced_sum(values: list[Value]) -> Value:
    """Add values in a tree of logarithmic depth."""
    while len(values) > 1:
        pairs = [sum(values[at : at + 2]) for at in range(0, len(values), 2)]
        values = pairs
    return values[0]
