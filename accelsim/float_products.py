"""What a float multiplier computes, as layers take it."""

from abc import ABC, abstractmethod

import numpy as np
from numpy.typing import NDArray

__all__ = ["FloatProducts"]


class FloatProducts(ABC):
    """The products of a float multiplier of at most 32 bits, as `accelsim.approximate` takes them.

    Parameters
    ----------
    name : str
        Name of the hardware.
    """

    name: str

    @abstractmethod
    def multiply(
        self, a: NDArray[np.float32], b: NDArray[np.float32], threads: int | None = None
    ) -> NDArray[np.float32]:
        """Multiply float32 arrays (broadcast together), rounded to the format (nearest-even) first.

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
