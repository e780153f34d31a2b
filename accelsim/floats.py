"""Closed forms of float32 multipliers: what their gates compute, as bit masks and exact multiplications.

A product is the sum of two exact multiplications of masked operands, rounded once;
`Float32ClosedForm.terms_a` and `Float32ClosedForm.terms_b` are those operands, for sums of many products.
Each form is compared with its gate-level netlist by the tests.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from accelsim.errors import AccelsimError, nearest
from accelsim.float_format import FP32
from accelsim.float_products import FloatProducts
from accelsim.float_reference import (
    Rounding,
    ama5_blocks_product,
    block_masks,
    checked_rounding,
    product_patterns,
)
from accelsim.workers import share_tasks

__all__ = [
    "AUTHORS_LEAST_OPERAND",
    "CLOSED_FORMS",
    "Float32ClosedForm",
    "checked_float32",
    "closed_form",
    "rounded_product",
]

#: Bit pattern of the smallest float32 that is not below 1e-36.
AUTHORS_LEAST_OPERAND = 0x03AA2425
#: Added to the sum of two float32 exponent fields, float64's field of 4 times the product of those powers.
_HALVED_FROM = (1023 - 2 * 127 + 2) << 52

_TASK = 1 << 16
_SIGN_AND_EXPONENT = 0xFF800000


@dataclass(frozen=True)
class Float32ClosedForm(FloatProducts):
    """A float32 multiplier whose significands are multiplied by AMA5 arrays of some size, or exactly.

    Parameters
    ----------
    name : str
        Name of the hardware that it describes.
    block : int
        Bits of an AMA5 array: 24 is one array, 4 are 36 of them summed by exact adders, 1 is exact.
    rounding : {"nearest-even", "truncate"}
        How the product is rounded to 24 bits.
    least_operand : int
        Magnitude, as a bit pattern, below which an operand counts as zero.
    halves_overflow : bool
        Whether a product of more than 48 bits comes out as half its value.

    Raises
    ------
    AccelsimError
        If blocks of that size do not fill 24 bits, there is no such rounding, or products are to be halved
        but not truncated.
    """

    name: str
    block: int
    rounding: Rounding = "truncate"
    least_operand: int = FP32.least_normal
    halves_overflow: bool = False

    def __post_init__(self) -> None:
        block_masks(FP32.significand_bits, self.block)
        checked_rounding(self.name, self.rounding)
        if self.halves_overflow and self.rounding != "truncate":
            raise AccelsimError(f"{self.name}: a product is halved only where it is truncated")

    def multiply(
        self, a: NDArray[np.float32], b: NDArray[np.float32], threads: int | None = None
    ) -> NDArray[np.float32]:
        """Multiply float32 arrays (broadcast together) in compiled code.

        Parameters
        ----------
        a, b : float32 arrays
            Operands.
        threads : int, optional
            Threads that share large arrays; default: as many as there are cores.

        Raises
        ------
        AccelsimError
            If an array is not float32.
        """
        first, second = np.broadcast_arrays(*(checked_float32(self.name, array) for array in (a, b)))
        x, y = (np.ascontiguousarray(array).ravel() for array in (first, second))
        found = np.empty(x.size, dtype=np.float32)

        def run_tasks(first: int, stop: int) -> None:
            part = slice(first * _TASK, stop * _TASK)
            _multiply(x[part], y[part], self.constants, found[part])

        tasks = -(-x.size // _TASK)
        share_tasks(run_tasks, tasks, threads or os.cpu_count() or 1)
        return found.reshape(first.shape)

    @property
    def constants(self) -> tuple[np.uint32, np.uint32, np.uint64, float, np.uint32, bool]:
        """What `rounded_product` takes: masks of the operands, bits kept, range, least operand, halving."""
        kept = np.uint64(2**64 - 1 if self.rounding == "nearest-even" else 2**64 - 2**29)
        # The least magnitude that rounds to a normal number; half a unit of the last place below it, a tie
        # goes to the even neighbour, which it is.
        tiny = 2.0**-126 * (1 - 2.0**-25 if self.rounding == "nearest-even" else 1.0)
        masks = np.uint32(self._rest_mask), np.uint32(self._high_mask)
        return *masks, kept, tiny, np.uint32(self.least_operand), self.halves_overflow

    def reference(self, a: NDArray[np.float32], b: NDArray[np.float32]) -> NDArray[np.float32]:
        """Multiply as `multiply` does, by the plain reference of `accelsim.float_reference`."""

        def product(x: NDArray[np.int64], y: NDArray[np.int64]) -> NDArray[np.int64]:
            found = ama5_blocks_product(x, y, FP32.significand_bits, self.block)
            return found >> (found >> 48) if self.halves_overflow else found

        x, y = (checked_float32(self.name, array).view(np.uint32) for array in (a, b))
        found = product_patterns(
            FP32, x, y, product, rounding=self.rounding, least_operand=self.least_operand
        )
        return np.asarray(found.view(np.float32))

    def terms_a(self, a: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the two parts of first operands that are multiplied exactly.

        Before rounding (and halving), the product of finite operands is the sum over ``t`` of
        ``terms_a(a)[t] * terms_b(b)[t]``.

        Returns
        -------
        float32 array of shape (2, ...), with the shape of ``a``
            Flushed operands have zeros.
        """
        values = self._flushed(a)
        rest = (values.view(np.uint32) & np.uint32(self._rest_mask)).view(np.float32)
        return np.stack([values - rest, rest])

    def terms_b(self, b: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the two parts of second operands, as `terms_a` does of first ones.

        Raises
        ------
        AccelsimError
            If twice an operand is beyond float32's range, or an operand is not a number.
        """
        values = self._flushed(b)
        beyond = values[~(np.abs(values) < 2.0**127)]
        if beyond.size:
            raise AccelsimError(f"{self.name}: operand b is {beyond[0]:g}; expected a magnitude below 2^127")
        high = (values.view(np.uint32) & np.uint32(self._high_mask)).view(np.float32)
        return np.stack([values, high + high])

    def _flushed(self, array: NDArray[np.float32]) -> NDArray[np.float32]:
        values = checked_float32(self.name, array)
        magnitude = values.view(np.uint32) & np.uint32(FP32.sign - 1)
        return np.where(magnitude < self.least_operand, np.float32(0), values)

    @property
    def _rest_mask(self) -> int:
        """Bits of the first operand that are not the lowest of their block; none where that is all bits."""
        low = block_masks(FP32.significand_bits, self.block)[0]
        return _SIGN_AND_EXPONENT | ~low & FP32.least_normal - 1 if self.block > 1 else 0

    @property
    def _high_mask(self) -> int:
        """Bits of the second operand that are the highest of their block."""
        return _SIGN_AND_EXPONENT | block_masks(FP32.significand_bits, self.block)[1]


#: The closed forms by the names of the hardware they describe.
CLOSED_FORMS: Mapping[str, Float32ClosedForm] = MappingProxyType(
    {
        form.name: form
        for form in (
            Float32ClosedForm("fp32_exact", 1, "nearest-even"),
            Float32ClosedForm("fp32_exact_truncate", 1),
            Float32ClosedForm("axfpm_array24", 24),
            Float32ClosedForm("axfpm_blocks4", 4),
            Float32ClosedForm("axfpm_authors", 4, least_operand=AUTHORS_LEAST_OPERAND, halves_overflow=True),
        )
    }
)


def closed_form(name: str) -> Float32ClosedForm:
    """Return the closed form of a float multiplier.

    Raises
    ------
    AccelsimError
        If there is none of that name.
    """
    if name not in CLOSED_FORMS:
        raise AccelsimError(
            f"no closed form of {name!r}; there are {', '.join(CLOSED_FORMS)}{nearest(name, CLOSED_FORMS)}"
        )
    return CLOSED_FORMS[name]


def checked_float32(name: str, array: NDArray[Any]) -> NDArray[np.float32]:
    """Return an operand of the multiplier of that name; raise `AccelsimError` if it is not float32."""
    values = np.asarray(array)
    if values.dtype != np.float32:
        raise AccelsimError(f"{name} multiplies float32 arrays; got {values.dtype}")
    return values


@njit(inline="always")
def rounded_product(a: Any, b: Any, constants: Any) -> Any:
    """Return the product of two float32, given `Float32ClosedForm.constants`."""
    rest_mask, high_mask, kept, tiny, least, halves = constants
    infinity = np.uint32(0x7F800000)
    x, y = a.view(np.uint32), b.view(np.uint32)
    rest = np.float64(np.uint32(x & rest_mask).view(np.float32))
    high = np.float64(np.uint32(y & high_mask).view(np.float32))
    product = (np.float64(a) - rest) * np.float64(b) + (rest + rest) * high  # at most 49 bits: exact
    bits = np.float64(product).view(np.uint64)
    if halves:  # what is at least 4 times the product of the operands' powers of two
        exponents = np.uint64(np.uint32((x & infinity) + (y & infinity))) << np.uint64(29)
        limit = np.int64(exponents) + np.int64(_HALVED_FROM)
        overflows = np.int64(bits & np.uint64(2**63 - 1)) >= limit
        bits = bits - np.uint64(1 << 52) if overflows else bits
    x_magnitude, y_magnitude = np.uint32(x & np.uint32(0x7FFFFFFF)), np.uint32(y & np.uint32(0x7FFFFFFF))
    sign = np.uint32((x ^ y) & np.uint32(0x80000000))
    cut = np.uint64(bits & kept).view(np.float64)
    cut = cut * 0.0 if abs(cut) < tiny else cut
    zero = (x_magnitude < least) | (y_magnitude < least)
    found = sign if zero else np.float32(cut).view(np.uint32)
    if (x_magnitude >= infinity) | (y_magnitude >= infinity):
        nan = zero | (x_magnitude > infinity) | (y_magnitude > infinity)
        found = np.uint32(0x7FC00000) if nan else np.uint32(sign | infinity)
    return np.uint32(found).view(np.float32)


@njit(cache=True, nogil=True)
def _multiply(
    a: NDArray[np.float32], b: NDArray[np.float32], constants: Any, found: NDArray[np.float32]
) -> None:
    for i in range(len(found)):
        found[i] = rounded_product(np.float32(a[i]), np.float32(b[i]), constants)
