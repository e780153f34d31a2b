"""What a user may say about a file that holds a multiplier, where the file does not say it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

__all__ = ["ImportOptions"]


@dataclass(frozen=True)
class ImportOptions:
    """Facts about a multiplier's file; what is None is detected.

    Parameters
    ----------
    top : str, optional
        Verilog, BLIF, Yosys JSON: the multiplier's module; default: the one that no other instantiates.
    a, b, product : str, optional
        Its ports; default: ports called ``a`` and ``b`` in capitals or not, else the inputs in the order of
        their declaration.
    signed : bool, optional
        Whether operands and product are two's complement; default: as the operands are declared, or as the
        entries' type says.
    order : {"ab", "ba"}, optional
        LUT without a declared order of its operands: whether the operand ``b`` counts up fastest (``"ab"``)
        or ``a`` (``"ba"``).
    others : tuple of path-like
        Further files of the circuit. Verilog (.v, .sv) is read after the multiplier's own, a Liberty file
        (.lib) gives the cells; any other file lies beside for ```include`` and ``$readmemh``.
    """

    top: str | None = None
    a: str | None = None
    b: str | None = None
    product: str | None = None
    signed: bool | None = None
    order: Literal["ab", "ba"] | None = None
    others: tuple[Path, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "others", tuple(map(Path, self.others)))
