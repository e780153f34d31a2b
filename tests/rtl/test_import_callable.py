import numpy as np
import pytest

from accelsim.errors import AccelsimError
from accelsim.rtl.catalogue import find_circuit
from accelsim.rtl.import_callable import lut_from_callable
from accelsim.rtl.library import describe


def vectorised(a, b):
    return a * (b & ~1)


def scalar(a, b):
    return a * (b if b % 2 == 0 else b - 1)


def test_vectorised_and_scalar_functions_agree():
    first, second = lut_from_callable(vectorised, 5, 3), lut_from_callable(scalar, 5, 3)
    np.testing.assert_array_equal(first.table, second.table)
    assert (first.name, first.a_width, first.b_width, first.signed) == ("vectorised", 5, 3, False)
    np.testing.assert_array_equal(first.table, np.arange(32)[:, None] * (np.arange(8)[None, :] & ~1))
    assert second.provenance["function"].endswith("test_import_callable.scalar")


def test_values_not_patterns_when_signed():
    lut = lut_from_callable(lambda a, b: a * b, 4, 4, signed=True, name="mine")
    assert (lut.name, lut.table[0b1111, 0b0111], lut.table[0b1000, 0b1000]) == ("mine", -7, 64)
    np.testing.assert_array_equal(lut.table, lut.exact_table())


def test_a_function_of_python_integers_alone():
    def mitchell(a: int, b: int) -> int:
        """Mitchell's approximate logarithms, on integers that know their bit length."""
        if not a or not b:
            return 0
        k, j = a.bit_length() - 1, b.bit_length() - 1
        x, y = (a - (1 << k)) << j, (b - (1 << j)) << k
        total = x + y
        return (1 << (k + j)) + total if total < 1 << (k + j) else 2 * total

    lut = lut_from_callable(mitchell, 8, 8)
    np.testing.assert_array_equal(lut.table, find_circuit("mul8u_mitchell").lut().table)
    assert describe("mul8u_mitchell")


def test_saved_table_is_imported(tmp_path):
    lut_from_callable(vectorised, 4, 4).save(tmp_path / "t.npz")
    lut = find_circuit(tmp_path / "t.npz").lut()
    assert lut.name == "vectorised"
    np.testing.assert_array_equal(lut.table, lut_from_callable(scalar, 4, 4).table)


@pytest.mark.parametrize(
    ("function", "widths", "expected"),
    [
        (lambda a, b: a * b, (1, 8), "a_width is 1; expected 2 to 12 bits"),
        (lambda a, b: a * b, (8, 13), "b_width is 13; expected 2 to 12 bits"),
        (lambda a, b: a * b / 2, (4, 4), "entries of type float64; expected integers"),
        (
            lambda a, b: 2 * a * b,
            (4, 4),
            r"entries from 0 to 450; an unsigned product of 8 bits",
        ),
        (lambda a, b: a - b, (4, 4), "entries from -15 to 15"),
        (lambda a, b: 1 / 0, (4, 4), r"\(0, 0\) raised ZeroDivisionError: division by zero"),
        (lambda a, b: int(a) // (3 - int(b)), (4, 4), r"\(0, 3\) raised ZeroDivisionError"),
        (lambda a, b: None, (4, 4), r"\(0, 0\) returned None; expected an integer product"),
        (lambda a, b: int(a) == int(b), (4, 4), r"\(0, 0\) returned True; expected an integer"),
        (
            lambda a, b: int(a) * 10**30,
            (4, 4),
            r"\(1, 0\) returned 10{30}; expected",
        ),
        (lambda a: a, (4, 4), r"raised TypeError"),
        (lambda a, b: a * b + np.ndim(a), (4, 4), r"is \d+, but \d+ among arrays; it must be one function"),
    ],
)
def test_what_is_no_multiplier(function, widths, expected):
    with pytest.raises(AccelsimError, match=expected) as caught:
        lut_from_callable(function, *widths, name="mine")
    assert "\n" not in str(caught.value)
