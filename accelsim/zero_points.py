"""Sums of approximate products, corrected exactly for the zero points of both operands."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from accelsim.columns import Columns, code_sums
from accelsim.gemm_kernel import frozen
from accelsim.quantization import QuantParams
from accelsim.sums_kernel import finish_sums

__all__ = ["QuantizedWeight", "corrected", "finish"]


@dataclass(frozen=True, eq=False)
class QuantizedWeight:
    """The weight of a layer as the engine takes it.

    Parameters
    ----------
    codes : uint8 or uint16 array of shape (groups, channels, depth)
        Bit patterns.
    sums, zero_points : int64 arrays of shape (groups, channels, 1)
        Sum of each channel's levels, and its zero point; float64 where that is between two levels.
    """

    codes: NDArray[np.uint8]
    sums: NDArray[np.int64]
    zero_points: NDArray[Any]

    @classmethod
    def of(
        cls, weight: NDArray[np.floating[Any]], params: QuantParams, groups: int, what: str = "the weight"
    ) -> "QuantizedWeight":
        """Quantize a weight of shape (channels of all groups, ...)."""
        codes = params.quantize(weight, what)
        owner = codes if codes.base is None else codes.base
        owner.flags.writeable = False  # so that engines may keep what they make of it
        codes = owner.reshape(groups, len(weight) // groups, -1)
        sums = params.level_sums(codes)[:, :, None]
        zero_points = np.broadcast_to(params.zero_point, len(weight)).reshape(sums.shape)
        return cls(codes, sums, zero_points)


def finish(
    sums: NDArray[np.signedinteger[Any]],
    x: NDArray[np.unsignedinteger[Any]] | Columns,
    weight: QuantizedWeight,
    activation_zero_point: int,
    scales: NDArray[np.float64],
    offsets: NDArray[np.float64],
    output: NDArray[Any],
    start: int,
) -> None:
    """Correct sums of products for the zero points, exactly, then scale them and add the bias.

    ``sum_k mul(x, w) - zw * sum_k x - zx * sum_k w + depth * zx * zw`` with an exact multiplier is
    ``sum_k (x - zx)(w - zw)``; only ``mul`` is approximate.

    Parameters
    ----------
    sums : int32 or int64 array of shape (groups, channels, images * pixels)
        ``sum_k mul(x, w)``.
    x : Columns, or uint8 or uint16 array of shape (groups, depth, images * pixels)
        Activation codes; their levels if a weight's zero point is not 0 (unsigned multipliers only).
    weight : QuantizedWeight
        The weight.
    activation_zero_point : int
        ``zx``.
    scales, offsets : float64 arrays of shape (channels of all groups,)
        What each channel is multiplied by, and what is then added.
    output : array of shape (images, channels of all groups, pixels of an image)
        Filled in from pixel ``start`` of each image on.
    start : int
        See ``output``.

    References
    ----------
    B. Jacob et al., "Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-
    Only Inference", CVPR 2018, equation 7.
    """
    constants = activation_zero_point * (weight.codes.shape[2] * weight.zero_points - weight.sums)
    totals = code_sums(x) if weight.zero_points.any() else np.zeros((len(sums), sums.shape[2]), np.int64)
    own = frozen(sums), totals, weight.zero_points[:, :, 0], constants[:, :, 0]
    finish_sums(*own, scales, offsets, output, start)


def corrected(
    sums: NDArray[np.int32], x: NDArray[np.uint8], weight: QuantizedWeight, activation_zero_point: int
) -> NDArray[np.int64]:
    """Return the corrected sums, as integers of shape (channels of all groups, pixels); see `finish`."""
    channels = sums.shape[0] * sums.shape[1]
    output = np.empty((1, channels, sums.shape[2]), np.int64)
    finish(sums, x, weight, activation_zero_point, np.ones(channels), np.zeros(channels), output, 0)
    return np.asarray(output[0])
