"""The accumulator of a MAC: its width, and what becomes of a sum that leaves it."""

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from accelsim.errors import AccelsimError, nearest
from accelsim.lut import Lut

__all__ = ["Accumulator", "Overflow"]

Overflow = Literal["wrap", "saturate"]

MAX_BITS = 32


@dataclass(frozen=True)
class Accumulator:
    """A two's-complement register that adds one product at a time.

    Parameters
    ----------
    bits : int
        Its width, 2 to 32.
    overflow : {"wrap", "saturate"}
        Whether a sum outside its range loses its upper bits, or becomes the nearest end of the range. A
        saturating sum depends on the order of its terms; it is that of the depth ``k``, from 0 on.

    Raises
    ------
    AccelsimError
        If the width or the policy is another.
    """

    bits: int = MAX_BITS
    overflow: Overflow = "wrap"

    def __post_init__(self) -> None:
        if not isinstance(self.bits, int) or not 2 <= self.bits <= MAX_BITS:
            raise AccelsimError(f"an accumulator of {self.bits} bits; expected 2 to {MAX_BITS}")
        if self.overflow not in get_args(Overflow):
            raise AccelsimError(
                f"accumulator overflow is {self.overflow!r}; expected wrap or saturate"
                f"{nearest(str(self.overflow), get_args(Overflow))}"
            )

    @property
    def low(self) -> int:
        """Smallest number it holds."""
        return -(1 << self.bits - 1)

    @property
    def high(self) -> int:
        """Largest number it holds."""
        return (1 << self.bits - 1) - 1

    def check_multiplier(self, lut: Lut) -> None:
        """Raise unless it holds every product of a multiplier: of unsigned ones that takes a sign bit more.

        Raises
        ------
        AccelsimError
            If it is narrower than the product.
        """
        needed = lut.product_width + (not lut.signed)
        if self.bits < needed:
            raise AccelsimError(
                f"an accumulator of {self.bits} bits is narrower than the products of {lut.name}, which take "
                f"{needed} with the sign; expected {needed} to {MAX_BITS}"
            )

    def sum(self, products: NDArray[np.integer]) -> NDArray[np.int64]:
        """Add products along the first axis, one at a time, in plain numpy.

        Parameters
        ----------
        products : integer array of shape (depth, ...)
            Each within the range of the accumulator.

        Returns
        -------
        int64 array of shape (...)
        """
        total = np.zeros(products.shape[1:], np.int64)
        for product in products:
            total = self._kept(total + product)
        return total

    def _kept(self, total: NDArray[np.int64]) -> NDArray[np.int64]:
        if self.overflow == "saturate":
            return np.clip(total, self.low, self.high)
        return (total - self.low & (1 << self.bits) - 1) + self.low
