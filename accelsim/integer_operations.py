"""What an integer-only network computes on codes between its convolution and linear layers."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from accelsim.lut import operand_values
from accelsim.quantization import QuantParams
from accelsim.requantization import FixedPoint, Requantization

__all__ = [
    "FRACTION_BITS",
    "Add",
    "Affine",
    "Clamp",
    "Concatenate",
    "IntegerOperation",
    "Pad",
    "Reshape",
    "Slice",
    "codes_of",
    "levels_of",
    "shifted",
]

#: Left shift of levels before they are brought to another scale, which leaves room for a fraction.
FRACTION_BITS = 20


def levels_of(codes: NDArray[np.uint8], params: QuantParams) -> NDArray[np.int64]:
    """Return the levels of codes."""
    return params.levels(codes) if params.signed else codes.astype(np.int64)


def codes_of(levels: NDArray[np.integer[Any]], params: QuantParams) -> NDArray[np.uint8]:
    """Return the codes of levels, which must be in range."""
    return (levels & (1 << params.bits) - 1).astype(np.uint8)


def shifted(codes: NDArray[np.uint8], params: QuantParams) -> NDArray[np.int64]:
    """Return levels without their zero point, with `FRACTION_BITS` zeros after them."""
    return np.asarray((levels_of(codes, params) - params.zero_point) << FRACTION_BITS, np.int64)


@dataclass(frozen=True, eq=False, kw_only=True)
class IntegerOperation(ABC):
    """One step of an integer-only network.

    Parameters
    ----------
    name : str
        Name of the layer, unique in the network.
    inputs : tuple of str
        Names of the operations whose outputs it takes, or that of the network's input.
    output_shape : tuple of int
        Shape of its output for one image.
    output : QuantParams, optional
        Quantization of its output; None for sums.
    """

    name: str
    inputs: tuple[str, ...]
    output_shape: tuple[int, ...]
    output: QuantParams | None

    @property
    @abstractmethod
    def kind(self) -> str:
        """Return what it does, in a word."""

    @abstractmethod
    def run(self, *codes: NDArray[Any]) -> NDArray[Any]:
        """Return its output for a batch.

        Parameters
        ----------
        *codes : uint8 arrays of shape (images, ...)
            The outputs of `inputs`.

        Returns
        -------
        uint8 array of shape ``(images, *output_shape)``
        """


@dataclass(frozen=True, eq=False, kw_only=True)
class Reshape(IntegerOperation):
    """The same codes in another shape."""

    @property
    def kind(self) -> str:
        """``"flatten"`` or ``"reshape"``."""
        return "flatten" if len(self.output_shape) == 1 else "reshape"

    def run(self, *codes: NDArray[Any]) -> NDArray[Any]:
        """Return the output for a batch."""
        return np.asarray(codes[0].reshape(len(codes[0]), *self.output_shape))


@dataclass(frozen=True, eq=False, kw_only=True)
class Slice(IntegerOperation):
    """Some of the codes.

    Parameters
    ----------
    index : tuple of slice
        Which, per dimension after that of the images.
    """

    index: tuple[slice, ...]

    kind = "slice"

    def run(self, *codes: NDArray[Any]) -> NDArray[Any]:
        """Return the output for a batch."""
        return np.ascontiguousarray(codes[0][:, *self.index])


@dataclass(frozen=True, eq=False, kw_only=True)
class Pad(IntegerOperation):
    """Zeros around the codes: the level of the real number 0.

    Parameters
    ----------
    source : QuantParams
        Quantization of the input.
    widths : tuple of pairs of int
        Codes added before and after, per dimension after that of the images.
    """

    source: QuantParams
    widths: tuple[tuple[int, int], ...]

    kind = "pad"

    def run(self, *codes: NDArray[Any]) -> NDArray[Any]:
        """Return the output for a batch."""
        zero = int(self.source.zero_point)  # of a signed quantization 0, whose code is 0
        return np.pad(codes[0], ((0, 0), *self.widths), constant_values=zero)


@dataclass(frozen=True, eq=False, kw_only=True)
class Clamp(IntegerOperation):
    """A ReLU or ReLU6 that no requantization before it could take over.

    Parameters
    ----------
    source : QuantParams
        Quantization of the input.
    low, high : int
        Ends of the levels that stay.
    """

    source: QuantParams
    low: int
    high: int

    kind = "relu"

    def run(self, *codes: NDArray[Any]) -> NDArray[Any]:
        """Return the output for a batch."""
        every = operand_values(self.source.bits, self.source.signed)
        return np.asarray(codes_of(np.clip(every, self.low, self.high), self.source)[codes[0]])


@dataclass(frozen=True, eq=False, kw_only=True)
class Add(IntegerOperation):
    """The sum of two tensors of different scales, as TensorFlow Lite forms it.

    Both levels lose their zero point and are shifted left by 20 bits, then brought to the common scale
    ``2 max(s1, s2) / 2^20`` by `FixedPoint.times`; their sum is requantized.

    Parameters
    ----------
    sources : two of QuantParams
        Quantization of the inputs.
    to_common : pair of FixedPoint
        From the scales of the inputs to the common one.
    requantization : Requantization
        From there to the output's.

    References
    ----------
    TensorFlow Lite, ``kernels/add.cc`` and ``kernels/internal/reference/add.h``.
    """

    sources: tuple[QuantParams, ...]
    to_common: tuple[FixedPoint, FixedPoint]
    requantization: Requantization

    kind = "add"

    @staticmethod
    def scales(first: QuantParams, second: QuantParams) -> tuple[tuple[FixedPoint, FixedPoint], float]:
        """Return what brings two inputs to their common scale, and that scale."""
        largest = 2 * max(float(first.scale), float(second.scale))
        both = FixedPoint.of(float(first.scale) / largest), FixedPoint.of(float(second.scale) / largest)
        return both, largest / (1 << FRACTION_BITS)

    def run(self, *codes: NDArray[Any]) -> NDArray[Any]:
        """Return the output for a batch."""
        first, second = (
            factor.times(shifted(own, params))
            for own, params, factor in zip(codes, self.sources, self.to_common, strict=True)
        )
        return self.requantization.apply(first + second)


@dataclass(frozen=True, eq=False, kw_only=True)
class Affine(IntegerOperation):
    """A multiplication and an addition per channel: batch normalisation that no layer could take in.

    ``requantize(factor * (level - zero point) + offset)``, where the larger of the two terms takes 31 bits.

    Parameters
    ----------
    source : QuantParams
        Quantization of the input.
    factor, offset : int64 arrays of shape (channels,)
        Within int32.
    requantization : Requantization
        One multiplier per channel.
    """

    source: QuantParams
    factor: NDArray[np.int64]
    offset: NDArray[np.int64]
    requantization: Requantization

    kind = "affine"

    @staticmethod
    def constants(
        slope: NDArray[np.float64], intercept: NDArray[np.float64], source: QuantParams
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
        """Return factor, offset and the real value of a unit of their sum, of ``slope * x + intercept``.

        The unit is that of which 2^29 make the largest product or the offset, whichever is larger, so that
        their sum stays within an int32.
        """
        step = slope * float(source.scale)  # of the output, per level of the input
        span = source.high - source.low
        unit = np.maximum(np.abs(step) * span, np.abs(intercept)) / (1 << 29)
        unit[unit == 0] = 1
        return np.rint(step / unit).astype(np.int64), np.rint(intercept / unit).astype(np.int64), unit

    def run(self, *codes: NDArray[Any]) -> NDArray[Any]:
        """Return the output for a batch."""
        by_channel = levels_of(codes[0], self.source).swapaxes(0, 1) - self.source.zero_point
        shape = (-1, *(1,) * (by_channel.ndim - 1))
        sums = self.factor.reshape(shape) * by_channel + self.offset.reshape(shape)
        return np.ascontiguousarray(self.requantization.apply(sums).swapaxes(0, 1))


@dataclass(frozen=True, eq=False, kw_only=True)
class Concatenate(IntegerOperation):
    """Tensors one after another along the channels, each requantized to the output's scale.

    Their levels are shifted left by 20 bits first, as for `Add`.

    Parameters
    ----------
    sources : tuple of QuantParams
        Quantization of each input.
    requantizations : tuple of Requantization
        From each of them, shifted, to the output's.
    """

    sources: tuple[QuantParams, ...]
    requantizations: tuple[Requantization, ...]

    kind = "concatenate"

    def run(self, *codes: NDArray[Any]) -> NDArray[Any]:
        """Return the output for a batch."""
        parts = [
            requantization.apply(shifted(own, params))
            for own, params, requantization in zip(codes, self.sources, self.requantizations, strict=True)
        ]
        return np.concatenate(parts, axis=1)
