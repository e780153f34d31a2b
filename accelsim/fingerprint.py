"""Whether a tensor's bytes have changed, without keeping a copy of them."""

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray
from torch import Tensor

__all__ = ["fingerprint"]

#: Factors of the words of a block; odd ones, so that a word that changes alone always changes the sum.
_FACTORS = np.random.default_rng(0).integers(0, 1 << 63, 512, np.uint64) << np.uint64(1) | np.uint64(1)
#: Bytes that are sooner copied than hashed.
_FEW_BYTES = 256
#: Odd, with bits all over.
_MIXER = np.uint64(0x9E3779B97F4A7C15)


def fingerprint(tensor: Tensor) -> tuple[Any, ...]:
    """Return type, shape and a hash of 64 bits of a tensor on the CPU, at the speed of its memory.

    Up to 256 bytes stand for themselves.

    It also sees what autograd's version counter does not: changes through ``tensor.data``. Two contents have
    the same hash by accident about once in 2^64; one that was made on purpose would be found easily.
    """
    data = np.ascontiguousarray(tensor.detach().numpy()).reshape(-1).view(np.uint8)
    if data.size <= _FEW_BYTES:
        return tensor.dtype, tuple(tensor.shape), data.tobytes()
    whole = data.size // 8 * 8
    words = data[:whole].view(np.uint64)
    words.flags.writeable = False
    return tensor.dtype, tuple(tensor.shape), int(_hash(words, _FACTORS)), data[whole:].tobytes()


@njit(cache=True, nogil=True)
def _hash(words: NDArray[np.uint64], factors: NDArray[np.uint64]) -> np.uint64:
    """Return a mixture of the sums, modulo 2^64, of blocks of mixed words times their factors."""
    total, block = np.uint64(1), len(factors)
    for first in range(0, len(words), block):
        own = words[first : first + block]
        found = np.uint64(0)
        for i in range(len(own)):
            mixed = own[i] * _MIXER  # a sign, the highest bit, would stay one bit without the next line
            found += (mixed ^ (mixed >> np.uint64(32))) * factors[i]
        total = (total ^ (total >> np.uint64(29))) * _MIXER + found
    return total
