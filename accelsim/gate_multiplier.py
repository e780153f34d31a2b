"""A multiplier of integers as its gates: for operands too wide for a table of products."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from accelsim.bit_sliced_gemm import bit_sliced_gemm, check_gates
from accelsim.errors import AccelsimError
from accelsim.lut import Lut
from accelsim.netlist import Netlist

__all__ = ["GateMultiplier", "IntegerMultiplier"]


@dataclass(frozen=True, eq=False)
class GateMultiplier:
    """A multiplier that layers run gate by gate, in bit planes; see `accelsim.bit_sliced_gemm`.

    Parameters
    ----------
    name : str
        Name of the multiplier.
    netlist : Netlist
        Its gates: two inputs, ``a`` first, of 2 to 16 bits, and one output of their bits together.
    signed : bool
        Whether operands and products are two's complement.

    Raises
    ------
    AccelsimError
        If the netlist has other ports.
    """

    name: str
    netlist: Netlist
    signed: bool

    def __post_init__(self) -> None:
        check_gates(self.netlist)

    def __deepcopy__(self, memo: dict[int, Any]) -> "GateMultiplier":
        return self  # nothing in it can change

    @property
    def a_width(self) -> int:
        """Bits of the first operand."""
        return self.netlist.inputs[0].width

    @property
    def b_width(self) -> int:
        """Bits of the second operand."""
        return self.netlist.inputs[1].width

    def sums(
        self,
        x: NDArray[np.unsignedinteger[Any]],
        w: NDArray[np.unsignedinteger[Any]],
        activation_operand: Literal["a", "b"],
        threads: int,
    ) -> NDArray[np.int64]:
        """Return the exact sums of products that `accelsim.bit_sliced_gemm.bit_sliced_gemm` describes."""
        codes = (each.astype(np.uint16, copy=False) for each in (x, w))
        return bit_sliced_gemm(
            self.netlist,
            *codes,
            signed=self.signed,
            activation_operand=activation_operand,
            threads=threads,
        )

    def check_accumulator(self, accumulator: object, where: str) -> None:
        """Raise if an accumulator is given: sums are exact, of as many bits as they need."""
        if accumulator is not None:
            raise AccelsimError(
                f"{where}: {self.name} runs on its gates, whose sums are exact; leave the accumulator out"
            )


#: What quantized layers multiply with.
IntegerMultiplier = Lut | GateMultiplier
