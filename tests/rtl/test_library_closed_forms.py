import numpy as np
import pytest

from accelsim.closed_forms import BilinearForm
from accelsim.rtl.catalogue import load_lut, netlist_of
from accelsim.rtl.library import describe, names, wide_names
from accelsim.rtl.library_closed_forms import closed_form_of
from accelsim.rtl.operand_pairs import all_pairs, chosen_pairs
from accelsim.simulation import outputs

#: Array-like multipliers of approximate cells have no closed form, except the array with AMA5.
WITHOUT = {
    name
    for name in names()
    if "_ama" in name and not name.startswith(tuple(f"mul{n}u_ama5" for n in (4, 6, 8, 12)))
} - {"mul8s_sm_ama5_k8"}


def form_of(name):
    return closed_form_of(describe(name).parsed)


@pytest.mark.parametrize("name", [name for name in names() if "12" not in name])
def test_forms_are_the_truth_tables_of_the_gates(name):
    form = form_of(name)
    assert (form is None) == (name in WITHOUT)
    if form is None:
        return
    lut = load_lut(name)
    expected = lut.table & (1 << lut.product_width) - 1
    rows = np.stack([form.row(a) for a in range(1 << lut.a_width)])
    np.testing.assert_array_equal(rows, expected)
    found = form.products(*all_pairs(lut.a_width, lut.b_width))
    np.testing.assert_array_equal(found, expected.ravel())


@pytest.mark.parametrize("k", range(13))
def test_any_number_of_columns_of_ama5(k):
    form = form_of(f"mul6u_ama5_k{k}")
    rows = np.stack([form.row(a) for a in range(64)])
    np.testing.assert_array_equal(rows, load_lut(f"mul6u_ama5_k{k}").table)


WIDE = [*wide_names(), *(name for name in names() if "12" in name)]


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=pytest.mark.slow) if "32" in name and "mitchell" not in name else name
        for name in WIDE
    ],
)
def test_wide_forms_are_the_gates(name):
    form = form_of(name)
    pairs = chosen_pairs(form.width, form.width, 5_000, seed=1)
    np.testing.assert_array_equal(form.products(*pairs), outputs(netlist_of(name), *pairs))


@pytest.mark.parametrize("name", ["mul16u_exact", "mul16u_mitchell", "mul16s_sm_drum_k6", "mul13s_exact"])
def test_a_row_is_the_products_of_one_operand(name):
    form = form_of(name)
    b = np.arange(1 << form.width, dtype=np.uint64)
    for a in (0, 1, 5, 1 << form.width - 1, (1 << form.width) - 1):
        np.testing.assert_array_equal(form.row(a), form.products(np.full_like(b, a), b))


@pytest.mark.parametrize(("name", "signed"), [("mul16u_exact", False), ("mul16s_exact", True)])
def test_the_exact_form_multiplies(name, signed):
    form = form_of(name)
    a, b = chosen_pairs(16, 16, 100_000, seed=2)
    numbers = [x.astype(np.int64) for x in (a, b)]
    if signed:
        numbers = [x - (x >> 15 << 16) for x in numbers]
    expected = np.multiply(*numbers) & 0xFFFFFFFF
    np.testing.assert_array_equal(form.products(a, b), expected)
    for x in a[:50].tolist():
        y = np.arange(65536)
        product = (x - (x >> 15 << 16)) * (y - (y >> 15 << 16)) if signed else x * y
        np.testing.assert_array_equal(form.row(x), product & 0xFFFFFFFF)


def test_bilinear_forms_keep_their_weights():
    form = form_of("mul4u_trunc_k3_corrected")
    assert isinstance(form, BilinearForm)
    assert form.weights == {(i, j): 1 << i + j for i in range(4) for j in range(4) if i + j >= 3}
    assert form.constant == 8  # (1 + 2 * 2 + 3 * 4) / 4 is 4.25, over 8 rounds half up to 1
