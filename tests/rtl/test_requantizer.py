"""The requantizer in Amaranth's simulator against the papers' definition, written in Python's integers."""

import inspect

import numpy as np
from amaranth.hdl import signed, unsigned
from amaranth.sim import Simulator

from accelsim.requantization import Requantization
from accelsim.rtl.requantizer import LATENCY, Requantizer, offset_shape

INT32 = -(1 << 31), (1 << 31) - 1
SUM, WEIGHT = unsigned(20), unsigned(8)


def clamp(value, low, high):
    return min(max(value, low), high)


def rounding_doubling_high_mul(a, b):
    """As gemmlowp's fixedpoint.h defines it: a division towards zero of the nudged product."""
    product = a * b
    nudged = product + (1 << 30 if product >= 0 else 1 - (1 << 30))
    return abs(nudged) // (1 << 31) * (1 if nudged >= 0 else -1)


def rounding_divide_by_pot(value, exponent):
    """Round to nearest, halves away from zero."""
    magnitude = (abs(value) + ((1 << exponent) >> 1)) >> exponent
    return magnitude if value >= 0 else -magnitude


def reference(acc, operand_sum, weight_zero_point, offset, multiplier, shift, zero_point, low, high):
    corrected = clamp(acc - weight_zero_point * operand_sum + offset, *INT32)
    shifted = clamp(corrected << max(shift, 0), *INT32)
    scaled = rounding_divide_by_pot(rounding_doubling_high_mul(shifted, multiplier), max(-shift, 0))
    return clamp(scaled + zero_point, low, high) & 0xFF


NAMES = list(inspect.signature(reference).parameters)


def random_inputs(count, seed):
    draw = np.random.default_rng(seed)
    found = []
    for _ in range(count):
        bits = int(draw.integers(1, 32))
        zero_point = int(draw.integers(-128, 256))
        signed_codes = zero_point < 0
        low, high = sorted(
            draw.integers(-128 if signed_codes else 0, 128 if signed_codes else 256, 2).tolist()
        )
        found.append(
            (
                int(draw.integers(-1 << bits, 1 << bits)),
                int(draw.integers(0, 1 << draw.integers(1, 21))),
                int(draw.choice([0, draw.integers(0, 256)])),
                int(draw.integers(-1 << bits, 1 << bits)) * int(draw.choice([0, 1, 4])),
                int(draw.choice([0, 1 << 30, (1 << 31) - 1, draw.integers(1 << 30, 1 << 31)])),
                int(draw.integers(-31, 31)) if draw.random() < 0.3 else int(draw.integers(-14, 3)),
                zero_point,
                low,
                high,
            )
        )
    return found


#: Halves of both signs, ends of int32, no shift.
CORNERS = [
    (acc, 0, 0, 0, multiplier, shift, 10, 0, 255)
    for acc in (INT32[0], INT32[1], -1, 0, 1, -3, 3, -6, 6, 20, -20, 24, -24, -40)
    for multiplier in (1 << 30, (1 << 31) - 1)
    for shift in (-31, -3, -2, -1, 0, 1, 30)
]


def run(inputs, pauses=()):
    component = Requantizer(signed(32), SUM, WEIGHT)
    found = []

    async def drive(ctx):
        cycle, entered = 0, 0
        while len(found) < len(inputs):
            enabled = cycle not in pauses
            ctx.set(component.enable, enabled)
            if enabled:
                if entered >= LATENCY:
                    found.append(ctx.get(component.code))
                given = inputs[entered] if entered < len(inputs) else [0] * len(NAMES)
                for name, value in zip(NAMES, given, strict=True):
                    ctx.set(getattr(component, name), value)
                entered += 1
            cycle += 1
            await ctx.tick()

    simulator = Simulator(component)
    simulator.add_clock(1e-6)
    simulator.add_testbench(drive)
    simulator.run()
    return found


def test_equals_the_definition():
    inputs = CORNERS + random_inputs(3000, 0)
    assert run(inputs) == [reference(*each) for each in inputs]


def test_pauses_change_nothing():
    inputs = random_inputs(40, 1)
    assert run(inputs, pauses={0, 3, 4, 5, 17, 18, 41}) == [reference(*each) for each in inputs]


def test_offsets_beyond_the_port_can_be_clamped():
    shape = offset_shape(SUM, WEIGHT)
    ends = -(1 << shape.width - 1), (1 << shape.width - 1) - 1
    for beyond in (ends[0] - 1, ends[0] - (1 << 40), ends[1] + 1, ends[1] + (1 << 40)):
        for acc in INT32:
            for operand_sum in (0, (1 << SUM.width) - 1):
                given = acc, operand_sum, 255, beyond, 1 << 30, -24, 0, -128, 127
                clamped = acc, operand_sum, 255, clamp(beyond, *ends), 1 << 30, -24, 0, -128, 127
                assert reference(*given) == reference(*clamped)


def test_equals_the_engine():
    for given in CORNERS + random_inputs(2000, 2):
        _, _, _, _, multiplier, shift, zero_point, low, high = given
        fixed_point = (np.array(number, np.int32) for number in (multiplier, shift))
        engine = Requantization(*fixed_point, zero_point, low, high)
        assert engine.apply(np.array(given[:1]))[0] == reference(given[0], 0, 0, 0, *given[4:]), given
