"""How many ``vpermi2b`` this CPU executes: the limit of every kernel that looks products up with them."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic
from numpy.typing import NDArray

from accelsim.permute_gemm import PackedTable
from accelsim.permute_kernel import LANES, available

__all__ = ["PermuteLimit", "permute_limit"]

#: Instructions that do not wait for one another: more than latency times throughput of any CPU.
_CHAINS = 16
_TURNS = 400_000
_REPETITIONS = 7

_BYTES = ir.VectorType(ir.IntType(8), LANES)


@dataclass(frozen=True)
class PermuteLimit:
    """What one core could do at most.

    Parameters
    ----------
    permutes_per_second : float
        Instructions, if it had nothing else to execute.
    macs_per_second : float
        Look-ups in a certain table, if it took no other instructions.
    """

    permutes_per_second: float
    macs_per_second: float


def permute_limit(table: NDArray[np.int32]) -> PermuteLimit | None:
    """Return the limit of look-ups in a table, none without AVX-512 VBMI.

    An instruction looks 64 codes up in 128 entries of one byte.

    Parameters
    ----------
    table : int32 array of shape (weight patterns, activation patterns)
        Products.
    """
    if not available():
        return None
    _, planes, patterns = PackedTable.of(table).bytes.shape
    permutes = _permutes_per_second()
    return PermuteLimit(permutes, permutes * LANES / (planes * patterns // (2 * LANES)))


@cache
def _permutes_per_second() -> float:
    """Run independent chains of instructions, each of which takes the result of the one before as codes."""
    run = _compiled()
    run(1)

    def seconds() -> float:
        started = time.thread_time()
        run(_TURNS)
        return time.thread_time() - started

    return _TURNS * _CHAINS / min(seconds() for _ in range(_REPETITIONS))


def _permute_often_typed(typing_context: Any, turns: Any) -> Any:
    """Execute ``turns`` times 16 independent permutes."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        signature = ir.FunctionType(_BYTES, [_BYTES] * 3)
        start = ir.Constant(_BYTES, None)
        codes = [
            cgutils.alloca_once_value(builder, start)  # type: ignore[no-untyped-call]
            for _ in range(_CHAINS)
        ]
        with cgutils.for_range(builder, arguments[0]):
            for code in codes:
                given = [builder.load(code), start, start]
                # Side effects keep LLVM from dropping what nobody reads.
                builder.store(builder.asm(signature, "vpermi2b $3, $2, $0", "=v,0,v,v", given, True), code)
        return context.get_dummy_value()

    return types.void(types.int64), generate


_permute_often: Callable[..., None] = intrinsic(_permute_often_typed)


@cache
def _compiled() -> Callable[[int], None]:
    @njit(nogil=True)
    def run(turns: int) -> None:
        _permute_often(turns)

    return run
