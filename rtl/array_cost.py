"""What a processing element costs: its multiplier, its adder and its registers, each for itself."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from accelsim.accumulator import Accumulator
from accelsim.cost import mapped_cost
from accelsim.errors import AccelsimError
from accelsim.flip_flops import BUILT_IN_FLIP_FLOP, FlipFlop, read_flip_flop
from accelsim.liberty_cells import read_cells
from accelsim.mapped_netlist import MappedNetlist, map_gates
from accelsim.netlist import Netlist
from accelsim.operand_streams import OperandStream, uniform_stream
from accelsim.rtl.accumulator_adder import AccumulatorAdder
from accelsim.rtl.array_design import ArrayDesign
from accelsim.rtl.circuits import Circuit
from accelsim.rtl.netlist_cache import cached_synthesis
from accelsim.rtl.technology_mapping import map_to_library
from accelsim.simulation import outputs
from accelsim.systolic_array import SystolicArray

if TYPE_CHECKING:
    from accelsim.approx_layer import ActivationOperand

__all__ = ["DEFAULT_DEPTH", "PartCost", "PeCost", "PeCostEstimator", "pe_cost"]

#: Products per sum, where nothing else is known.
DEFAULT_DEPTH = 64


@dataclass(frozen=True)
class PartCost:
    """Cost of a part of a PE.

    Attributes
    ----------
    area_um2, leakage_nw : float
        Area and static power.
    energy_fj : float
        Mean dynamic energy of an operation.
    """

    area_um2: float
    leakage_nw: float
    energy_fj: float


@dataclass(frozen=True)
class PeCost:
    """Cost of a PE. One operation is one product added to a sum, in one cycle.

    Attributes
    ----------
    multiplier, adder, registers : PartCost
        Its parts. That of the registers holds the clock's energy of the cycle.
    clock_fj : float
        Energy of the registers' clock in one cycle: what a PE costs that has nothing to do.
    flip_flops : int
        Bits of the registers.
    operations : int
        Operations that the energies are means over.
    cells_from : str
        Where the figures of the cells are from.
    """

    multiplier: PartCost
    adder: PartCost
    registers: PartCost
    clock_fj: float
    flip_flops: int
    operations: int
    cells_from: str

    @property
    def area_um2(self) -> float:
        """Area of the PE, in um^2."""
        return self.multiplier.area_um2 + self.adder.area_um2 + self.registers.area_um2

    @property
    def leakage_nw(self) -> float:
        """Static power of the PE, in nW."""
        return self.multiplier.leakage_nw + self.adder.leakage_nw + self.registers.leakage_nw

    @property
    def energy_fj(self) -> float:
        """Dynamic energy of an operation, in fJ."""
        return self.multiplier.energy_fj + self.adder.energy_fj + self.registers.energy_fj


class PeCostEstimator:
    """Maps the parts of a PE onto cells once, and estimates their energy for streams of operands.

    Multiplier and adder are costed as `accelsim.cost.mapped_cost` does. Registers are flip-flops with
    `accelsim.flip_flops`' figures: each costs its clock in every cycle, and more when its bit changes. What
    resets and stalls them is not part of the figures, nor are wires and the clock's tree.

    Parameters
    ----------
    design : ArrayDesign
        The array that the PE is for.
    liberty : Path, optional
        Liberty file of the cells; default: the built-in table.

    Raises
    ------
    AccelsimError
        If the multiplier has no gates, or the Liberty file lacks what is needed.
    """

    def __init__(self, design: ArrayDesign, liberty: Path | None = None) -> None:
        self.design = design
        self._library = None if liberty is None else read_cells(liberty)
        self._flip_flop: FlipFlop = BUILT_IN_FLIP_FLOP if liberty is None else read_flip_flop(liberty)
        adder = AccumulatorAdder(design.array.accumulator, design.product_shape)
        self._multiplier = self._mapped(design.circuit.netlist())
        self._adder = self._mapped(cached_synthesis(adder, "accumulator_adder"))

    def estimate(self, stream: OperandStream | None = None, *, depth: int = DEFAULT_DEPTH) -> PeCost:
        """Estimate the cost of a PE that multiplies a stream of operands.

        With ``os`` the products are added up, ``depth`` in turn, as they come. With ``ws`` and ``is`` each is
        added to a partial sum of another output, which comes from the PE above: these are sums of 0 to
        ``depth - 1`` of the stream's products in random order.

        Parameters
        ----------
        stream : OperandStream, optional
            Operands in the order in which the PE gets them; default: uniform random ones.
        depth : int
            Products per sum.

        Raises
        ------
        AccelsimError
            If the stream has fewer operands than a sum has products, or does not suit the multiplier.
        """
        circuit, accumulator = self.design.circuit, self.design.array.accumulator
        stream = stream or uniform_stream(circuit.a_width, circuit.b_width)
        if not 1 <= depth <= len(stream.a):
            raise AccelsimError(f"sums of {depth} products from a stream of {len(stream.a)}")
        count = len(stream.a) // depth * depth
        a, b = stream.a[:count], stream.b[:count]
        patterns = outputs(circuit.netlist(), a, b).astype(np.int64)
        products = _numbers(patterns, circuit.product_width) if circuit.signed else patterns
        before, after = self._sums(products, depth)
        mask = (1 << accumulator.bits) - 1
        multiplier = mapped_cost(self._multiplier, a, b)
        adder = mapped_cost(self._adder, before & mask, patterns, np.ones(count, np.int64))
        left, top = (a, b) if self.design.left_operand == "a" else (b, a)
        moving = [left, top] if self.design.array.dataflow == "os" else [left]
        changes = sum(_toggles(register) for register in (*moving, after & mask))
        bits, flip_flop = self.flip_flops, self._flip_flop
        clock = bits * flip_flop.clock_fj
        return PeCost(
            PartCost(multiplier.area_um2, multiplier.leakage_nw, multiplier.energy_fj),
            PartCost(adder.area_um2, adder.leakage_nw, adder.energy_fj),
            PartCost(
                bits * flip_flop.area_um2,
                bits * flip_flop.leakage_nw,
                clock + changes * flip_flop.change_fj,
            ),
            clock,
            bits,
            count - 1,
            self._multiplier.library.source,
        )

    @cached_property
    def flip_flops(self) -> int:
        """Bits of a PE's registers: both operands with their valid bits, and the accumulator."""
        return self.design.circuit.product_width + 2 + self.design.array.accumulator.bits

    def _mapped(self, netlist: Netlist) -> MappedNetlist:
        return map_gates(netlist) if self._library is None else map_to_library(netlist, self._library)

    def _sums(self, products: NDArray[np.int64], depth: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return what each product is added to, and the sums."""
        accumulator, running = self.design.array.accumulator, self.design.array.dataflow == "os"
        source = products if running else np.random.default_rng(0).permutation(products)
        partial = np.zeros((depth, len(products) // depth), np.int64)
        terms = source.reshape(-1, depth).T
        for k in range(1, depth):
            partial[k] = _added(accumulator, partial[k - 1], terms[k - 1])
        before = partial.T.ravel() if running else partial.ravel()
        return before, _added(accumulator, before, products)


def pe_cost(
    array: SystolicArray,
    circuit: Circuit,
    stream: OperandStream | None = None,
    *,
    activation_operand: "ActivationOperand" = "a",
    depth: int = DEFAULT_DEPTH,
    liberty: Path | None = None,
) -> PeCost:
    """Estimate the cost of a PE; `PeCostEstimator` does it for several streams.

    Parameters
    ----------
    array : SystolicArray
        Dataflow and accumulator; its size does not matter.
    circuit : Circuit
        The multiplier.
    stream : OperandStream, optional
        Operands in the order in which a PE gets them; default: uniform random ones.
    activation_operand : {"a", "b"}
        Which operand of the multiplier is the activation.
    depth : int
        Products per sum.
    liberty : Path, optional
        Liberty file of the cells; default: the built-in table.

    Raises
    ------
    AccelsimError
        As `ArrayDesign` and `PeCostEstimator`.
    """
    return PeCostEstimator(ArrayDesign(array, circuit, activation_operand), liberty).estimate(
        stream, depth=depth
    )


def _added(
    accumulator: Accumulator, before: NDArray[np.int64], products: NDArray[np.int64]
) -> NDArray[np.int64]:
    return accumulator.sum(np.stack([before, products]))


def _numbers(patterns: NDArray[np.int64], width: int) -> NDArray[np.int64]:
    return patterns - (patterns >> width - 1 << width)


def _toggles(words: NDArray[np.int64]) -> float:
    """Return the mean number of bits that change from one word to the next."""
    return float(np.bitwise_count(words[1:] ^ words[:-1]).mean()) if len(words) > 1 else 0.0
