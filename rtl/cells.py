"""Adder cells as swappable parts: the exact full adder and the five approximate mirror adders AMA1 to AMA5.

The exact mirror adder is symmetric in its operands; the approximate ones are not, so it matters which signal
reaches which port. `accelsim.rtl.reduction` states the order for every structure; in the array of
ripple-carry rows, ``a`` is the partial product, ``b`` the sum from the row above, ``cin`` the row's carry.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from amaranth.hdl import Const, Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from accelsim.errors import AccelsimError, nearest

__all__ = ["CELLS", "AdderCell", "FullAdder", "HalfAdder", "checked_cell"]


@dataclass(frozen=True)
class AdderCell:
    """The logic of a one-bit full adder.

    Parameters
    ----------
    name : str
        Name in multiplier names.
    logic : callable
        Maps one-bit values ``(a, b, cin)`` to ``(sum, cout)``.
    """

    name: str
    logic: Callable[[Any, Any, Any], tuple[Any, Any]]


def _exact(a: Any, b: Any, cin: Any) -> tuple[Any, Any]:
    return a ^ b ^ cin, (a & b) | (cin & (a ^ b))


def _ama1(a: Any, b: Any, cin: Any) -> tuple[Any, Any]:
    return cin & ~(a ^ b), b | (a & cin)


def _ama2(a: Any, b: Any, cin: Any) -> tuple[Any, Any]:
    cout = (a & b) | (cin & (a ^ b))
    return ~cout, cout


def _ama3(a: Any, b: Any, cin: Any) -> tuple[Any, Any]:
    cout = b | (a & cin)
    return ~cout, cout


def _ama4(a: Any, b: Any, cin: Any) -> tuple[Any, Any]:
    return cin & (~a | b), a


def _ama5(a: Any, b: Any, cin: Any) -> tuple[Any, Any]:
    return b, a


#: The cells by name. AMA1-AMA5 are approximations 1-5 of V. Gupta, D. Mohapatra, A. Raghunathan and K. Roy,
#: "Low-Power Digital Signal Processing Using Approximate Adders", IEEE TCAD 32(1), 2013.
CELLS: Mapping[str, AdderCell] = MappingProxyType(
    {
        name: AdderCell(name, logic)
        for name, logic in {
            "exact": _exact,
            "ama1": _ama1,
            "ama2": _ama2,
            "ama3": _ama3,
            "ama4": _ama4,
            "ama5": _ama5,
        }.items()
    }
)


def checked_cell(owner: str, cell: str) -> AdderCell:
    """Return the cell of that name, else raise `AccelsimError`."""
    if cell not in CELLS:
        raise AccelsimError(
            f"{owner}: cell is {cell!r}; expected one of {', '.join(CELLS)}{nearest(str(cell), CELLS)}"
        )
    return CELLS[cell]


class FullAdder(wiring.Component):
    """Adds three bits: ports ``a``, ``b``, ``cin`` in; ``sum`` (weight 1) and ``cout`` (weight 2) out.

    Parameters
    ----------
    cell : str
        Key of `CELLS`.

    Raises
    ------
    AccelsimError
        If there is no such cell.
    """

    _MustUse__silence = True  # see accelsim.rtl.multiplier.Multiplier

    def __init__(self, cell: str = "exact") -> None:
        self.cell = checked_cell("FullAdder", cell)
        super().__init__({"a": In(1), "b": In(1), "cin": In(1), "sum": Out(1), "cout": Out(1)})

    def elaborate(self, platform: object) -> Module:
        """Describe the cell's logic."""
        m = Module()
        total, carry = self.cell.logic(self.a, self.b, self.cin)
        m.d.comb += [self.sum.eq(total), self.cout.eq(carry)]
        return m


class HalfAdder(wiring.Component):
    """Adds two bits, ports ``a`` and ``b``, as the full adder of the same cell does with ``cin`` = 0.

    Parameters
    ----------
    cell : str
        Key of `CELLS`.

    Raises
    ------
    AccelsimError
        If there is no such cell.
    """

    _MustUse__silence = True  # see accelsim.rtl.multiplier.Multiplier

    def __init__(self, cell: str = "exact") -> None:
        self.cell = checked_cell("HalfAdder", cell)
        super().__init__({"a": In(1), "b": In(1), "sum": Out(1), "cout": Out(1)})

    def elaborate(self, platform: object) -> Module:
        """Describe the cell's logic."""
        m = Module()
        total, carry = self.cell.logic(self.a, self.b, Const(0, 1))
        m.d.comb += [self.sum.eq(total), self.cout.eq(carry)]
        return m
