"""Does the hardware compute what it should? Compared product by product, or proven."""

import time
from collections.abc import Iterable
from dataclasses import dataclass
from threading import Thread
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from accelsim.errors import AccelsimError
from accelsim.exhaustive import find_differences
from accelsim.lut import Lut
from accelsim.netlist import FIRST_INPUT_NET, Netlist, Port
from accelsim.rtl.catalogue import find_circuit
from accelsim.rtl.circuits import Circuit
from accelsim.rtl.operand_pairs import OperandPairs, all_pairs, chosen_pairs, random_pairs
from accelsim.rtl.references import Reference, ReferenceKind, choose_reference
from accelsim.simulation import outputs, outputs_in_order

__all__ = ["Mismatch", "Simulator", "Verification", "verify"]

Simulator = Literal["netlist", "amaranth", "icarus", "verilator"]
Method = Literal["exhaustive", "sat", "algebra", "random"]

#: Widest operands together, in bits, of which Amaranth's simulator is given every pair by default.
_EXHAUSTIVE_IN_AMARANTH = 12
_RANDOM_PAIRS = 100_000
_RANDOM_IN_AMARANTH = 1000
_SHOWN_MISMATCHES = 5


@dataclass(frozen=True)
class Mismatch:
    """An operand pair whose product in the reference is not the hardware's; all four are values.

    Attributes
    ----------
    a, b : int
        The operands.
    hardware, reference : int
        The hardware's product, and the reference's.
    """

    a: int
    b: int
    hardware: int
    reference: int


@dataclass(frozen=True)
class Verification:
    """Outcome of comparing hardware with a reference.

    Attributes
    ----------
    name : str
        The multiplier's name.
    reference : str
        What it was compared with: name of a LUT or multiplier, or a formula.
    reference_kind : {"lut", "closed form", "multiplier"}
        What that is.
    simulator : {"netlist", "amaranth", "icarus", "verilator"}
        What simulated the hardware.
    method : {"exhaustive", "sat", "algebra", "random"}
        How: every operand pair simulated; equality of two netlists proven by SAT; the netlist's polynomial
        found to be that of the formula; random pairs simulated, which proves nothing, where there are too
        many for all with pairs of corner values among them.
    exhaustive : bool
        Whether every operand pair was simulated.
    pairs_checked, mismatches : int
        Operand pairs simulated, or all where a proof covers them; and those whose products differ (by SAT:
        the one that was found).
    first_mismatches : tuple of Mismatch
        The first few, in the order of the operands' bit patterns.
    undecided : str, optional
        Why there is no proof, where one was sought.
    seconds : float
        Wall time, synthesis included.
    """

    name: str
    reference: str
    reference_kind: ReferenceKind
    simulator: Simulator
    method: Method
    exhaustive: bool
    pairs_checked: int
    mismatches: int
    first_mismatches: tuple[Mismatch, ...]
    undecided: str | None
    seconds: float

    @property
    def proven(self) -> bool:
        """Whether no operand pair can make a difference."""
        return not self.mismatches and self.method != "random"


class _Outcome(NamedTuple):
    method: Method
    pairs_checked: int
    mismatches: int
    first: tuple[Mismatch, ...]
    undecided: str | None = None


def verify(
    name: str,
    lut: Lut | None = None,
    *,
    against: str | None = None,
    simulator: Simulator = "netlist",
    vectors: int | None = None,
    seed: int = 0,
    time_limit: float = 20,
) -> Verification:
    """Compare the hardware that ``name`` describes with a LUT, a closed form or another multiplier.

    Parameters
    ----------
    name : str
        A multiplier with gates.
    lut : Lut, optional
        What to check; default: the LUT that the engine would use, or the closed form of a wider multiplier.
    against : str, optional
        Name or path of a multiplier to compare with instead.
    simulator : {"netlist", "amaranth", "icarus", "verilator"}
        ``"netlist"`` synthesises the description anew and simulates every operand pair at gate level, up to
        2^32 of them; above, pairs of corner values and random ones, and then it tries to prove the rest.
        ``"amaranth"`` simulates the description itself in Amaranth's own simulator, or the gates one by one
        where there is no other description, every pair up to 6 bits.
        ``"icarus"`` and ``"verilator"`` run the exported Verilog with its test bench in that program, every
        pair up to 8 bits, corners and random ones above.
    vectors : int, optional
        This many random operand pairs instead; default in Amaranth's simulator above 6 bits: 1,000.
    seed : int
        Seed of the random pairs.
    time_limit : float
        Seconds for a proof.

    Raises
    ------
    AccelsimError
        If a name is unknown, the reference is not of the multiplier's widths and signedness, the number of
        vectors is not positive or given where every pair is simulated, or a program is missing.
    """
    started = time.perf_counter()
    circuit = find_circuit(name)
    reference = choose_reference(circuit, lut, against, simulated=simulator != "netlist")
    if simulator == "netlist":
        if circuit.a_width + circuit.b_width > reference.exhaustive_bits:
            outcome = _proven_or_sampled(circuit, reference, vectors, seed, time_limit)
        elif vectors is None:
            outcome = _every_pair(circuit, reference)
        else:
            raise AccelsimError(
                f"the netlist simulator checks every operand pair of {circuit.name}; --vectors goes with "
                "amaranth, icarus, verilator, and wider multipliers"
            )
    elif simulator == "amaranth":
        outcome = _in_amaranth(circuit, reference, vectors, seed)
    else:
        outcome = _in_verilog(circuit, reference, simulator, vectors, seed)
    return Verification(
        name=circuit.name,
        reference=reference.name,
        reference_kind=reference.kind,
        simulator=simulator,
        method=outcome.method,
        exhaustive=outcome.method == "exhaustive",
        pairs_checked=outcome.pairs_checked,
        mismatches=outcome.mismatches,
        first_mismatches=outcome.first,
        undecided=outcome.undecided,
        seconds=time.perf_counter() - started,
    )


