"""Proofs about netlists too wide to simulate exhaustively, by ABC (which comes with Yosys)."""

import re
import subprocess
from collections import Counter
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal, NamedTuple

from accelsim.closed_forms import BilinearForm
from accelsim.errors import AccelsimError
from accelsim.netlist import Netlist
from accelsim.rtl.child_process import find_program, run_child
from accelsim.rtl.gates_as_text import blif_of

__all__ = ["Equivalence", "prove_bilinear", "prove_equal"]


class Equivalence(NamedTuple):
    """Outcome of `prove_equal`.

    Parameters
    ----------
    verdict : {"equal", "different", "undecided"}
        Undecided: not within the time.
    counterexample : (int, int), optional
        Where different: bit patterns of two operands for which the outputs differ.
    """

    verdict: Literal["equal", "different", "undecided"]
    counterexample: tuple[int, int] | None = None


def prove_equal(left: Netlist, right: Netlist, seconds: float) -> Equivalence:
    """Decide whether two multipliers are the same function: simulation, structural hashing and SAT.

    ABC's ``cec``: A. Mishchenko, S. Chatterjee, R. Brayton and N. Een, "Improvements to Combinational
    Equivalence Checking", ICCAD 2006.

    Parameters
    ----------
    left, right : Netlist
        Two inputs and one output, of the same widths.
    seconds : float
        Time limit.

    Raises
    ------
    AccelsimError
        If ABC fails or is not there.
    """
    printed = _abc(
        [f"cec -T {max(1, round(seconds))} -C 1000000000 left.blif right.blif"],
        {"left.blif": blif_of(left, "left"), "right.blif": blif_of(right, "right")},
        seconds,
    )
    if "Networks are equivalent" in printed:
        return Equivalence("equal")
    pattern = re.search(r"^Input pattern: *(.*)$", printed, re.MULTILINE)
    if "NOT EQUIVALENT" in printed:
        if not pattern:
            raise AccelsimError("ABC found a difference but named no operands")
        operands = {"a": 0, "b": 0}  # a bit that ABC does not name makes no difference
        for operand, bit in re.findall(r"\b([ab])\[(\d+)\]=1", pattern[1]):
            operands[operand] |= 1 << int(bit)
        return Equivalence("different", (operands["a"], operands["b"]))
    return Equivalence("undecided")


def prove_bilinear(netlist: Netlist, form: BilinearForm, signed: bool, seconds: float) -> Equivalence:
    """Decide whether a multiplier computes a bilinear form.

    Gate by gate from the outputs to the inputs, the sum of the weighted output bits is rewritten into a
    polynomial of the input bits, which is unique (ABC's ``&polyn``: C. Yu, M. Ciesielski and A. Mishchenko,
    "Fast Algebraic Rewriting Based on And-Inverter Graphs", IEEE TCAD 37(9), 2018). It is compared here with
    that of the form, coefficient by coefficient. Where they differ, the bits of the smallest monomial whose
    coefficients differ are operands whose products do, as no other monomial of the difference is then 1.

    Parameters
    ----------
    netlist : Netlist
        Two inputs of the form's width and one output of twice that.
    form : BilinearForm
        What it should compute.
    signed : bool
        Whether the output's last bit has a negative weight.
    seconds : float
        Time limit.

    Raises
    ------
    AccelsimError
        If ABC fails or is not there.
    """
    rewrite = f"&polyn -w{' -s' if signed else ''}"
    files = {"netlist.blif": blif_of(netlist, "netlist")}
    printed = _abc(["read_blif netlist.blif; strash; &get", rewrite], files, seconds)
    count = re.search(r"^Polynomial with (\d+) monomials:$", printed, re.MULTILINE)
    if not count:
        return Equivalence("undecided")
    found: Counter[tuple[int, ...]] = Counter()
    lines = re.findall(r"^[| ] ((?:[+-]2\^\d+)+)((?: \* i-?\d+)*)$", printed[count.end() :], re.MULTILINE)
    for powers, variables in lines:
        bits = tuple(sorted(int(bit) for bit in re.findall(r"-?\d+", variables)))
        if -1 not in bits:  # i-1 is ABC's constant 0
            found[bits] += sum(
                (-1 if sign == "-" else 1) << int(power)
                for sign, power in re.findall(r"([+-])2\^(\d+)", powers)
            )
    if len(lines) != int(count[1]):
        raise AccelsimError("ABC printed a polynomial of another form than expected")
    for bits, weight in {(): form.constant, **_monomials(form)}.items():
        found[bits] -= weight
    product_range = 1 << 2 * form.width
    differing = [bits for bits, coefficient in found.items() if coefficient]
    if not differing:
        return Equivalence("equal")
    smallest = min(differing, key=len)
    if found[smallest] % product_range == 0:  # a difference that the product's width does not show
        return Equivalence("undecided")
    pattern = sum(1 << bit for bit in smallest)
    return Equivalence("different", (pattern & (1 << form.width) - 1, pattern >> form.width))


def _monomials(form: BilinearForm) -> dict[tuple[int, ...], int]:
    return {(i, form.width + j): weight for (i, j), weight in form.weights.items()}


def _abc(commands: list[str], files: dict[str, str], seconds: float) -> str:
    """Run ABC on files in a temporary folder; what it printed, empty if it took longer."""
    with TemporaryDirectory(prefix="accelsim-") as folder:
        path = Path(folder)
        for name, text in files.items():
            (path / name).write_text(text, encoding="utf-8")
        try:
            ended = run_child([_abc_program(), "-q", "; ".join(commands)], path, seconds=seconds)
        except subprocess.TimeoutExpired:
            return ""
    if ended.returncode:
        lines = ended.stdout.strip().splitlines()
        raise AccelsimError(f"ABC failed: {lines[-1] if lines else f'exit code {ended.returncode}'}")
    return ended.stdout


def _abc_program() -> str:
    spec = find_spec("pyosys")
    for folder in spec.submodule_search_locations or () if spec else ():
        bundled = Path(folder) / "yosys-abc"
        if bundled.exists():
            return str(bundled)
    return find_program("yosys-abc", "for proofs above 16 x 16 bits")
