"""Gate-level simulation against Amaranth's simulator, on every operand pair of an 8 x 8 array.

Run as a script; prints the times and their ratio.
"""

import statistics
import time
from collections.abc import Callable

import numpy as np

from accelsim.rtl.library import describe
from accelsim.rtl.simulate import products_in_amaranth
from accelsim.rtl.synthesis import synthesise
from accelsim.simulation import truth_table

REPETITIONS = 200


def seconds(call: Callable[[], object]) -> float:
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


def main() -> None:
    description = describe("mul8u_array")
    netlist = synthesise(description.build(), description.name)
    found = truth_table(netlist)  # compiles the kernel
    ours = statistics.median(seconds(lambda: truth_table(netlist)) for _ in range(REPETITIONS))
    a, b = (grid.ravel() for grid in np.indices((256, 256)))
    expected: list[np.ndarray] = []
    theirs = seconds(lambda: expected.append(products_in_amaranth(description.build(), a, b)))
    assert (expected[0] == found.ravel()).all()
    rate = netlist.gate_count * found.size / ours
    print(f"{description.name}: {netlist.gate_count} gates, {found.size} operand pairs, equal products")
    print(f"Amaranth's simulator  {theirs:10.2f} s")
    print(f"bit-parallel netlist  {ours * 1e6:10.1f} us, median of {REPETITIONS}")
    print(f"                      {rate / 1e9:10.0f} G gate evaluations/s, transposition included")
    print(f"ratio                 {theirs / ours:10.0f}")


if __name__ == "__main__":
    main()
