"""Affine unsigned and symmetric signed quantization of 2 to 8 bits."""

from dataclasses import dataclass

import torch
from torch import Tensor

from accelsim.errors import AccelsimError

__all__ = ["MAX_BITS", "MIN_BITS", "QuantParams", "quant_params", "weight_params"]

MIN_BITS = 2
MAX_BITS = 8


@dataclass(frozen=True, eq=False)
class QuantParams:
    """How a real number becomes a level: ``level = clamp(round(value / scale) + zero_point, low, high)``.

    The division is done in the value's own type and rounds half to even, as `torch.round` does; values
    beyond the range, infinities included, saturate. A level's real value is ``(level - zero_point) *
    scale``, so zero is always represented exactly.

    Parameters
    ----------
    scale : float tensor of shape () or (channels,)
        Real difference of two neighbouring levels; one for the whole tensor, or one per channel.
    zero_point : int64 tensor of the scale's shape
        Level of the real number 0.
    bits : int
        Width of a level, 2 to 8.
    signed : bool
        False: affine, levels 0 to 2^bits - 1. True: symmetric, levels -(2^(bits-1) - 1) to 2^(bits-1) - 1
        (the most negative pattern is not used, so that negation never overflows) and zero point 0.

    Raises
    ------
    AccelsimError
        If the width is out of range, a scale is not positive and finite, or a zero point is not a level.
    """

    scale: Tensor
    zero_point: Tensor
    bits: int
    signed: bool

    def __post_init__(self) -> None:
        if not MIN_BITS <= self.bits <= MAX_BITS:
            raise AccelsimError(f"quantization to {self.bits} bits; expected {MIN_BITS} to {MAX_BITS}")
        if self.scale.dim() > 1 or self.scale.shape != self.zero_point.shape:
            raise AccelsimError(
                f"scale of shape {tuple(self.scale.shape)} with zero point of shape "
                f"{tuple(self.zero_point.shape)}; expected both () or both (channels,)"
            )
        if not (torch.isfinite(self.scale) & (self.scale > 0)).all():
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

    def quantize(self, values: Tensor) -> Tensor:
        """Return the codes of real values: each level's bit pattern, two's complement when signed.

        Parameters
        ----------
        values : float tensor
            Without NaN, for which the result is unspecified. Channels, if any, are the first dimension.

        Returns
        -------
        uint8 tensor of the same shape, every code below 2^bits
        """
        scale, zero_point = self._broadcast_to(values.dim())
        levels = (values / scale.to(values.dtype)).round_()
        levels.add_(zero_point.to(values.dtype)).clamp_(self.low, self.high)
        if not self.signed:
            return levels.to(torch.uint8)
        return levels.to(torch.int8).view(torch.uint8).bitwise_and_((1 << self.bits) - 1)

    def levels(self, codes: Tensor) -> Tensor:
        """Return the levels (int64) that codes stand for."""
        levels = codes.to(torch.int64)
        return torch.where(levels > self.high, levels - (1 << self.bits), levels) if self.signed else levels

    def dequantize(self, codes: Tensor) -> Tensor:
        """Return the real values (float64) that codes stand for."""
        scale, zero_point = self._broadcast_to(codes.dim())
        return (self.levels(codes) - zero_point) * scale.to(torch.float64)

    def _broadcast_to(self, dimensions: int) -> tuple[Tensor, Tensor]:
        if self.scale.dim() == 0:
            return self.scale, self.zero_point
        shape = (-1, *(1,) * (dimensions - 1))
        return self.scale.reshape(shape), self.zero_point.reshape(shape)


def quant_params(low: Tensor, high: Tensor, bits: int, signed: bool) -> QuantParams:
    """Return the parameters that cover the real range ``low`` to ``high``, widened to include 0.

    Affine (unsigned): ``scale = (high - low) / (2^bits - 1)``, ``zero_point = round(-low / scale)``.
    Symmetric (signed): ``scale = max(|low|, |high|) / (2^(bits-1) - 1)``, ``zero_point = 0``. [1]_
    The scale is rounded to float32, so that networks of either float type use the same one. A range without
    extent (all values 0) gets scale 1.

    Parameters
    ----------
    low, high : float tensors of shape () or (channels,)
        Ends of the range.
    bits : int
        Width of a level, 2 to 8.
    signed : bool
        Symmetric signed or affine unsigned levels.

    Raises
    ------
    AccelsimError
        If an end is not finite, or the width is out of range.

    References
    ----------
    .. [1] B. Jacob et al., "Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-
       Only Inference", CVPR 2018, section 2.1; R. Krishnamoorthi, arXiv:1806.08342, sections 2.1 and 2.2.
    """
    low, high = low.detach().to(torch.float64).clamp(max=0), high.detach().to(torch.float64).clamp(min=0)
    if not (torch.isfinite(low) & torch.isfinite(high)).all():
        raise AccelsimError("the range to quantize is not finite: the values hold NaN or infinity")
    steps = (1 << bits - 1) - 1 if signed else (1 << bits) - 1
    extent = torch.maximum(-low, high) if signed else high - low
    smallest = torch.finfo(torch.float32).tiny
    scale = torch.where(extent > 0, (extent / steps).clamp(min=smallest), 1.0).to(torch.float32)
    zero_point = torch.zeros_like(low) if signed else (-low / scale).round().clamp(0, steps)
    return QuantParams(scale, zero_point.to(torch.int64), bits, signed)


def weight_params(weight: Tensor, bits: int, signed: bool, per_channel: bool) -> QuantParams:
    """Return the parameters that cover a weight from its smallest to its largest value.

    Parameters
    ----------
    weight : float tensor of shape (out_channels, ...)
        The weight of a convolution or linear layer.
    bits, signed
        As in `quant_params`.
    per_channel : bool
        One scale and zero point per output channel instead of one for all.
    """
    low, high = torch.aminmax(weight.detach().flatten(1), dim=1)
    return (
        quant_params(low, high, bits, signed)
        if per_channel
        else quant_params(low.min(), high.max(), bits, signed)
    )
