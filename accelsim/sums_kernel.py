"""The compiled loop over a layer's integer sums: their exact correction, and their way back to reals."""

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["finish_sums"]


@njit(cache=True, nogil=True)
def finish_sums(
    sums: NDArray[np.signedinteger[Any]],
    totals: NDArray[np.int64],
    zero_points: NDArray[np.int64],
    constants: NDArray[np.int64],
    scales: NDArray[np.float64],
    offsets: NDArray[np.float64],
    output: NDArray[Any],
    start: int,
) -> None:
    """Fill in ``output = (sums - zero_point * total + constant) * scale + offset``.

    The correction is made in integers, the rest in float64, rounded to the output's type.

    Parameters
    ----------
    sums : integer array of shape (groups, channels, images * pixels)
        Of products.
    totals : int64 array of shape (groups, images * pixels)
        Sums of activation codes over the depth.
    zero_points, constants : int64 arrays of shape (groups, channels)
        Of each channel.
    scales, offsets : float64 arrays of shape (channels of all groups,)
        Of each channel.
    output : array of shape (images, channels of all groups, pixels of an image)
        Its pixels from ``start`` on are filled in.
    start : int
        Pixel of each image at which the sums begin.
    """
    groups, channels, together = sums.shape
    images = output.shape[0]
    pixels = together // images
    for group in range(groups):
        for channel in range(channels):
            zero_point, constant = zero_points[group, channel], constants[group, channel]
            place = group * channels + channel
            scale, offset = scales[place], offsets[place]
            for image in range(images):
                own, codes = sums[group, channel, image * pixels :], totals[group, image * pixels :]
                result = output[image, place, start:]
                for pixel in range(pixels):
                    exact = own[pixel] - zero_point * codes[pixel] + constant
                    result[pixel] = exact * scale + offset
