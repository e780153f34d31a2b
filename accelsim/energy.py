"""Energy of a layer on an accelerator, by component."""

import math
from dataclasses import dataclass, fields
from itertools import pairwise

from accelsim.accelerator import Accelerator
from accelsim.array_layer import ArrayLayer
from accelsim.errors import AccelsimError
from accelsim.memory_traffic import Traffic

__all__ = [
    "DEFAULT_MEMORY_ENERGY",
    "LayerEnergy",
    "MemoryEnergy",
    "PartEnergy",
    "PeEnergy",
    "layer_energy",
]

#: From 45 nm and 0.9 V to the 130 nm and 1.2 V of the built-in cells: C V^2, with C as the feature size.
NODE_SCALE = 130 / 45 * (1.2 / 0.9) ** 2


@dataclass(frozen=True)
class MemoryEnergy:
    """What a byte costs that is read or written, in pJ.

    Parameters
    ----------
    scratchpad : tuple of (float, float)
        Size of a scratchpad in KiB, rising, and its energy per byte. Between two sizes, and beyond the
        outermost, the energy follows the straight line through two neighbours on logarithmic scales; with one
        entry it does not depend on the size.
    dram : float
        Of DRAM.
    source : str
        Where the figures come from.

    Raises
    ------
    AccelsimError
        If an energy is negative or not finite, or the sizes do not rise from above 0.
    """

    scratchpad: tuple[tuple[float, float], ...]
    dram: float
    source: str

    def __post_init__(self) -> None:
        energies = [*(energy for _, energy in self.scratchpad), self.dram]
        if not all(0 <= energy < math.inf for energy in energies):
            raise AccelsimError(f"energies per byte are {energies}; expected finite numbers from 0 on")
        sizes = [size for size, _ in self.scratchpad]
        if not sizes or sizes[0] <= 0 or any(size >= larger for size, larger in pairwise(sizes)):
            raise AccelsimError(f"sizes of scratchpads are {sizes} KiB; expected rising numbers above 0")
        if len(sizes) > 1 and 0 in energies[:-1]:
            raise AccelsimError(
                "a scratchpad's energy per byte is 0 at one size of several; expected above 0"
            )

    def scratchpad_pj(self, kib: float) -> float:
        """Return the energy per byte of a scratchpad of that size, in pJ."""
        if len(self.scratchpad) == 1:
            return self.scratchpad[0][1]
        pairs = list(pairwise(self.scratchpad))
        (size, energy), (larger, more) = next((pair for pair in pairs if kib <= pair[1][0]), pairs[-1])
        slope = math.log(more / energy) / math.log(larger / size)
        return energy * math.pow(kib / size, slope)


#: Per 64 bits: 10 pJ in 8 KB, 20 pJ in 32 KB, 100 pJ in 1 MB, 1.3 nJ in DRAM (1.3 to 2.6 nJ).
DEFAULT_MEMORY_ENERGY = MemoryEnergy(
    tuple((kib, pj / 8 * NODE_SCALE) for kib, pj in ((8.0, 10.0), (32.0, 20.0), (1024.0, 100.0))),
    1300 / 8,
    "M. Horowitz, ISSCC 2014 (45 nm, 0.9 V); scratchpads scaled to 130 nm and 1.2 V as C V^2, DRAM as it is",
)


@dataclass(frozen=True)
class PartEnergy:
    """Energy of a part of a PE.

    Parameters
    ----------
    per_product_fj : float
        For each product that a PE adds up.
    per_cycle_fj : float
        For each PE in each cycle, idle ones included.
    """

    per_product_fj: float = 0.0
    per_cycle_fj: float = 0.0

    def total_pj(self, products: int, pe_cycles: int) -> float:
        """Return the energy of so many products and PEs times cycles, in pJ."""
        return (self.per_product_fj * products + self.per_cycle_fj * pe_cycles) * 1e-3


@dataclass(frozen=True)
class PeEnergy:
    """Energy of a PE.

    Parameters
    ----------
    multiplier, adder, registers : PartEnergy
        Its parts: the accumulator's adder, and the registers with their clock.
    leakage_nw : float
        Static power.
    """

    multiplier: PartEnergy
    adder: PartEnergy
    registers: PartEnergy
    leakage_nw: float


@dataclass(frozen=True)
class LayerEnergy:
    """Energy of a layer for one image, in pJ.

    Parameters
    ----------
    multiplier, adder, registers : float
        Dynamic energy of the array; while it waits for DRAM its clock is off.
    leakage : float
        Static energy of the array, waiting included.
    scratchpads, dram : float
        Of every byte read and written.
    """

    multiplier: float = 0.0
    adder: float = 0.0
    registers: float = 0.0
    leakage: float = 0.0
    scratchpads: float = 0.0
    dram: float = 0.0

    @property
    def total(self) -> float:
        """All components together."""
        return math.fsum(self.components.values())

    @property
    def components(self) -> dict[str, float]:
        """Each component by name."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    def __add__(self, other: "LayerEnergy") -> "LayerEnergy":
        return LayerEnergy(**{name: own + other.components[name] for name, own in self.components.items()})


def layer_energy(
    layer: ArrayLayer,
    accelerator: Accelerator,
    traffic: Traffic,
    stall_cycles: int,
    pe: PeEnergy,
    memory: MemoryEnergy,
) -> LayerEnergy:
    """Return the energy of a layer for one image.

    Parameters
    ----------
    layer, accelerator
        What runs where.
    traffic : Traffic
        What it moves.
    stall_cycles : int
        Cycles in which the array waits.
    pe, memory
        What each product, cycle and byte costs.
    """
    array = accelerator.array
    cycles = layer.groups * array.cycles(layer.gemm)
    pe_cycles = array.pes * cycles
    moved = (
        (traffic.ifmap_accesses, accelerator.ifmap_kib),
        (traffic.filter_accesses, accelerator.filter_kib),
        (traffic.ofmap_accesses, accelerator.ofmap_kib),
    )
    microseconds = accelerator.microseconds(cycles + stall_cycles)
    return LayerEnergy(
        multiplier=pe.multiplier.total_pj(layer.macs, pe_cycles),
        adder=pe.adder.total_pj(layer.macs, pe_cycles),
        registers=pe.registers.total_pj(layer.macs, pe_cycles),
        leakage=pe.leakage_nw * array.pes * microseconds * 1e-3,
        scratchpads=math.fsum(bytes_ * memory.scratchpad_pj(kib) for bytes_, kib in moved),
        dram=traffic.dram_bytes * memory.dram,
    )
