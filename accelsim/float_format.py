"""Binary floating-point formats: their fields, their bit patterns, and the values that these stand for."""

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from accelsim.errors import AccelsimError, nearest

__all__ = ["BF16", "FP32", "FloatFormat"]

_WORDS = {(8, 23): "fp32", (8, 7): "bf16"}
_FORMAT = re.compile(r"e([0-9]{1,3})m([0-9]{1,3})")


@dataclass(frozen=True)
class FloatFormat:
    """A format of IEEE 754's kind without subnormals: sign, biased exponent, mantissa with a hidden one.

    The all-ones exponent holds infinity (mantissa 0) and NaN; patterns with exponent 0 are zeros, whatever
    their mantissa: subnormal numbers do not exist.

    Parameters
    ----------
    exponent_bits : int
        2 to 8.
    mantissa_bits : int
        Stored bits of the mantissa, 1 to 23; the significand has one more, the hidden one.

    Raises
    ------
    AccelsimError
        If a number of bits is out of its range.
    """

    exponent_bits: int
    mantissa_bits: int

    def __post_init__(self) -> None:
        for field, value, allowed in (
            ("exponent_bits", self.exponent_bits, range(2, 9)),
            ("mantissa_bits", self.mantissa_bits, range(1, 24)),
        ):
            if value not in allowed:
                raise AccelsimError(
                    f"float format: {field} is {value!r}; "
                    f"expected an integer from {allowed[0]} to {allowed[-1]}"
                )

    @property
    def name(self) -> str:
        """``fp32``, ``bf16``, or ``e<exponent bits>m<mantissa bits>``."""
        own = (self.exponent_bits, self.mantissa_bits)
        return _WORDS.get(own, f"e{own[0]}m{own[1]}")

    @classmethod
    def parse(cls, name: str) -> "FloatFormat":
        """Return the format of that name.

        Raises
        ------
        AccelsimError
            If there is none.
        """
        for bits, word in _WORDS.items():
            if name == word:
                return cls(*bits)
        match = _FORMAT.fullmatch(name)
        if not match:
            near = nearest(name, [*_WORDS.values(), "e4m3"])
            raise AccelsimError(f"unknown float format {name!r}: expected fp32, bf16 or such as e4m3{near}")
        return cls(int(match[1]), int(match[2]))

    @property
    def width(self) -> int:
        """Bits of a number."""
        return 1 + self.exponent_bits + self.mantissa_bits

    @property
    def significand_bits(self) -> int:
        """Bits of the significand, hidden one included."""
        return self.mantissa_bits + 1

    @property
    def bias(self) -> int:
        """What is added to an exponent to store it."""
        return (1 << self.exponent_bits - 1) - 1

    @property
    def sign(self) -> int:
        """Bit pattern of -0."""
        return 1 << self.width - 1

    @property
    def infinity(self) -> int:
        """Bit pattern of infinity; larger magnitudes are NaN."""
        return ((1 << self.exponent_bits) - 1) << self.mantissa_bits

    @property
    def nan(self) -> int:
        """Bit pattern of the one NaN that results have: quiet and positive."""
        return self.infinity | 1 << self.mantissa_bits - 1

    @property
    def least_normal(self) -> int:
        """Bit pattern of the smallest positive number."""
        return 1 << self.mantissa_bits

    def decode(self, bits: ArrayLike) -> NDArray[np.float64]:
        """Return the values of bit patterns; exact."""
        patterns = np.asarray(bits).astype(np.int64)
        magnitude = patterns & self.sign - 1
        exponent = (magnitude >> self.mantissa_bits) - self.bias - self.mantissa_bits
        significand = magnitude & self.least_normal - 1 | self.least_normal
        value = np.ldexp(significand.astype(np.float64), exponent.astype(np.int32))
        value = np.where(magnitude < self.least_normal, 0.0, value)
        value = np.where(magnitude == self.infinity, np.inf, value)
        value = np.where(magnitude > self.infinity, np.nan, value)
        return np.asarray(np.where(patterns & self.sign, -value, value))

    def encode(self, values: ArrayLike) -> NDArray[Any]:
        """Return the bit patterns of values, rounded to nearest-even.

        What rounds to less than the smallest normal number becomes zero, what rounds beyond the largest
        infinity; signs are kept.

        Returns
        -------
        array of unsigned integers
            In the smallest type that holds them.
        """
        value = np.asarray(values, dtype=np.float64)
        finite = np.where(np.isfinite(value), value, 0.0)
        fraction, exponent = np.frexp(np.abs(finite))
        significand = np.rint(np.ldexp(fraction, self.significand_bits)).astype(np.int64)
        biased = exponent.astype(np.int64) - 1 + self.bias
        bits = (biased << self.mantissa_bits) + significand - self.least_normal
        bits = np.where((bits < self.least_normal) | (finite == 0), 0, np.minimum(bits, self.infinity))
        bits = np.where(np.isinf(value), self.infinity, bits) + self.sign * np.signbit(value)
        return np.where(np.isnan(value), self.nan, bits).astype(self.pattern_type)

    @property
    def pattern_type(self) -> np.dtype[Any]:
        """The smallest unsigned integer type that holds a bit pattern."""
        return np.dtype(f"u{next(size for size in (1, 2, 4) if self.width <= 8 * size)}")


#: IEEE 754 single precision.
FP32 = FloatFormat(8, 23)
#: The upper half of single precision.
BF16 = FloatFormat(8, 7)
