"""Memory that a thread uses again and again: new pages of the system take as long as what fills them."""

from threading import local
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

__all__ = ["Scratch", "scratch"]


class Scratch(local):
    """A buffer for each thread, as large as it was ever asked for.

    On a thread that is not Python's own, it lasts until Python is left.
    """

    _bytes = np.empty(0, np.uint8)

    def empty(self, shape: tuple[int, ...], dtype: DTypeLike) -> NDArray[Any]:
        """Return an array in the buffer, which is no longer valid once another one is asked for."""
        size = int(np.prod(shape)) * np.dtype(dtype).itemsize
        if self._bytes.size < size:
            self._bytes = np.empty(size, np.uint8)
        return self._bytes[:size].view(dtype).reshape(shape)


#: For what is made and used up within a block of a layer.
scratch = Scratch()
