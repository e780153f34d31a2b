"""Random matrix products for test benches of systolic arrays."""

from dataclasses import replace

import numpy as np

from accelsim.requantization import Requantization
from accelsim.rtl.array_bench import Operands
from accelsim.rtl.array_design import ArrayDesign
from accelsim.rtl.gemm_job import GemmJob
from accelsim.rtl.gemm_streams import GemmStreams
from accelsim.systolic_array import Gemm

__all__ = ["random_job", "random_operands", "several_folds"]


def several_folds(streams: GemmStreams) -> list[Gemm]:
    """Return a matrix product of nine folds of which five do not fill the array, and one of a single step.

    They are cut to the limits of the streams.
    """
    array = streams.design.array
    rows, columns = array.rows, array.columns
    spreads = [
        (2 * rows + (rows + 1) // 2, 2 * columns + (columns + 1) // 2, rows + columns + 1),
        (rows + 1, max(1, columns - 1), 1),
    ]
    return [_gemm(streams, *spread) for spread in spreads]


def _gemm(streams: GemmStreams, over_rows: int, over_columns: int, steps: int) -> Gemm:
    steps = min(steps, streams.step_limit)
    dataflow = streams.design.array.dataflow
    if dataflow == "os":
        return Gemm(steps, over_rows, over_columns)
    depth = min(over_rows, streams.max_depth)
    return Gemm(depth, steps, over_columns) if dataflow == "ws" else Gemm(depth, over_columns, steps)


def random_operands(design: ArrayDesign, gemm: Gemm, seed: int) -> Operands:
    """Draw operands uniformly over all bit patterns."""
    draw = np.random.default_rng([seed, *gemm])
    circuit = design.circuit
    x_width, w_width = circuit.a_width, circuit.b_width
    if design.activation_operand == "b":
        x_width, w_width = w_width, x_width
    return Operands(
        draw.integers(0, 1 << x_width, (gemm.depth, gemm.pixels)),
        draw.integers(0, 1 << w_width, (gemm.channels, gemm.depth)),
    )


def random_job(streams: GemmStreams, operands: Operands, seed: int) -> GemmJob:
    """Draw zero points, offsets and multipliers that spread the sums over the codes."""
    channels = len(operands.w)
    draw = np.random.default_rng([seed, channels])
    signed = streams.weight.signed
    none = np.zeros(channels, np.int64)
    job = GemmJob(
        streams,
        *operands,
        Requantization(
            draw.integers(1 << 30, 1 << 31, channels).astype(np.int32),
            none.astype(np.int32),
            0 if signed else 128,
            -128 if signed else 0,
            127 if signed else 255,
        ),
        none,
        none if signed else draw.integers(0, 1 << streams.weight.width, channels),
    )
    sums = job.corrected_sums()
    spread = np.maximum(np.ptp(sums, axis=1), 1)
    offsets = -np.rint(sums.mean(axis=1)).astype(np.int64) + draw.integers(-spread // 4, spread // 4 + 1)
    shift = np.array([8 - int(each).bit_length() for each in spread], np.int32) + draw.integers(
        0, 2, channels
    )
    return replace(
        job,
        offsets=offsets,
        requantization=replace(job.requantization, shift=shift.astype(np.int32)),
    )
