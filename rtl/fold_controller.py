"""Counts the cycles of the folds of a matrix product, from commands."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from accelsim.rtl.gemm_streams import GemmStreams

__all__ = ["FoldController"]


class FoldController(wiring.Component):
    """Takes a command for each fold and tells what the array does in each cycle.

    A fold has phases: with ``ws`` and ``is`` it loads ``rows`` cycles, operands enter for as many cycles as
    there are steps, and ``rows + columns - 2`` cycles later the next one begins. With ``os`` operands enter,
    ``rows + columns - 2`` cycles pass, and the array drains for ``rows`` cycles. The command of the next
    fold is taken in the last cycle of the one before. Cycles without ``enable`` do not count.

    ``loading``, ``entering``, ``draining``
        The phase.
    ``starting``, ``ending``
        Its first and last cycle.
    ``row_used``
        While loading or draining: whether the row that the cycle is for is in use.
    ``step``, ``next_step``
        The step that enters, and the one that does in the next cycle; else 0.
    ``rows_used``, ``columns_used``
        One bit for each row and column.
    ``first``, ``last``
        As the command says.

    Parameters
    ----------
    streams : GemmStreams
        The array and the layout of commands.
    """

    _MustUse__silence = True  # see accelsim.rtl.multiplier.Multiplier

    module_name = "fold_controller"

    def __init__(self, streams: GemmStreams) -> None:
        self.streams = streams
        array = streams.design.array
        step = (streams.step_limit - 1).bit_length()
        super().__init__(
            {
                "commands": In(stream.Signature(streams.command)),
                "enable": In(1),
                "loading": Out(1),
                "entering": Out(1),
                "draining": Out(1),
                "starting": Out(1),
                "ending": Out(1),
                "row_used": Out(1),
                "step": Out(step),
                "next_step": Out(step),
                "rows_used": Out(array.rows),
                "columns_used": Out(array.columns),
                "first": Out(1),
                "last": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Describe the counter, the phases, and what follows from both."""
        m = Module()
        array = self.streams.design.array
        command = Signal(self.streams.command)
        between = array.rows + array.columns - 2
        waiting = Signal()
        entering, pause = (self.entering, command.steps - 1), (waiting, between - 1)
        if array.dataflow == "os":
            phases = [entering, pause, (self.draining, array.rows - 1)]
        else:
            phases = [(self.loading, array.rows - 1), entering, pause]
        if not between:
            phases = [each for each in phases if each is not pause]
        phase = Signal(range(len(phases) + 1))  # 0: idle
        most = max(self.streams.step_limit, array.rows, between)
        count = Signal(range(most))
        accept = Signal()
        m.d.comb += [
            *(active.eq(0) for active in (self.loading, self.draining)),  # the dataflow has one of them
            accept.eq(self.enable & ((phase == 0) | ((phase == len(phases)) & self.ending))),
            self.commands.ready.eq(accept),
            self.starting.eq(count == 0),
        ]
        for number, (active, last_count) in enumerate(phases, start=1):
            with m.If(phase == number):
                m.d.comb += [active.eq(1), self.ending.eq(count == last_count)]
        with m.If(self.enable & (phase != 0)):
            m.d.sync += [
                count.eq(Mux(self.ending, 0, count + 1)),
                phase.eq(phase + self.ending),
            ]
        with m.If(accept):
            m.d.sync += [phase.eq(self.commands.valid), command.eq(self.commands.payload)]
        m.d.comb += [
            self.row_used.eq(array.rows - 1 - count < command.rows),
            self.step.eq(Mux(self.entering, count, 0)),
            self.next_step.eq(Mux(self.entering & ~self.ending, count + 1, 0)),
            self.rows_used.eq(Cat(row < command.rows for row in range(array.rows))),
            self.columns_used.eq(Cat(column < command.columns for column in range(array.columns))),
            self.first.eq(command.first),
            self.last.eq(command.last),
        ]
        return m
