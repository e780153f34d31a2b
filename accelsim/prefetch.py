"""Cycles in which the array waits for DRAM."""

import numpy as np
from numpy.typing import NDArray

from accelsim.accelerator import Accelerator
from accelsim.array_layer import ArrayLayer
from accelsim.fold_transfers import fold_transfers

__all__ = ["stall_cycles"]

_Array = NDArray[np.int64]


def stall_cycles(layer: ArrayLayer, accelerator: Accelerator) -> int:
    """Return the cycles of a layer in which transfers do not hide behind the array's work, for one image.

    The folds of all groups follow one another. While fold ``f`` runs, what fold ``f + 1`` needs is
    prefetched, the outputs of fold ``f - 1`` are stored, and what ``f`` itself streams moves; the fold after
    it begins when all of that is done. So the cycles are the sum over ``f`` of

        ``max(run(f), ceil((prefetched(f + 1) + streamed(f) + stored(f - 1)) / bandwidth))``

    with ``run(f) = 0`` for the steps before the first fold and after the last.

    Raises
    ------
    AccelsimError
        If a scratchpad is too small for one tile of the layer.
    """
    sequence = _Sequence(layer, accelerator)
    first_groups = [sequence.add_group() for _ in range(min(layer.groups, 3))]
    # From the third group on, what comes before a group is the same each time.
    others = (layer.groups - len(first_groups)) * first_groups[-1]
    return sum(first_groups) + others + sequence.finish()


class _Sequence:
    """Folds one after the other; each step runs a fold and prefetches for the next one."""

    def __init__(self, layer: ArrayLayer, accelerator: Accelerator) -> None:
        self._layer, self._accelerator = layer, accelerator
        array, gemm = accelerator.array, layer.gemm
        self._run = array.fold_cycles(array.spread(gemm)[2])
        self._last_run = array.cycles(gemm) - (array.fold_count(gemm) - 1) * self._run
        self._next_run = 0  # of the fold that the next step runs
        self._stored = np.zeros(2, np.int64)  # by the last two folds
        self._streamed = np.zeros(1, np.int64)  # by the last fold

    def add_group(self) -> int:
        """Prefetch for every fold of a group while the one before it runs; return the cycles of waiting."""
        waiting = 0
        for block in fold_transfers(self._layer, self._accelerator):
            waiting += self._steps(block.prefetched, block.streamed, block.stored)
        self._next_run = self._last_run
        return waiting

    def finish(self) -> int:
        """Run the last fold, and store its outputs; return the cycles of waiting."""
        nothing = np.zeros(1, np.int64)
        waiting = self._steps(nothing, nothing, nothing)
        self._next_run = 0
        return waiting + self._steps(nothing, nothing, nothing)

    def _steps(self, prefetched: _Array, streamed: _Array, stored: _Array) -> int:
        steps = len(prefetched)
        before = np.concatenate([self._stored, stored])
        during = np.concatenate([self._streamed, streamed])
        moved = prefetched + during[:steps] + before[:steps]
        run = np.full(steps, self._run)
        run[0] = self._next_run
        self._next_run, self._stored, self._streamed = self._run, before[-2:], during[-1:]
        return int(np.maximum(np.ceil(moved / self._accelerator.bandwidth) - run, 0).sum())
