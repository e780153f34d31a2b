"""Equivalence of 16 x 16 multipliers over all 2^32 operand pairs, against the same check in plain NumPy.

Run as a script, with names of multipliers if not all of the library's 16-bit ones; prints the seconds of
each, synthesis included, and the ratio to NumPy for the same number of pairs.
"""

import sys
import time

import numpy as np

from accelsim.netlist import Gate, Netlist
from accelsim.rtl.catalogue import netlist_of
from accelsim.rtl.library import describe, wide_names
from accelsim.rtl.library_closed_forms import closed_form_of
from accelsim.rtl.verification import verify

PAIRS = 1 << 32
NUMPY_ROWS = 8  # of 2^16 pairs each

FUNCTIONS = {
    Gate.BUF: lambda a, b, c: a,
    Gate.NOT: lambda a, b, c: ~a,
    Gate.AND: lambda a, b, c: a & b,
    Gate.NAND: lambda a, b, c: ~(a & b),
    Gate.OR: lambda a, b, c: a | b,
    Gate.NOR: lambda a, b, c: ~(a | b),
    Gate.XOR: lambda a, b, c: a ^ b,
    Gate.XNOR: lambda a, b, c: ~(a ^ b),
    Gate.ANDNOT: lambda a, b, c: a & ~b,
    Gate.ORNOT: lambda a, b, c: a | ~b,
    Gate.MUX: lambda a, b, c: np.where(c, b, a),
}


def rows_in_numpy(netlist: Netlist, first: int, rows: int) -> np.ndarray:
    """Simulate with a bool array for each net, a vector each element."""
    pairs = np.arange(first << 16, (first + rows) << 16, dtype=np.uint64)
    values = [np.zeros(len(pairs), bool), np.ones(len(pairs), bool)]
    values += [pairs >> np.uint64(16 + bit) & np.uint64(1) != 0 for bit in range(16)]
    values += [pairs >> np.uint64(bit) & np.uint64(1) != 0 for bit in range(16)]
    for opcode, operands in zip(netlist.opcodes.tolist(), netlist.operands.tolist(), strict=True):
        values.append(FUNCTIONS[Gate(opcode)](*(values[net] for net in operands)))
    found = np.zeros(len(pairs), dtype=np.uint32)
    for bit, net in enumerate(netlist.outputs[0].nets):
        found |= values[net].astype(np.uint32) << np.uint32(bit)
    return found


def main(names: list[str]) -> None:
    print(f"{'multiplier':28} {'gates':>6} {'seconds':>8} {'G pairs/s':>10} {'NumPy s':>9} {'ratio':>6}")
    for name in names:
        netlist = netlist_of(name)
        verify(f"mul13{name[5:]}" if "udm" not in name else "mul8u_udm")  # compiles the kernels
        ours = verify(name)
        assert ours.mismatches == 0
        assert ours.pairs_checked == PAIRS
        form = closed_form_of(describe(name).parsed)
        assert form is not None
        started = time.perf_counter()
        found = rows_in_numpy(netlist, 40_000, NUMPY_ROWS)
        expected = np.concatenate([form.row(a) for a in range(40_000, 40_000 + NUMPY_ROWS)])
        assert (found == expected).all()
        theirs = (time.perf_counter() - started) * PAIRS / len(found)
        print(
            f"{name:28} {netlist.gate_count:6} {ours.seconds:8.1f} {PAIRS / ours.seconds / 1e9:10.2f} "
            f"{theirs:9.0f} {theirs / ours.seconds:6.0f}",
            flush=True,
        )


if __name__ == "__main__":
    main(sys.argv[1:] or [name for name in wide_names() if name.startswith("mul16")])
