"""Gates and adders on bit planes as vector instructions of whatever width the CPU has."""

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

__all__ = ["PLANE_WORDS", "add_planes", "run_steps"]

#: Words of a bit plane, of 64 lanes each. The planes of a 16 x 16 multiplier stay in the first-level cache.
PLANE_WORDS = 32
#: Words that are worked on at once.
_VECTOR = 8

_WORD, _INDEX = ir.IntType(64), ir.IntType(16)
_LANES = ir.VectorType(_WORD, _VECTOR)
_TURNS = PLANE_WORDS // _VECTOR
#: Masks of the coefficients of each function ``c1 a xor c2 b xor c3 a b``, by ``c1 + 2 c2 + 4 c3``.
_MASKS = [[-(code >> place & 1) & (1 << 64) - 1 for place in range(3)] for code in range(8)]


def _run_steps_typed(typing_context: Any, values: Any, steps: Any, start: Any, stop: Any) -> Any:
    """Evaluate gates ``start`` to ``stop - 1``.

    Parameters
    ----------
    values : uint64 array of shape (planes, PLANE_WORDS)
        The planes.
    steps : uint16 array of shape (steps, 4)
        As in `accelsim.folded_gates.FoldedGates`.
    start, stop : int
        Which.
    """

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        planes, program = (
            _pointer(context, builder, signature.args[at], arguments[at], kind)
            for at, kind in ((0, _WORD), (1, _INDEX))
        )
        table = ir.Constant(ir.ArrayType(_WORD, 24), [mask for masks in _MASKS for mask in masks])
        masks = builder.bitcast(
            cgutils.global_constant(builder, "coefficients_of_functions", table),  # type: ignore[no-untyped-call]
            _WORD.as_pointer(),
        )
        with cgutils.for_range_slice(builder, arguments[2], arguments[3], _word(1), _WORD) as (step, _):
            here = builder.gep(program, [builder.mul(step, _word(4))])
            code, *at = (
                builder.zext(builder.load(builder.gep(here, [_word(column)])), _WORD) for column in range(4)
            )
            first_mask = builder.gep(masks, [builder.mul(code, _word(3))])
            c1, c2, c3 = (_broadcast(builder, first_mask, place) for place in range(3))
            y, a, b = (builder.gep(planes, [builder.mul(plane, _word(PLANE_WORDS))]) for plane in at)
            for turn in range(_TURNS):
                left, right = (_load(builder, operand, turn) for operand in (a, b))
                both = builder.xor(c2, builder.and_(left, c3))
                found = builder.xor(builder.and_(left, c1), builder.and_(right, both))
                _store(builder, found, y, turn)
        return context.get_dummy_value()

    return types.void(values, steps, types.int64, types.int64), generate


def _add_planes_typed(
    typing_context: Any, values: Any, product: Any, signed: Any, total: Any, bits: Any
) -> Any:
    """Add a number in bit planes to another, modulo ``2^bits``.

    Parameters
    ----------
    values : uint64 array of shape (planes, PLANE_WORDS)
        Planes, of which some are the number's.
    product : uint16 array of shape (bits of the number,)
        ``2 plane + inverted`` of each of its bits.
    signed : bool
        Whether its last bit goes on for ever.
    total : uint64 array of shape (bits, PLANE_WORDS)
        Planes of what is added to.
    bits : int
        Number of planes of ``total``, at least those of the number.
    """

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        planes, sources, sums = (
            _pointer(context, builder, signature.args[at], arguments[at], kind)
            for at, kind in ((0, _WORD), (1, _INDEX), (3, _WORD))
        )
        array = context.make_array(signature.args[1])(context, builder, arguments[1])
        width = builder.extract_value(array.shape, 0)
        zero = ir.Constant(_LANES, None)
        carries, signs = (
            [cgutils.alloca_once_value(builder, zero) for _ in range(_TURNS)]  # type: ignore[no-untyped-call]
            for _ in range(2)
        )

        def add(bit: Any, addends: list[Any]) -> None:
            own = builder.gep(sums, [builder.mul(bit, _word(PLANE_WORDS))])
            for turn, addend in enumerate(addends):
                before, carry = _load(builder, own, turn), builder.load(carries[turn])
                differ = builder.xor(addend, before)
                _store(builder, builder.xor(differ, carry), own, turn)
                both = builder.and_(addend, before)
                builder.store(builder.or_(builder.and_(differ, carry), both), carries[turn])

        with cgutils.for_range_slice(builder, _word(0), width, _word(1), _WORD) as (bit, _):
            source = builder.zext(builder.load(builder.gep(sources, [bit])), _WORD)
            inverted = builder.sub(_word(0), builder.and_(source, _word(1)))
            mask = _spread(builder, inverted)
            at = builder.mul(builder.lshr(source, _word(1)), _word(PLANE_WORDS))
            plane = builder.gep(planes, [at])
            addends = [builder.xor(_load(builder, plane, turn), mask) for turn in range(_TURNS)]
            for sign, addend in zip(signs, addends, strict=True):
                builder.store(addend, sign)
            add(bit, addends)
        goes_on = _spread(builder, builder.sext(builder.trunc(arguments[2], ir.IntType(1)), _WORD))
        rest = [builder.and_(builder.load(sign), goes_on) for sign in signs]
        with cgutils.for_range_slice(builder, width, arguments[4], _word(1), _WORD) as (bit, _):
            add(bit, rest)
        return context.get_dummy_value()

    return types.void(values, product, types.boolean, total, types.int64), generate


#: To be called from compiled code, without the typing context.
run_steps: Callable[..., None] = intrinsic(_run_steps_typed)
add_planes: Callable[..., None] = intrinsic(_add_planes_typed)


def _pointer(context: Any, builder: Any, kind: Any, array: Any, element: Any) -> Any:
    return builder.bitcast(context.make_array(kind)(context, builder, array).data, element.as_pointer())


def _load(builder: Any, plane: Any, turn: int) -> Any:
    loaded = builder.load(_vector_at(builder, plane, turn))
    loaded.align = 8
    return loaded


def _store(builder: Any, value: Any, plane: Any, turn: int) -> None:
    builder.store(value, _vector_at(builder, plane, turn)).align = 8


def _vector_at(builder: Any, plane: Any, turn: int) -> Any:
    return builder.bitcast(builder.gep(plane, [_word(turn * _VECTOR)]), _LANES.as_pointer())


def _broadcast(builder: Any, words: Any, place: int) -> Any:
    return _spread(builder, builder.load(builder.gep(words, [_word(place)])))


def _spread(builder: Any, word: Any) -> Any:
    one = builder.insert_element(ir.Constant(_LANES, ir.Undefined), word, ir.Constant(ir.IntType(32), 0))
    order = ir.Constant(ir.VectorType(ir.IntType(32), _VECTOR), None)
    return builder.shuffle_vector(one, ir.Constant(_LANES, ir.Undefined), order)


def _word(value: int) -> Any:
    return ir.Constant(_WORD, value)
