"""The top level in Amaranth's simulator: codes and cycles, with streams that make it wait and that do not."""

import numpy as np
import pytest
from amaranth.hdl import Value
from amaranth.sim import Simulator

from accelsim.accumulator import Accumulator
from accelsim.errors import AccelsimError
from accelsim.gemm import lut_gemm
from accelsim.requantization import Requantization
from accelsim.rtl.array_design import ArrayDesign
from accelsim.rtl.array_products import products_of
from accelsim.rtl.catalogue import find_circuit
from accelsim.rtl.gemm_job import GemmJob
from accelsim.rtl.gemm_streams import GemmStreams
from accelsim.rtl.requantizer import LATENCY
from accelsim.rtl.tiled_gemm import TiledGemm
from accelsim.systolic_array import SystolicArray

MOST_CYCLES = 5000


def random_job(name, dataflow, draw, *, most_rows=4, most=9):
    circuit = find_circuit(name)
    array = SystolicArray(
        *draw.integers(1, most_rows + 1, 2).tolist(),
        dataflow,
        Accumulator(circuit.product_width + int(draw.integers(1, 5)), str(draw.choice(["wrap", "saturate"]))),
    )
    streams = GemmStreams(ArrayDesign(array, circuit, str(draw.choice(["a", "b"]))), 16, 16)
    depth, pixels, channels = draw.integers(1, most + 1, 3)
    levels = 1 << circuit.a_width
    return GemmJob(
        streams,
        draw.integers(0, levels, (depth, pixels)).astype(np.uint8),
        draw.integers(0, levels, (channels, depth)).astype(np.uint8),
        Requantization(
            draw.integers(1 << 30, 1 << 31, channels).astype(np.int32),
            draw.integers(-6, 2, channels).astype(np.int32),
            int(draw.integers(0, 200)),
            int(draw.integers(0, 20)),
            int(draw.integers(200, 256)),
        ),
        draw.integers(-400, 400, channels),
        np.zeros(channels, np.int64) if circuit.signed else draw.integers(0, levels, channels),
    )


def run(jobs, gaps, draw):
    """Feed the jobs one after the other; return the cycle of each result."""
    top = TiledGemm(jobs[0].streams)
    words = [job.words() for job in jobs]
    count = sum(len(each.results) for each in words)
    found = []

    def feed(name):
        stream = getattr(top, name)
        payload = Value.cast(stream.payload)

        async def give(ctx):
            for word in [word for each in words for word in getattr(each, name)]:
                while draw.random() < gaps:
                    await ctx.tick()
                ctx.set(payload, word)
                ctx.set(stream.valid, 1)
                await ctx.tick().until(stream.ready)
                ctx.set(stream.valid, 0)

        return give

    async def take(ctx):
        results, cycle = top.results, 0
        while len(found) < count:
            ready = draw.random() >= gaps
            ctx.set(results.ready, ready)
            _, _, valid, word = await ctx.tick().sample(results.valid, Value.cast(results.payload))
            if valid and ready:
                found.append((word, cycle))
            cycle += 1
            assert cycle < MOST_CYCLES
        ctx.set(results.ready, 1)
        for _ in range(10):
            _, _, valid = await ctx.tick().sample(results.valid)
            assert not valid

    simulator = Simulator(top)
    simulator.add_clock(1e-6)
    for name in ("commands", "left", "top", "parameters"):
        simulator.add_testbench(feed(name), background=True)  # what is left over is seen by the counts
    simulator.add_testbench(take)
    simulator.run()
    lanes = [lanes for each in words for lanes in each.lanes]
    codes = [word & (1 << 8 * used) - 1 for (word, _), used in zip(found, lanes, strict=True)]
    assert codes == [word for each in words for word in each.results]
    return [cycle for _, cycle in found]


@pytest.mark.parametrize("dataflow", ["ws", "is", "os"])
@pytest.mark.parametrize("name", ["mul4u_ama5_k4", "mul4s_sm_udm"])
@pytest.mark.parametrize("gaps", [0, 0.6])
def test_codes_and_cycles(name, dataflow, gaps):
    draw = np.random.default_rng([ord(letter) for letter in f"{name}{dataflow}{gaps}"])
    job = random_job(name, dataflow, draw)
    cycles = run([job], gaps, draw)
    # In cycle 0 the first command is taken; the fold begins in the next one.
    if gaps:
        assert cycles[-1] >= job.cycles
    else:
        assert cycles[-1] == job.cycles


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100))
def test_random_codes_and_cycles(seed):
    draw = np.random.default_rng(seed)
    gaps = float(draw.choice([0, 0, 0.5]))
    dataflow = str(draw.choice(["ws", "is", "os"]))
    job = random_job("mul4u_ama5_k4", dataflow, draw, most_rows=1 + seed % 5, most=2 + seed % 12)
    cycles = run([job], gaps, draw)
    assert gaps or cycles[-1] == job.cycles


@pytest.mark.parametrize("dataflow", ["ws", "is", "os"])
def test_smallest_array_and_products_one_after_the_other(dataflow):
    """Of a single PE and step, what one fold leaves is what the next one needs right away."""
    draw = np.random.default_rng(5)
    array = SystolicArray(1, 1, dataflow)
    streams = GemmStreams(ArrayDesign(array, find_circuit("mul4u_exact")), 16, 16)

    def unscaled(depth, pixels, channels):
        return GemmJob(
            streams,
            draw.integers(1, 16, (depth, pixels)).astype(np.uint8),
            draw.integers(1, 6, (channels, depth)).astype(np.uint8),
            Requantization(
                np.full(channels, (1 << 31) - 1, np.int32), np.zeros(channels, np.int32), 0, 0, 255
            ),
            np.full(channels, 100),
            np.full(channels, 3),
        )

    jobs = [unscaled(*shape) for shape in [(3, 1, 1), (1, 3, 1), (2, 2, 2), (3, 1, 3), (3, 3, 1)]]
    cycles = run(jobs, 0, draw)
    folds = sum(array.fold_count(job.gemm) * array.fold_cycles(array.spread(job.gemm)[2]) for job in jobs)
    assert cycles[-1] == folds + (dataflow != "os") + LATENCY


def test_expected_sums_are_the_fast_engine_s():
    circuit = find_circuit("mul8u_drum_k4")
    draw = np.random.default_rng(0)
    x, w = (draw.integers(0, 256, shape).astype(np.uint8) for shape in ((9, 5), (4, 9)))
    table = circuit.lut().table
    for operand, of_engine in (("a", table.T), ("b", table)):
        design = ArrayDesign(SystolicArray(2, 2), circuit, operand)
        expected = lut_gemm(np.ascontiguousarray(of_engine), x[None], w[None])[0]
        np.testing.assert_array_equal(products_of(design, x, w).sum(axis=0), expected)


def test_limits():
    design = ArrayDesign(SystolicArray(2, 2), find_circuit("mul4u_exact"))
    with pytest.raises(AccelsimError, match="at most 1 steps in a fold; expected 2 to"):
        GemmStreams(design, 1)
    with pytest.raises(AccelsimError, match="at most 0 products in a sum; expected 2 to"):
        GemmStreams(design, max_depth=0)
    assert GemmStreams(design, 100, 17).operand_sum.width == 4 + 5
