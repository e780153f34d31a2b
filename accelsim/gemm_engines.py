"""The engines behind `lut_gemm`: what each can do, and which is the fastest on this machine."""

import time
import weakref
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from accelsim.errors import AccelsimError, nearest
from accelsim.gemm_kernel import BLOCK, run_tasks
from accelsim.permute_gemm import MAX_PLANES, PackedTable, permute_gemm
from accelsim.permute_kernel import LANES, available
from accelsim.workers import share_tasks

__all__ = ["ENGINES", "GemmEngine", "chosen_engines", "engine_named", "fastest_engine"]

Table = NDArray[np.int32]
Codes = NDArray[np.uint8]


@dataclass(frozen=True)
class GemmEngine:
    """One way to sum look-ups; all of them give the same integers.

    Parameters
    ----------
    name, summary : str
        What it is called, and what it does.
    missing : callable
        Returns what this machine lacks for it, or nothing.
    refusal : callable
        Returns why a table, int32 of shape (weight patterns, activation patterns), does not suit, or nothing.
    sums : callable
        Takes table, ``x`` and ``w`` as `lut_gemm` does and the number of threads; returns the sums, int32 of
        shape (groups, channels, pixels), modulo 2^32 where no partial sum leaves an int32.
    """

    name: str
    summary: str
    missing: Callable[[], str]
    refusal: Callable[[Table], str]
    sums: Callable[[Table, Codes, Codes, int], NDArray[np.int32]]


def _row_sums(table: Table, x: Codes, w: Codes, threads: int) -> NDArray[np.int32]:
    groups, channels, _ = w.shape
    out = np.zeros((groups, channels, x.shape[2]), np.int32)
    no_risk = np.zeros((groups, channels), np.bool_)
    blocks, pairs = -(-x.shape[2] // BLOCK), -(-channels // 2)
    run = partial(run_tasks, table, x, w, out, no_risk, 0, 0, blocks, pairs)
    share_tasks(run, groups * blocks * pairs, threads)
    return out


def _permute_sums(table: Table, x: Codes, w: Codes, threads: int) -> NDArray[np.int32]:
    return permute_gemm(_packed(table), x, w, threads)


def _too_wide_to_permute(table: Table) -> str:
    if (planes := _packed(table).planes) > MAX_PLANES:
        return f"its entries span {planes} bytes; at most {MAX_PLANES} are looked up"
    return ""


#: Every engine by name.
ENGINES = {
    each.name: each
    for each in (
        GemmEngine(
            "rows",
            "one row of the table in the first-level cache while the pixels pass; on any CPU",
            lambda: "",
            lambda table: "",
            _row_sums,
        ),
        GemmEngine(
            "permute",
            "64 look-ups an instruction in registers; on CPUs with AVX-512 VBMI",
            lambda: "" if available() else "this CPU has no AVX-512 VBMI",
            _too_wide_to_permute,
            _permute_sums,
        ),
    )
}


def engine_named(name: str, table: Table) -> GemmEngine:
    """Return an engine that was asked for.

    Raises
    ------
    AccelsimError
        If there is none of that name, this machine lacks what it needs, or the table does not suit it.
    """
    if name not in ENGINES:
        hint = nearest(name, ENGINES) or f"; there are {', '.join(ENGINES)}"
        raise AccelsimError(f"unknown engine {name!r}{hint}")
    engine = ENGINES[name]
    if reason := engine.missing() or engine.refusal(table):
        raise AccelsimError(f"engine {name} does not run: {reason}")
    return engine


#: Engines found to be the fastest, by kind of product.
_chosen: dict[tuple[int, ...], GemmEngine] = {}
_choosing = Lock()


def fastest_engine(table: Table, depth: int, pixels: int, channels: int) -> GemmEngine:
    """Return the engine that was the fastest, on one thread, for products of about this kind.

    Measured once in a process for each kind: a few milliseconds on random codes, plus the compilation of an
    engine that was never used on this machine.

    Parameters
    ----------
    table : int32 array of shape (weight patterns, activation patterns)
        Products.
    depth, pixels, channels : int
        Size of the matrix product.
    """
    sizes = min(depth, 256), min(pixels, 4 * BLOCK), min(channels, 16)
    kind = (_packed(table).planes, table.shape[1] > 2 * LANES, *(size.bit_length() for size in sizes))
    with _choosing:
        if kind not in _chosen:
            candidates = [each for each in ENGINES.values() if not (each.missing() or each.refusal(table))]
            _chosen[kind] = _fastest(candidates, table, *sizes)
        return _chosen[kind]


def chosen_engines() -> list[tuple[str, str]]:
    """Return what has been chosen in this process: the kind of product in words, and the engine's name."""
    return [
        (
            f"entries of {planes} bytes, up to {256 if wide else 128} activation codes, depth below "
            f"{1 << depth}, pixels below {1 << pixels}, channels below {1 << channels}",
            engine.name,
        )
        for (planes, wide, depth, pixels, channels), engine in _chosen.items()
    ]


def _fastest(
    candidates: Iterable[GemmEngine], table: Table, depth: int, pixels: int, channels: int
) -> GemmEngine:
    draw = np.random.default_rng(0)
    x = draw.integers(0, table.shape[1], (1, depth, pixels), np.uint8)
    w = draw.integers(0, table.shape[0], (1, channels, depth), np.uint8)
    for array in (x, w):
        array.flags.writeable = False

    def seconds(engine: GemmEngine) -> float:
        engine.sums(table, x, w, 1)  # compiles
        runs = []
        for _ in range(3):
            started = time.perf_counter()
            engine.sums(table, x, w, 1)
            runs.append(time.perf_counter() - started)
        return min(runs)

    return min(candidates, key=seconds)


#: Packed tables of read-only arrays, as long as those live.
_packings: dict[int, tuple[weakref.ref[Table], PackedTable]] = {}


def _packed(table: Table) -> PackedTable:
    base = table.base if isinstance(table.base, np.ndarray) else table
    known = _packings.get(id(base))
    if known and known[0]() is base:
        return known[1]
    packed = PackedTable.of(table)
    if not base.flags.writeable and base.shape == table.shape and base.flags.c_contiguous:
        key = id(base)
        _packings[key] = weakref.ref(base, lambda _: _packings.pop(key, None)), packed
    return packed
