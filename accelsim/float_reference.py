"""What a float multiplier computes around its mantissa multiplier, plainly, in any format."""

from collections.abc import Callable
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from accelsim.errors import AccelsimError
from accelsim.float_format import FloatFormat

__all__ = ["ROUNDINGS", "Rounding", "ama5_blocks_product", "checked_rounding", "product_patterns"]

Rounding = Literal["nearest-even", "truncate"]
#: The roundings that there are.
ROUNDINGS: tuple[Rounding, ...] = ("nearest-even", "truncate")

#: Maps significands, int64 arrays with the hidden one set, to products below 2^53.
SignificandProduct = Callable[[NDArray[np.int64], NDArray[np.int64]], NDArray[np.int64]]


def checked_rounding(owner: str, rounding: str) -> Rounding:
    """Return the rounding of that name, else raise `AccelsimError`."""
    for known in ROUNDINGS:
        if rounding == known:
            return known
    raise AccelsimError(f"{owner}: rounding is {rounding!r}; expected {' or '.join(ROUNDINGS)}")


def ama5_blocks_product(a: ArrayLike, b: ArrayLike, width: int, block: int) -> NDArray[np.int64]:
    """Multiply significands as AMA5 arrays of ``block x block`` bits do, summed by exact adders.

    An array of n x n bits in which every cell is AMA5 (port A = partial product, B = sum from the row
    above) passes the first row on as its low part and a copy of the last as its high part:
    ``(a & 1) * b + 2^n * b[n-1] * (a & ~1)``. Summed over all pairs of blocks this is
    ``(a & low) * b + 2 * (a & ~low) * (b & high)``, where ``low`` has the lowest and ``high`` the highest
    bit of every block set. Blocks of one bit are exact.

    Parameters
    ----------
    a, b : integer arrays, broadcast together
        Significands of ``width`` bits.
    width : int
        A multiple of ``block``.
    block : int
        Bits of a block; ``width`` is the one array over all bits.

    Returns
    -------
    int64 array
        Products of up to ``2 width + 1`` bits.
    """
    low, high = block_masks(width, block)
    first, second = np.asarray(a, dtype=np.int64), np.asarray(b, dtype=np.int64)
    return np.asarray((first & low) * second + 2 * (first & ~low) * (second & high))


def block_masks(width: int, block: int) -> tuple[int, int]:
    """Return the masks of the lowest and of the highest bit of every block."""
    if width % block:
        raise AccelsimError(f"significands of {width} bits cannot be cut into blocks of {block}")
    low = sum(1 << position for position in range(0, width, block))
    return low, low << block - 1


def product_patterns(
    form: FloatFormat,
    a: ArrayLike,
    b: ArrayLike,
    significand_product: SignificandProduct,
    *,
    rounding: Rounding = "nearest-even",
    least_operand: int | None = None,
) -> NDArray[Any]:
    """Multiply floats, given what multiplies their significands.

    The result is the rounded value ``significand product * 2^(sum of the exponents)``, wherever the
    product's leading one is. Rounding takes place before the exponent's range is looked at: what rounds to
    less than the smallest normal number is zero, what rounds beyond the largest is infinity, under either
    rounding. Zeros bypass the mantissa multiplier. NaN, and infinity times zero, give `FloatFormat.nan`;
    every other result has the product of the signs.

    Parameters
    ----------
    form : FloatFormat
        Format of operands and result.
    a, b : integer arrays, broadcast together
        Bit patterns.
    significand_product : callable
        Multiplies int64 arrays of significands.
    rounding : {"nearest-even", "truncate"}
        How the product's excess bits are lost.
    least_operand : int, optional
        Magnitude, as a bit pattern, below which an operand counts as zero; default: the smallest normal
        number, so that subnormals are flushed.

    Returns
    -------
    array of unsigned integers of the broadcast shape
        Bit patterns, in the smallest type that holds them.
    """
    first, second = np.broadcast_arrays(*(np.asarray(bits).astype(np.int64) for bits in (a, b)))
    magnitudes = [bits & form.sign - 1 for bits in (first, second)]
    least = form.least_normal if least_operand is None else least_operand
    product = significand_product(*(bits & form.least_normal - 1 | form.least_normal for bits in magnitudes))
    position = np.frexp(product.astype(np.float64))[1].astype(np.int64) - 1  # of the leading one
    shift = position - form.mantissa_bits
    excess = np.maximum(shift, 0)
    rounded = (product << np.maximum(-shift, 0)) >> excess
    if rounding == "nearest-even":
        rest, half = product & (1 << excess) - 1, 1 << excess >> 1
        rounded += (excess > 0) & ((rest > half) | (rest == half) & (rounded & 1 == 1))
    exponent = sum(bits >> form.mantissa_bits for bits in magnitudes) - form.bias
    exponent += position - 2 * form.mantissa_bits
    result = (exponent << form.mantissa_bits) + rounded - form.least_normal
    result = np.where(result < form.least_normal, 0, np.minimum(result, form.infinity))
    zero = (magnitudes[0] < least) | (magnitudes[1] < least)
    result = np.where(zero | (product == 0), 0, result)
    larger = np.maximum(*magnitudes)
    result = np.where(larger == form.infinity, form.infinity, result) | (first ^ second) & form.sign
    result = np.where((larger > form.infinity) | (larger == form.infinity) & zero, form.nan, result)
    return result.astype(form.pattern_type)
