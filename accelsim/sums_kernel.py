"""The compiled loops over a layer's integer sums: their exact correction, and their way back to reals."""

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["correct_sums", "scale_sums"]


@njit(cache=True, nogil=True)
def correct_sums(
    sums: NDArray[np.signedinteger[Any]],
    x: NDArray[np.unsignedinteger[Any]],
    zero_points: NDArray[np.int64],
    constants: NDArray[np.int64],
    corrected: NDArray[np.int64],
) -> None:
    """Set ``corrected = sums - zero_point * (sum of x over its depth) + constant``.

    Parameters
    ----------
    sums, corrected : arrays of shape (groups, channels, pixels)
    x : unsigned integer array of shape (groups, depth, pixels)
        Activation codes, of which only those of groups with a zero point are read.
    zero_points, constants : int64 arrays of shape (groups, channels)
        Of each channel.
    """
    groups, channels, pixels = sums.shape
    total = np.zeros(pixels, np.int64)
    for group in range(groups):
        if zero_points[group].any():
            total[:] = 0
            partial = np.zeros(pixels, np.int32)
            for k in range(x.shape[1]):
                row = x[group, k]
                for pixel in range(pixels):
                    partial[pixel] += row[pixel]
                if k % (1 << 14) == (1 << 14) - 1:  # so many codes of 16 bits fit
                    total += partial
                    partial[:] = 0
            total += partial
        for channel in range(channels):
            zero_point, constant = zero_points[group, channel], constants[group, channel]
            own, result = sums[group, channel], corrected[group, channel]
            for pixel in range(pixels):
                result[pixel] = own[pixel] - zero_point * total[pixel] + constant


@njit(cache=True, nogil=True)
def scale_sums(
    sums: NDArray[np.int64],
    scales: NDArray[np.float64],
    offsets: NDArray[np.float64],
    output: NDArray[np.floating[Any]],
) -> None:
    """Set ``output = sums * scale + offset``, in float64 and rounded to the output's type.

    Parameters
    ----------
    sums, output : arrays of shape (images, channels, pixels)
    scales, offsets : float64 arrays of shape (channels,)
        Of each channel.
    """
    for image in range(sums.shape[0]):
        for channel in range(sums.shape[1]):
            scale, offset = scales[channel], offsets[channel]
            own, result = sums[image, channel], output[image, channel]
            for pixel in range(len(own)):
                result[pixel] = own[pixel] * scale + offset
