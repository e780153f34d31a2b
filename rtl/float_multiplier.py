"""A floating-point multiplier around any multiplier of the significands."""

from typing import Any

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.hdl import signed as signed_shape
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from accelsim.errors import AccelsimError
from accelsim.float_format import FloatFormat
from accelsim.float_reference import Rounding, checked_rounding
from accelsim.rtl.block_array import BlockArrayMultiplier
from accelsim.rtl.multiplier import Multiplier
from accelsim.rtl.parameters import checked_integer

__all__ = ["FloatMultiplier"]


class FloatMultiplier(wiring.Component):
    """Multiplies floats: sign, exponent adder, significand multiplier, normaliser, rounding, exceptions.

    Ports ``a``, ``b`` and ``p`` are bit patterns of the format. The result is that of
    `accelsim.float_reference.product_patterns`: subnormal operands count as zeros, and zeros bypass the
    significand multiplier; a result that rounds below the smallest normal number is zero; overflow gives
    infinity; NaN, and infinity times zero, give one quiet NaN. With an exact significand multiplier and
    rounding to nearest-even this is IEEE 754 with subnormals flushed (as by SSE's FTZ and DAZ).

    Parameters
    ----------
    form : FloatFormat
        Format of operands and result.
    significand : Multiplier or BlockArrayMultiplier
        Unsigned multiplier of the significands, hidden ones included.
    rounding : {"nearest-even", "truncate"}
        How the product's excess bits are lost.
    swapped : bool
        Whether ``a`` goes to the significand multiplier's ``b`` and the other way round.
    least_operand : int, optional
        Magnitude, as a bit pattern, below which an operand counts as zero; default: the smallest normal.
    leading_positions : int, optional
        In how many of the product's top positions its leading one can be; the normaliser has no more shifts.
        An exact product needs 2. Default: all, which normalises any product, even zero.

    Raises
    ------
    AccelsimError
        If the significand multiplier is signed or of another width, or a parameter is out of its range.
    """

    _MustUse__silence = True  # see accelsim.rtl.multiplier.Multiplier

    def __init__(
        self,
        form: FloatFormat,
        significand: Multiplier | BlockArrayMultiplier,
        rounding: Rounding = "nearest-even",
        *,
        swapped: bool = False,
        least_operand: int | None = None,
        leading_positions: int | None = None,
    ) -> None:
        owner, kind = type(self).__name__, type(significand).__name__
        if significand.signed:
            raise AccelsimError(f"{owner}: the {kind} is signed; significands need an unsigned multiplier")
        if significand.width != form.significand_bits:
            raise AccelsimError(
                f"{owner}: the {kind} has operands of {significand.width} bits; "
                f"{form.name} has significands of {form.significand_bits}"
            )
        self.form = form
        self.significand = significand
        self.rounding = checked_rounding(owner, rounding)
        self.swapped = swapped
        self.width = form.width
        self.signed = False
        least = form.least_normal if least_operand is None else least_operand
        self.least_operand = checked_integer(
            owner, "least_operand", least, range(form.least_normal, form.infinity + 1)
        )
        every = len(significand.p)
        self.leading_positions = checked_integer(
            owner,
            "leading_positions",
            every if leading_positions is None else leading_positions,
            range(1, every + 1),
        )
        super().__init__({"a": In(form.width), "b": In(form.width), "p": Out(form.width)})

    def elaborate(self, platform: object) -> Module:
        """Describe the multiplier."""
        m = Module()
        form = self.form
        m.submodules.significand = significand = self.significand
        a, b = (self.b, self.a) if self.swapped else (self.a, self.b)
        magnitudes = [operand[:-1] for operand in (a, b)]
        hidden = Const(1, 1)
        m.d.comb += [
            port.eq(Cat(magnitude[: form.mantissa_bits], hidden))
            for port, magnitude in zip((significand.a, significand.b), magnitudes, strict=True)
        ]
        first, second = (magnitude[form.mantissa_bits :] for magnitude in magnitudes)
        normal, raised = self._normalised(m)
        rounded = self._rounded(m, normal)

        # The significand's hidden one adds to the exponent, as does its carry out of rounding.
        exponent = Signal(signed_shape(form.exponent_bits + 4))
        m.d.comb += exponent.eq(first + second + raised - form.bias - 1)
        result = Signal(signed_shape(form.width + 4))
        m.d.comb += result.eq((exponent << form.mantissa_bits) + rounded)

        zero, infinite, nan = Signal(), Signal(), Signal()
        m.d.comb += [
            zero.eq((magnitudes[0] < self.least_operand) | (magnitudes[1] < self.least_operand)),
            infinite.eq((magnitudes[0] >= form.infinity) | (magnitudes[1] >= form.infinity)),
            nan.eq(
                (magnitudes[0] > form.infinity) | (magnitudes[1] > form.infinity) | (infinite & zero),
            ),
        ]
        magnitude = Signal(form.width - 1)
        with m.If(infinite):
            m.d.comb += magnitude.eq(form.infinity)
        with m.Elif(zero | ~normal[-1] | (result < form.least_normal)):
            m.d.comb += magnitude.eq(0)
        with m.Elif(result >= form.infinity):
            m.d.comb += magnitude.eq(form.infinity)
        with m.Else():
            m.d.comb += magnitude.eq(result)
        m.d.comb += self.p.eq(Mux(nan, form.nan, Cat(magnitude, self.a[-1] ^ self.b[-1])))
        return m

    def _normalised(self, m: Module) -> tuple[Value, Any]:
        """Shift the leading one to the top; return the product, and what this adds to the exponent."""
        product: Any = self.significand.p
        highest = len(product) - 1 - 2 * self.form.mantissa_bits
        raised: Any = Const(highest, signed_shape(highest.bit_length() + 1))
        remaining = self.leading_positions - 1
        for stage in reversed(range(remaining.bit_length())):
            distance = 1 << stage
            shifted = Signal(len(product), name=f"normalised{stage}")
            lower = Signal(signed_shape(len(product).bit_length() + 2), name=f"raised{stage}")
            low = Signal(name=f"low{stage}")
            m.d.comb += [
                low.eq(~product[-distance:].any()),
                shifted.eq(Mux(low, product << distance, product)),
                lower.eq(raised - Mux(low, distance, 0)),
            ]
            product, raised = shifted, lower
        return product, raised

    def _rounded(self, m: Module, normal: Value) -> Value:
        """Return the significand with its hidden one, possibly carried into one bit more."""
        excess = len(normal) - self.form.significand_bits
        kept = normal[excess:]
        if self.rounding == "truncate":
            return kept
        up = Signal()
        m.d.comb += up.eq(normal[excess - 1] & (normal[: excess - 1].any() | kept[0]))
        rounded = Signal(self.form.significand_bits + 1)
        m.d.comb += rounded.eq(kept + up)
        return rounded
