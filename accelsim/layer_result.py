"""What an accelerator does for each layer of a network."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import reduce

from accelsim.accelerator import Accelerator
from accelsim.array_layer import ArrayLayer
from accelsim.energy import LayerEnergy, MemoryEnergy, PeEnergy, layer_energy
from accelsim.memory_traffic import Traffic, memory_traffic
from accelsim.prefetch import stall_cycles
from accelsim.scalesim_cycles import CycleDifference, cycle_difference, scalesim_cycles

__all__ = ["LayerResult", "NetworkResult", "layer_result", "network_result"]


@dataclass(frozen=True)
class LayerResult:
    """A layer on an accelerator, for one image.

    Parameters
    ----------
    layer : ArrayLayer
        What runs.
    accelerator : Accelerator
        Where.
    traffic : Traffic
        What moves.
    stall_cycles : int
        Cycles in which the array waits for DRAM.
    energy : LayerEnergy
        In pJ.
    """

    layer: ArrayLayer
    accelerator: Accelerator = field(repr=False)
    traffic: Traffic
    stall_cycles: int
    energy: LayerEnergy

    @property
    def folds(self) -> int:
        """Passes through the array."""
        return self.layer.groups * self.accelerator.array.fold_count(self.layer.gemm)

    @property
    def compute_cycles(self) -> int:
        """Cycles in which the array runs."""
        return self.layer.groups * self.accelerator.array.cycles(self.layer.gemm)

    @property
    def cycles(self) -> int:
        """Cycles from the first byte fetched to the last one stored."""
        return self.compute_cycles + self.stall_cycles

    @property
    def utilization(self) -> float:
        """Share of the PEs that form a product, mean over the cycles in which the array runs."""
        return self.layer.macs / (self.accelerator.array.pes * self.compute_cycles)

    @property
    def microseconds(self) -> float:
        """How long it takes."""
        return self.accelerator.microseconds(self.cycles)

    @property
    def gmacs(self) -> float:
        """Products per nanosecond."""
        return self.layer.macs / self.microseconds * 1e-3

    @property
    def intensity(self) -> float:
        """Products per byte that crosses the DRAM interface."""
        return self.layer.macs / self.traffic.dram_bytes

    @property
    def scalesim_cycles(self) -> int:
        """SCALE-Sim's cycles without stalls; each group is a layer of its own to it."""
        return self.layer.groups * scalesim_cycles(self.accelerator.array, self.layer.gemm)

    @property
    def scalesim_difference(self) -> CycleDifference:
        """What `compute_cycles` counts more than that."""
        one, groups = cycle_difference(self.accelerator.array, self.layer.gemm), self.layer.groups
        return CycleDifference(groups * one.count_from_zero, groups * one.output_register, groups * one.drain)


@dataclass(frozen=True)
class NetworkResult:
    """All layers of a network on an accelerator, for one image.

    Parameters
    ----------
    accelerator : Accelerator
        Where.
    layers : tuple of LayerResult
        One after the other; the first bytes of one are fetched when the last of the one before are stored.
    """

    accelerator: Accelerator
    layers: tuple[LayerResult, ...]

    @property
    def macs(self) -> int:
        """Products in all."""
        return sum(each.layer.macs for each in self.layers)

    @property
    def compute_cycles(self) -> int:
        """Cycles in which the array runs."""
        return sum(each.compute_cycles for each in self.layers)

    @property
    def stall_cycles(self) -> int:
        """Cycles in which it waits for DRAM."""
        return sum(each.stall_cycles for each in self.layers)

    @property
    def cycles(self) -> int:
        """All cycles."""
        return self.compute_cycles + self.stall_cycles

    @property
    def utilization(self) -> float:
        """Share of the PEs that form a product, mean over the cycles in which the array runs."""
        return self.macs / (self.accelerator.array.pes * self.compute_cycles)

    @property
    def microseconds(self) -> float:
        """How long an image takes."""
        return self.accelerator.microseconds(self.cycles)

    @property
    def traffic(self) -> Traffic:
        """What moves."""
        return reduce(Traffic.__add__, (each.traffic for each in self.layers))

    @property
    def energy(self) -> LayerEnergy:
        """Energy of an image, in pJ."""
        parts = [each.energy.components for each in self.layers]
        return LayerEnergy(**{name: math.fsum(part[name] for part in parts) for name in parts[0]})


def layer_result(
    layer: ArrayLayer, accelerator: Accelerator, pe: PeEnergy, memory: MemoryEnergy
) -> LayerResult:
    """Return what an accelerator does for a layer.

    Raises
    ------
    AccelsimError
        If a scratchpad is too small for one tile of it.
    """
    traffic, waiting = memory_traffic(layer, accelerator), stall_cycles(layer, accelerator)
    energy = layer_energy(layer, accelerator, traffic, waiting, pe, memory)
    return LayerResult(layer, accelerator, traffic, waiting, energy)


def network_result(
    layers: Sequence[ArrayLayer], accelerator: Accelerator, pes: Sequence[PeEnergy], memory: MemoryEnergy
) -> NetworkResult:
    """Return what an accelerator does for all layers, each with its own PEs' energy.

    Raises
    ------
    AccelsimError
        If a scratchpad is too small for one tile of a layer.
    """
    results = (layer_result(layer, accelerator, pe, memory) for layer, pe in zip(layers, pes, strict=True))
    return NetworkResult(accelerator, tuple(results))
