"""The gates of float multipliers against numpy, ml_dtypes, the plain reference and the closed forms."""

import ml_dtypes
import numpy as np
import pytest

from accelsim.errors import AccelsimError
from accelsim.float_format import BF16, FP32, FloatFormat
from accelsim.float_reference import ama5_blocks_product, product_patterns
from accelsim.floats import CLOSED_FORMS
from accelsim.rtl import ArrayMultiplier, BaughWooleyMultiplier, DrumMultiplier
from accelsim.rtl.block_array import BlockArrayMultiplier
from accelsim.rtl.catalogue import netlist_of
from accelsim.rtl.cell_array import CellArrayMultiplier, same_cells
from accelsim.rtl.float_library import describe_float
from accelsim.rtl.float_multiplier import FloatMultiplier
from accelsim.rtl.simulate import products_in_amaranth
from accelsim.rtl.synthesis import synthesise
from accelsim.simulation import outputs, truth_table

E4M3, E5M2 = FloatFormat(4, 3), FloatFormat(5, 2)
PAIRS = 10**7


def corners(form):
    """The ends of the exponents' and mantissas' ranges and their neighbours, combined; both signs."""
    top = (1 << form.exponent_bits) - 1
    middle = form.bias
    exponents = [0, 1, 2, middle // 2, middle // 2 + 1, middle - 1, middle, middle + 1, middle * 3 // 2]
    exponents += [top - 2, top - 1, top]
    last = form.least_normal - 1
    mantissas = [0, 1, 2, last >> 1, (last >> 1) + 1, last - 1, last]
    bits = {
        sign | exponent << form.mantissa_bits | mantissa
        for sign in (0, form.sign)
        for exponent in exponents
        for mantissa in mantissas
    }
    return [side.ravel() for side in np.meshgrid(*[np.array(sorted(bits), dtype=form.pattern_type)] * 2)]


def random_pairs(form, pairs, seed=0):
    return np.random.default_rng(seed).integers(0, 1 << form.width, (2, pairs), dtype=form.pattern_type)


def assert_ieee(form, dtype, a, b, found):
    """Compare with the type's own product where operands and result are normal; check the rest's rules."""
    with np.errstate(all="ignore"):
        x, y = a.view(dtype), b.view(dtype)
        expected = x * y
        exact = form.decode(a) * form.decode(b)
    result = form.decode(found)
    nan = np.isnan(exact)
    np.testing.assert_array_equal(found[nan], form.nan)
    np.testing.assert_array_equal(found >> form.width - 1 == 1, ((a ^ b) >> form.width - 1 == 1) & ~nan)
    # Operands that are subnormal have been decoded as zeros. From half a unit of the last place below the
    # smallest normal number on, a product rounds up to it.
    tiny = np.abs(exact) < 2.0 ** (1 - form.bias) * (1 - 2.0 ** -(form.mantissa_bits + 2))
    np.testing.assert_array_equal(result[tiny], 0)
    rest = ~tiny & ~nan
    assert rest.any()
    assert tiny.any()
    np.testing.assert_array_equal(found[rest], expected.view(form.pattern_type)[rest])


@pytest.mark.parametrize(
    ("name", "form", "dtype"), [("fp32_exact", FP32, np.float32), ("bf16_exact", BF16, ml_dtypes.bfloat16)]
)
def test_exact_gates_are_ieee(name, form, dtype):
    netlist = netlist_of(name)
    for a, b in (corners(form), random_pairs(form, PAIRS)):
        assert_ieee(form, dtype, a, b, outputs(netlist, a, b))


@pytest.mark.parametrize(
    ("form", "dtype"), [(E4M3, ml_dtypes.float8_e4m3), (E5M2, ml_dtypes.float8_e5m2)], ids=["e4m3", "e5m2"]
)
def test_every_pair_of_8_bits_is_ieee(form, dtype):
    netlist = netlist_of(f"{form.name}_exact")
    a, b = (bits.ravel() for bits in np.indices((256, 256)).astype(np.uint8))
    assert_ieee(form, dtype, a, b, truth_table(netlist).ravel())


@pytest.mark.parametrize("name", CLOSED_FORMS)
def test_closed_form_is_the_gates(name):
    netlist, form = netlist_of(name), CLOSED_FORMS[name]
    just_49_bits = np.array([[0x3FF20000, 0x3FF40C00], [0x3FFE0000, 0x3FDB3400]], dtype=np.uint32)
    for a, b in (corners(FP32), just_49_bits, random_pairs(FP32, 1_000_000, seed=1)):
        found = form.multiply(a.view(np.float32), b.view(np.float32)).view(np.uint32)
        np.testing.assert_array_equal(found, outputs(netlist, a, b))


@pytest.mark.slow
@pytest.mark.parametrize("name", CLOSED_FORMS)
def test_closed_form_is_the_gates_on_a_hundred_million_pairs(name):
    netlist, form = netlist_of(name), CLOSED_FORMS[name]
    for seed in range(2, 22):
        a, b = random_pairs(FP32, 5_000_000, seed)
        found = form.multiply(a.view(np.float32), b.view(np.float32)).view(np.uint32)
        np.testing.assert_array_equal(found, outputs(netlist, a, b))


def ama5(block):
    return lambda a, b: ama5_blocks_product(a, b, 4, block)


def halved(a, b):
    product = ama5(2)(a, b)
    return product >> (product >> 8)


def drum(a, b):
    """Segments of 2 bits of significands of 4, whose leading one is bit 3: bit 2 kept, bit 1 set."""
    return (a & 12 | 4) * (b & 12 | 4)


@pytest.mark.parametrize("rounding", ["nearest-even", "truncate"])
@pytest.mark.parametrize(
    ("significand", "positions", "formula"),
    [
        (ArrayMultiplier(4), 2, lambda a, b: a * b),
        (ArrayMultiplier(4), None, lambda a, b: a * b),
        (CellArrayMultiplier(same_cells(4, "ama5")), 1, ama5(4)),
        (BlockArrayMultiplier(4, 2), 2, ama5(2)),
        (BlockArrayMultiplier(4, 2, halves_overflow=True), 1, halved),
        (CellArrayMultiplier(same_cells(4, "ama5"), "csp"), None, lambda a, b: (a & 1) * b),
        (DrumMultiplier(4, 2), None, drum),
    ],
    ids=["exact", "exact, all positions", "array", "blocks", "halved", "often zero", "drum"],
)
def test_every_pair_of_e4m3(significand, positions, formula, rounding):
    netlist = synthesise(
        FloatMultiplier(E4M3, significand, rounding, leading_positions=positions), "multiplier"
    )
    a, b = np.indices((256, 256))
    expected = product_patterns(E4M3, a, b, formula, rounding=rounding)
    np.testing.assert_array_equal(truth_table(netlist), expected)


def test_swapped_operands_and_least_operand():
    significand = CellArrayMultiplier(same_cells(4, "ama5"))
    least = int(E4M3.encode(0.5))
    multiplier = FloatMultiplier(E4M3, significand, swapped=True, least_operand=least)
    a, b = np.indices((256, 256))
    expected = product_patterns(E4M3, b, a, ama5(4), least_operand=least)
    np.testing.assert_array_equal(truth_table(synthesise(multiplier, "multiplier")), expected)


@pytest.mark.parametrize(
    "name",
    [
        "bf16_exact",
        "axfpm_array24",
        *(
            pytest.param(name, marks=pytest.mark.slow)
            for name in ("fp32_exact", "axfpm_authors", "heap_like24")
        ),
    ],
)
def test_gates_are_what_amaranth_simulates(name):
    description = describe_float(name)
    form = description.form
    a, b = random_pairs(form, 20, seed=5)
    a, b = np.append(a, form.encode([0, 1, np.inf, 1e38])), np.append(b, form.encode([2, 1, 0, 1e38]))
    found = products_in_amaranth(description.build(), a, b)
    np.testing.assert_array_equal(found, outputs(netlist_of(name), a, b))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((FP32, ArrayMultiplier(8)), "operands of 8 bits; fp32 has significands of 24"),
        ((BF16, BaughWooleyMultiplier(8)), "BaughWooleyMultiplier is signed; significands need an unsigned"),
        ((BF16, ArrayMultiplier(8), "up"), "rounding is 'up'; expected nearest-even or truncate"),
    ],
)
def test_bad_parameters(arguments, message):
    with pytest.raises(AccelsimError, match=message):
        FloatMultiplier(*arguments)


@pytest.mark.parametrize("parameter", [{"leading_positions": 0}, {"least_operand": 1}])
def test_parameters_out_of_range(parameter):
    with pytest.raises(AccelsimError, match=f"{next(iter(parameter))} is .*; expected an integer from"):
        FloatMultiplier(BF16, ArrayMultiplier(8), **parameter)
