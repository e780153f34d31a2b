"""Does a LUT hold what the hardware computes? Compared product by product with the circuit."""

import time
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from accelsim.errors import AccelsimError
from accelsim.lut import Lut, operand_values
from accelsim.rtl.catalogue import find_circuit
from accelsim.rtl.circuits import Circuit, DescribedCircuit, product_table
from accelsim.rtl.simulate import products_in_amaranth

__all__ = ["Mismatch", "Verification", "verify"]

#: Widest operand, in bits, of which Amaranth's simulator is given every pair by default.
_EXHAUSTIVE_IN_AMARANTH = 6
_SHOWN_MISMATCHES = 5


@dataclass(frozen=True)
class Mismatch:
    """An operand pair whose product in the LUT is not the hardware's; all four are values, not patterns."""

    a: int
    b: int
    hardware: int
    lut: int


@dataclass(frozen=True)
class Verification:
    """Outcome of comparing a LUT with a hardware description.

    Attributes
    ----------
    name : str
        The multiplier's name in the library.
    lut : str
        Name of the LUT that was compared.
    simulator : {"netlist", "amaranth"}
        What simulated the hardware.
    exhaustive : bool
        Whether every operand pair was compared.
    pairs_checked, mismatches : int
        Operand pairs compared, and those whose products differ.
    first_mismatches : tuple of Mismatch
        The first few, in the order of the operands' bit patterns.
    seconds : float
        Wall time, synthesis included.
    """

    name: str
    lut: str
    simulator: Literal["netlist", "amaranth"]
    exhaustive: bool
    pairs_checked: int
    mismatches: int
    first_mismatches: tuple[Mismatch, ...]
    seconds: float


def verify(
    name: str,
    lut: Lut | None = None,
    *,
    simulator: Literal["netlist", "amaranth"] = "netlist",
    vectors: int | None = None,
    seed: int = 0,
) -> Verification:
    """Compare a LUT with the hardware that ``name`` describes.

    Parameters
    ----------
    name : str
        A described multiplier of at most 12-bit operands.
    lut : Lut, optional
        What to check; default: the LUT that the engine would use.
    simulator : {"netlist", "amaranth"}
        ``"netlist"`` synthesises the description anew and simulates every operand pair at gate level.
        ``"amaranth"`` simulates the description itself in Amaranth's own simulator, every pair up to 6 bits.
    vectors : int, optional
        With Amaranth's simulator: this many random operand pairs instead; default above 6 bits: 1,000.
    seed : int
        Seed of the random pairs.

    Raises
    ------
    AccelsimError
        If the name is unknown, the LUT is not of the description's widths and signedness, or the number of
        vectors is not positive or given for the netlist simulator.
    """
    started = time.perf_counter()
    circuit = find_circuit(name)
    if lut is None:
        lut = circuit.lut()
    _check_shape(lut, circuit)
    columns = 1 << circuit.b_width
    size = columns << circuit.a_width
    if simulator == "netlist":
        if vectors is not None:
            raise AccelsimError(
                "the netlist simulator checks every operand pair; --vectors goes with amaranth"
            )
        exhaustive, pairs = True, np.arange(size)
        hardware = product_table(circuit.fresh_netlist(), circuit.signed).ravel()
        held = lut.table.ravel()
    else:
        if not isinstance(circuit, DescribedCircuit):
            raise AccelsimError(
                f"{circuit.name} is not described in Amaranth; check it with the netlist simulator"
            )
        exhaustive = vectors is None and circuit.a_width <= _EXHAUSTIVE_IN_AMARANTH
        pairs = (
            np.arange(size) if exhaustive else _random_pairs(size, 1000 if vectors is None else vectors, seed)
        )
        hardware = products_in_amaranth(circuit.description.build(), *np.divmod(pairs, columns))
        held = lut.table.ravel()[pairs]
    wrong = np.flatnonzero(held != hardware)
    a_values, b_values = (
        operand_values(width, circuit.signed) for width in (circuit.a_width, circuit.b_width)
    )
    first = tuple(
        Mismatch(int(a_values[a]), int(b_values[b]), int(hardware[i]), int(held[i]))
        for i in wrong[:_SHOWN_MISMATCHES]
        for a, b in [divmod(int(pairs[i]), columns)]
    )
    return Verification(
        name=circuit.name,
        lut=lut.name,
        simulator=simulator,
        exhaustive=exhaustive,
        pairs_checked=len(hardware),
        mismatches=len(wrong),
        first_mismatches=first,
        seconds=time.perf_counter() - started,
    )


def _check_shape(lut: Lut, circuit: Circuit) -> None:
    if (lut.a_width, lut.b_width, lut.signed) != (circuit.a_width, circuit.b_width, circuit.signed):
        kinds = {True: "signed", False: "unsigned"}
        raise AccelsimError(
            f"LUT {lut.name} is {kinds[lut.signed]}, {lut.a_width} x {lut.b_width} bits; {circuit.name} "
            f"is {kinds[circuit.signed]}, {circuit.a_width} x {circuit.b_width} bits"
        )


def _random_pairs(size: int, count: int, seed: int) -> NDArray[np.int64]:
    """Draw operand pairs, each as ``a * 2^b_width + b``."""
    if count < 1:
        raise AccelsimError(f"{count} vectors asked for; at least 1 is needed")
    return np.random.default_rng(seed).integers(0, size, count)
