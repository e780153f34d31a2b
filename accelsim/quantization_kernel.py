"""The compiled loop of `accelsim.quantization`."""

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["quantize_rows"]


@njit(cache=True, nogil=True, error_model="numpy")
def quantize_rows(
    values: NDArray[np.floating[Any]],
    scales: NDArray[np.floating[Any]],
    zero_points: NDArray[np.floating[Any]],
    ends: NDArray[np.floating[Any]],
    mask: int,
    codes: NDArray[np.uint8],
) -> bool:
    """Quantize each row with its own scale and zero point; return whether a value was NaN.

    Parameters
    ----------
    values : float array of shape (rows, n)
        Real values.
    scales, zero_points : arrays of the same type, of shape (rows,)
        Of each row.
    ends : array of the same type, of shape (2,)
        Lowest and highest level.
    mask : int
        Bits of a code.
    codes : uint8 array of shape (rows, n)
        Receives the codes.
    """
    low, high = ends
    missing = 0
    for row in range(values.shape[0]):
        scale, zero_point = scales[row], zero_points[row]
        own, own_codes = values[row], codes[row]
        for i in range(len(own)):
            level = min(max(np.rint(own[i] / scale) + zero_point, low), high)
            missing |= own[i] != own[i]
            own_codes[i] = np.int32(level) & mask
    return missing != 0
