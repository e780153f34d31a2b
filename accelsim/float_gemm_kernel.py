"""Sums of float32 products in vector registers, in the order of the depth."""

from collections.abc import Callable
from functools import cache
from typing import Any, Literal, get_args

from llvmlite import binding, ir
from numba import types
from numba.core import cgutils, config
from numba.extending import intrinsic

__all__ = ["COLUMNS", "LANES", "TERMS", "Arithmetic", "copy_lanes", "rounds_in_registers", "sum_products"]

#: Lanes of one vector: those of a register of AVX-512, several registers on other CPUs.
LANES = 16

#: How a product follows from the terms of its operands: the one exact product of terms that are a number and
#: a power of two; the product rounded to nearest-even; truncated; the sum of the products of two terms,
#: truncated; that, halved where it has one bit more than usual; the product of the first terms, which are
#: powers of two, and an entry of a table, whose row and column the second terms are (as bit patterns).
Arithmetic = Literal["exact", "nearest", "truncated", "two terms", "two terms halved", "table"]

#: Terms of an operand.
TERMS = dict.fromkeys(("exact", "nearest", "truncated"), 1) | dict.fromkeys(
    ("two terms", "two terms halved", "table"), 2
)

#: Columns of a table.
COLUMNS = 128

_FLOAT, _WORD = ir.FloatType(), ir.IntType(64)
_FLOATS = ir.VectorType(_FLOAT, LANES)
_DOUBLES = ir.VectorType(ir.DoubleType(), LANES)
_INT = ir.IntType(32)
_BITS = ir.VectorType(_INT, LANES)
_HALVES = ir.VectorType(ir.IntType(16), 2 * LANES)
_DOUBLE_BITS = ir.VectorType(_WORD, LANES)
#: Operand of the instructions that round for themselves: toward zero, without exceptions.
_TOWARD_ZERO = ir.Constant(ir.IntType(32), 3 | 8)


@cache  # LLVM takes longer to tell than a small layer to run
def rounds_in_registers() -> bool:
    """Return whether this CPU has instructions that truncate and look up (AVX-512), and Numba uses them."""
    return not getattr(config, "CPU_NAME", None) and bool(binding.get_host_cpu_features().get("avx512bw"))


def _sum_products_typed(
    typing_context: Any,
    arithmetic: Any,
    in_registers: Any,
    vectors: Any,
    rows: Any,
    lanes: Any,
    scalars: Any,
    table: Any,
    depth: Any,
    sums: Any,
) -> Any:
    """Set ``sums[row, lane]`` to the sum over ``k`` of products, each rounded, each sum rounded to float32.

    Operands are zero, or such that no term, product, or error of a product is beyond float32's range of
    normal numbers. A sum begins at +0; ``k`` runs upwards.

    Parameters
    ----------
    arithmetic : literal str
        An `Arithmetic`.
    in_registers : literal int
        Whether to truncate by instructions of AVX-512 (1), or in float64 (0).
    vectors, rows : literal int
        Vectors of 16 lanes; rows of sums.
    lanes : float32 array of shape (terms, depth, 16 * vectors)
        Terms of the operands of each lane.
    scalars : float32 array of shape (depth, rows, terms)
        Terms of the other operands.
    table : uint16 array of shape (rows, 128)
        Upper halves of float32 numbers, whose lower halves are 0; looked at by ``"table"`` only, which takes
        two vectors.
    depth : int
        Products of a sum.
    sums : float32 array of shape (rows, 16 * vectors)
        The result.
    """
    assert arithmetic.literal_value in get_args(Arithmetic)
    product = _Product(arithmetic.literal_value, bool(in_registers.literal_value))
    shape = vectors.literal_value, rows.literal_value

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        data = [
            context.make_array(kind)(context, builder, array).data
            for kind, array in zip(signature.args, arguments, strict=True)
            if isinstance(kind, types.Array)
        ]
        _sum_products(builder, product, shape, data, arguments[7])
        return context.get_dummy_value()

    given = arithmetic, in_registers, vectors, rows, lanes, scalars, table, types.int64, sums
    return types.void(*given), generate


#: To be called from compiled code, without the typing context.
sum_products: Callable[..., None] = intrinsic(prefer_literal=True)(_sum_products_typed)


