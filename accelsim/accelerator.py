"""An accelerator: a systolic array, three scratchpads beside it, and the DRAM behind them."""

import math
from dataclasses import dataclass

from accelsim.errors import AccelsimError
from accelsim.systolic_array import SystolicArray

__all__ = ["DEFAULT_BANDWIDTH", "DEFAULT_CLOCK_MHZ", "DEFAULT_SCRATCHPAD_KIB", "Accelerator"]

DEFAULT_SCRATCHPAD_KIB = 64.0
DEFAULT_BANDWIDTH = 16.0
DEFAULT_CLOCK_MHZ = 100.0


@dataclass(frozen=True)
class Accelerator:
    """A systolic array with its memories.

    Each scratchpad is double-buffered: one half serves the array while the other is filled from DRAM (or
    emptied into it). All transfers share one DRAM interface.

    Parameters
    ----------
    array : SystolicArray
        The array.
    ifmap_kib, filter_kib, ofmap_kib : float
        Sizes of the scratchpads for activations, weights, and outputs with their partial sums, in KiB, both
        halves together.
    bandwidth : float
        Bytes that the DRAM interface moves per cycle of the array; ``math.inf`` for one that is never waited
        for.
    clock_mhz : float
        Cycles per microsecond.

    Raises
    ------
    AccelsimError
        If a size, the bandwidth or the clock is not positive.
    """

    array: SystolicArray
    ifmap_kib: float = DEFAULT_SCRATCHPAD_KIB
    filter_kib: float = DEFAULT_SCRATCHPAD_KIB
    ofmap_kib: float = DEFAULT_SCRATCHPAD_KIB
    bandwidth: float = DEFAULT_BANDWIDTH
    clock_mhz: float = DEFAULT_CLOCK_MHZ

    def __post_init__(self) -> None:
        for what, value, unit in (
            ("an ifmap scratchpad", self.ifmap_kib, "KiB"),
            ("a filter scratchpad", self.filter_kib, "KiB"),
            ("an ofmap scratchpad", self.ofmap_kib, "KiB"),
            ("a clock", self.clock_mhz, "MHz"),
        ):
            if not 0 < value < math.inf:
                raise AccelsimError(f"{what} of {value} {unit}; expected a positive number")
        if not self.bandwidth > 0:
            raise AccelsimError(
                f"a DRAM bandwidth of {self.bandwidth} bytes per cycle; expected a positive number"
            )

    def half_bytes(self, scratchpad: str) -> int:
        """Return how many bytes half the ``"ifmap"``, ``"filter"`` or ``"ofmap"`` scratchpad holds."""
        kib: float = getattr(self, f"{scratchpad}_kib")
        return int(kib * 1024) // 2

    @property
    def peak_gmacs(self) -> float:
        """Products per nanosecond with every PE at work: 10^9 MAC per second."""
        return self.array.pes * self.clock_mhz * 1e-3

    @property
    def dram_gbytes(self) -> float:
        """Bytes per nanosecond of the DRAM interface: 10^9 bytes per second."""
        return self.bandwidth * self.clock_mhz * 1e-3

    def microseconds(self, cycles: int) -> float:
        """Return how long that many cycles last."""
        return cycles / self.clock_mhz
