"""The requantizer: from an accumulator to a code of the next layer, one in each cycle."""

from amaranth.hdl import Const, Module, Mux, Shape, Signal, Value, signed, unsigned
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

__all__ = ["CODE_BITS", "LATENCY", "Requantizer", "offset_shape"]

#: Cycles from the accumulator at the input to the code at the output.
LATENCY = 3

#: Width of a code.
CODE_BITS = 8

_INT32 = signed(32)
_LEVEL = signed(CODE_BITS + 1)
_LOWEST, _HIGHEST = -(1 << 31), (1 << 31) - 1
_HALF = 1 << 30


def offset_shape(operand_sum: Shape, zero_point: Shape) -> Shape:
    """Return a shape so wide that an offset beyond its range, clamped to it, gives the same codes.

    The accumulator and the correction together stay below ``2^(n-1)``, with ``n`` two bits less than this, so
    that such an offset saturates the corrected sum either way.
    """
    return signed(max(32, operand_sum.width + zero_point.width) + 2)


class Requantizer(wiring.Component):
    """Computes ``clamp(round(corrected * multiplier / 2^31 * 2^shift) + zero_point, low, high)``.

    ``corrected = acc - weight_zero_point * operand_sum + offset`` is exact and then saturated to 32 bits;
    everything after it is as in `accelsim.requantization.Requantization`. The code appears `LATENCY` cycles
    after its inputs, counting those in which ``enable`` is on; each cycle's inputs may be others.

    Parameters
    ----------
    acc : Shape
        Of the accumulator.
    operand_sum : Shape
        Of ``operand_sum``, the sum of the activations.
    weight_zero_point : Shape
        Of the weight's zero point.

    References
    ----------
    B. Jacob et al., "Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-
    Only Inference", CVPR 2018, section 2.4 and equation 7.
    """

    _MustUse__silence = True  # see accelsim.rtl.multiplier.Multiplier

    module_name = "requantizer"

    def __init__(self, acc: Shape, operand_sum: Shape, weight_zero_point: Shape) -> None:
        super().__init__(
            {
                "enable": In(1),
                "acc": In(acc),
                "operand_sum": In(operand_sum),
                "weight_zero_point": In(weight_zero_point),
                "offset": In(offset_shape(operand_sum, weight_zero_point)),
                "multiplier": In(unsigned(31)),
                "shift": In(signed(6)),
                "zero_point": In(_LEVEL),
                "low": In(_LEVEL),
                "high": In(_LEVEL),
                "code": Out(unsigned(CODE_BITS)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Describe three stages: correct and shift left; multiply; shift right, add and clamp."""
        m = Module()
        corrected, shifted = Signal(_INT32), Signal(_INT32)
        right, left = Signal(5), Signal(5)
        m.d.comb += [
            corrected.eq(_int32(self.acc - self.weight_zero_point * self.operand_sum + self.offset)),
            left.eq(Mux(self.shift > 0, self.shift, 0)),
            right.eq(Mux(self.shift < 0, -self.shift, 0)),
            shifted.eq(_int32(corrected << left)),
        ]
        value, right_shift = self._registers(m, "shifted", shifted, right, stages=1)
        (multiplier,) = self._registers(m, "multiplier", self.multiplier, stages=1)
        product = Signal(_INT32)
        m.d.comb += product.eq((value * multiplier + _HALF) >> 31)
        high, right_shift = self._registers(m, "product", product, right_shift, stages=1)
        zero_point, lowest, highest = self._registers(
            m, "level", self.zero_point, self.low, self.high, stages=2
        )
        level = _divided(m, high, right_shift) + zero_point
        clamped = Mux(level < lowest, lowest, Mux(level > highest, highest, level))
        with m.If(self.enable):
            m.d.sync += self.code.eq(clamped)
        return m

    def _registers(self, m: Module, name: str, *values: Value, stages: int) -> list[Value]:
        found = []
        for number, value in enumerate(values):
            for stage in range(stages):
                register = Signal(value.shape(), name=f"{name}_{number}_{stage}")
                with m.If(self.enable):
                    m.d.sync += register.eq(value)
                value = register
            found.append(value)
        return found


def _int32(value: Value) -> Value:
    """Saturate to 32 bits."""
    return Mux(value > _HIGHEST, _HIGHEST, Mux(value < _LOWEST, _LOWEST, value))


def _divided(m: Module, value: Value, exponent: Value) -> Value:
    """Divide by a power of two and round to nearest, halves away from zero."""
    mask, rest, threshold = Signal(31), Signal(31), Signal(31)
    m.d.comb += [
        mask.eq((Const(1, 32) << exponent) - 1),
        rest.eq(value & mask),
        threshold.eq((mask >> 1) + (value < 0)),
    ]
    return (value >> exponent) + (rest > threshold)