def _sum_products(
    builder: Any, product: "_Product", shape: tuple[int, int], data: list[Any], depth: Any
) -> None:
    vectors, rows = shape
    lanes, scalars, table, sums = data
    zero = ir.Constant(_FLOATS, None)
    totals = [
        [cgutils.alloca_once_value(builder, zero) for _ in range(vectors)]  # type: ignore[no-untyped-call]
        for _ in range(rows)
    ]
    with cgutils.for_range_slice(builder, _word(0), depth, _word(1), _WORD) as (k, _):
        lines = [
            builder.gep(lanes, [builder.mul(at, _word(vectors * LANES))])
            for at in (k, builder.add(k, depth))[: product.terms]
        ]
        row_terms = builder.gep(scalars, [builder.mul(k, _word(rows * product.terms))])
        lane_terms = [[_vector(builder, line, at * LANES) for line in lines] for at in range(vectors)]
        for row, row_totals in enumerate(totals):
            if product.arithmetic == "table":
                _add_entries(builder, row_totals, lane_terms, row_terms, 2 * row, table)
                continue
            spread = [_spread(builder, row_terms, row * product.terms + t) for t in range(product.terms)]
            for own, total in zip(lane_terms, row_totals, strict=True):
                builder.store(product.added(builder, builder.load(total), own, spread), total)
    for row, row_totals in enumerate(totals):
        for at, total in enumerate(row_totals):
            _store(builder, builder.load(total), sums, (row * vectors + at) * LANES)


def _copy_lanes_typed(
    typing_context: Any, vectors: Any, source: Any, first: Any, target: Any, at: Any
) -> Any:
    """Copy ``source[first:]`` to ``target[at:]``, 16 times ``vectors`` numbers.

    Parameters
    ----------
    vectors : literal int
        Vectors of 16 lanes.
    source, target : contiguous arrays of one dimension and one type
        Where from and where to.
    first, at : int
        Offsets.
    """

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        number = context.get_data_type(source.dtype)
        numbers = ir.VectorType(number, LANES * vectors.literal_value).as_pointer()
        from_at, to_at = (
            builder.bitcast(
                builder.gep(context.make_array(kind)(context, builder, array).data, [offset]), numbers
            )
            for kind, array, offset in zip(
                signature.args[1::2], arguments[1::2], arguments[2::2], strict=True
            )
        )
        found, bytes_of_one = builder.load(from_at), source.dtype.bitwidth // 8
        found.align = bytes_of_one
        builder.store(found, to_at).align = bytes_of_one
        return context.get_dummy_value()

    return types.void(vectors, source, types.int64, target, types.int64), generate


#: To be called from compiled code, without the typing context.
copy_lanes: Callable[..., None] = intrinsic(prefer_literal=True)(_copy_lanes_typed)


class _Product:
    """Instructions for one product of each lane, added to a sum."""

    def __init__(self, arithmetic: Arithmetic, in_registers: bool) -> None:
        self.arithmetic = arithmetic
        self.in_registers = in_registers
        self.terms = TERMS[arithmetic]

    def added(self, builder: Any, total: Any, first: list[Any], second: list[Any]) -> Any:
        if self.arithmetic == "exact":  # fused or not, it is the same
            return builder.call(_ternary(builder, "llvm.fmuladd", _FLOATS), [first[0], second[0], total])
        if self.arithmetic == "nearest":
            found = builder.fmul(first[0], second[0])
        elif not self.in_registers:
            found = _truncated_in_float64(builder, first, second)
        elif self.terms == 1:
            found = _toward_zero(builder, "mul", first[0], second[0])
        else:
            found = _truncated_sum(builder, first, second)
        if self.arithmetic == "two terms halved":
            factor = _half_or_one(builder, found, first[0], second[0])
            return builder.call(_ternary(builder, "llvm.fmuladd", _FLOATS), [found, factor, total])
        return builder.fadd(total, found)


def _add_entries(
    builder: Any, totals: list[Any], lane_terms: list[list[Any]], row_terms: Any, at: int, table: Any
) -> None:
    """Add the entries of one row of the table, 32 looked up at once, times both powers of two: exact."""
    low, high = (builder.bitcast(own[1], _BITS) for own in lane_terms)
    half = ir.Constant(_BITS, [16] * LANES)
    columns = builder.bitcast(builder.or_(low, builder.shl(high, half)), _HALVES)
    number = builder.load(builder.bitcast(builder.gep(row_terms, [_word(at + 1)]), _INT.as_pointer()))
    row = builder.gep(table, [builder.mul(builder.zext(number, _WORD), _word(COLUMNS))])
    registers = [
        builder.load(builder.bitcast(builder.gep(row, [_word(2 * LANES * part)]), _HALVES.as_pointer()))
        for part in range(4)
    ]
    for register in registers:
        register.align = 2
    look_up = _declared(builder, "llvm.x86.avx512.vpermi2var.hi.512", _HALVES, [_HALVES] * 3)
    first, second = (
        builder.call(look_up, [registers[part], columns, registers[part + 1]]) for part in (0, 2)
    )
    beyond = builder.and_(columns, ir.Constant(_HALVES, [64] * (2 * LANES)))
    found = builder.select(builder.icmp_unsigned("!=", beyond, ir.Constant(_HALVES, None)), second, first)
    pairs = builder.bitcast(found, _BITS)
    upper = ir.Constant(_BITS, [0xFFFF0000] * LANES)
    power = _spread(builder, row_terms, at)
    for own, entry, total in zip(
        lane_terms, (builder.shl(pairs, half), builder.and_(pairs, upper)), totals, strict=True
    ):
        scale = builder.fmul(own[0], power)
        fused = _ternary(builder, "llvm.fmuladd", _FLOATS)
        added = builder.call(fused, [builder.bitcast(entry, _FLOATS), scale, builder.load(total)])
        builder.store(added, total)


