"""The Amaranth array in Amaranth's own simulator, with every register in every cycle."""

from typing import Any

import numpy as np
from amaranth.hdl import Cat, Value
from amaranth.sim import Simulator
from numpy.typing import NDArray

from accelsim.cycle_simulation import ArrayRun, Trace
from accelsim.rtl.array_design import ArrayDesign
from accelsim.rtl.array_schedule import ArraySchedule, packed
from accelsim.rtl.pe_array import PeArray

__all__ = ["simulate_in_amaranth"]


def simulate_in_amaranth(design: ArrayDesign, x: NDArray[np.integer], w: NDArray[np.integer]) -> ArrayRun:
    """Run ``out[channel, pixel] = sum_k mul(x[k, pixel], w[channel, k])`` on `PeArray`.

    Partial sums that leave the array are kept and enter it again. Slow: some thousand PE-cycles a second.

    Parameters
    ----------
    design : ArrayDesign
        The array.
    x : unsigned integer array of shape (depth, pixels)
        Bit patterns of the activations.
    w : unsigned integer array of shape (channels, depth)
        Bit patterns of the weights.

    Returns
    -------
    ArrayRun
        The accumulators, and the trace: what each register holds at the clock edge that ends the cycle.

    Raises
    ------
    AccelsimError
        If the multiplier has no gates.
    """
    array, schedule = design.array, ArraySchedule.of(design.array, x, w)
    component = PeArray(design)
    over_columns = w.shape[0] if array.dataflow != "is" else x.shape[1]
    other = x.shape[1] if array.dataflow != "is" else w.shape[0]
    sums = np.zeros((over_columns, other), np.int64)
    trace = _empty_trace(array.rows, array.columns, schedule.cycles)
    stationary = array.dataflow != "os"

    async def drive(ctx: Any) -> None:
        ctx.set(component.enable, 1)
        for cycle in range(schedule.cycles):
            ctx.set(component.load if stationary else component.drain, int(schedule.control[cycle]))
            _set_lanes(ctx, component.left, schedule.left[cycle])
            _set_lanes(ctx, component.left_valid, schedule.left_valid[cycle])
            _set_lanes(ctx, component.top, schedule.top[cycle])
            _set_lanes(ctx, component.top_valid, schedule.top_valid[cycle])
            if stationary:
                partial_sums = np.zeros(array.columns, np.int64)
                if entering := schedule.entering[cycle]:
                    partial_sums[: entering.used] = sums[entering.columns, entering.position]
                _set_lanes(ctx, component.partial_sums, partial_sums)
            _record(ctx, component, trace, cycle)
            if leaving := schedule.leaving[cycle]:
                sums[leaving.columns, leaving.position] = trace.outputs[cycle, : leaving.used]
            await ctx.tick()

    simulator = Simulator(component)
    simulator.add_clock(1e-6)
    simulator.add_testbench(drive)
    simulator.run()
    out = (sums.T if array.dataflow == "is" else sums).astype(np.int32)
    return ArrayRun(np.ascontiguousarray(out), schedule.cycles, trace, None)


def _empty_trace(rows: int, columns: int, cycles: int) -> Trace:
    shape = cycles, rows, columns
    return Trace(
        left=np.zeros(shape, np.uint8),
        left_valid=np.zeros(shape, np.bool_),
        top=np.zeros(shape, np.uint8),
        top_valid=np.zeros(shape, np.bool_),
        acc=np.zeros(shape, np.int32),
        outputs=np.zeros((cycles, columns), np.int32),
    )


def _set_lanes(ctx: Any, port: Any, lanes: NDArray[Any]) -> None:
    """Set a port of several lanes from their numbers or bit patterns."""
    value = Value.cast(port)
    ctx.set(value, packed(lanes, len(value) // len(lanes)))


def _record(ctx: Any, component: PeArray, trace: Trace, cycle: int) -> None:
    for r, row in enumerate(component.pes):
        for c, pe in enumerate(row):
            trace.left[cycle, r, c] = ctx.get(Cat(pe.left))
            trace.left_valid[cycle, r, c] = ctx.get(pe.left_valid)
            trace.top[cycle, r, c] = ctx.get(Cat(pe.top))
            trace.top_valid[cycle, r, c] = ctx.get(pe.top_valid)
            trace.acc[cycle, r, c] = ctx.get(pe.acc)
    for c in range(len(component.pes[0])):
        trace.outputs[cycle, c] = ctx.get(component.sums[c])
