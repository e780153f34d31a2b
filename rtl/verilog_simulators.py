"""Exported Verilog and its test bench, run in Icarus Verilog or Verilator."""

import re
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from accelsim.errors import AccelsimError
from accelsim.rtl.child_process import find_program, run_child
from accelsim.rtl.circuits import Circuit
from accelsim.rtl.export import module_name, verilog_files, write_files
from accelsim.rtl.operand_pairs import OperandPairs
from accelsim.rtl.verilog_bench import VERILATOR

__all__ = ["VERILOG_SIMULATORS", "BenchResult", "run_bench"]


class BenchResult(NamedTuple):
    """What the test bench printed.

    Parameters
    ----------
    mismatches : int
        Products that differ from the expected ones.
    first : tuple of (a, b, product, expected)
        The first few of them, as numbers.
    """

    mismatches: int
    first: tuple[tuple[int, int, int, int], ...]


def run_bench(
    simulator: str, circuit: Circuit, pairs: OperandPairs, expected: NDArray[np.uint64]
) -> BenchResult:
    """Export a circuit to a temporary folder and run its test bench.

    Parameters
    ----------
    simulator : str
        Key of `VERILOG_SIMULATORS`.
    circuit : Circuit
        A multiplier with gates.
    pairs : pair of uint64 arrays of shape (vectors,)
        Bit patterns of the operands.
    expected : uint64 array of shape (vectors,)
        Bit patterns of the products to compare with.

    Raises
    ------
    AccelsimError
        If the simulator is not on ``PATH``, refuses the Verilog, or ends without a verdict.
    """
    commands = VERILOG_SIMULATORS[simulator](module_name(circuit))
    for program, *_ in commands:
        if not program.startswith("."):
            find_program(program, f"for --simulator {simulator}")
    with TemporaryDirectory(prefix="accelsim-") as folder:
        path = Path(folder)
        write_files(path, verilog_files(circuit, pairs, expected))
        *build, bench = commands
        for command in build:
            ended = run_child(command, path)
            if ended.returncode:
                raise AccelsimError(f"{command[0]} failed on {circuit.name}: {_reason(ended.stdout)}")
        ended = run_child(bench, path)
    return _read(circuit.name, simulator, ended.stdout, ended.returncode)


def _icarus(name: str) -> list[list[str]]:
    return [
        ["iverilog", "-g2001", "-o", "bench", f"{name}.v", f"{name}_tb.v"],
        ["vvp", "-n", "bench"],
    ]


def _verilator(name: str) -> list[list[str]]:
    quick = ["-MAKEFLAGS", "OPT_FAST=-O0 OPT_GLOBAL=-O0"]  # compiling C++ takes far longer than running
    files = ["--top-module", f"{name}_tb", "-o", "bench", f"{name}.v", f"{name}_tb.v"]
    return [[*VERILATOR, *quick, *files], ["./obj_dir/bench"]]


#: Commands that build and run the test bench of a module, by the simulator's name.
VERILOG_SIMULATORS: dict[str, Callable[[str], list[list[str]]]] = {
    "icarus": _icarus,
    "verilator": _verilator,
}

_MISMATCH = r"^mismatch: a = *(\S+), b = *(\S+), p = *(\S+), expected *(\S+)$"


def _read(name: str, simulator: str, printed: str, status: int) -> BenchResult:
    """Return the verdict; PASS counts with exit status 0 only, FAIL with any other only."""
    passed = re.search(r"^PASS: ", printed, re.MULTILINE)
    failed = re.search(r"^FAIL: (\d+) of ", printed, re.MULTILINE)
    if passed and not status:
        return BenchResult(0, ())
    if not failed or not status:
        raise AccelsimError(
            f"{simulator} gave no verdict on {name} (exit status {status}): {_reason(printed)}"
        )
    shown = re.findall(_MISMATCH, printed, re.MULTILINE)
    try:
        first = tuple((int(a), int(b), int(p), int(expected)) for a, b, p, expected in shown)
    except ValueError as error:
        raise AccelsimError(f"{simulator}: {name} has an undefined output: {error}") from error
    return BenchResult(int(failed[1]), first)


def _reason(printed: str) -> str:
    lines = printed.strip().splitlines()
    telling = [line for line in lines if line.startswith("FAIL")] or [
        line for line in lines if "rror" in line
    ]
    return (telling or lines[-1:] or ["it printed nothing"])[0]
