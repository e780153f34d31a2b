"""``accelsim bench``: how fast this machine simulates."""

import os
from typing import TYPE_CHECKING, Any

import click

from accelsim.cli.bench_report import document, print_report
from accelsim.cli.completion import complete_multiplier
from accelsim.cli.output import Output, output_options

if TYPE_CHECKING:
    from accelsim.lut import Lut

__all__ = ["bench"]


@click.command(
    epilog=(
        "JSON: cpu, cores, threads; versions (of accelsim, torch, foolbox, numpy, numba, python); "
        "multiplier, a_width, b_width, signed; permutes_per_second (vpermi2b of one core) and "
        "permute_limit_gmacs_per_second (look-ups of this table at that rate), null without AVX-512 VBMI; "
        "engines, a list of: engine, summary, refusal (why it does not run, or null); products, a list of: "
        "layer, images, channels, depth, pixels, macs, chosen_engine, rates; layers, the same without "
        "chosen_engine, of whole layers. Rates are a list of: what (float32, loops, layer, or an engine), "
        "threads, gmacs_per_second (median of interleaved runs; of the thread's own time on one thread, of "
        "wall time on several), ratio_to_float32 and ratio_to_loops (on as many threads; null where not "
        "measured), speed_up (over one thread, wall time), fraction_of_permute_limit (of engine permute on "
        "one thread, else null)."
    )
)
@click.option("--engine", metavar="NAME", help="Measure this engine only. Default: all that run here.")
@click.option(
    "-m",
    "--multiplier",
    metavar="NAME",
    shell_complete=complete_multiplier,
    help="Multiplier of 2 to 8 bits, by name or path. Default: a table of random 16-bit products.",
)
@click.option(
    "--threads",
    type=click.IntRange(min=1),
    metavar="N",
    help="Threads to measure on, beside one. Default: one per core.",
)
@output_options
def bench(output: Output, engine: str | None, multiplier: str | None, threads: int | None) -> None:
    """Measure how fast this machine simulates layers, engine by engine.

    Each is compared with PyTorch's float32 product and with three plain loops, compiled, in the same run.
    """
    from accelsim.approx_layer import table_by_weight
    from accelsim.benchmark import (
        LAYER_SIZES,
        LayerSpeed,
        engines_to_measure,
        layer_rates,
        product_rates,
    )
    from accelsim.permute_limit import permute_limit

    lut = _multiplier(multiplier)
    table = table_by_weight(lut, "a")
    engines = engines_to_measure(table, engine)
    counts = sorted({1, threads or os.cpu_count() or 1})
    speeds = []
    with output.progress("measuring", 2 * len(LAYER_SIZES) + 1) as advance:
        advance("instructions", 0)
        limit = permute_limit(table)
        advance("instructions", 1)
        for size in LAYER_SIZES:
            advance(size.name, 0)
            products, chosen = product_rates(size, table, engines, counts)
            advance(size.name, 1)
            whole = layer_rates(size, lut, counts) if engine is None else []
            advance(size.name, 1)
            speeds.append(LayerSpeed(size, chosen, products, whole))
    content: dict[str, Any] = document(lut, table, limit, speeds, counts)
    if output.json:
        output.document(content)
    else:
        print_report(output, content, counts)


def _multiplier(name: str | None) -> "Lut":
    from accelsim.benchmark import random_lut
    from accelsim.gemm import check_multiplier
    from accelsim.rtl.catalogue import load_lut

    if name is None:
        return random_lut()
    lut = load_lut(name)
    check_multiplier(lut, 1, "accelsim bench")
    return lut
