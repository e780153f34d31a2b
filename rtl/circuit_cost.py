"""What a multiplier costs, alone and in relation to the exact array multiplier."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from accelsim.cell_library import CellLibrary
from accelsim.cost import DEFAULT_FREQUENCY_MHZ, Cost, mapped_cost
from accelsim.errors import AccelsimError
from accelsim.float_format import FloatFormat
from accelsim.gate_costs import gate_library
from accelsim.liberty_cells import read_cells
from accelsim.mapped_netlist import MappedNetlist, map_gates
from accelsim.netlist import Netlist
from accelsim.operand_distribution import load_distribution
from accelsim.operand_streams import (
    DEFAULT_OPERATIONS,
    OperandStream,
    drawn_stream,
    float_stream,
    is_distribution,
    read_stream,
    uniform_stream,
)
from accelsim.rtl.circuits import Circuit, TableCircuit
from accelsim.rtl.exact_reference import exact_reference
from accelsim.rtl.float_circuits import FloatCircuit
from accelsim.rtl.table_synthesis import netlist_from_table
from accelsim.rtl.technology_mapping import map_to_library
from accelsim.simulation import outputs

__all__ = ["COMPARED_COSTS", "CircuitCost", "CostEstimator", "CostSettings"]

#: Costs that are put in relation to those of the exact multiplier.
COMPARED_COSTS = ("area_um2", "delay_ns", "leakage_nw", "energy_fj", "pdp_fj")


@dataclass(frozen=True)
class CostSettings:
    """What costs are estimated with.

    Parameters
    ----------
    liberty : Path, optional
        Liberty file of the cells; default: the built-in table, one cell for each gate.
    operands : Path, optional
        A recorded stream for `accelsim.operand_streams.read_stream`, or how often each pair occurs for
        `accelsim.operand_distribution.load_distribution`; default: uniform random operands,
        of a float multiplier numbers from 0 to 1.
    operations, seed : int
        How many operands are drawn, and the seed, where they are not a recorded stream.
    frequency_mhz : float
        Operations per microsecond, for power and power-delay product.
    from_table : bool
        Whether a multiplier of which only the LUT is known may be resynthesised from it.
    """

    liberty: Path | None = None
    operands: Path | None = None
    operations: int = DEFAULT_OPERATIONS
    seed: int = 0
    frequency_mhz: float = DEFAULT_FREQUENCY_MHZ
    from_table: bool = False


@dataclass(frozen=True)
class CircuitCost:
    """Cost of a multiplier.

    Attributes
    ----------
    name : str
        Its name.
    netlist_from : str
        What its gates are from: ``"description"``, ``"import"``, ``"evolved"``, or ``"truth table"``, which
        is then not the netlist that the table was made with.
    cells_from : str
        Where the cells' figures are from.
    activity : str
        The stream of operands.
    cost : Cost
        Its cost.
    exact : str
        The exact array multiplier of the same widths and signedness.
    exact_cost : Cost
        Its cost with the same cells and operands.
    """

    name: str
    netlist_from: str
    cells_from: str
    activity: str
    cost: Cost
    exact: str
    exact_cost: Cost

    @property
    def relative(self) -> dict[str, float]:
        """Each of `COMPARED_COSTS` over that of the exact multiplier."""
        return {
            name: float(getattr(self.cost, name) / getattr(self.exact_cost, name)) for name in COMPARED_COSTS
        }


_Kind = tuple[int, int, bool] | FloatFormat  # widths of a and b and signedness, or the float format


def _kind(circuit: Circuit) -> _Kind:
    if isinstance(circuit, FloatCircuit):
        return circuit.form
    return circuit.a_width, circuit.b_width, circuit.signed


class CostEstimator:
    """Estimates costs with the same settings, and keeps those of the exact multipliers.

    Parameters
    ----------
    settings : CostSettings
        What to estimate with.

    Raises
    ------
    AccelsimError
        If the Liberty file is not as `accelsim.liberty_cells.read_cells` needs it.
    """

    def __init__(self, settings: CostSettings = CostSettings()) -> None:
        self.settings = settings
        self.library: CellLibrary = (
            gate_library() if settings.liberty is None else read_cells(settings.liberty)
        )
        self._streams: dict[_Kind, OperandStream] = {}
        self._exact: dict[_Kind, tuple[str, Cost]] = {}

    def estimate(self, circuit: Circuit) -> CircuitCost:
        """Map a multiplier onto cells and simulate what it costs.

        Raises
        ------
        AccelsimError
            If the circuit has no gates and may not be resynthesised, the library lacks what is needed, or
            the stream does not suit the operands.
        """
        kind = _kind(circuit)
        if kind not in self._streams:
            self._streams[kind] = self.stream(circuit)
        stream = self._streams[kind]
        netlist = self._netlist(circuit)
        if kind not in self._exact:
            name, exact = exact_reference(circuit)
            self._exact[kind] = name, self._cost(exact, stream)
        return CircuitCost(
            circuit.name,
            circuit.origin,
            self.library.source,
            stream.description,
            self._cost(netlist, stream),
            *self._exact[kind],
        )

    def stream(self, circuit: Circuit) -> OperandStream:
        """Return the operands that a multiplier's energy is estimated with.

        Raises
        ------
        AccelsimError
            If they do not suit the multiplier.
        """
        path, operations, seed = self.settings.operands, self.settings.operations, self.settings.seed
        a_width, b_width = circuit.a_width, circuit.b_width
        if path is None and isinstance(circuit, FloatCircuit):
            return float_stream(circuit.form, operations, seed)
        if path is None:
            return uniform_stream(a_width, b_width, operations, seed)
        shape = (1 << a_width, 1 << b_width)
        if is_distribution(path, shape):
            return drawn_stream(load_distribution(path, shape), operations, seed, path.name)
        return read_stream(path, a_width, b_width, circuit.signed)

    def _netlist(self, circuit: Circuit) -> Netlist:
        if not isinstance(circuit, TableCircuit):
            return circuit.netlist()
        if not self.settings.from_table:
            raise AccelsimError(
                f"{circuit.name} is a LUT and has no gates; --from-table synthesises some from its products, "
                "which are not those that the LUT was made with"
            )
        return netlist_from_table(circuit.lut())

    def _cost(self, netlist: Netlist, stream: OperandStream) -> Cost:
        mapped = self._mapped(netlist, stream)
        return mapped_cost(mapped, stream.a, stream.b, frequency_mhz=self.settings.frequency_mhz)

    def _mapped(self, netlist: Netlist, stream: OperandStream) -> MappedNetlist:
        """Map a netlist, and check over the stream that the cells compute what the netlist does."""
        if self.settings.liberty is None:
            return map_gates(netlist)
        mapped = map_to_library(netlist, self.library)
        expected, found = (outputs(each, stream.a, stream.b) for each in (netlist, mapped.netlist))
        if not np.array_equal(expected, found):
            raise AccelsimError(
                f"{netlist.name}: the cells of {self.library.source} that ABC chose compute other products"
            )
        return mapped
