"""DoReFa-Net's quantizers of weights and activations, with straight-through gradients.

S. Zhou et al., "DoReFa-Net: Training Low Bitwidth Convolutional Neural Networks with Low Bitwidth Gradients",
arXiv:1606.06160, 2016, sections 2.2 to 2.4.
"""

import math
from typing import Any

import torch
from torch import Tensor, nn

from accelsim.errors import AccelsimError
from accelsim.straight_through import straight_through

__all__ = ["DorefaActivation", "DorefaWeight", "check_bits", "quantized", "quantized_weight"]

_MOST_BITS = 16


def check_bits(bits: int, what: str) -> None:
    """Raise unless this is a number of bits that DoReFa's quantizers take here.

    Parameters
    ----------
    bits : int
        From 1 to 16.
    what : str
        What is quantized, for the error message.

    Raises
    ------
    AccelsimError
        If it is another.
    """
    if not isinstance(bits, int) or not 1 <= bits <= _MOST_BITS:
        raise AccelsimError(
            f"DoReFa: bits of {what} must be a whole number from 1 to {_MOST_BITS}, not {bits!r}"
        )


def quantized(values: Tensor, bits: int) -> Tensor:
    """Return values of [0, 1] as the nearest multiples of 1 / (2^bits - 1); their gradient passes unchanged.

    Equation 5: ``round((2^k - 1) r) / (2^k - 1)``, halves to even.
    """
    return _rounded(values, 2**bits - 1)


def _rounded(values: Tensor, steps: int = 1) -> Tensor:
    """Return the nearest multiples of ``1 / steps``; the gradient passes unchanged."""
    nearest: Tensor = _Rounded.apply(values, steps)  # type: ignore[no-untyped-call]
    return nearest


class _Rounded(torch.autograd.Function):
    generate_vmap_rule = True

    @staticmethod
    def forward(values: Tensor, steps: int) -> Tensor:
        return torch.round(values * steps) / steps

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
        pass

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        return gradient, None


def quantized_weight(latent: Tensor, bits: int, *, per_channel: bool = False) -> Tensor:
    """Return the weight in [-1, 1] that a latent weight stands for.

    Equation 9, ``2 q(tanh w / (2 max |tanh w|) + 1/2) - 1``, which the gradient passes as it is, but for the
    rounding in ``q``. With one bit equation 8, ``sign(w) E|w|`` (the sign of 0 is +1), which the gradient
    passes unchanged.

    Parameters
    ----------
    latent : float tensor of shape (outputs, ...)
        What is trained.
    bits : int
        From 1 to 16.
    per_channel : bool
        Whether the maximum or the mean is that of each output's weights; DoReFa-Net's is that of all.
    """
    if bits == 1:
        return straight_through(
            lambda each: torch.where(each >= 0, 1.0, -1.0) * _of_outputs(each.abs(), "mean", per_channel),
            torch.clone,
            latent,
        )
    squashed = torch.tanh(latent)
    largest = _of_outputs(squashed.abs(), "max", per_channel).clamp_min(torch.finfo(latent.dtype).tiny)
    return 2 * quantized(squashed / (2 * largest) + 0.5, bits) - 1


def _of_outputs(values: Tensor, statistic: str, per_channel: bool) -> Tensor:
    """Return the largest or the mean value, of all or of each output's; its shape fits the values."""
    rows = values.reshape(len(values), -1) if per_channel else values.reshape(1, -1)
    found = rows.amax(dim=1) if statistic == "max" else rows.mean(dim=1)
    return found.reshape(-1, *(1 for _ in values.shape[1:]))


