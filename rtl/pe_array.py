"""Rows and columns of processing elements, with the registers that skew what enters and leaves them."""

from amaranth.hdl import Cat, Module, Value
from amaranth.lib import wiring
from amaranth.lib.data import ArrayLayout
from amaranth.lib.wiring import In, Out

from accelsim.rtl.array_design import ArrayDesign
from accelsim.rtl.delay_line import DelayLine
from accelsim.rtl.processing_element import ProcessingElement

__all__ = ["PeArray"]


class PeArray(wiring.Component):
    """A systolic array. What belongs together enters, and leaves with ``ws`` and ``is``, in one cycle.

    Registers change only in cycles with ``enable``. What is not valid must be 0.

    ``left``, ``left_valid``
        One operand for each row; row ``r`` gets its own ``r`` cycles later.
    ``top``, ``top_valid``
        One operand for each column. With ``ws`` and ``is``: the stationary operands, the last row's first,
        taken while ``load`` is on. With ``os``: column ``c`` gets its own ``c`` cycles later.
    ``partial_sums`` (``ws`` and ``is``)
        What the sums of this cycle's operands from the left start from; column ``c`` gets its own ``c``
        cycles later.
    ``drain`` (``os``)
        Moves the sums down one row in each cycle; 0 enters at the top.
    ``sums``
        With ``ws`` and ``is``, those of the operands that entered ``rows + columns - 1`` cycles before. With
        ``os``, those of the last row.

    Parameters
    ----------
    design : ArrayDesign
        Size, dataflow, accumulators and multiplier.

    Raises
    ------
    AccelsimError
        If the multiplier has no gates.
    """

    _MustUse__silence = True  # see accelsim.rtl.multiplier.Multiplier

    module_name = "pe_array"

    def __init__(self, design: ArrayDesign) -> None:
        self.design = design
        rows, columns = design.array.rows, design.array.columns
        self.pes = [[ProcessingElement(design) for _ in range(columns)] for _ in range(rows)]
        sums = ArrayLayout(design.sum_shape, columns)
        stationary = design.array.dataflow != "os"
        super().__init__(
            {
                "enable": In(1),
                "load" if stationary else "drain": In(1),
                "left": In(ArrayLayout(design.left_shape, rows)),
                "left_valid": In(rows),
                "top": In(ArrayLayout(design.top_shape, columns)),
                "top_valid": In(columns),
                **({"partial_sums": In(sums)} if stationary else {}),
                "sums": Out(sums),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Describe the PEs and how they are connected."""
        m = Module()
        stationary = self.design.array.dataflow != "os"
        rows, columns = self.design.array.rows, self.design.array.columns
        for r, row in enumerate(self.pes):
            for c, pe in enumerate(row):
                m.submodules[f"pe_{r}_{c}"] = pe
                m.d.comb += pe.enable.eq(self.enable)
                if stationary:
                    m.d.comb += pe.load.eq(self.load)
                else:
                    m.d.comb += pe.drain.eq(self.drain)
                if c:
                    to_the_left = row[c - 1]
                    m.d.comb += [
                        pe.left_in.eq(to_the_left.left),
                        pe.left_valid_in.eq(to_the_left.left_valid),
                    ]
                if r:
                    above = self.pes[r - 1][c]
                    m.d.comb += [
                        pe.top_in.eq(above.top),
                        pe.top_valid_in.eq(above.top_valid),
                        pe.acc_in.eq(above.acc),
                    ]
        for r in range(rows):
            first = self.pes[r][0]
            entering = Cat(self.left_valid[r], self.left[r])
            m.d.comb += Cat(first.left_valid_in, first.left_in).eq(self._delayed(m, f"left_{r}", entering, r))
        for c in range(columns):
            first, last = self.pes[0][c], self.pes[-1][c]
            top = Cat(self.top_valid[c], self.top[c])
            if stationary:
                m.d.comb += [
                    Cat(first.top_valid_in, first.top_in).eq(top),
                    first.acc_in.eq(self._delayed(m, f"partial_sum_{c}", self.partial_sums[c], c)),
                    self.sums[c].eq(self._delayed(m, f"sum_{c}", last.acc, columns - 1 - c)),
                ]
            else:
                m.d.comb += [
                    Cat(first.top_valid_in, first.top_in).eq(self._delayed(m, f"top_{c}", top, c)),
                    self.sums[c].eq(last.acc),
                ]
        return m

    def _delayed(self, m: Module, name: str, word: Value, cycles: int) -> Value:
        """Delay a word by a row of registers of its own."""
        if not cycles:
            return word
        line = DelayLine(len(word), cycles)
        m.submodules[f"{name}_delay"] = line
        m.d.comb += [line.enable.eq(self.enable), line.i.eq(word)]
        return line.o
