import numpy as np
import pytest

from accelsim.errors import AccelsimError
from accelsim.float_errors import FloatErrors, float_errors, uniform_operands
from accelsim.float_format import BF16, FP32


def test_by_hand():
    errors = float_errors([0.75, 0.25, 1.0], [0.5, 0.5, 1.0])
    assert errors == FloatErrors(3, pytest.approx(1 / 3), pytest.approx(1 / 6), pytest.approx(100 / 3), 0.0)


def test_zero_products_have_no_relative_error():
    assert float_errors([0.5, 0.75], [0.0, 0.5]).mred == 0.5


def test_operands_are_uniform_and_reproducible():
    a, b = uniform_operands(FP32, 100_000, seed=3)
    assert np.mean(FP32.decode(a)) == pytest.approx(0.5, abs=0.005)
    assert abs(np.corrcoef(FP32.decode(a), FP32.decode(b))[0, 1]) < 0.02
    assert (a & 1).mean() == pytest.approx(0.5, abs=0.01), "low bits are as random as high ones"
    np.testing.assert_array_equal(uniform_operands(FP32, 100_000, seed=3)[0], a)
    assert uniform_operands(BF16, 1, seed=0)[0].dtype == np.uint16


def test_bad_input():
    with pytest.raises(AccelsimError, match="0 operand pairs"):
        uniform_operands(FP32, 0, 0)
    with pytest.raises(AccelsimError, match="expected as many"):
        float_errors([1.0], [1.0, 2.0])
