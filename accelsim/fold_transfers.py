"""What each fold of a layer moves between the scratchpads and DRAM.

Codes take one byte each, the last layer's sums four, partial sums as many as the accumulator needs. What a
fold fetches is either *prefetched* into the free half of a scratchpad while the fold before it runs, or,
where it does not fit, *streamed* while the fold itself runs. Its finished outputs are *stored* while the next
one runs, or streamed where they do not fit. Operands come from DRAM and outputs go there; nothing stays from
one layer to the next.

- **ifmap**: where the whole input of a group fits into half the scratchpad, each row of each channel is
  fetched once, when the first fold needs it, and stays. Else each fold fetches what it needs: whole rows of
  whole channels, or the operands of its pixels one by one (im2col, padding included) where those are fewer.
  If that does not fit either, the operands are streamed one by one.
- **filter**: with ``ws`` each weight is needed in one fold only. With ``os`` the weights of a fold's channels
  stay while the pixels change if they fit, with ``is`` all weights stay if they fit. Else each fold fetches
  its own.
- **ofmap**: with ``ws`` and ``is``, the partial sums of all steps wait for the next fold; those that half the
  scratchpad does not hold go to DRAM and come back.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from accelsim.accelerator import Accelerator
from accelsim.array_layer import ArrayLayer, Ifmap
from accelsim.errors import AccelsimError

__all__ = ["FoldTransfers", "fold_transfers", "sum_bytes"]

#: Folds whose transfers are in memory at a time.
_FOLDS_PER_BLOCK = 1 << 20

_Array = NDArray[np.int64]


class FoldTransfers(NamedTuple):
    """Bytes that successive folds of one group move between the scratchpads and DRAM.

    Parameters
    ----------
    ifmap, filter : int64 arrays of shape (folds,)
        Fetched into the ifmap and the filter scratchpad.
    outputs : int64 array of shape (folds,)
        Finished outputs.
    sums : int64 array of shape (folds,)
        Partial sums that leave for DRAM during the fold; they come back during the next one.
    ifmap_streamed, filter_streamed, outputs_streamed : bool
        Whether these move during the fold.
    """

    ifmap: _Array
    filter: _Array
    outputs: _Array
    sums: _Array
    ifmap_streamed: bool
    filter_streamed: bool
    outputs_streamed: bool

    @property
    def prefetched(self) -> _Array:
        """Bytes that are fetched before each fold begins."""
        return self.ifmap * (not self.ifmap_streamed) + self.filter * (not self.filter_streamed)

    @property
    def streamed(self) -> _Array:
        """Bytes that move while each fold runs; sums come back in the fold after the one they leave in."""
        back = np.concatenate([self.sums[:1] * 0, self.sums[:-1]])  # a block begins with complete sums
        fetched = self.ifmap * self.ifmap_streamed + self.filter * self.filter_streamed
        return np.asarray(fetched + self.outputs * self.outputs_streamed + self.sums + back)

    @property
    def stored(self) -> _Array:
        """Bytes that leave after each fold."""
        return self.outputs * (not self.outputs_streamed)


def sum_bytes(accelerator: Accelerator) -> int:
    """Return how many bytes a partial sum takes."""
    return -(-accelerator.array.accumulator.bits // 8)


def fold_transfers(layer: ArrayLayer, accelerator: Accelerator) -> Iterator[FoldTransfers]:
    """Yield what the folds of one group move, in the order of `SystolicArray.folds`, in blocks.

    Raises
    ------
    AccelsimError
        If half a scratchpad does not hold one tile: what the array keeps of it during a fold, or takes of it
        in a step.
    """
    folds = _Folds(layer, accelerator)
    per_block = max(1, _FOLDS_PER_BLOCK // len(folds.rows.first))
    for first in range(0, len(folds.columns.first), per_block):
        yield folds.transfers(first, first + per_block)


class _Parts(NamedTuple):
    """A dimension cut into parts: the first index of each, and the one after its last."""

    first: _Array
    stop: _Array

    @classmethod
    def of(cls, extent: int, size: int) -> "_Parts":
        first = np.arange(0, extent, size, dtype=np.int64)
        return cls(first, np.minimum(first + size, extent))

    @property
    def sizes(self) -> _Array:
        return self.stop - self.first


class _IfmapFetches:
    """What folds fetch of the input: a part of the depth by a part of the pixels each."""

    def __init__(self, ifmap: Ifmap, depth: _Parts, pixels: _Parts, half: int) -> None:
        self.channels, self.products = ifmap.channels_seen(*depth), depth.sizes
        self.rows, self.pixels = ifmap.rows_seen(*pixels), pixels.sizes
        self.new_channels, self.new_rows = ifmap.new_channels(depth.stop), ifmap.new_rows(pixels.stop)
        self.width = ifmap.width
        kinds = np.unique([self.channels, self.products], axis=1), np.unique([self.rows, self.pixels], axis=1)
        (channels, products), (rows, own_pixels) = kinds
        self.largest = int(self._tile(channels, products, rows, own_pixels).max())
        whole = int(self.new_channels.sum() * self.new_rows.sum()) * self.width
        self.whole_fits, self.tile_fits = whole <= half, self.largest <= half

    def once(self, pixels: slice) -> _Array:
        """Bytes that each fold is the first to need, by parts of pixels and of the depth."""
        return np.multiply.outer(self.new_rows[pixels], self.new_channels) * self.width

    def each_time(self, pixels: slice) -> _Array:
        """Bytes that each fold needs, by parts of pixels and of the depth."""
        if not self.tile_fits:
            return np.multiply.outer(self.pixels[pixels], self.products)
        return self._tile(self.channels, self.products, self.rows[pixels], self.pixels[pixels])

    def _tile(self, channels: _Array, products: _Array, rows: _Array, pixels: _Array) -> _Array:
        lines = np.multiply.outer(rows, channels) * self.width
        return np.asarray(np.minimum(lines, np.multiply.outer(pixels, products)))


class _Folds:
    """The folds of one group; columns of the array change slower than its rows."""

    def __init__(self, layer: ArrayLayer, accelerator: Accelerator) -> None:
        array, gemm = accelerator.array, layer.gemm
        over_rows, over_columns, self.steps = array.spread(gemm)
        self.dataflow = array.dataflow
        self.rows, self.columns = _Parts.of(over_rows, array.rows), _Parts.of(over_columns, array.columns)
        halves = {name: accelerator.half_bytes(name) for name in ("ifmap", "filter", "ofmap")}
        whole_depth, all_pixels = _Parts.of(gemm.depth, gemm.depth), _Parts.of(gemm.pixels, gemm.pixels)
        depth, pixels = {
            "ws": (self.rows, all_pixels),
            "is": (self.rows, self.columns),
            "os": (whole_depth, self.rows),
        }[array.dataflow]
        self.ifmap = _IfmapFetches(layer.ifmap, depth, pixels, halves["ifmap"])
        widest, longest = int(self.columns.sizes.max()), int(self.rows.sizes.max())
        self._sum_bytes, self._output_bytes = sum_bytes(accelerator), layer.output_bytes
        if array.dataflow == "os":
            self._weights_fit = widest * self.steps <= halves["filter"]
            needed = {"ifmap": longest, "filter": widest, "ofmap": longest * widest * layer.output_bytes}
            self._outputs_fit, self._room = True, 0
        else:
            inputs_stay = array.dataflow == "is"
            self._weights_fit = not inputs_stay or longest * self.steps <= halves["filter"]
            self._all_weights_fit = inputs_stay and over_rows * self.steps <= halves["filter"]
            needed = {
                "ifmap": self.ifmap.largest if inputs_stay else longest,
                "filter": longest if inputs_stay else longest * widest,
                "ofmap": widest * (self._sum_bytes if len(self.rows.first) > 1 else layer.output_bytes),
            }
            self._outputs_fit = widest * self.steps * layer.output_bytes <= halves["ofmap"]
            self._room = halves["ofmap"]
        for scratchpad, tile in needed.items():
            if tile > halves[scratchpad]:
                raise AccelsimError(
                    f"layer {layer.name}: one tile takes {tile:,} bytes of the {scratchpad} scratchpad, and "
                    f"half of it, as it is double-buffered, has {halves[scratchpad]:,}; give it "
                    f"{-(-tile // 512):,} KiB or more"
                )

    def transfers(self, first: int, stop: int) -> FoldTransfers:
        """Return what the folds of some columns move."""
        own = slice(first, stop)
        columns, rows = self.columns.sizes[own, None], self.rows.sizes[None, :]
        in_first_column = (np.arange(first, first + len(columns)) == 0).astype(np.int64)[:, None]
        in_first_row, in_last_row = np.zeros((2, rows.size), np.int64)
        in_first_row[0] = in_last_row[-1] = 1
        sums = np.zeros_like(rows)
        if self.dataflow == "os":
            weights = columns * self.steps * (in_first_row if self._weights_fit else np.ones_like(rows))
            outputs = columns * rows * self._output_bytes
        else:
            weights = columns * rows
            if self.dataflow == "is":
                weights = rows * self.steps * (in_first_column if self._all_weights_fit else 1)
            outputs = columns * self.steps * self._output_bytes * in_last_row
            sums = np.maximum(columns * self.steps * self._sum_bytes - self._room, 0) * (1 - in_last_row)

        def of_each_fold(amounts: _Array) -> _Array:
            return np.broadcast_to(amounts, (len(columns), rows.size)).reshape(-1)

        return FoldTransfers(
            of_each_fold(self._inputs(own, in_first_column)),
            of_each_fold(weights),
            of_each_fold(outputs),
            of_each_fold(sums),
            ifmap_streamed=not (self.ifmap.whole_fits or self.ifmap.tile_fits),
            filter_streamed=not self._weights_fit,
            outputs_streamed=not self._outputs_fit,
        )

    def _inputs(self, own: slice, in_first_column: _Array) -> _Array:
        fetches = self.ifmap
        if self.dataflow == "is":
            return fetches.once(own) if fetches.whole_fits else fetches.each_time(own)
        every = slice(None)
        if fetches.whole_fits:
            return fetches.once(every).reshape(1, -1) * in_first_column
        stays = fetches.tile_fits and len(self.rows.first) == 1
        return fetches.each_time(every).reshape(1, -1) * (in_first_column if stays else 1)
