import numpy as np
import pytest

from accelsim.errors import AccelsimError
from accelsim.rtl.catalogue import find_circuit, float_circuits, load_lut
from accelsim.rtl.float_circuits import FloatCircuit
from accelsim.rtl.float_library import float_names


def test_catalogue_knows_float_multipliers():
    assert [circuit.name for circuit in float_circuits()] == float_names()
    circuit = find_circuit("fp32_drum_k6")
    assert isinstance(circuit, FloatCircuit)
    assert (circuit.a_width, circuit.b_width, circuit.origin) == (32, 32, "description")


def test_products_are_those_of_the_gates():
    circuit = find_circuit("bf16_exact")
    np.testing.assert_array_equal(
        circuit.multiply([1.5, -2, 0], [[2.0], [np.inf]]), [[3, -4, 0], [np.inf, -np.inf, np.nan]]
    )
    assert find_circuit("axfpm_authors").multiply(0.856, 0.471) == 0.426080584526062


@pytest.mark.parametrize(
    ("name", "figures"),
    [
        ("axfpm_array24", (0.386, 1 / 12, 100)),
        ("axfpm_blocks4", (0.412, 0.0902, 100)),
        ("axfpm_authors", (0.411, 0.0906, 95.7)),
    ],
)
def test_errors_of_the_gates(name, figures):
    errors = find_circuit(name).errors()
    assert (errors.mred, errors.nmed, errors.share_above_percent) == pytest.approx(figures, rel=0.01)


def test_swapping_exchanges_the_operands():
    usual, swapped = (find_circuit(name) for name in ("axfpm_array24", "axfpm_array24_swapped"))
    assert usual.multiply(1.75, 1.0) == swapped.multiply(1.0, 1.75) == 3.5
    assert swapped.multiply(1.75, 1.0) == 2.0


def test_no_lut():
    with pytest.raises(AccelsimError, match="bf16_exact multiplies floats; a LUT holds products of integers"):
        load_lut("bf16_exact")


def test_name_that_resembles_a_float_multipliers():
    with pytest.raises(AccelsimError, match="did you mean axfpm_array24"):
        find_circuit("axfp_array24")
