"""A multiplier, wherever it comes from: its gates, and the LUT that follows from them."""

from abc import ABC, abstractmethod
from functools import cached_property
from importlib.metadata import version
from typing import Any

import numpy as np
from numpy.typing import NDArray

from accelsim.errors import AccelsimError
from accelsim.lut import MAX_LUT_WIDTH, Lut
from accelsim.netlist import Netlist
from accelsim.rtl.float_library import FloatDescription
from accelsim.rtl.library import Description
from accelsim.rtl.netlist_cache import cached, cached_netlist, synthesis_key
from accelsim.rtl.synthesis import rtlil_of, synthesise
from accelsim.rtl.yosys import yosys_version
from accelsim.simulation import truth_table
from accelsim.storage import cache_folder

__all__ = ["Circuit", "DescribedCircuit", "TableCircuit", "product_table"]


def product_table(netlist: Netlist, signed: bool) -> NDArray[np.int64]:
    """Simulate every operand pair of a multiplier.

    Returns
    -------
    int64 array of shape (2^a_width, 2^b_width)
        Products as numbers, indexed by the operands' bit patterns.
    """
    table = truth_table(netlist).astype(np.int64)
    width = netlist.outputs[0].width
    return table - (table >> (width - 1) << width) if signed else table


class Circuit(ABC):
    """A multiplier with operands ``a`` and ``b``.

    Parameters
    ----------
    name : str
        Its name.
    a_width, b_width : int
        Bits of the operands; the product has as many as both together.
    signed : bool
        Whether operands and product are two's complement.
    summary : str
        What it is, in one line.
    source : str
        Where it was published, or the file it came from.
    """

    #: What the gates are made from: ``"description"``, ``"import"``, ``"evolved"`` or ``"truth table"``.
    origin = "import"

    def __init__(
        self, name: str, a_width: int, b_width: int, signed: bool, summary: str, source: str
    ) -> None:
        self.name = name
        self.a_width = a_width
        self.b_width = b_width
        self.signed = signed
        self.summary = summary
        self.source = source

    @property
    def product_width(self) -> int:
        """Bits of the product."""
        return self.a_width + self.b_width

    @abstractmethod
    def fresh_netlist(self) -> Netlist:
        """Make the netlist from the circuit's origin, past every cache.

        Raises
        ------
        AccelsimError
            If the circuit has no gates.
        """

    @abstractmethod
    def _netlist_key(self) -> str:
        """Return everything that the netlist follows from, as text."""

    def netlist(self) -> Netlist:
        """Return the netlist, from the user's cache where it is there."""
        ports = [("a", self.a_width), ("b", self.b_width), ("p", self.product_width)]
        return cached_netlist(self._netlist_key(), ports, self.fresh_netlist)

    def lut(self) -> Lut:
        """Return the LUT, from the user's cache where it is there, under the hash of the netlist.

        Raises
        ------
        AccelsimError
            If an operand is wider than a LUT can be.
        """
        if max(self.a_width, self.b_width) > MAX_LUT_WIDTH:
            raise AccelsimError(
                f"{self.name} is too wide for a LUT: {max(self.a_width, self.b_width)} bits; "
                f"the widest has {MAX_LUT_WIDTH}"
            )
        netlist = self.netlist()
        path = cache_folder() / "luts" / f"{netlist.digest}-{'s' if self.signed else 'u'}.npz"

        def simulate() -> Lut:
            table = product_table(netlist, self.signed).astype(np.int32)
            return Lut(self.name, table, self.signed, self._provenance(netlist))

        def is_of_netlist(lut: Lut) -> bool:
            kind = (self.a_width, self.b_width, self.signed, netlist.digest)
            return (lut.a_width, lut.b_width, lut.signed, lut.provenance.get("netlist_sha256")) == kind

        return cached(path, lambda: Lut.load(path, name=self.name), is_of_netlist, simulate)

    def _provenance(self, netlist: Netlist) -> dict[str, Any]:
        return {
            "netlist_sha256": netlist.digest,
            "gates": netlist.gate_count,
            "accelsim": version("accelsim"),
            "yosys": yosys_version(),
        }


class DescribedCircuit(Circuit):
    """A multiplier of the library, described in Amaranth."""

    origin = "description"

    def __init__(self, description: Description | FloatDescription) -> None:
        width = description.width
        super().__init__(
            description.name, width, width, description.signed, description.summary, description.source
        )
        self.description = description

    def fresh_netlist(self) -> Netlist:
        """Synthesise the description."""
        return synthesise(self.description.build(), self.name, self._rtlil)

    @cached_property
    def _rtlil(self) -> str:
        return rtlil_of(self.description.build(), self.name)

    def _netlist_key(self) -> str:
        return synthesis_key(self._rtlil)

    def _provenance(self, netlist: Netlist) -> dict[str, Any]:
        return super()._provenance(netlist) | {"amaranth": version("amaranth")}


class TableCircuit(Circuit):
    """A multiplier of which only the LUT is known."""

    origin = "truth table"

    def __init__(self, lut: Lut, source: str) -> None:
        summary = f"{lut.a_width} x {lut.b_width}-bit {'signed' if lut.signed else 'unsigned'} LUT"
        super().__init__(lut.name, lut.a_width, lut.b_width, lut.signed, summary, source)
        self._lut = lut

    def fresh_netlist(self) -> Netlist:
        """Raise: a table has no gates."""
        raise AccelsimError(
            f"{self.name} is a LUT ({self.source}); it has no gates: take the circuit that it is of, which "
            "`verify-mult CIRCUIT --against LUT` compares with it; `cost --from-table` estimates without one"
        )

    def _netlist_key(self) -> str:
        return self.fresh_netlist().digest

    def lut(self) -> Lut:
        """Return the LUT."""
        return self._lut
