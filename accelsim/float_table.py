"""Products of float multipliers of few mantissa bits, from a table of all products of significands."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from accelsim.errors import AccelsimError
from accelsim.float_format import FloatFormat
from accelsim.float_products import FloatProducts
from accelsim.floats import checked_float32

__all__ = ["MAX_MANTISSA_BITS", "FloatTable", "entry_product"]

#: A row of more than 128 entries does not fit the registers that look it up.
MAX_MANTISSA_BITS = 7
_COLUMNS = 1 << MAX_MANTISSA_BITS
_INFINITY = 0x7F800000


@dataclass(frozen=True, eq=False)
class FloatTable(FloatProducts):
    """A float multiplier whose products of significands are in a table.

    A product is the entry of both mantissas times both powers of two, with the product of the signs. Then the
    exponent's range is looked at: below the smallest normal number it is zero, beyond the largest infinity.
    Zeros, infinities and NaN are as in `accelsim.float_reference.product_patterns`.

    Parameters
    ----------
    name : str
        Name of the hardware.
    form : FloatFormat
        Format of operands and product, of at most 7 mantissa bits; operands are rounded to it (nearest-even,
        flushing what is below the smallest normal number) first.
    products : float32 array of shape (2^mantissa bits, 2^mantissa bits)
        Products of the significands from 1 to 2 with mantissas a and b, normalised and rounded to the format.

    Raises
    ------
    AccelsimError
        If the mantissa has more bits, the table is of another shape, or an entry is negative, 8 or more, or
        has more bits than the format.
    """

    name: str
    form: FloatFormat
    products: NDArray[np.float32]

    def __post_init__(self) -> None:
        bits = self.form.mantissa_bits
        if bits > MAX_MANTISSA_BITS:
            raise AccelsimError(f"{self.name}: mantissas of {bits} bits; at most {MAX_MANTISSA_BITS}")
        if self.products.shape != (1 << bits, 1 << bits) or self.products.dtype != np.float32:
            given = f"{self.products.dtype}{list(self.products.shape)}"
            raise AccelsimError(f"{self.name}: table is {given}; expected float32[{1 << bits}, {1 << bits}]")
        patterns = self.products.view(np.uint32)
        if not ((self.products >= 0) & (self.products < 8)).all() or (patterns & (1 << 23 - bits) - 1).any():
            raise AccelsimError(
                f"{self.name}: an entry is not a number of {bits} mantissa bits, from 0 to below 8"
            )

    def multiply(
        self, a: NDArray[np.float32], b: NDArray[np.float32], threads: int | None = None
    ) -> NDArray[np.float32]:
        """Multiply float32 arrays (broadcast together), on one thread; see `FloatProducts.multiply`."""
        first, second = np.broadcast_arrays(*(self.rounded(array) for array in (a, b)))
        found = np.empty(first.size, np.float32)
        x, y = (np.ascontiguousarray(array).ravel() for array in (first, second))
        _multiply(x, y, self.entries, self.limits, found)
        return found.reshape(first.shape)

    def rounded(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the nearest numbers of the format, as operands are taken."""
        given = np.ascontiguousarray(checked_float32(self.name, values))
        least, largest = (np.float32(limit).view(np.uint32) for limit in self.limits)
        found = np.empty(given.size, np.uint32)
        _round(given.ravel().view(np.uint32), 23 - self.form.mantissa_bits, least, largest, found)
        return found.view(np.float32).reshape(np.shape(values))

    @cached_property
    def entries(self) -> NDArray[np.uint16]:
        """The products, as upper halves of float32 numbers, by the upper 7 mantissa bits of both."""
        repeats = _COLUMNS >> self.form.mantissa_bits
        upper = (self.products.view(np.uint32) >> np.uint32(16)).astype(np.uint16)
        return np.ascontiguousarray(upper.repeat(repeats, axis=0).repeat(repeats, axis=1))

    @property
    def limits(self) -> tuple[float, float]:
        """Smallest normal number, and largest number, of the format."""
        least, largest = self.form.decode([self.form.least_normal, self.form.infinity - 1]).tolist()
        return least, largest


@njit(inline="always")
def entry_product(a: Any, b: Any, entry: Any, limits: Any) -> Any:
    """Return the product of two float32 of the format, given the entry of their mantissas."""
    x, y = np.float32(a).view(np.uint32), np.float32(b).view(np.uint32)
    infinity, exponent = np.uint32(_INFINITY), np.uint32(0xFF800000)
    x_magnitude, y_magnitude = np.uint32(x & np.uint32(0x7FFFFFFF)), np.uint32(y & np.uint32(0x7FFFFFFF))
    x_power = np.float64(np.uint32(x & exponent).view(np.float32))
    y_power = np.float64(np.uint32(y & exponent).view(np.float32))
    product = np.float64(np.uint32(np.uint32(entry) << np.uint32(16)).view(np.float32)) * (x_power * y_power)
    product = product * 0.0 if abs(product) < limits[0] else product
    product = product * np.inf if abs(product) > limits[1] else product
    zero = (x_magnitude == 0) | (y_magnitude == 0)
    bits = np.uint32((x ^ y) & np.uint32(0x80000000)) if zero else np.float32(product).view(np.uint32)
    if (x_magnitude >= infinity) | (y_magnitude >= infinity):
        nan = zero | (x_magnitude > infinity) | (y_magnitude > infinity)
        bits = np.uint32(0x7FC00000) if nan else np.uint32(((x ^ y) & np.uint32(0x80000000)) | infinity)
    return np.uint32(bits).view(np.float32)


@njit(cache=True, nogil=True)
def _multiply(a: Any, b: Any, entries: Any, limits: Any, found: Any) -> None:
    for i in range(len(found)):
        x, y = np.float32(a[i]).view(np.uint32), np.float32(b[i]).view(np.uint32)
        entry = entries[(x >> 16) & 127, (y >> 16) & 127]
        found[i] = entry_product(np.float32(a[i]), np.float32(b[i]), entry, limits)


@njit(cache=True, nogil=True)
def _round(given: Any, lost: int, least: Any, largest: Any, found: Any) -> None:
    """Round patterns of float32 to nearest-even, ``lost`` bits fewer, and to the exponents' range."""
    half, low = np.uint32(1 << lost - 1), np.uint32((1 << lost) - 1)
    # Below the smallest normal float32 by half a unit of the last place (of those below it): a tie goes up.
    subnormal = np.uint32(0x800000 - (1 << lost - 2))
    for i in range(len(given)):
        magnitude = np.uint32(given[i] & np.uint32(0x7FFFFFFF))
        odd = np.uint32((magnitude >> np.uint32(lost)) & np.uint32(1))
        rounded = np.uint32((magnitude + half - np.uint32(1) + odd) & ~low)
        if magnitude < np.uint32(0x800000):
            rounded = np.uint32(0x800000) if magnitude >= subnormal else np.uint32(0)
        rounded = np.uint32(0) if rounded < least else rounded
        rounded = np.uint32(_INFINITY) if rounded > largest else rounded
        rounded = np.uint32(0x7FC00000) if magnitude > np.uint32(_INFINITY) else rounded
        found[i] = np.uint32(rounded | (given[i] & np.uint32(0x80000000)))
