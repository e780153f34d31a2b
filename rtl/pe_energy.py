"""Energy of a PE with the operands that it really has, cycle by cycle."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from accelsim.cost import mapped_cost
from accelsim.energy import PartEnergy, PeEnergy
from accelsim.flip_flops import BUILT_IN_FLIP_FLOP, read_flip_flop
from accelsim.liberty_cells import read_cells
from accelsim.mapped_netlist import MappedNetlist, map_gates
from accelsim.netlist import Netlist
from accelsim.pe_stream import PeStream
from accelsim.rtl.accumulator_adder import AccumulatorAdder
from accelsim.rtl.array_cost import PeCostEstimator
from accelsim.rtl.array_design import ArrayDesign
from accelsim.rtl.synthesis import synthesise
from accelsim.rtl.technology_mapping import map_to_library

__all__ = ["PeEnergyEstimator"]


class PeEnergyEstimator:
    """Energy of the PEs of an array.

    Parameters
    ----------
    design : ArrayDesign
        The array.
    liberty : Path, optional
        Liberty file of the cells; default: the built-in table.

    Raises
    ------
    AccelsimError
        If the multiplier has no gates, or the Liberty file lacks what is needed.
    """

    def __init__(self, design: ArrayDesign, liberty: Path | None = None) -> None:
        self.design = design
        library = None if liberty is None else read_cells(liberty)

        def mapped(netlist: Netlist) -> MappedNetlist:
            return map_gates(netlist) if library is None else map_to_library(netlist, library)

        adder = AccumulatorAdder(design.array.accumulator, design.product_shape)
        self._flip_flop = BUILT_IN_FLIP_FLOP if liberty is None else read_flip_flop(liberty)
        self._multiplier = mapped(design.circuit.netlist())
        self._adder = mapped(synthesise(adder, "accumulator_adder"))
        self._uniform = PeCostEstimator(design, liberty).estimate()

    @property
    def cells_from(self) -> str:
        """Where the figures of the cells are from."""
        return self._uniform.cells_from

    def uniform(self) -> PeEnergy:
        """Return the energy of products of uniform random operands; an idle PE costs its clock alone."""
        cost = self._uniform
        return PeEnergy(
            PartEnergy(per_product_fj=cost.multiplier.energy_fj),
            PartEnergy(per_product_fj=cost.adder.energy_fj),
            PartEnergy(cost.registers.energy_fj - cost.clock_fj, cost.clock_fj),
            cost.leakage_nw,
        )

    def of_stream(self, stream: PeStream) -> PeEnergy:
        """Return the mean energy of a PE in a cycle, over the signals of PEs.

        Nothing is assumed idle: operands that pass by, the preload and the drain switch what they switch.
        """
        design = self.design
        sums, products = (1 << design.array.accumulator.bits) - 1, (1 << design.circuit.product_width) - 1
        adder = mapped_cost(
            self._adder,
            stream.before.astype(np.int64) & sums,
            stream.product.astype(np.int64) & products,
            stream.works,
        )
        registers = (
            stream.left,
            stream.top,
            stream.left_valid,
            stream.top_valid,
            stream.acc.astype(np.int64) & sums,
        )
        changes = sum(_changes(register) for register in registers)
        clock = self._uniform.clock_fj
        return PeEnergy(
            PartEnergy(per_cycle_fj=self._multiplier_fj(stream, slice(None))),
            PartEnergy(per_cycle_fj=adder.energy_fj),
            PartEnergy(per_cycle_fj=clock + changes * self._flip_flop.change_fj),
            self._uniform.leakage_nw,
        )

    def isolated_product_fj(self, stream: PeStream) -> float:
        """Return the mean energy of a product, as if the multiplier's inputs never changed between products.

        That is what operand isolation would do, which the PE does not have.
        """
        return self._multiplier_fj(stream, stream.works)

    def _multiplier_fj(self, stream: PeStream, cycles: slice | NDArray[np.bool_]) -> float:
        """Return the multiplier's mean energy over some of the cycles, as if they followed one another."""
        activations, weights = (operand[cycles] for operand in stream.operands(self.design.array))
        on_a = self.design.activation_operand == "a"
        operands = (activations, weights) if on_a else (weights, activations)
        return mapped_cost(self._multiplier, *operands).energy_fj


def _changes(register: NDArray[Any]) -> float:
    """Return the mean number of bits that change from one cycle to the next."""
    return float(np.bitwise_count(register[1:] ^ register[:-1]).mean())
