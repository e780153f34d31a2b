import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from accelsim.accumulator import Accumulator
from accelsim.errors import AccelsimError
from accelsim.lut import Lut

LUT = Lut("exact4", np.arange(16)[:, None] * np.arange(16), signed=False)


@pytest.mark.parametrize("bits", [1, 33, 0, -4, 16.0])
def test_widths_that_are_none(bits: int) -> None:
    with pytest.raises(AccelsimError, match=f"an accumulator of {bits} bits; expected 2 to 32"):
        Accumulator(bits)


def test_unknown_overflow() -> None:
    with pytest.raises(AccelsimError, match="'satturate'; expected wrap or saturate; did"):
        Accumulator(16, "satturate")  # type: ignore[arg-type]


def test_width_of_the_product() -> None:
    Accumulator(9).check_multiplier(LUT)
    with pytest.raises(AccelsimError, match="of 8 bits is narrower than the products of exact4"):
        Accumulator(8).check_multiplier(LUT)


@given(
    st.integers(4, 32), st.lists(st.integers(-8, 7), max_size=40), st.sampled_from([1, 3, 1000, 40_000_000])
)
def test_sums(bits: int, terms: list[int], step: int) -> None:
    """As hardware does it: bits of a wrapped sum drop out; a saturated one stays where it was."""
    wrap, saturate = Accumulator(bits, "wrap"), Accumulator(bits, "saturate")
    terms = [max(wrap.low, min(wrap.high, step * term)) for term in terms]
    pattern, total = 0, 0
    for term in terms:
        pattern = int(np.binary_repr(pattern + term, 64)[-bits:], 2) if pattern + term else 0
        if -(2 ** (bits - 1)) <= total + term < 2 ** (bits - 1):
            total += term
        else:
            total = 2 ** (bits - 1) - 1 if term > 0 else -(2 ** (bits - 1))
    products = np.array(terms, np.int64)[:, None]
    signed = pattern - (1 << bits if pattern >> bits - 1 else 0)
    assert wrap.sum(products).tolist() == [signed]
    assert saturate.sum(products).tolist() == [total]