def _truncated_sum(builder: Any, first: list[Any], second: list[Any]) -> Any:
    """Truncate the sum of two products whose leading one is that of the first product, or one above it.

    ``high + error`` is the first product, exactly. The second and the error are truncated where float32 ends,
    which is a bit of lower weight than those of ``high``; so what is lost there reaches no bit of the result.
    """
    high = _toward_zero(builder, "mul", first[0], second[0])
    fused = _ternary(builder, "llvm.fma", _FLOATS)
    error = builder.call(fused, [first[0], second[0], builder.fneg(high)])
    operands = [*[_FLOATS] * 3, ir.IntType(32)]
    truncating = _declared(builder, "llvm.x86.avx512.vfmadd.ps.512", _FLOATS, operands)
    rest = builder.call(truncating, [first[1], second[1], error, _TOWARD_ZERO])
    return _toward_zero(builder, "add", high, rest)


def _toward_zero(builder: Any, operation: str, first: Any, second: Any) -> Any:
    operands = [_FLOATS, _FLOATS, ir.IntType(32)]
    instruction = _declared(builder, f"llvm.x86.avx512.{operation}.ps.512", _FLOATS, operands)
    return builder.call(instruction, [first, second, _TOWARD_ZERO])


def _truncated_in_float64(builder: Any, first: list[Any], second: list[Any]) -> Any:
    """Truncate the sum of the terms' products, exact in float64, of which at most 49 bits are needed."""
    wide = [[builder.fpext(term, _DOUBLES) for term in side] for side in (first, second)]
    total = builder.fmul(wide[0][0], wide[1][0])
    if len(first) == 2:
        fused = _ternary(builder, "llvm.fmuladd", _DOUBLES)
        total = builder.call(fused, [wide[0][1], wide[1][1], total])
    kept = ir.Constant(_DOUBLE_BITS, [(1 << 64) - (1 << 29)] * LANES)
    cut = builder.and_(builder.bitcast(total, _DOUBLE_BITS), kept)
    return builder.fptrunc(builder.bitcast(cut, _DOUBLES), _FLOATS)


def _half_or_one(builder: Any, found: Any, first: Any, second: Any) -> Any:
    """Return 0.5 where a product has one bit more than usual, 1 elsewhere.

    There, its exponent has not the parity of the usual product's, to which the terms' exponents add up (the
    bias is odd). The patterns of 0.5 and 1 differ in the parity of the exponent.
    """
    parity = builder.bitcast(found, _BITS)
    for term in (first, second):
        parity = builder.xor(parity, builder.bitcast(term, _BITS))
    usual = builder.and_(parity, ir.Constant(_BITS, [1 << 23] * LANES))
    return builder.bitcast(builder.or_(usual, ir.Constant(_BITS, [0x3F000000] * LANES)), _FLOATS)


def _ternary(builder: Any, name: str, kind: Any) -> Any:
    return _declared(builder, f"{name}.v{LANES}f{32 if kind is _FLOATS else 64}", kind, [kind] * 3)


def _declared(builder: Any, name: str, result: Any, operands: list[Any]) -> Any:
    kind = ir.FunctionType(result, operands)
    return cgutils.get_or_insert_function(builder.module, kind, name)  # type: ignore[no-untyped-call]


def _word(value: int) -> Any:
    return ir.Constant(_WORD, value)


def _vector(builder: Any, base: Any, offset: int) -> Any:
    loaded = builder.load(builder.bitcast(builder.gep(base, [_word(offset)]), _FLOATS.as_pointer()))
    loaded.align = 4
    return loaded


def _store(builder: Any, vector: Any, base: Any, offset: int) -> None:
    target = builder.bitcast(builder.gep(base, [_word(offset)]), _FLOATS.as_pointer())
    builder.store(vector, target).align = 4


def _spread(builder: Any, base: Any, offset: int) -> Any:
    value = builder.load(builder.gep(base, [_word(offset)]))
    one = builder.insert_element(ir.Constant(_FLOATS, ir.Undefined), value, ir.Constant(ir.IntType(32), 0))
    return builder.shuffle_vector(one, ir.Constant(_FLOATS, ir.Undefined), ir.Constant(_BITS, None))
