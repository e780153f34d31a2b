"""Affine unsigned and symmetric signed quantization of 2 to 16 bits."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from accelsim.errors import AccelsimError
from accelsim.lut import operand_values
from accelsim.quantization_kernel import quantize_rows

__all__ = ["MAX_BITS", "MAX_WIDE_BITS", "MIN_BITS", "QuantParams", "quant_params", "weight_params"]

MIN_BITS = 2
#: Widest operand of a table of products, and of a multiplier that runs on its gates.
MAX_BITS, MAX_WIDE_BITS = 8, 16


@dataclass(frozen=True, eq=False)
class QuantParams:
    """How a real number becomes a level: ``level = clamp(round(value / scale) + zero_point, low, high)``.

    The division is done in the value's own type and rounds half to even; values beyond the range,
    infinities included, saturate. A level's real value is ``(level - zero_point) * scale``, so zero is
    always represented exactly.

    Parameters
    ----------
    scale : float array of shape () or (channels,)
        Real difference of two neighbouring levels; one for the whole tensor, or one per channel.
    zero_point : int64 array of the scale's shape
        Level of the real number 0. That of DoReFa-Net's weights is between two levels: then float64.
    bits : int
        Width of a level, 2 to 16.
    signed : bool
        False: affine, levels 0 to 2^bits - 1. True: symmetric, levels -(2^(bits-1) - 1) to 2^(bits-1) - 1
        (the most negative pattern is not used, so that negation never overflows) and zero point 0.

    Raises
    ------
    AccelsimError
        If the width is out of range, a scale is not positive and finite, or a zero point is not a level.
    """

    scale: NDArray[np.floating[Any]]
    zero_point: NDArray[Any]
    bits: int
    signed: bool

    def __post_init__(self) -> None:
        if not MIN_BITS <= self.bits <= MAX_WIDE_BITS:
            raise AccelsimError(f"quantization to {self.bits} bits; expected {MIN_BITS} to {MAX_WIDE_BITS}")
        if self.scale.ndim > 1 or self.scale.shape != self.zero_point.shape:
            raise AccelsimError(
                f"scale of shape {self.scale.shape} with zero point of shape {self.zero_point.shape}; "
                "expected () for both or (channels,) for both"
            )
        if not (np.isfinite(self.scale) & (self.scale > 0)).all():
            raise AccelsimError(f"quantization scale {self.scale.tolist()}; expected positive finite numbers")
        low, high = (0, 0) if self.signed else (self.low, self.high)
        if not ((self.zero_point >= low) & (self.zero_point <= high)).all():
            expected = "0, as signed quantization is symmetric" if self.signed else f"{low} to {high}"
            raise AccelsimError(f"zero point {self.zero_point.tolist()}; expected {expected}")

    @property
    def low(self) -> int:
        """Lowest level."""
        return 1 - (1 << self.bits - 1) if self.signed else 0

    @property
    def high(self) -> int:
        """Highest level."""
        return (1 << self.bits - 1) - 1 if self.signed else (1 << self.bits) - 1

    def quantize(self, values: NDArray[np.floating[Any]], what: str = "a value") -> NDArray[Any]:
        """Return the codes of real values: each level's bit pattern, two's complement when signed.

        Parameters
        ----------
        values : float array
            Channels, if there are several scales, are the first dimension.
        what : str
            What the values are, for the error message.

        Returns
        -------
        uint8 array of the same shape, uint16 above 8 bits, every code below 2^bits

        Raises
        ------
        AccelsimError
            If a value is NaN, which has no level.
        """
        rows = np.ascontiguousarray(values).reshape(self.scale.size, -1 if values.size else 0)
        rows.flags.writeable = False
        codes = np.empty(rows.shape, np.uint8 if self.bits <= MAX_BITS else np.uint16)
        scales, zero_points = (np.ravel(each).astype(rows.dtype) for each in (self.scale, self.zero_point))
        ends = np.array([self.low, self.high], rows.dtype)
        if quantize_rows(rows, scales, zero_points, ends, (1 << self.bits) - 1, codes):
            raise AccelsimError(f"{what} is NaN, which has no quantized level")
        return codes.reshape(values.shape)

    def level_sums(self, codes: NDArray[np.uint8]) -> NDArray[np.int64]:
        """Return the sums of the levels that codes stand for, over the last axis."""
        if self.signed and self.bits == MAX_BITS:
            return np.asarray(codes.view(np.int8).sum(axis=-1, dtype=np.int64))
        return np.asarray((self.levels(codes) if self.signed else codes).sum(axis=-1, dtype=np.int64))

    def levels(self, codes: NDArray[np.uint8]) -> NDArray[np.int64]:
        """Return the levels that codes stand for."""
        return operand_values(self.bits, self.signed)[codes]

    def dequantize(self, codes: NDArray[np.uint8]) -> NDArray[np.float64]:
        """Return the real values that codes stand for."""
        scale, zero_point = self._broadcast_to(codes.ndim)
        return np.asarray((self.levels(codes) - zero_point) * scale.astype(np.float64), np.float64)

    def _broadcast_to(self, dimensions: int) -> tuple[NDArray[np.floating[Any]], NDArray[np.int64]]:
        if self.scale.ndim == 0:
            return self.scale, self.zero_point
        shape = (-1, *(1,) * (dimensions - 1))
        return self.scale.reshape(shape), self.zero_point.reshape(shape)


def quant_params(low: ArrayLike, high: ArrayLike, bits: int, signed: bool) -> QuantParams:
    """Return the parameters that cover the real range ``low`` to ``high``, widened to include 0.

    Affine (unsigned): ``scale = (high - low) / (2^bits - 1)``, ``zero_point = round(-low / scale)``.
    Symmetric (signed): ``scale = max(|low|, |high|) / (2^(bits-1) - 1)``, ``zero_point = 0``.
    The scale is rounded to float32, so that networks of either float type use the same one. A range without
    extent (all values 0) gets scale 1.

    Parameters
    ----------
    low, high : float or array of shape (channels,)
        Ends of the range.
    bits : int
        Width of a level, 2 to 16.
    signed : bool
        Symmetric signed or affine unsigned levels.

    Raises
    ------
    AccelsimError
        If an end is not finite, or the width is out of range.

    References
    ----------
    B. Jacob et al., "Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-
    Only Inference", CVPR 2018, section 2.1; R. Krishnamoorthi, arXiv:1806.08342, sections 2.1 and 2.2.
    """
    low = np.minimum(np.asarray(low, np.float64), 0)
    high = np.maximum(np.asarray(high, np.float64), 0)
    if not (np.isfinite(low) & np.isfinite(high)).all():
        raise AccelsimError("the range to quantize is not finite: the values hold NaN or infinity")
    steps = (1 << bits - 1) - 1 if signed else (1 << bits) - 1
    extent = np.maximum(-low, high) if signed else high - low
    smallest, largest = np.finfo(np.float32).tiny, np.finfo(np.float32).max
    scale = np.where(extent > 0, np.clip(extent / steps, smallest, largest), 1).astype(np.float32)
    zero_point = np.zeros_like(low) if signed else np.clip(np.rint(-low / scale), 0, steps)
    return QuantParams(scale, zero_point.astype(np.int64), bits, signed)


def weight_params(
    weight: NDArray[np.floating[Any]], bits: int, signed: bool, per_channel: bool
) -> QuantParams:
    """Return the parameters that cover a weight from its smallest to its largest value.

    Parameters
    ----------
    weight : float array of shape (out_channels, ...)
        The weight of a convolution or linear layer.
    bits, signed
        As in `quant_params`.
    per_channel : bool
        One scale and zero point per output channel instead of one for all.
    """
    others = tuple(range(1, weight.ndim)) if per_channel else None
    return quant_params(weight.min(axis=others), weight.max(axis=others), bits, signed)
