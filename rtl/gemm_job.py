"""A matrix product as the words of `TiledGemm`'s streams, and the codes that it gives."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from amaranth.hdl import Shape
from numpy.typing import NDArray

from accelsim.lut import operand_values
from accelsim.requantization import Requantization
from accelsim.rtl.array_products import products_of
from accelsim.rtl.array_schedule import ArraySchedule, packed
from accelsim.rtl.gemm_streams import GemmStreams
from accelsim.rtl.requantizer import LATENCY
from accelsim.systolic_array import Fold, Gemm

__all__ = ["GemmJob", "GemmWords"]


class GemmWords(NamedTuple):
    """Words of the streams, as bit patterns, in their order.

    Parameters
    ----------
    commands, left, top, parameters : list of int
        What goes in.
    results : list of int
        What comes out: one code for each column, 0 in columns that are not in use.
    lanes : list of int
        How many columns are in use, by result.
    """

    commands: list[int]
    left: list[int]
    top: list[int]
    parameters: list[int]
    results: list[int]
    lanes: list[int]


@dataclass(frozen=True, eq=False)
class GemmJob:
    """A matrix product with its requantization.

    Parameters
    ----------
    streams : GemmStreams
        The array that runs it.
    x : unsigned integer array of shape (depth, pixels)
        Bit patterns of the activations.
    w : unsigned integer array of shape (channels, depth)
        Bit patterns of the weights.
    requantization : Requantization
        With one multiplier per channel.
    offsets : int64 array of shape (channels,)
        What is added to each channel's sums: bias and the corrections that do not depend on the pixel.
    weight_zero_points : int64 array of shape (channels,)
        Zero points of the weights.
    """

    streams: GemmStreams
    x: NDArray[np.integer]
    w: NDArray[np.integer]
    requantization: Requantization
    offsets: NDArray[np.int64]
    weight_zero_points: NDArray[np.int64]

    @property
    def gemm(self) -> Gemm:
        """Its shape."""
        return Gemm(self.x.shape[0], self.x.shape[1], self.w.shape[0])

    @property
    def cycles(self) -> int:
        """Cycles until the last code stands at the output, where no stream makes the array wait."""
        return self.streams.design.array.cycles(self.gemm) + LATENCY

    def corrected_sums(self) -> NDArray[np.int64]:
        """Return what the engine gives to the requantization, of shape (channels, pixels)."""
        design, activation = self.streams.design, self.streams.activation
        sums = design.array.accumulator.sum(products_of(design, self.x, self.w))
        levels = operand_values(activation.width, activation.signed)[self.x]
        corrections = self.weight_zero_points[:, None] * levels.sum(axis=0)
        return np.asarray(sums - corrections + self.offsets[:, None])

    def codes(self) -> NDArray[np.uint8]:
        """Return the codes that the engine computes, of shape (channels, pixels)."""
        return self.requantization.apply(self.corrected_sums())

    def words(self) -> GemmWords:
        """Return the words that go in and come out."""
        array = self.streams.design.array
        schedule = ArraySchedule.of(array, self.x, self.w)
        codes = self.codes() if array.dataflow != "is" else self.codes().T
        leaving = [at for at in schedule.leaving if at and at.depth == self.gemm.depth]
        return GemmWords(
            [self._command(fold) for fold in array.folds(self.gemm)],
            _words(schedule.left[schedule.left_valid.any(axis=1)], self.streams.left.elem_shape),
            _words(schedule.top[schedule.top_valid.any(axis=1)], self.streams.top.elem_shape),
            list(self._parameters()),
            [packed(codes[at.columns, at.position], 8) for at in leaving],
            [at.used for at in leaving],
        )

    def _command(self, fold: Fold) -> int:
        return _bits(
            self.streams.command,
            {
                "steps": self.streams.design.array.spread(self.gemm)[2],
                "rows": fold.rows,
                "columns": fold.columns,
                "first": fold.first,
                "last": fold.last,
            },
        )

    def _parameters(self) -> Iterator[int]:
        """Yield one word for each fold that completes sums, with ``is`` one for each of its steps."""
        for fold in self.streams.design.array.folds(self.gemm):
            if not fold.last:
                continue
            if self.streams.design.array.dataflow == "is":
                for channel in range(self.gemm.channels):
                    yield self._parameter_word(range(channel, channel + 1))
            else:
                yield self._parameter_word(range(fold.column.start, fold.column.stop))

    def _parameter_word(self, channels: range) -> int:
        of, layout = self.requantization, self.streams.parameters
        channel = layout["channels"].shape.elem_shape
        offset_bits = channel["offset"].width
        low, high = -(1 << offset_bits - 1), (1 << offset_bits - 1) - 1
        given = [
            {
                "offset": int(np.clip(self.offsets[number], low, high)),
                "weight_zero_point": int(self.weight_zero_points[number]),
                "multiplier": int(of.multiplier[number]),
                "shift": int(of.shift[number]),
            }
            for number in channels
        ]
        common = {"zero_point": of.zero_point, "low": of.low, "high": of.high}
        return _bits(layout, {"channels": given, **common})


def _words(vectors: NDArray[np.int64], shape: Shape) -> list[int]:
    return [packed(vector, shape.width) for vector in vectors]


def _bits(layout: Any, values: dict[str, Any]) -> int:
    return int(layout.const(values).as_bits())
