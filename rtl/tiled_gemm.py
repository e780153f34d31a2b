"""The top level: a systolic array with all it takes to run tiled matrix products from streams."""

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib import stream, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from accelsim.rtl.delay_line import DelayLine
from accelsim.rtl.fold_controller import FoldController
from accelsim.rtl.gemm_streams import GemmStreams
from accelsim.rtl.operand_sums import ColumnSums, RowSums, StepSums
from accelsim.rtl.pe_array import PeArray
from accelsim.rtl.requantizer import LATENCY, Requantizer

__all__ = ["TiledGemm"]


class TiledGemm(wiring.Component):
    """Runs the folds of matrix products one after the other, and requantizes the sums.

    As long as no stream makes it wait, a fold takes `SystolicArray.fold_cycles` cycles, the next one begins
    right after it, and a code leaves `accelsim.rtl.requantizer.LATENCY` cycles after its sum stands at the
    array's outputs. Where an operand, the parameters or the receiver of the results is missing, everything
    waits, and the results are the same.

    ``commands``
        One for each fold, in the order of `SystolicArray.folds`: ``steps``, at least 1; the ``rows`` and
        ``columns`` in use; whether its sums are the ``first`` and the ``last`` ones of their outputs.
    ``left``
        Operands that move, one for each row; a vector for each step. Those of rows that are not in use do
        not matter.
    ``top``
        With ``ws`` and ``is``, the operands that stay: a vector for each row in use, the last row's first.
        With ``os``, the other operands that move: a vector for each step.
    ``parameters``
        Of the requantizers. With ``ws`` and ``os`` one word, for all columns, serves all outputs of a fold
        that completes sums; with ``is`` each word serves the outputs of one step.
    ``results``
        Codes, one for each column. With ``ws`` and ``is`` a vector for each step of a fold that completes
        sums; with ``os`` one for each row in use, the last row's first. Those of columns that are not in use
        mean nothing.

    Parameters
    ----------
    streams : GemmStreams
        The array, its largest matrix product, and the layouts.

    Raises
    ------
    AccelsimError
        If the multiplier has no gates.
    """

    _MustUse__silence = True  # see accelsim.rtl.multiplier.Multiplier

    def __init__(self, streams: GemmStreams) -> None:
        self.streams = streams
        self.stationary = streams.design.array.dataflow != "os"
        super().__init__(
            {
                "commands": In(stream.Signature(streams.command)),
                "left": In(stream.Signature(streams.left)),
                "top": In(stream.Signature(streams.top)),
                "parameters": In(stream.Signature(streams.parameters)),
                "results": Out(stream.Signature(streams.result)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Connect controller, array, memories and requantizers."""
        m = Module()
        m.submodules.controller = controller = FoldController(self.streams)
        m.submodules.array = array = PeArray(self.streams.design)
        wiring.connect(m, wiring.flipped(self.commands), controller.commands)
        enable = Signal()
        complete = Signal()
        final = Signal()
        takes_top = controller.loading & controller.row_used if self.stationary else controller.entering
        uses_parameters = complete & (final | (self.streams.design.array.dataflow == "is"))
        m.d.comb += [
            enable.eq(
                (~controller.entering | self.left.valid)
                & (~takes_top | self.top.valid)
                & (~complete | self.parameters.valid)
                & (~self.results.valid | self.results.ready)
            ),
            self.left.ready.eq(enable & controller.entering),
            self.top.ready.eq(enable & takes_top),
            self.parameters.ready.eq(enable & uses_parameters),
            controller.enable.eq(enable),
            array.enable.eq(enable),
        ]
        self._enter(m, controller, array, takes_top)
        if self.stationary:
            next_leaving = self._keep_partial_sums(m, controller, array, complete, final)
        else:
            next_leaving = None
            m.d.comb += [
                array.drain.eq(controller.draining),
                complete.eq(controller.draining & controller.row_used),
                final.eq(controller.ending),
            ]
        self._requantize(m, array, self._operand_sums(m, controller, array, next_leaving), complete)
        return m

    def _enter(self, m: Module, controller: FoldController, array: PeArray, takes_top: Value) -> None:
        """Give the array its operands, and 0 where there is none."""
        for enters, used, valid, lanes, given in (
            (controller.entering, controller.rows_used, array.left_valid, array.left, self.left.payload),
            (takes_top, controller.columns_used, array.top_valid, array.top, self.top.payload),
        ):
            m.d.comb += valid.eq(Mux(enters, used, 0))
            for bit, lane, operand in zip(valid, lanes, given, strict=True):
                m.d.comb += lane.eq(Mux(bit, operand, 0))

    def _keep_partial_sums(
        self, m: Module, controller: FoldController, array: PeArray, complete: Signal, final: Signal
    ) -> Value:
        """Keep the sums that leave, by step, and let them enter in the next fold.

        Returns
        -------
        Value
            The step whose sums leave in the next cycle.
        """
        size, enable = self.streams.design.array, array.enable
        memory = Memory(shape=len(Value.cast(array.sums)), depth=self.streams.max_steps, init=[])
        m.submodules.partial_sums = memory
        write = memory.write_port()
        read = memory.read_port(transparent_for=[write])
        m.submodules.step_delay = delay = DelayLine(3, size.rows + size.columns - 1)
        leaves = Signal()
        leaves_last = Signal()
        ends = Signal()
        leaving = Signal.like(controller.step)
        next_leaving = Signal.like(controller.step)
        m.d.comb += [
            array.load.eq(controller.loading),
            delay.enable.eq(enable),
            delay.i.eq(Cat(controller.entering, controller.ending, controller.last)),
            Cat(leaves, ends, leaves_last).eq(delay.o),
            next_leaving.eq(Mux(leaves, Mux(ends, 0, leaving + 1), leaving)),
            complete.eq(leaves & leaves_last),
            final.eq(ends),
            write.en.eq(enable & leaves & ~leaves_last),
            write.addr.eq(leaving),
            write.data.eq(Value.cast(array.sums)),
            read.en.eq(enable),
            read.addr.eq(controller.next_step),
            Value.cast(array.partial_sums).eq(Mux(controller.entering & ~controller.first, read.data, 0)),
        ]
        with m.If(enable):
            m.d.sync += leaving.eq(next_leaving)
        return next_leaving

    def _operand_sums(
        self, m: Module, controller: FoldController, array: PeArray, next_leaving: Value | None
    ) -> list[Value]:
        """Return the sum of activations for each column's output."""
        size, activation, total = self.streams.design.array, self.streams.activation, self.streams.operand_sum
        if size.dataflow == "is":
            m.submodules.operand_sums = by_column = ColumnSums(activation, total, size.columns)
            m.d.comb += [
                by_column.enable.eq(array.enable),
                by_column.loading.eq(controller.loading),
                by_column.restart.eq(controller.first & controller.starting),
                by_column.values.eq(array.top),
            ]
            return [*by_column.sums]
        if size.dataflow == "ws":
            by_step = StepSums(activation, total, size.rows, self.streams.max_steps)
            m.submodules.operand_sums = sums = by_step
            m.d.comb += [
                by_step.first.eq(controller.first),
                by_step.step.eq(controller.step),
                by_step.next_step.eq(controller.next_step),
                by_step.next_leaving.eq(next_leaving),
            ]
        else:
            by_row = RowSums(activation, total, size.rows)
            m.submodules.operand_sums = sums = by_row
            m.d.comb += by_row.draining.eq(controller.draining)
        m.d.comb += [
            sums.enable.eq(array.enable),
            sums.entering.eq(controller.entering),
            sums.values.eq(array.left),
        ]
        return [sums.sum] * size.columns

    def _requantize(self, m: Module, array: PeArray, operand_sums: list[Value], complete: Signal) -> None:
        """Requantize each column, and tell when the codes are there."""
        given = self.parameters.payload
        for column, (acc, operand_sum) in enumerate(zip(array.sums, operand_sums, strict=True)):
            unit = Requantizer(self.streams.design.sum_shape, self.streams.operand_sum, self.streams.weight)
            m.submodules[f"requantizer_{column}"] = unit
            channel = given.channels[column if len(given.channels) > 1 else 0]
            m.d.comb += [
                unit.enable.eq(array.enable),
                unit.acc.eq(acc),
                unit.operand_sum.eq(operand_sum),
                *(getattr(unit, name).eq(getattr(channel, name)) for name in channel.shape().members),
                *(getattr(unit, name).eq(getattr(given, name)) for name in ("zero_point", "low", "high")),
                self.results.payload[column].eq(unit.code),
            ]
        valid = Signal(LATENCY)
        m.d.comb += self.results.valid.eq(valid[-1])
        with m.If(array.enable):
            m.d.sync += valid.eq(Cat(complete, valid))
        with m.Elif(self.results.ready):
            m.d.sync += valid[-1].eq(0)
