"""The compiled loop of the evolutionary search: mutate, weigh, measure, select."""

from enum import IntEnum
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from accelsim.error_measure import error_sum
from accelsim.two_input_gates import FUNCTION_COUNT, PLANE_WORDS

__all__ = ["COUNTERS", "Counter", "evolve_generations", "random_below", "seed_generator"]


class Counter(IntEnum):
    """What the search counts: positions in its array of counters."""

    GENERATION = 0
    SKIPPED = 1  # candidates that differ from their parent in unused nodes only
    HEAVIER = 2  # candidates of more area, not simulated
    WRONG = 3  # candidates whose error exceeds the bound
    AREA = 4  # of the parent, in 1e-4 um^2
    ERROR_SUM = 5  # of the parent


COUNTERS = len(Counter)
_GENERATION, _SKIPPED, _HEAVIER, _WRONG, _AREA, _ERROR_SUM = map(int, Counter)
_ONE_OPERAND = 2  # BUF and NOT are the functions below


def seed_generator(seed: int) -> NDArray[np.uint64]:
    """Return the state of the search's generator (xoshiro256**, Blackman and Vigna 2021) for a seed."""
    return np.random.SeedSequence(seed).generate_state(4, np.uint64).astype(np.uint64)


@njit(cache=True, nogil=True)
def random_below(state: NDArray[np.uint64], stop: int) -> int:
    """Draw one of ``0`` ... ``stop - 1``, below 2^31, and advance the state."""
    s1 = state[1]
    x = s1 * np.uint64(5)
    drawn = ((x << np.uint64(7)) | (x >> np.uint64(57))) * np.uint64(9)
    state[2] ^= state[0]
    state[3] ^= s1
    state[1] ^= state[2]
    state[0] ^= state[3]
    state[2] ^= s1 << np.uint64(17)
    state[3] = (state[3] << np.uint64(45)) | (state[3] >> np.uint64(19))
    return int((drawn >> np.uint64(32)) * np.uint64(stop) >> np.uint64(32))


@njit(cache=True, nogil=True)
def evolve_generations(
    nodes: NDArray[np.int32],
    outputs: NDArray[np.int32],
    first: int,
    generator: NDArray[np.uint64],
    counters: NDArray[np.int64],
    areas: NDArray[np.int64],
    offspring: int,
    mutations: int,
    generations: int,
    limit: int,
    measure: tuple[Any, ...],
    values: NDArray[np.uint64],
) -> None:
    """Run ``generations`` of the (1 + offspring) strategy on ``nodes`` and ``outputs``, in place.

    The parent always keeps the bound. Of its offspring, each with 1 to ``mutations`` genes redrawn, the
    lightest that keeps it replaces it, if it is no heavier than the parent; of equals the last, so that
    neutral changes drift. An offspring heavier than the best so far is not simulated, and one that differs
    from its parent in unused nodes only has its parent's error.

    Parameters
    ----------
    nodes, outputs : int32 arrays of shape (nodes, 3), (product_width,)
        The parent: functions and nets read; nets of the product.
    first : int
        Net of the first node.
    generator : uint64 array of shape (4,)
        State of the random generator.
    counters : int64 array of shape (COUNTERS,)
        See `Counter`; at the start the parent's area and error sum.
    areas : int64 array of shape (functions,)
        Area of each function.
    offspring, mutations, generations : int
        Settings.
    limit : int
        Largest error sum that keeps the bound.
    measure : tuple
        `ErrorMeasure.arrays`.
    values : uint64 array of shape (first + nodes, PLANE_WORDS)
        Bit planes, constants filled in.
    """
    count, width = len(nodes), len(outputs)
    child_nodes, child_outputs = nodes.copy(), outputs.copy()
    best_nodes, best_outputs = nodes.copy(), outputs.copy()
    used, child_used = np.zeros(first + count, np.uint8), np.zeros(first + count, np.uint8)
    steps = np.empty((count, 4), np.int32)
    room = np.empty((width + 1, PLANE_WORDS), np.uint64)
    _mark_used(nodes, outputs, first, used, areas)
    for _ in range(generations):
        found = False
        best_area, best_sum = counters[_AREA], counters[_ERROR_SUM]
        for _ in range(offspring):
            child_nodes[:] = nodes
            child_outputs[:] = outputs
            area, total = counters[_AREA], counters[_ERROR_SUM]
            if _mutate(child_nodes, child_outputs, first, generator, mutations, used):
                area = _mark_used(child_nodes, child_outputs, first, child_used, areas)
                if area > best_area:
                    counters[_HEAVIER] += 1
                    continue
                length = _write_steps(child_nodes, first, child_used, steps)
                total = error_sum(steps, length, child_outputs, values, measure, room, limit)
                if total > limit:
                    counters[_WRONG] += 1
                    continue
            else:
                counters[_SKIPPED] += 1
                if area > best_area:
                    continue
            found, best_area, best_sum = True, area, total
            best_nodes, child_nodes = child_nodes, best_nodes
            best_outputs, child_outputs = child_outputs, best_outputs
        counters[_GENERATION] += 1
        if found:
            counters[_AREA], counters[_ERROR_SUM] = best_area, best_sum
            nodes[:] = best_nodes
            outputs[:] = best_outputs
            _mark_used(nodes, outputs, first, used, areas)


@njit(cache=True, nogil=True)
def _mutate(
    nodes: NDArray[np.int32],
    outputs: NDArray[np.int32],
    first: int,
    generator: NDArray[np.uint64],
    mutations: int,
    used: NDArray[np.uint8],
) -> bool:
    """Redraw 1 to ``mutations`` genes; return whether one of them is of an output or of a used node."""
    count = len(nodes)
    touched = False
    for _ in range(1 + random_below(generator, mutations)):
        gene = random_below(generator, 3 * count + len(outputs))
        if gene >= 3 * count:
            outputs[gene - 3 * count] = random_below(generator, first + count)
            touched = True
            continue
        node, part = gene // 3, gene % 3
        old = nodes[node, part]
        nodes[node, part] = random_below(generator, FUNCTION_COUNT if part == 0 else first + node)
        if used[first + node] and nodes[node, part] != old:
            touched = True
    return touched


@njit(cache=True, nogil=True)
def _mark_used(
    nodes: NDArray[np.int32],
    outputs: NDArray[np.int32],
    first: int,
    used: NDArray[np.uint8],
    areas: NDArray[np.int64],
) -> int:
    """Mark the nets that the outputs depend on and return the area of the nodes that drive them."""
    used[:] = 0
    for net in outputs:
        used[net] = 1
    area = 0
    for node in range(len(nodes) - 1, -1, -1):
        if used[first + node]:
            function = nodes[node, 0]
            area += areas[function]
            used[nodes[node, 1]] = 1
            if function >= _ONE_OPERAND:
                used[nodes[node, 2]] = 1
    return area


@njit(cache=True, nogil=True)
def _write_steps(
    nodes: NDArray[np.int32], first: int, used: NDArray[np.uint8], steps: NDArray[np.int32]
) -> int:
    """Write the used nodes as steps of a program, each net its own plane; return their number."""
    length = 0
    for node in range(len(nodes)):
        if used[first + node]:
            steps[length, 0] = nodes[node, 0]
            steps[length, 1] = first + node
            steps[length, 2] = nodes[node, 1]
            steps[length, 3] = nodes[node, 2]
            length += 1
    return length
