"""What one PE of the array has at its multiplier, adder and registers, cycle after cycle."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from accelsim.gemm import check_operands
from accelsim.gemm_kernel import frozen
from accelsim.pe_stream_kernel import fill_moving, fill_stationary
from accelsim.systolic_array import Gemm, SystolicArray

__all__ = ["PeStream", "pe_stream", "sampled_pe_stream"]

#: Cycles in a row that are taken from one PE, at least: what lies between two such parts is not real.
_CYCLES_IN_A_ROW = 512
#: Fewest parts: each is of another PE.
_FEWEST_PARTS = 64


@dataclass(frozen=True, eq=False)
class PeStream:
    """A PE's signals, in successive cycles.

    Parameters
    ----------
    left, top : uint8 arrays of shape (cycles,)
        Operands at the multiplier: the one that comes in from the left, and the one from the top (``os``) or
        in the register that holds the stationary one. 0 where there is none.
    left_valid, top_valid : bool arrays of shape (cycles,)
        Whether there is one.
    before, product, acc : int32 arrays of shape (cycles,)
        What enters the adder, what the multiplier gives, and what the accumulator register holds: with
        ``ws`` and ``is`` in the cycle after, with ``os`` in this one.
    """

    left: NDArray[np.uint8]
    top: NDArray[np.uint8]
    left_valid: NDArray[np.bool_]
    top_valid: NDArray[np.bool_]
    before: NDArray[np.int32]
    product: NDArray[np.int32]
    acc: NDArray[np.int32]

    @property
    def works(self) -> NDArray[np.bool_]:
        """Cycles in which a product is added."""
        return self.left_valid & self.top_valid

    def operands(self, array: SystolicArray) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """Return the activations and the weights at the multiplier."""
        return (self.top, self.left) if array.dataflow == "is" else (self.left, self.top)


def pe_stream(
    array: SystolicArray,
    table: NDArray[np.int32],
    x: NDArray[np.uint8],
    w: NDArray[np.uint8],
    pe: tuple[int, int],
    folds: slice = slice(None),
) -> PeStream:
    """Return what one PE sees in some folds of a matrix product, from the first cycle of the first one on.

    Parameters
    ----------
    array, table, x, w
        As for `accelsim.cycle_simulation.simulate`, whose registers these are.
    pe : tuple of int
        Its row and column.
    folds : slice
        Which of `SystolicArray.folds`.
    """
    product = _Product(array, table, x, w)
    first, stop, _ = folds.indices(array.fold_count(product.gemm))
    return _joined([product.stream(number, pe) for number in range(first, stop)])


def sampled_pe_stream(
    array: SystolicArray,
    table: NDArray[np.int32],
    x: NDArray[np.uint8],
    w: NDArray[np.uint8],
    *,
    images: int = 1,
    cycles: int = 1 << 17,
    seed: int = 0,
) -> PeStream:
    """Return what PEs drawn at random see in folds drawn at random, one part after the other.

    Rows, columns and folds are drawn from equal strata (Latin hypercube), idle PEs among them: the mean over
    the stream is that over all PEs and all cycles of the layer.

    Parameters
    ----------
    array, table, x, w, images
        As for `accelsim.cycle_simulation.simulate_layer`.
    cycles : int
        About how many.
    seed : int
        Of numpy's default generator.
    """
    check_operands(table, x, w)
    groups, depth, pixels = len(x), x.shape[1], x.shape[2] // images
    gemm = Gemm(depth, pixels, w.shape[1])
    folds = array.fold_count(gemm)
    per_fold = array.fold_cycles(array.spread(gemm)[2])
    in_a_row = min(folds, -(-_CYCLES_IN_A_ROW // per_fold))
    parts = max(_FEWEST_PARTS, -(-cycles // (in_a_row * per_fold)))
    generator = np.random.default_rng(seed)

    def drawn(extent: int) -> list[int]:
        strata = (np.arange(parts) + generator.random(parts)) * extent / parts
        return [int(place) for place in generator.permutation(strata)]

    rows, columns = drawn(array.rows), drawn(array.columns)
    products: dict[tuple[int, int], _Product] = {}
    streams = []
    starts = drawn(groups * images * folds)
    for row, column, start in zip(rows, columns, starts, strict=True):
        which, number = divmod(start, folds)
        group, image = divmod(which, images)
        if (group, image) not in products:
            own = x[group, :, image * pixels : (image + 1) * pixels]
            products[group, image] = _Product(array, table, own, w[group])
        number = min(number, folds - in_a_row)
        streams += [
            products[group, image].stream(each, (row, column)) for each in range(number, number + in_a_row)
        ]
    return _joined(streams)


class _Product:
    """A matrix product, its operands as they enter the array."""

    def __init__(
        self, array: SystolicArray, table: NDArray[np.int32], x: NDArray[np.uint8], w: NDArray[np.uint8]
    ) -> None:
        check_operands(table, x[None], w[None])
        self.array, self.gemm = array, Gemm(len(x), x.shape[1], len(w))
        stays = array.dataflow == "is"
        self._left, self._top = (frozen(w.T), frozen(x.T)) if stays else (frozen(x), frozen(w))
        self._products = frozen(table.T if stays else table)  # [top, left]
        self._over_rows, self._over_columns, steps = array.spread(self.gemm)
        self._cycles = array.fold_cycles(steps)

    def stream(self, number: int, pe: tuple[int, int]) -> PeStream:
        """Return what a PE sees in one of `SystolicArray.folds`."""
        array = self.array
        operands = np.zeros((2, self._cycles), np.uint8)
        valid = np.zeros((2, self._cycles), np.bool_)
        numbers = np.zeros((3, self._cycles), np.int32)
        accumulator = array.accumulator.bits, array.accumulator.overflow == "saturate"
        fold = self._extent(number)
        signals = operands, valid, numbers
        parameters = self._products, self._left, self._top, array.rows, array.columns, *pe, *accumulator
        if array.dataflow == "os":
            fill_moving(*parameters, *fold, *signals)
        else:
            before = self._extent(number - 1) if number else (0, 0, 0, 0)
            fill_stationary(*parameters, *fold, *before, *signals)
        return PeStream(*operands, *valid, *numbers)

    def _extent(self, number: int) -> tuple[int, int, int, int]:
        """Return first row, rows, first column and columns of a fold; rows change first."""
        rows, columns = self.array.rows, self.array.columns
        column, row = divmod(number, -(-self._over_rows // rows))
        row, column = row * rows, column * columns
        return row, min(rows, self._over_rows - row), column, min(columns, self._over_columns - column)


def _joined(streams: Sequence[PeStream]) -> PeStream:
    def joined(name: str) -> NDArray[Any]:
        return np.concatenate([getattr(stream, name) for stream in streams])

    return PeStream(*(joined(field.name) for field in fields(PeStream)))
