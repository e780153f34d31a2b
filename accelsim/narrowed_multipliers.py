"""Multipliers with narrower operands than their own, and signed ones made of unsigned ones, as tables."""

from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from accelsim.errors import AccelsimError, nearest
from accelsim.lut import Lut, operand_values
from accelsim.quantization import MAX_BITS, MIN_BITS

__all__ = ["Placement", "check_format", "narrowed", "sign_magnitude"]

#: Where a narrow operand sits in a wider multiplier.
Placement = Literal["high", "low"]


def narrowed(lut: Lut, bits: int, placement: Placement = "high") -> Lut:
    r"""Return what a multiplier computes of narrower operands.

    High: an operand takes the most significant bits, zeros fill the rest, and of the product the most
    significant ``2 * bits`` bits are used: with :math:`s` bits to spare,
    :math:`\lfloor T[2^s a, 2^s b] / 2^{2s} \rfloor`. Low: an operand takes the least significant bits (and
    its sign the others), and of the product the least significant ``2 * bits`` bits are used. An exact
    multiplier computes the same either way; most approximate ones leave out low columns, and so have little
    to say of operands that sit there.

    Parameters
    ----------
    lut : Lut
        The multiplier.
    bits : int
        Width of both operands, 2 to 8 and up to the multiplier's own.
    placement : {"high", "low"}
        Where the operands sit.

    Returns
    -------
    Lut
        Of ``bits`` by ``bits``; the multiplier itself where that is what it has.

    Raises
    ------
    AccelsimError
        If the multiplier has operands narrower than that, or an argument is not one of those above.
    """
    _check(lut, bits, 0, placement)
    if lut.table.shape == (1 << bits, 1 << bits):
        return lut
    values = operand_values(bits, lut.signed)
    products = _products(lut, values, values, bits, placement)
    return _derived(lut, f"{bits}-bit {placement}", _wrapped(products, 2 * bits, lut.signed), lut.signed)


def sign_magnitude(lut: Lut, bits: int, placement: Placement = "high") -> Lut:
    """Return a signed multiplier: an unsigned one of the magnitudes, and an XOR of the signs.

    Magnitudes have one bit less than the operands, and sit in the unsigned multiplier as `narrowed` says. The
    most negative operand, which no level of symmetric quantization uses, saturates. The signed product wraps
    at ``2 * bits`` bits, which only a multiplier that overestimates by far can cause.

    Parameters
    ----------
    lut : Lut
        The unsigned multiplier.
    bits : int
        Width of both signed operands, 2 to 8; up to one more than the multiplier's own.
    placement : {"high", "low"}
        Where the magnitudes sit.

    Raises
    ------
    AccelsimError
        If the multiplier is signed, or as `narrowed` does.
    """
    if lut.signed:
        raise AccelsimError(
            f"{lut.name} is signed; the multiplier of magnitudes in sign-magnitude is an unsigned one"
        )
    _check(lut, bits, 1, placement)
    values = operand_values(bits, True)
    magnitudes = np.minimum(np.abs(values), (1 << bits - 1) - 1)
    products = _products(lut, magnitudes, magnitudes, bits - 1, placement)
    negative = np.logical_xor.outer(values < 0, values < 0)
    signed = _wrapped(np.where(negative, -products, products), 2 * bits, True)
    return _derived(lut, f"{bits}-bit sign-magnitude {placement}", signed, True)


def check_format(bits: int, placement: str) -> None:
    """Raise `AccelsimError` unless operands can have this width and place."""
    if placement not in get_args(Placement):
        choices = get_args(Placement)
        raise AccelsimError(
            f"placement is {placement!r}; expected {' or '.join(choices)}{nearest(str(placement), choices)}"
        )
    if not isinstance(bits, int) or not MIN_BITS <= bits <= MAX_BITS:
        raise AccelsimError(f"operands of {bits!r} bits; expected {MIN_BITS} to {MAX_BITS}")


def _check(lut: Lut, bits: int, sign_bits: int, placement: str) -> None:
    check_format(bits, placement)
    if bits - sign_bits > min(lut.a_width, lut.b_width):
        raise AccelsimError(
            f"{lut.name} multiplies {lut.a_width} x {lut.b_width} bits, too narrow for operands of "
            f"{bits - sign_bits} bits"
        )


def _products(
    lut: Lut, a: NDArray[np.int64], b: NDArray[np.int64], bits: int, placement: Placement
) -> NDArray[np.int64]:
    spare = (lut.a_width - bits, lut.b_width - bits) if placement == "high" else (0, 0)
    rows, columns = (a << spare[0]) % (1 << lut.a_width), (b << spare[1]) % (1 << lut.b_width)
    return np.asarray(lut.table[np.ix_(rows, columns)].astype(np.int64) >> sum(spare))


def _wrapped(products: NDArray[np.int64], bits: int, signed: bool) -> NDArray[np.int64]:
    """Return what the low bits of the products say."""
    offset = 1 << bits - 1 if signed else 0
    return (products + offset) % (1 << bits) - offset


def _derived(lut: Lut, how: str, table: NDArray[np.int64], signed: bool) -> Lut:
    return Lut(f"{lut.name}, {how}", table.astype(np.int32), signed, {**lut.provenance, "operands": how})
