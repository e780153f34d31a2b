"""How the kernel of `accelsim.float_gemm` computes the products of a multiplier."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from accelsim.float_gemm_kernel import COLUMNS, Arithmetic, rounds_in_registers
from accelsim.float_table import FloatTable
from accelsim.floats import Float32ClosedForm

__all__ = ["FloatArithmetic", "Side", "arithmetic_of"]

#: Biases of two exponents.
_BIASES = 2 * 127


class Side(NamedTuple):
    """How the terms of an operand are made.

    Parameters
    ----------
    mask : uint32
        Bits of the first term.
    doubled : bool
        Whether the first term is twice that.
    subtracted : bool
        Whether the second term is the operand less the first, or the operand.
    numbered : bool
        Whether the second term is a row or column of a table instead.
    """

    mask: np.uint32
    doubled: bool = False
    subtracted: bool = False
    numbered: bool = False


class FloatArithmetic(NamedTuple):
    """What the compiled loops need to know of a multiplier.

    Parameters
    ----------
    kernel : Arithmetic or None
        The kernel, or None: products one by one, slower.
    sides : pair of Side
        How terms of the first and of the second operand are made.
    range : tuple
        Magnitude below which an operand is zero; smallest and largest sum of biased exponents for which the
        kernel is right.
    constants : tuple
        What products one by one need.
    tables : pair of uint16 arrays of shape (128, 128)
        Entries by row and lane, where lanes are the first operand and where they are the second.
    """

    kernel: Arithmetic | None
    sides: tuple[Side, Side]
    range: tuple[np.uint32, int, int]
    constants: tuple[Any, ...]
    tables: tuple[NDArray[np.uint16], NDArray[np.uint16]]


def arithmetic_of(
    multiplier: Float32ClosedForm | FloatTable, in_registers: bool | None = None
) -> FloatArithmetic:
    """Return how the kernel computes the products of a multiplier.

    One array of 24 x 24 AMA5 cells that truncates has the exact product of a masked ``a`` and a power of two:
    what ``a``'s last bit adds is below the last bit kept.

    Parameters
    ----------
    multiplier : Float32ClosedForm or FloatTable
        The multiplier.
    in_registers : bool, optional
        Whether to use AVX-512; default: where this CPU has it. Tables have no kernel without.
    """
    if isinstance(multiplier, FloatTable):
        present = rounds_in_registers() if in_registers is None else in_registers
        side = Side(np.uint32(0xFF800000), numbered=True)
        some = multiplier.products[multiplier.products > 0]
        powers = np.frexp(some)[1] - 1 if some.size else np.zeros(1, np.int64)
        least, largest = (int(np.frexp(limit)[1]) - 1 for limit in multiplier.limits)
        # Neither the product of the powers of two nor that with an entry leaves its format.
        limits = max(-126, least - int(powers.min())), min(127, largest - int(powers.max()))
        return FloatArithmetic(
            "table" if present else None,
            (side, side),
            (np.uint32(1), limits[0] + _BIASES, limits[1] + _BIASES),
            multiplier.limits,
            (np.ascontiguousarray(multiplier.entries.T), multiplier.entries),
        )
    rest_mask, high_mask, _, _, least_operand, _ = multiplier.constants
    sides = Side(rest_mask, subtracted=True), Side(high_mask, doubled=True)
    if multiplier.block == 1:
        sides = (Side(np.uint32(0xFFFFFFFF)),) * 2
    none = np.zeros((1, COLUMNS), np.uint16)
    # No term or error of a product is subnormal, none is infinite.
    usable = least_operand, _BIASES - 100, _BIASES + 124
    return FloatArithmetic(_kernel(multiplier), sides, usable, multiplier.constants, (none, none))


def _kernel(form: Float32ClosedForm) -> Arithmetic | None:
    if form.block == 1:
        halves = form.halves_overflow
        return None if halves else "nearest" if form.rounding == "nearest-even" else "truncated"
    if form.rounding != "truncate":
        return None
    if form.block == 24:
        return "exact"
    return "two terms halved" if form.halves_overflow else "two terms"
