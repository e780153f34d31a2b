"""What a circuit of cells costs: area, delay, leakage, energy per operation."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from accelsim.activity import count_toggles
from accelsim.errors import AccelsimError
from accelsim.mapped_netlist import MappedNetlist
from accelsim.timing import Timing, analyse_timing

__all__ = ["DEFAULT_FREQUENCY_MHZ", "Cost", "mapped_cost"]

DEFAULT_FREQUENCY_MHZ = 100.0


@dataclass(frozen=True)
class Cost:
    """Cost of a circuit.

    Attributes
    ----------
    area_um2 : float
        Sum of the cells' areas, in um^2.
    delay_ns : float
        Critical-path delay in ns.
    leakage_nw : float
        Sum of the cells' mean static powers, in nW.
    switching_fj, internal_fj : float
        Mean energy per operation in fJ that charges the nets, and that is spent inside the cells.
    frequency_mhz : float
        Operations per microsecond, for `power_uw`.
    operations : int
        Operations that the energies are means over.
    cells : mapping of str to int
        How many cells of each kind.
    critical_path : tuple of str
        Its cells, from an input to the output.
    """

    area_um2: float
    delay_ns: float
    leakage_nw: float
    switching_fj: float
    internal_fj: float
    frequency_mhz: float
    operations: int
    cells: Mapping[str, int] = field(repr=False)
    critical_path: tuple[str, ...] = field(repr=False)

    @property
    def energy_fj(self) -> float:
        """Mean dynamic energy per operation in fJ."""
        return self.switching_fj + self.internal_fj

    @property
    def power_uw(self) -> float:
        """Mean power in uW, dynamic and static, at `frequency_mhz`."""
        return self.energy_fj * self.frequency_mhz * 1e-3 + self.leakage_nw * 1e-3

    @property
    def pdp_fj(self) -> float:
        """Power-delay product in fJ: `power_uw` times `delay_ns`."""
        return self.power_uw * self.delay_ns


def mapped_cost(
    mapped: MappedNetlist, *operands: ArrayLike, frequency_mhz: float = DEFAULT_FREQUENCY_MHZ
) -> Cost:
    """Cost of a mapped circuit over a stream of operands.

    A change of a net costs C V^2 / 2, with C the capacitance of the input pins that it reaches: half of what
    the supply delivers at a rising edge, and the other half at the falling one. A change of a cell's output
    costs the internal energy of the cell's tables, at the net's load and the inputs' transition times, mean
    over arcs and edges; a change of an input that the output does not follow costs the input pin's.

    Parameters
    ----------
    mapped : MappedNetlist
        The circuit.
    *operands : integer arrays of shape (n,)
        Bit patterns of each input port, in the order of the stream.
    frequency_mhz : float
        Operations per microsecond.

    Raises
    ------
    AccelsimError
        If the frequency is not positive, or the stream does not suit the circuit.
    """
    if not frequency_mhz > 0:
        raise AccelsimError(f"a frequency of {frequency_mhz} MHz; it must be positive")
    quiet_pins = [
        (pin, net, instance.output)
        for instance in mapped.instances
        for pin, net in zip(instance.cell.inputs, instance.inputs, strict=True)
        if pin.energies
    ]
    activity = count_toggles(
        mapped.netlist, *operands, watched=[(net, output) for _, net, output in quiet_pins]
    )
    timing = analyse_timing(mapped)
    voltage = mapped.library.voltage
    toggles = activity.toggles / activity.operations
    internal = _cells_energy(mapped, timing, toggles)
    for (pin, net, _), quiet in zip(quiet_pins, activity.quiet_toggles.tolist(), strict=True):
        transition = float(timing.transitions[net].mean())
        mean = sum(energy.mean(transition, 0.0) for energy in pin.energies) / len(pin.energies)
        internal += mean * quiet / activity.operations
    return Cost(
        area_um2=sum(instance.cell.area for instance in mapped.instances),
        delay_ns=timing.delay,
        leakage_nw=sum(instance.cell.leakage for instance in mapped.instances),
        switching_fj=float(toggles @ mapped.loads) * voltage**2 / 2,
        internal_fj=internal,
        frequency_mhz=frequency_mhz,
        operations=activity.operations,
        cells=mapped.histogram(),
        critical_path=timing.critical_path,
    )


def _cells_energy(mapped: MappedNetlist, timing: Timing, toggles: NDArray[np.float64]) -> float:
    """Energy per operation of the changes of all cells' outputs."""
    transitions, loads = timing.transitions.mean(axis=1).tolist(), mapped.loads.tolist()
    total = 0.0
    for instance in mapped.instances:
        energies = instance.cell.energies
        if not energies:
            continue
        pins = {pin.name: net for pin, net in zip(instance.cell.inputs, instance.inputs, strict=True)}
        load = loads[instance.output]
        mean = sum(energy.mean(transitions[pins[energy.pin]], load) for energy in energies) / len(energies)
        total += mean * float(toggles[instance.output])
    return total