class DorefaWeight(nn.Module):
    """The quantizer of a layer's weight.

    Parameters
    ----------
    bits : int
        From 1 to 16.
    scale : float tensor
        Times the weight in [-1, 1]; of one value, or of shape (outputs, 1, ...): then of each output by
        itself. Default: 1, as in DoReFa-Net, whose networks are trained with what follows. Not used with one
        bit, whose weights have the scale of the latent ones.

    Raises
    ------
    AccelsimError
        If the number of bits is out of range.
    """

    scale: Tensor

    def __init__(self, bits: int, scale: Tensor | None = None) -> None:
        super().__init__()
        check_bits(bits, "weights")
        self.bits, self.steps = bits, 2**bits - 1
        self.register_buffer("scale", torch.ones(1) if scale is None else scale)

    @classmethod
    def fitted(cls, weight: Tensor, bits: int, *, per_channel: bool = False) -> "DorefaWeight":
        """Return the one whose range is that of a trained float weight, of all or of each output."""
        largest = _of_outputs(weight.detach().abs(), "max", per_channel)
        largest = torch.where(largest > 0, largest, 1.0)
        return cls(bits, largest if per_channel else largest.flatten())

    @property
    def per_channel(self) -> bool:
        """Whether each output has a range of its own."""
        return self.scale.numel() > 1

    def forward(self, latent: Tensor) -> Tensor:
        """Return the weight, of the latent weight's shape."""
        weight = quantized_weight(latent, self.bits, per_channel=self.per_channel)
        return weight if self.bits == 1 else self.scale * weight

    def unit(self, latent: Tensor) -> Tensor:
        """Return half the distance of two levels, which are its odd multiples; of the scale's shape."""
        if self.bits == 1:
            return _of_outputs(latent.detach().abs(), "mean", self.per_channel)
        unit: Tensor = self.scale / self.steps
        return unit

    def levels(self, latent: Tensor) -> Tensor:
        """Return the weight in `unit`: odd integers from ``1 - 2^bits`` to ``2^bits - 1``."""
        values: Tensor = self(latent) / self.unit(latent).clamp_min(torch.finfo(latent.dtype).tiny)
        if self.bits > 1:
            return _rounded(values)
        return values + (torch.where(latent >= 0, 1.0, -1.0) - values).detach()

    def right_inverse(self, weight: Tensor) -> Tensor:
        """Return the latent weight of a float weight: before rounding, it stands for that weight exactly.

        ``tanh w / max |tanh w|`` is ``weight / scale`` for ``w = artanh(tanh(1) weight / scale)``.
        """
        return weight if self.bits == 1 else torch.atanh(math.tanh(1) * (weight / self.scale).clamp(-1, 1))

    def extra_repr(self) -> str:
        """Return what `repr` shows beside the class."""
        return f"bits {self.bits}, range per {'output' if self.per_channel else 'layer'}"


class DorefaActivation(nn.Module):
    """A bounded and quantized ReLU: ``scale * q(clip(x / scale, 0, 1))``, its gradient that without ``q``.

    Parameters
    ----------
    bits : int
        From 1 to 16.
    scale : float
        The largest output; 1 in DoReFa-Net.

    Raises
    ------
    AccelsimError
        If the number of bits is out of range, or the scale is no number above 0.
    """

    scale: Tensor

    def __init__(self, bits: int, scale: float = 1.0) -> None:
        super().__init__()
        check_bits(bits, "activations")
        if not (math.isfinite(scale) and scale > 0):
            raise AccelsimError(f"DoReFa: the scale of activations must be above 0, not {scale!r}")
        self.bits, self.steps = bits, 2**bits - 1
        self.register_buffer("scale", torch.tensor(scale))

    def forward(self, input: Tensor) -> Tensor:
        """Return a tensor of the input's shape."""
        return self.scale * quantized((input / self.scale).clamp(0, 1), self.bits)

    @property
    def unit(self) -> Tensor:
        """Distance of two levels."""
        unit: Tensor = self.scale / self.steps
        return unit

    def levels(self, input: Tensor) -> Tensor:
        """Return the output in `unit`: integers from 0 to ``2^bits - 1``."""
        return _rounded((input / self.scale).clamp(0, 1) * self.steps)

    def extra_repr(self) -> str:
        """Return what `repr` shows beside the class."""
        return f"bits {self.bits}, scale {float(self.scale):g}"
