"""Bytes through tables of 256 bytes, compiled: 64 an instruction where the CPU has AVX-512 VBMI."""

from collections.abc import Callable
from functools import cache
from typing import Any

from llvmlite import ir
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic

from accelsim.permute_kernel import LANES, available, load_bytes, looked_up

__all__ = ["translator"]

_WORD = ir.IntType(64)


def _translate_typed(typing_context: Any, table: Any, codes: Any, found: Any, blocks: Any) -> Any:
    """Fill in ``found[i] = table[codes[i]]`` for the first ``64 * blocks`` codes."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        byte = ir.IntType(8).as_pointer()
        table, codes, found = (
            builder.bitcast(context.make_array(kind)(context, builder, array).data, byte)
            for kind, array in zip(signature.args[:3], arguments[:3], strict=True)
        )
        registers = [load_bytes(builder, table, at * LANES) for at in range(4)]
        with cgutils.for_range(builder, arguments[3]) as loop:
            at = builder.mul(loop.index, ir.Constant(_WORD, LANES))
            code = load_bytes(builder, builder.gep(codes, [at]), 0)
            target = builder.bitcast(builder.gep(found, [at]), code.type.as_pointer())
            builder.store(looked_up(builder, code, registers), target).align = 1
        return context.get_dummy_value()

    return types.void(table, codes, found, types.int64), generate


_translate: Callable[..., None] = intrinsic(_translate_typed)


@cache
def translator() -> Callable[..., None]:
    """Return the function ``run(tables, codes, found)`` for this CPU, which releases the GIL.

    Parameters of that function:

    tables : int8 array of shape (tables, 256)
        What each byte becomes.
    codes : uint8 array of shape (rows, columns)
        The bytes; contiguous along the columns.
    found : int8 array of shape (tables, rows, columns)
        Filled in; contiguous along the columns.
    """
    return _in_registers if available() else _one_by_one


@njit(cache=True, nogil=True)
def _one_by_one(tables: Any, codes: Any, found: Any) -> None:
    for row in range(codes.shape[0]):
        for n in range(tables.shape[0]):
            table = tables[n]
            for column in range(codes.shape[1]):
                found[n, row, column] = table[codes[row, column]]


@njit(cache=True, nogil=True)
def _in_registers(tables: Any, codes: Any, found: Any) -> None:
    blocks = codes.shape[1] // 64
    for n in range(tables.shape[0]):
        table = tables[n]
        for row in range(codes.shape[0]):
            _translate(table, codes[row], found[n, row], blocks)
            for column in range(64 * blocks, codes.shape[1]):
                found[n, row, column] = table[codes[row, column]]
