"""The cycle-level simulator of the systolic array against Verilator and Amaranth, running the same array.

Run as a script, with verilator on PATH; on one core, prints PE-cycles per second (medians of interleaved
runs) and their ratios. Verilator runs the exported array with its self-checking test bench, optimised by
the C++ compiler; a run of few cycles is subtracted, so that starting and reading the vectors do not count
more than they must.
"""

import statistics
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from accelsim.cycle_simulation import simulate
from accelsim.rtl.array_export import array_files, array_module_name
from accelsim.rtl.array_names import ArrayName
from accelsim.rtl.array_simulation import simulate_in_amaranth
from accelsim.rtl.bench_jobs import random_operands
from accelsim.rtl.export import write_files
from accelsim.systolic_array import Gemm

REPETITIONS = 5
MULTIPLIER = "mul8u_drum_k4"
SHORT, LONG = Gemm(16, 16, 16), Gemm(128, 1000, 64)
FOR_AMARANTH = Gemm(8, 6, 8)


def seconds(call: Callable[[], object]) -> float:
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


def verilated(name: ArrayName, gemm: Gemm, folder: Path) -> Callable[[], object]:
    """Compile the array with its bench; return what runs it."""
    design = name.streams().design
    module = array_module_name(name, design.circuit)
    write_files(folder, array_files(name, [random_operands(design, gemm, 0)]))
    subprocess.run(
        [
            *("verilator", "--binary", "--timing", "-Wno-fatal", "-O3", "-CFLAGS", "-O3 -march=native"),
            *("--top-module", f"{module}_tb", f"{module}.v", f"{module}_tb.v"),
        ],
        cwd=folder,
        check=True,
        capture_output=True,
    )

    def run() -> None:
        ended = subprocess.run([f"./obj_dir/V{module}_tb"], cwd=folder, capture_output=True, text=True)
        assert "PASS" in ended.stdout, ended.stdout

    return run


def main() -> None:
    print("PE-cycles per second, one core  accelsim  Verilator  ratio")
    for dataflow in ("ws", "os", "is"):
        name = ArrayName.parse(f"array:16x16:{dataflow}:{MULTIPLIER}")
        array, design = name.array, name.streams().design
        operands = random_operands(design, LONG, 0)
        table = np.ascontiguousarray(design.circuit.lut().table.T)

        def ours(array=array, table=table, operands=operands) -> object:
            return simulate(array, table, *(each.astype(np.uint8) for each in operands))

        with TemporaryDirectory() as short, TemporaryDirectory() as long:
            few, many = verilated(name, SHORT, Path(short)), verilated(name, LONG, Path(long))
            for call in (ours, few, many):
                call()
            runs = [(seconds(ours), seconds(many) - seconds(few)) for _ in range(REPETITIONS)]
        cycles = array.cycles(LONG)
        took = statistics.median(own for own, _ in runs), statistics.median(other for _, other in runs)
        rates = cycles * array.pes / took[0], (cycles - array.cycles(SHORT)) * array.pes / took[1]
        print(f"16 x 16, {dataflow:22} {rates[0]:9.3g} {rates[1]:10.3g} {rates[0] / rates[1]:6.0f}")
    x, w = random_operands(design, FOR_AMARANTH, 0)
    small = ArrayName.parse(f"array:4x4:ws:{MULTIPLIER}")
    described = seconds(lambda: simulate_in_amaranth(small.streams().design, x, w))
    rate = small.array.cycles(FOR_AMARANTH) * small.array.pes / described
    print(f"4 x 4, ws, in Amaranth: {rate:.3g}, elaboration included; ratio {rates[0] / rate:,.0f}")


if __name__ == "__main__":
    main()
