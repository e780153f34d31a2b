"""Requantization: wide integers to the codes of the next layer, by an integer multiplication and a shift."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

from accelsim.errors import AccelsimError
from accelsim.quantization import MAX_BITS, MIN_BITS, QuantParams

__all__ = ["FixedPoint", "Requantization"]

_MOST_LEFT, _MOST_RIGHT = 30, 31
_LOWEST, _HIGHEST = -(1 << 31), (1 << 31) - 1


class FixedPoint(NamedTuple):
    """A positive real number as an integer and a shift: ``multiplier / 2^31 * 2^shift``.

    Parameters
    ----------
    multiplier : int32 array of shape () or (channels,)
        0, or 2^30 to 2^31 - 1.
    shift : int32 array of the same shape
        To the left if positive, to the right if negative: -31 to 30.
    """

    multiplier: NDArray[np.int32]
    shift: NDArray[np.int32]

    @classmethod
    def of(cls, real: ArrayLike) -> "FixedPoint":
        """Return the nearest to a real number, or to one per channel.

        A number below 2^-32, which takes any int32 to 0, has multiplier 0.

        Raises
        ------
        AccelsimError
            If a number is not positive, or not below 2^30.
        """
        numbers = np.asarray(real, np.float64)
        if not ((numbers > 0) & (numbers < 1 << _MOST_LEFT)).all():
            raise AccelsimError(
                f"requantization by {numbers.tolist()}; expected positive numbers below 2^{_MOST_LEFT}"
            )
        mantissa, exponent = np.frexp(numbers)
        multiplier = np.rint(mantissa * (1 << 31)).astype(np.int64)
        carried = multiplier == 1 << 31
        multiplier, shift = np.where(carried, multiplier >> 1, multiplier), exponent + carried
        tiny = shift < -_MOST_RIGHT
        return cls(np.where(tiny, 0, multiplier).astype(np.int32), np.where(tiny, 0, shift).astype(np.int32))

    def times(self, values: NDArray[np.integer[Any]]) -> NDArray[np.int64]:
        """Return the rounded product: steps 1 to 3 of `Requantization`.

        Parameters
        ----------
        values : integer array of shape (channels, ...)
            Saturated to int32.

        Returns
        -------
        int64 array of the same shape, within int32
        """
        products = np.empty(self._rows(values).shape, np.int64)
        _multiply(self._rows(values), self.multiplier.reshape(-1), self.shift.reshape(-1), products)
        return products.reshape(values.shape)

    def _rows(self, values: NDArray[np.integer[Any]]) -> NDArray[np.int64]:
        """Return one row per multiplier."""
        if self.multiplier.ndim and values.shape[:1] != self.multiplier.shape:
            raise AccelsimError(
                f"requantization of shape {values.shape} by multipliers for {len(self.multiplier)} channels"
            )
        return np.ascontiguousarray(values, np.int64).reshape(self.multiplier.size, -1)


@dataclass(frozen=True, eq=False)
class Requantization:
    """From sums to codes: ``clamp(round(sum * multiplier / 2^31 * 2^shift) + zero_point, low, high)``.

    Step by step, as in gemmlowp and TensorFlow Lite:

    1. The sum, saturated to int32, is shifted left by ``max(shift, 0)`` bits and saturated again.
    2. It is multiplied by ``multiplier``; the product is divided by 2^31 and rounded to nearest, halves up
       (gemmlowp's SaturatingRoundingDoublingHighMul).
    3. The result is divided by ``2^max(-shift, 0)`` and rounded to nearest, halves away from zero
       (RoundingDivideByPOT).
    4. The zero point is added, and the level clamped to ``low`` ... ``high``. A ReLU is a clamp whose
       ``low`` is the zero point.

    gemmlowp writes step 2 as a division towards zero of the product and a nudge, 2^30 or 1 - 2^30 by the
    product's sign. For both signs that is ``floor((product + 2^30) / 2^31)``: one addition and a shift.

    Parameters
    ----------
    multiplier : int32 array of shape () or (channels,)
        For all channels, or one per channel: 0, or 2^30 to 2^31 - 1.
    shift : int32 array of the same shape
        To the left if positive, to the right if negative: -31 to 30.
    zero_point : int
        Level of the real number 0 in the output.
    low, high : int
        Lowest and highest level.
    bits : int
        Width of a code, which is the level's lowest bits (two's complement).

    Raises
    ------
    AccelsimError
        If one of them is out of its range.

    References
    ----------
    B. Jacob et al., "Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-
    Only Inference", CVPR 2018, sections 2.2 and 2.4. gemmlowp, ``fixedpoint/fixedpoint.h``; TensorFlow
    Lite, ``kernels/internal/common.h`` (MultiplyByQuantizedMultiplier, the one with two roundings).
    """

    multiplier: NDArray[np.int32]
    shift: NDArray[np.int32]
    zero_point: int
    low: int
    high: int
    bits: int = MAX_BITS

    def __post_init__(self) -> None:
        if self.multiplier.ndim > 1 or self.multiplier.shape != self.shift.shape:
            raise AccelsimError(
                f"requantization by multipliers of shape {self.multiplier.shape} and shifts of shape "
                f"{self.shift.shape}; expected () for both or (channels,) for both"
            )
        if self.multiplier.dtype != np.int32 or self.shift.dtype != np.int32:
            raise AccelsimError(
                f"requantization by multipliers of {self.multiplier.dtype} and shifts of {self.shift.dtype}; "
                "expected int32"
            )
        if not ((self.multiplier == 0) | (self.multiplier >= 1 << 30)).all():
            raise AccelsimError(
                f"requantization by {self.multiplier.tolist()}; expected 0, or 2^30 to 2^31 - 1"
            )
        if not ((self.shift >= -_MOST_RIGHT) & (self.shift <= _MOST_LEFT)).all():
            raise AccelsimError(
                f"requantization with shift {self.shift.tolist()}; expected {-_MOST_RIGHT} to {_MOST_LEFT}"
            )
        if not MIN_BITS <= self.bits <= MAX_BITS:
            raise AccelsimError(f"requantization to {self.bits} bits; expected {MIN_BITS} to {MAX_BITS}")
        most = 1 << self.bits - (self.low < 0)
        if not -(1 << self.bits - 1) <= self.low <= self.high < most:
            raise AccelsimError(
                f"requantization to levels {self.low} to {self.high}; expected a range of {self.bits} bits"
            )

    @classmethod
    def of(
        cls, real_scale: ArrayLike, output: QuantParams, *, low: int | None = None, high: int | None = None
    ) -> "Requantization":
        """Return the requantization by a real number.

        Parameters
        ----------
        real_scale : positive float, or array of shape (channels,)
            Real value of one unit of the sums over that of one level of the output; for a layer
            ``input scale * weight scale / output scale``.
        output : QuantParams
            Quantization of the output: its zero point, range and width.
        low, high : int, optional
            Ends of a narrower range, for a ReLU or ReLU6.

        Raises
        ------
        AccelsimError
            If a scale is not positive, or not below 2^30.
        """
        multiplier, shift = FixedPoint.of(real_scale)
        low, high = output.low if low is None else low, output.high if high is None else high
        return cls(multiplier, shift, int(output.zero_point), low, high, output.bits)

    def apply(self, corrected: NDArray[np.integer[Any]]) -> NDArray[np.uint8]:
        """Return the codes of sums.

        Parameters
        ----------
        corrected : integer array of shape (channels, ...)
            Sums, corrected for zero points, with bias.

        Returns
        -------
        uint8 array of the same shape

        Raises
        ------
        AccelsimError
            If the multipliers are those of another number of channels.
        """
        rows = FixedPoint(self.multiplier, self.shift)._rows(corrected)
        codes = np.empty(rows.shape, np.uint8)
        ends = (self.zero_point, self.low, self.high, (1 << self.bits) - 1)
        _requantize(rows, self.multiplier.reshape(-1), self.shift.reshape(-1), *ends, codes)
        return codes.reshape(corrected.shape)


@njit(nogil=True, inline="always")
def _product(value: int, multiplier: int, left: int, right: int) -> int:
    """Return steps 1 to 3; a negative number loses 1 so that its halves round away from zero."""
    value = min(max(value, _LOWEST), _HIGHEST)
    value = min(max(value << left, _LOWEST), _HIGHEST)
    high = (value * multiplier + (1 << 30)) >> 31
    half = (1 << right) >> 1
    return (high + half - (high < 0 < right)) >> right


@njit(cache=True, nogil=True)
def _multiply(
    rows: NDArray[np.int64],
    multiplier: NDArray[np.int32],
    shift: NDArray[np.int32],
    products: NDArray[np.int64],
) -> None:
    for row in range(len(rows)):
        factor, left, right = int(multiplier[row]), max(shift[row], 0), max(-shift[row], 0)
        for i in range(rows.shape[1]):
            products[row, i] = _product(rows[row, i], factor, left, right)


@njit(cache=True, nogil=True)
def _requantize(
    rows: NDArray[np.int64],
    multiplier: NDArray[np.int32],
    shift: NDArray[np.int32],
    zero_point: int,
    low: int,
    high: int,
    mask: int,
    codes: NDArray[np.uint8],
) -> None:
    for row in range(len(rows)):
        factor, left, right = int(multiplier[row]), max(shift[row], 0), max(-shift[row], 0)
        for i in range(rows.shape[1]):
            level = _product(rows[row, i], factor, left, right) + zero_point
            codes[row, i] = np.uint8(min(max(level, low), high) & mask)
