"""The engines behind `lut_gemm`: what each can do, and which is the fastest on this machine."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from accelsim.columns import Columns, laid_out
from accelsim.derived_tables import kept_with_array
from accelsim.errors import AccelsimError, nearest
from accelsim.factorised_gemm import FactorisedTable, factorised_gemm
from accelsim.gemm_kernel import BLOCK, frozen, run_tasks, transpose_codes
from accelsim.permute_gemm import MAX_PLANES, PackedTable, permute_gemm, registers_loaded
from accelsim.permute_kernel import LANES, available
from accelsim.workers import share_tasks

__all__ = ["ENGINES", "GemmEngine", "chosen_engines", "engine_named", "fastest_engine", "row_sums"]

Table = NDArray[np.int32]
Codes = NDArray[np.uint8]
#: Activation codes (groups, depth, pixels), laid out or not.
Activations = Codes | Columns


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
        Takes table, ``x`` and ``w`` as `lut_gemm` does, table and ``w`` contiguous and read-only, and the
        number of threads; returns the sums, int32 of shape (groups, channels, pixels), modulo 2^32 where no
        partial sum leaves an int32.
    """

    name: str
    summary: str
    missing: Callable[[], str]
    refusal: Callable[[Table], str]
    sums: Callable[[Table, Activations, Codes, int], NDArray[np.int32]]


def row_sums(
    table: Table,
    x: Activations,
    w: Codes,
    threads: int,
    at_risk: NDArray[np.bool_] | None = None,
    low: int = 0,
    high: int = 0,
) -> NDArray[np.int32]:
    """Return the sums of `GemmEngine.sums`, for any table; channels at risk saturate, in the order of depth.

    Parameters
    ----------
    table, x, w, threads
        As there.
    at_risk : bool array of shape (groups, channels), optional
        Channels that saturate at ``low`` and ``high``; default: none.
    low, high : int
        Ends of the range of an accumulator.
    """
    groups, channels, _ = w.shape
    out = np.zeros((groups, channels, x.shape[2]), np.int32)
    if at_risk is None:
        at_risk = np.zeros((groups, channels), np.bool_)
    blocks, pairs = -(-x.shape[2] // BLOCK), -(-channels // 2)
    run = partial(run_tasks, table, frozen(laid_out(x)), w, out, at_risk, low, high, blocks, pairs)
    share_tasks(run, groups * blocks * pairs, threads)
    return out


_packed = kept_with_array(PackedTable.of)
_packed_across = kept_with_array(lambda table: PackedTable.of(np.ascontiguousarray(table.T)))
_factorised = kept_with_array(FactorisedTable.of)


def _permute_sums(table: Table, x: Activations, w: Codes, threads: int) -> NDArray[np.int32]:
    """Look pixels up in the rows of weights, or, where pixels are few, channels in those of activations."""
    packed, (pixels, channels) = _packed(table), (x.shape[2], w.shape[1])
    if pixels < channels and (across := _packed_across(table)).planes <= MAX_PLANES:
        taken = registers_loaded(packed.planes, pixels, channels)
        if registers_loaded(across.planes, channels, pixels) < taken:
            return permute_gemm(across, _across(w), _across(laid_out(x)), threads).swapaxes(1, 2)
    return permute_gemm(packed, x, w, threads)


@kept_with_array
def _across(codes: Codes) -> Codes:
    """Return weights as (groups, depth, channels), or activations as (groups, pixels, depth)."""
    turned = codes.swapaxes(1, 2)
    if turned.flags.c_contiguous:  # as those of a fully connected layer's activations are
        return frozen(turned)
    across = np.empty(turned.shape, np.uint8)
    transpose_codes(frozen(codes), across)
    return frozen(across)


def _too_wide_to_permute(table: Table) -> str:
    if (planes := _packed(table).planes) > MAX_PLANES:
        return f"its entries span {planes} bytes; at most {MAX_PLANES} are looked up"
    return ""


def _factorised_sums(table: Table, x: Activations, w: Codes, threads: int) -> NDArray[np.int32]:
    terms = _factorised(table).terms
    assert terms is not None  # refused before
    return factorised_gemm(terms, frozen(laid_out(x)), w, threads)


#: Every engine by name.
ENGINES = {
    each.name: each
    for each in (
        GemmEngine(
            "rows",
            "one row of the table in the first-level cache while the pixels pass; on any CPU",
            lambda: "",
            lambda table: "",
            row_sums,
        ),
        GemmEngine(
            "permute",
            "64 look-ups an instruction in registers; on CPUs with AVX-512 VBMI",
            lambda: "" if available() else "this CPU has no AVX-512 VBMI",
            _too_wide_to_permute,
            _permute_sums,
        ),
        GemmEngine(
            "factorised",
            "integer factors of the table as matrix products of bytes; for tables of low rank",
            lambda: "",
            lambda table: _factorised(table).refusal,
            _factorised_sums,
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

    Measured once in a process for each kind: some milliseconds on random codes, plus the compilation of an
    engine that was never used on this machine.

    Parameters
    ----------
    table : int32 array of shape (weight patterns, activation patterns)
        Products.
    depth, pixels, channels : int
        Size of the matrix product.
    """
    sizes = min(depth, 256), min(pixels, BLOCK), min(channels, 64)
    products = terms.count if (terms := _factorised(table).terms) else 0
    kind = (
        _packed(table).planes,
        table.shape[1] > 2 * LANES,
        products,
        *(size.bit_length() for size in sizes),
    )
    with _choosing:
        if kind not in _chosen:
            candidates = [each for each in ENGINES.values() if not (each.missing() or each.refusal(table))]
            _chosen[kind] = _fastest(candidates, table, *sizes)
        return _chosen[kind]


def chosen_engines() -> list[tuple[str, str]]:
    """Return what has been chosen in this process: the kind of product in words, and the engine's name."""
    return [
        (
            f"entries of {planes} bytes{f' or {products} products of bytes' * bool(products)}, up to "
            f"{256 if wide else 128} activation codes, depth below {1 << depth}, pixels below {1 << pixels}, "
            f"channels below {1 << channels}",
            engine.name,
        )
        for (planes, wide, products, depth, pixels, channels), engine in _chosen.items()
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
