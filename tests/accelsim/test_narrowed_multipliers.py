import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from accelsim.errors import AccelsimError
from accelsim.lut import Lut
from accelsim.narrowed_multipliers import narrowed, sign_magnitude


def exact(bits: int, signed: bool = False) -> Lut:
    values = np.arange(1 << bits)
    if signed:
        values = np.where(values < 1 << bits - 1, values, values - (1 << bits))
    return Lut("exact", np.multiply.outer(values, values), signed)


def arbitrary(signed: bool = False, seed: int = 0) -> Lut:
    low, high = (-(1 << 15), 1 << 15) if signed else (0, 1 << 16)
    table = np.random.default_rng(seed).integers(low, high, (256, 256))
    return Lut("arbitrary", table, signed)


@pytest.mark.parametrize("placement", ["high", "low"])
@pytest.mark.parametrize("bits", range(2, 9))
def test_an_exact_multiplier_computes_the_same_wherever_its_operands_sit(bits: int, placement: str) -> None:
    for signed in (False, True):
        assert (narrowed(exact(8, signed), bits, placement).table == exact(bits, signed).table).all()
    found = sign_magnitude(exact(8), bits, placement).table
    used = np.arange(1 << bits) != 1 << bits - 1  # all but the most negative
    assert (found[np.ix_(used, used)] == exact(bits, True).table[np.ix_(used, used)]).all()


@given(st.integers(2, 7), st.integers(0, 127), st.integers(0, 127), st.booleans())
def test_products_of_narrow_operands_are_those_of_the_places_they_sit_in(
    bits: int, a: int, b: int, signed: bool
) -> None:
    lut, a, b = arbitrary(signed), a % (1 << bits), b % (1 << bits)
    spare = 8 - bits
    # Bit patterns as strings: the operand, and zeros behind it or its sign before it.
    fill = (lambda x: f"{x:0{bits}b}"[0]) if signed else (lambda x: "0")
    high = [int(f"{x:0{bits}b}" + "0" * spare, 2) for x in (a, b)]
    low = [int(fill(x) * spare + f"{x:0{bits}b}", 2) for x in (a, b)]
    for placement, (row, column) in (("high", high), ("low", low)):
        product = f"{int(lut.table[row, column]) % (1 << 16):016b}"
        pattern = int(product[: 2 * bits] if placement == "high" else product[-2 * bits :], 2)
        value = pattern - (1 << 2 * bits) if signed and pattern >> (2 * bits - 1) else pattern
        assert narrowed(lut, bits, placement).table[a, b] == value


@given(st.integers(2, 8), st.integers(-127, 127), st.integers(-127, 127))
def test_sign_magnitude_multiplies_magnitudes_and_compares_signs(bits: int, a: int, b: int) -> None:
    largest = (1 << bits - 1) - 1
    a, b = (int(np.sign(x)) * (abs(x) % (largest + 1)) for x in (a, b))
    lut, spare = arbitrary(), 8 - (bits - 1)
    product = int(lut.table[abs(a) << spare, abs(b) << spare]) >> 2 * spare
    assert sign_magnitude(lut, bits).multiply(a, b) == (-product if (a < 0) != (b < 0) else product)


def test_at_full_width_an_unsigned_multiplier_stays_as_it_is() -> None:
    lut = arbitrary()
    assert narrowed(lut, 8) is lut


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: narrowed(arbitrary(), 1), "operands of 1 bits; expected 2 to 8"),
        (lambda: narrowed(arbitrary(), 4.0), "operands of 4.0 bits"),
        (lambda: narrowed(exact(4), 5), "exact multiplies 4 x 4 bits, too narrow for operands of 5 bits"),
        (lambda: narrowed(arbitrary(), 4, "hihg"), "placement is 'hihg'; expected high or low; did you mean"),
        (lambda: sign_magnitude(arbitrary(True), 8), "arbitrary is signed; the multiplier of magnitudes"),
    ],
)
def test_refusals(call, message) -> None:
    with pytest.raises(AccelsimError, match=message):
        call()
