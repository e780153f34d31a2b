"""A share of images with its interval."""

import math
from dataclasses import dataclass

from accelsim.attacks.intervals import wilson_interval

__all__ = ["Rate"]


@dataclass(frozen=True)
class Rate:
    """How many of some images, with Wilson's 95 % interval of the share.

    Parameters
    ----------
    count : int
        Images that are meant.
    n : int
        All images.
    """

    count: int
    n: int

    @property
    def percent(self) -> float:
        """The share, 0 to 100; NaN of no images."""
        return 100 * self.count / self.n if self.n else math.nan

    @property
    def interval_percent(self) -> tuple[float, float]:
        """The bounds of its 95 % interval, 0 to 100; NaN of no images."""
        if not self.n:
            return math.nan, math.nan
        low, high = wilson_interval(self.count, self.n)
        return 100 * low, 100 * high