def _every_pair(circuit: Circuit, reference: Reference) -> _Outcome:
    loading = Thread(target=_load_simulator, args=(circuit.product_width,))
    loading.start()  # while Yosys runs
    try:
        netlist = circuit.fresh_netlist()
    finally:
        loading.join()
    vectors = 1 << circuit.a_width + circuit.b_width
    found = find_differences(vectors, reference.differs(netlist), _SHOWN_MISMATCHES)
    numbers = np.array(found.first, dtype=np.uint64)
    pairs = numbers >> np.uint64(circuit.b_width), numbers & np.uint64((1 << circuit.b_width) - 1)
    first = _mismatches(circuit, pairs, outputs(netlist, *pairs), reference.products(pairs))
    return _Outcome("exhaustive", vectors, found.total, first)


def _load_simulator(product_width: int) -> None:
    """Simulate a wire: the first call of a compiled function takes a quarter of a second."""
    net = FIRST_INPUT_NET
    ports = Port("a", (net,)), Port("p", (net,) * product_width)
    no_gates = np.empty(0, dtype=np.uint8), np.empty((0, 3), dtype=np.int32)
    outputs_in_order(Netlist("wire", ports[:1], ports[1:], *no_gates), 0, 2)


def _proven_or_sampled(
    circuit: Circuit, reference: Reference, vectors: int | None, seed: int, time_limit: float
) -> _Outcome:
    netlist = circuit.fresh_netlist()
    widths = circuit.a_width, circuit.b_width
    pairs = chosen_pairs(*widths, _RANDOM_PAIRS if vectors is None else vectors, seed)
    sampled = _compared(circuit, pairs, outputs(netlist, *pairs).astype(np.uint64), reference, "random")
    if sampled.mismatches:
        return sampled
    attempt = reference.prove(netlist, time_limit)
    if attempt is None:
        return sampled._replace(undecided="no method of proof for this closed form")
    method, (verdict, counterexample) = attempt
    everything = 1 << sum(widths)
    if verdict == "equal":
        return _Outcome(method, everything, 0, ())
    if counterexample is None:
        return sampled._replace(undecided=f"{method} gave no proof within {time_limit:g} s")
    a, b = (np.array([operand], dtype=np.uint64) for operand in counterexample)
    pair = a, b
    first = _mismatches(circuit, pair, outputs(netlist, *pair), reference.products(pair))
    if first[0].hardware == first[0].reference:
        raise AccelsimError(f"ABC's counterexample for {circuit.name} is none: {first[0]}")
    return _Outcome(method, everything, 1, first)


def _in_amaranth(circuit: Circuit, reference: Reference, vectors: int | None, seed: int) -> _Outcome:
    from accelsim.rtl.netlist_multiplier import component_of
    from accelsim.rtl.simulate import products_in_amaranth

    widths = circuit.a_width, circuit.b_width
    exhaustive = vectors is None and sum(widths) <= _EXHAUSTIVE_IN_AMARANTH
    count = _RANDOM_IN_AMARANTH if vectors is None else vectors
    pairs = all_pairs(*widths) if exhaustive else random_pairs(*widths, count, seed)
    products = products_in_amaranth(component_of(circuit), *pairs)
    mask = np.uint64((1 << circuit.product_width) - 1)
    patterns = products.view(np.uint64) & mask
    return _compared(circuit, pairs, patterns, reference, "exhaustive" if exhaustive else "random")


def _in_verilog(
    circuit: Circuit,
    reference: Reference,
    simulator: Literal["icarus", "verilator"],
    vectors: int | None,
    seed: int,
) -> _Outcome:
    from accelsim.rtl.export import bench_pairs
    from accelsim.rtl.verilog_simulators import run_bench

    pairs = bench_pairs(circuit, vectors, seed)
    found = run_bench(simulator, circuit, pairs, reference.products(pairs))
    count = len(pairs[0])
    exhaustive = vectors is None and count == 1 << circuit.a_width + circuit.b_width
    first = tuple(Mismatch(*numbers) for numbers in found.first)
    return _Outcome("exhaustive" if exhaustive else "random", count, found.mismatches, first)


def _compared(
    circuit: Circuit, pairs: OperandPairs, hardware: NDArray[np.uint64], reference: Reference, method: Method
) -> _Outcome:
    expected = reference.products(pairs)
    wrong = np.flatnonzero(hardware != expected)
    shown = wrong[:_SHOWN_MISMATCHES]
    first = _mismatches(circuit, (pairs[0][shown], pairs[1][shown]), hardware[shown], expected[shown])
    return _Outcome(method, len(expected), len(wrong), first)


def _mismatches(
    circuit: Circuit, pairs: OperandPairs, hardware: Iterable[int], expected: Iterable[int]
) -> tuple[Mismatch, ...]:
    widths = (circuit.a_width, circuit.b_width, *[circuit.product_width] * 2)
    return tuple(
        Mismatch(
            *(
                _value(int(pattern), width, circuit.signed)
                for pattern, width in zip(patterns, widths, strict=True)
            )
        )
        for patterns in zip(*pairs, hardware, expected, strict=True)
    )


def _value(pattern: int, width: int, signed: bool) -> int:
    return pattern - (1 << width) if signed and pattern >> (width - 1) else pattern
