"""Sums of approximate products, corrected exactly for the zero points of both operands."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from accelsim.accumulator import Accumulator
from accelsim.gemm import frozen, lut_gemm
from accelsim.quantization import QuantParams
from accelsim.sums_kernel import correct_sums

__all__ = ["QuantizedWeight", "corrected", "corrected_sums"]


@dataclass(frozen=True, eq=False)
class QuantizedWeight:
    """The weight of a layer as the engine takes it.

    Parameters
    ----------
    codes : uint8 or uint16 array of shape (groups, channels, depth)
        Bit patterns.
    sums, zero_points : int64 arrays of shape (groups, channels, 1)
        Sum of each channel's levels, and its zero point.
    """

    codes: NDArray[np.uint8]
    sums: NDArray[np.int64]
    zero_points: NDArray[np.int64]

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


def corrected_sums(
    table: NDArray[np.int32],
    x: NDArray[np.uint8],
    weight: QuantizedWeight,
    activation_zero_point: int,
    accumulator: Accumulator,
    threads: int,
) -> NDArray[np.int64]:
    """Return ``sum_k mul(x, w) - zw * sum_k x - zx * sum_k w + depth * zx * zw`` for every channel and pixel.

    With an exact multiplier that is ``sum_k (x - zx)(w - zw)``; only ``mul`` is approximate.

    Parameters
    ----------
    table : int32 array of shape (weight patterns, activation patterns)
        Products, one row per weight.
    x : uint8 array of shape (groups, depth, pixels)
        Activation codes; their levels if a weight's zero point is not 0 (unsigned multipliers only).
    weight : QuantizedWeight
        The weight.
    activation_zero_point : int
        ``zx``.
    accumulator : Accumulator
        What ``sum_k mul(x, w)`` is taken in; the corrections are exact.
    threads : int
        Threads for the products.

    Returns
    -------
    int64 array of shape (channels of all groups, pixels)

    References
    ----------
    B. Jacob et al., "Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-
    Only Inference", CVPR 2018, equation 7.
    """
    sums = lut_gemm(table, x, weight.codes, accumulator=accumulator, threads=threads)
    return corrected(sums, x, weight, activation_zero_point)


def corrected(
    sums: NDArray[np.signedinteger[Any]],
    x: NDArray[np.unsignedinteger[Any]],
    weight: QuantizedWeight,
    activation_zero_point: int,
) -> NDArray[np.int64]:
    """Return `corrected_sums` for sums of products of shape (groups, channels, pixels)."""
    groups, channels, depth = weight.codes.shape
    constants = activation_zero_point * (depth * weight.zero_points - weight.sums)
    result = np.empty(sums.shape, np.int64)
    correct_sums(frozen(sums), frozen(x), weight.zero_points[:, :, 0], constants[:, :, 0], result)
    return result.reshape(groups * channels, x.shape[2])
