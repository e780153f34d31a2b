"""Sums of table look-ups in the registers of AVX-512 VBMI: 64 look-ups an instruction."""

from collections.abc import Callable
from functools import cache
from typing import Any

from llvmlite import binding, ir
from numba import types
from numba.core import cgutils, config
from numba.extending import intrinsic

__all__ = ["LANES", "arrange", "available", "load_bytes", "looked_up", "sum_rows"]

#: Look-ups of one instruction.
LANES = 64

_BYTE, _WORD = ir.IntType(8), ir.IntType(64)
_BYTES = ir.VectorType(_BYTE, LANES)
_PAIRS = ir.VectorType(ir.IntType(16), LANES // 2)
_QUARTER = LANES // 4
_SUMS = ir.VectorType(ir.IntType(32), _QUARTER)

binding.initialize_native_asmparser()  # the instruction stands here as text: LLVM puts blends around it


@cache  # LLVM takes longer to tell than a small layer to run
def available() -> bool:
    """Return whether this CPU has the instructions, and Numba compiles for it."""
    return not getattr(config, "CPU_NAME", None) and bool(binding.get_host_cpu_features().get("avx512vbmi"))


def _sum_rows_typed(
    typing_context: Any,
    vectors: Any,
    planes: Any,
    parts: Any,
    tables: Any,
    codes: Any,
    rows: Any,
    first: Any,
    stop: Any,
    sums: Any,
) -> Any:
    """Add entries of a table's rows to ``sums[p]``: ``table[rows[k], code[k, p]]`` for every ``k``.

    ``vpermi2b`` looks 64 codes of 7 bits up in two registers. A code's eighth bit says in which two of four:
    the masked instruction leaves the other lanes' codes as they are, so that two of them look 8 bits up
    without a blend. Each byte plane is summed in 16 bits: as pairs of neighbouring lanes, modulo 2^16, and
    the odd ones alone, which gives the even ones. The lanes are arranged so that the sums need not be.

    Parameters
    ----------
    vectors, planes, parts : literal int
        Registers of 64 codes; bytes of an entry; 128-entry parts of a plane (1 or 2).
    tables : uint8 array of shape (rows, planes, 128 * parts)
        Bytes of the entries, the lowest first.
    codes : uint8 array of shape (depth, 64 * vectors)
        What to look up, arranged by `arrange`.
    rows : uint8 array of shape (depth,)
        Where.
    first, stop : int
        The range of ``k``, of up to 257.
    sums : int32 array of shape (64 * vectors,)
        To be added to, modulo 2^32.
    """
    shape = vectors.literal_value, planes.literal_value, parts.literal_value

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        data = [
            builder.bitcast(context.make_array(kind)(context, builder, array).data, _BYTE.as_pointer())
            for kind, array in zip(signature.args, arguments, strict=True)
            if isinstance(kind, types.Array)
        ]
        _sum_rows(builder, *shape, *data, *arguments[6:8])
        return context.get_dummy_value()

    given = vectors, planes, parts, tables, codes, rows, types.int64, types.int64, sums
    return types.void(*given), generate


#: To be called from compiled code, without the typing context.
sum_rows: Callable[..., None] = intrinsic(prefer_literal=True)(_sum_rows_typed)


def _sum_rows(
    builder: Any,
    vectors: int,
    planes: int,
    parts: int,
    tables: Any,
    codes: Any,
    rows: Any,
    sums: Any,
    first: Any,
    stop: Any,
) -> None:
    zero = ir.Constant(_BYTES, None)
    totals = [
        [cgutils.alloca_once_value(builder, zero) for _ in range(2)]  # type: ignore[no-untyped-call]
        for _ in range(vectors * planes)
    ]
    with cgutils.for_range_slice(builder, first, stop, _word(1), _WORD) as (k, _):
        row = builder.zext(builder.load(builder.gep(rows, [k])), _WORD)
        table = builder.gep(tables, [builder.mul(row, _word(planes * parts * 2 * LANES))])
        registers = [load_bytes(builder, table, at * LANES) for at in range(planes * parts * 2)]
        line = builder.gep(codes, [builder.mul(k, _word(vectors * LANES))])
        for vector in range(vectors):
            code = load_bytes(builder, line, vector * LANES)
            for plane in range(planes):
                own = registers[plane * parts * 2 : (plane + 1) * parts * 2]
                found = looked_up(builder, code, own)
                _add(builder, totals[vector * planes + plane], found, multiplies=plane % 2 == 1)
    for vector in range(vectors):
        own = [[builder.load(total) for total in pair] for pair in totals[vector * planes :][:planes]]
        for quarter, joined in enumerate(_joined(builder, own)):
            first_byte = 4 * (LANES * vector + _QUARTER * quarter)
            at = builder.bitcast(builder.gep(sums, [_word(first_byte)]), _SUMS.as_pointer())
            before = builder.load(at)
            before.align = 1
            builder.store(builder.add(before, joined), at).align = 1


def _arrange_typed(typing_context: Any, vectors: Any, codes: Any, depth: Any) -> Any:
    """Arrange codes for `sum_rows`: four that stand side by side are then 16 pixels apart.

    Parameters
    ----------
    vectors : literal int
        Registers of 64 codes.
    codes : uint8 array of shape (depth, 64 * vectors)
        In the order of the pixels; arranged in place.
    depth : int
        Rows to be arranged.
    """
    count = vectors.literal_value
    order = [lane // 4 + _QUARTER * (lane % 4) for lane in range(LANES)]

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        array = context.make_array(signature.args[1])(context, builder, arguments[1])
        base = builder.bitcast(array.data, _BYTE.as_pointer())
        taken = ir.Constant(ir.VectorType(ir.IntType(32), LANES), order)
        with cgutils.for_range_slice(builder, _word(0), arguments[2], _word(1), _WORD) as (k, _):
            line = builder.gep(base, [builder.mul(k, _word(count * LANES))])
            for vector in range(count):
                found = load_bytes(builder, line, vector * LANES)
                at = builder.bitcast(builder.gep(line, [_word(vector * LANES)]), _BYTES.as_pointer())
                builder.store(builder.shuffle_vector(found, found, taken), at).align = 1
        return context.get_dummy_value()

    return types.void(vectors, codes, types.int64), generate


#: To be called from compiled code, without the typing context.
arrange: Callable[..., None] = intrinsic(prefer_literal=True)(_arrange_typed)


def looked_up(builder: Any, code: Any, registers: list[Any]) -> Any:
    """Return the bytes of 128 or 256 entries, in two or four registers, at 64 codes."""
    if len(registers) == 2:
        signature = ir.FunctionType(_BYTES, [_BYTES] * 3)
        return builder.asm(signature, "vpermi2b $3, $2, $0", "=v,0,v,v", [code, *registers], False)
    upper = builder.icmp_signed("<", code, ir.Constant(_BYTES, None))
    masks = [builder.bitcast(mask, _WORD) for mask in (builder.not_(upper), upper)]
    signature = ir.FunctionType(_BYTES, [_BYTES] * 5 + [_WORD] * 2)
    text = "vpermi2b $3, $2, $0 {$6}\n\tvpermi2b $5, $4, $0 {$7}"
    return builder.asm(signature, text, "=&v,0,v,v,v,v,^Yk,^Yk", [code, *registers, *masks], False)


def _add(builder: Any, totals: list[Any], found: Any, multiplies: bool) -> None:
    """Add to the sums of pairs and of odd lanes; shifts and multiplications run on different pipes."""
    pairs = builder.bitcast(found, _PAIRS)
    if multiplies:
        signature = ir.FunctionType(_PAIRS, [_BYTES] * 2)
        odd_lanes = ir.Constant(_BYTES, [0, 1] * (LANES // 2))
        odd = builder.asm(signature, "vpmaddubsw $2, $1, $0", "=v,v,v", [found, odd_lanes], False)
    else:
        odd = builder.lshr(pairs, ir.Constant(_PAIRS, [8] * (LANES // 2)))
    for total, addend in zip(totals, (pairs, odd), strict=True):
        before = builder.bitcast(builder.load(total), _PAIRS)
        builder.store(builder.bitcast(builder.add(before, addend), _BYTES), total)


def _joined(builder: Any, planes: list[list[Any]]) -> list[Any]:
    """Return the sums of four quarters of the lanes, from those of each plane's pairs and odd lanes.

    Of four lanes side by side, the sum of the first is in the lower half of 32 bits of the even lanes' sums,
    that of the second in the lower half of the odd ones', and so on.
    """
    eight, low = ir.Constant(_PAIRS, [8] * _PAIRS.count), ir.Constant(_SUMS, [0xFFFF] * _QUARTER)
    quarters: list[Any] = [ir.Constant(_SUMS, None)] * 4
    for plane, own in enumerate(planes):
        total, odd = (builder.bitcast(each, _PAIRS) for each in own)
        even = builder.sub(total, builder.shl(odd, eight))
        even, odd = (builder.bitcast(each, _SUMS) for each in (even, odd))
        halves = [builder.and_(each, low) for each in (even, odd)]
        halves += [builder.lshr(each, ir.Constant(_SUMS, [16] * _QUARTER)) for each in (even, odd)]
        shift = ir.Constant(_SUMS, [8 * plane] * _QUARTER)
        quarters = [
            builder.add(quarter, builder.shl(half, shift))
            for quarter, half in zip(quarters, halves, strict=True)
        ]
    return quarters


def _word(value: int) -> Any:
    return ir.Constant(_WORD, value)


def load_bytes(builder: Any, base: Any, offset: int) -> Any:
    """Return a register of bytes from ``offset`` on."""
    loaded = builder.load(builder.bitcast(builder.gep(base, [_word(offset)]), _BYTES.as_pointer()))
    loaded.align = 1
    return loaded
