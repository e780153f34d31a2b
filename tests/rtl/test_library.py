import numpy as np
import pytest

from accelsim.errors import AccelsimError
from accelsim.lut import MAX_LUT_WIDTH
from accelsim.rtl import (
    ArrayMultiplier,
    BaughWooleyMultiplier,
    BrokenArrayMultiplier,
    CarrySaveMultiplier,
    DaddaMultiplier,
    DrumMultiplier,
    SignMagnitudeMultiplier,
    TruncatedMultiplier,
    WallaceMultiplier,
    describe,
    names,
    wide_names,
)
from accelsim.rtl.names import ARCHITECTURES
from accelsim.rtl.simulate import products_in_amaranth

EVERY_NAME = [*names(), *wide_names()]


def test_there_are_enough_and_each_once():
    assert len(names()) >= 60
    assert len(set(EVERY_NAME)) == len(EVERY_NAME)


@pytest.mark.parametrize("name", EVERY_NAME)
def test_names_are_canonical_and_described(name):
    description = describe(name)
    assert description.name == name
    assert description.summary.startswith(f"{description.width}-bit ")
    assert "{" not in description.summary
    assert "None" not in description.summary
    assert "\n" not in description.summary + description.source
    multiplier = description.build()
    assert (multiplier.width, multiplier.signed) == (description.width, description.signed)


def test_only_wide_names_are_too_wide_for_a_lut():
    assert all(describe(name).width <= MAX_LUT_WIDTH for name in names())
    assert all(describe(name).width > MAX_LUT_WIDTH for name in wide_names())
    assert {describe(name).width for name in names()} == {4, 6, 8, 12}


def test_every_architecture_has_an_8_bit_multiplier():
    eight = [describe(name).parsed for name in names() if describe(name).width == 8]
    assert {name.architecture for name in eight} == set(ARCHITECTURES)
    unsigned = {architecture for architecture, form in ARCHITECTURES.items() if not form.signed}
    assert {name.architecture for name in eight if name.sign_magnitude} == unsigned


@pytest.mark.parametrize("name", [name for name in names() if describe(name).width == 4])
def test_4_bit_multipliers_come_close_to_the_product(name):
    """No wiring mistake in the library itself: each is nearer to a * b than the best constant is."""
    description = describe(name)
    a, b = np.indices((16, 16)).reshape(2, -1)
    values = np.arange(16) - 16 * (np.arange(16) > 7) * description.signed
    exact = values[a] * values[b]
    found = products_in_amaranth(description.build(), a, b)
    assert np.abs(found - exact).mean() < np.abs(exact - np.median(exact)).mean() / 2
    if name.endswith(("exact", "csa", "wallace", "dadda")):
        np.testing.assert_array_equal(found, exact)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("mul8u_ama2_k6", ArrayMultiplier),
        ("mul8u_csa_ama2_k6", CarrySaveMultiplier),
        ("mul8u_wallace_ama2_k6", WallaceMultiplier),
        ("mul8u_dadda_ama2_k6", DaddaMultiplier),
        ("mul8s_bw_ama2_k6", BaughWooleyMultiplier),
    ],
)
def test_cell_and_columns_reach_the_description(name, kind):
    multiplier = describe(name).build()
    assert type(multiplier) is kind
    assert (multiplier.cell, multiplier.columns) == ("ama2", 6)


def test_parameters_reach_the_description():
    broken = describe("mul8u_bam_h1_v6").build()
    assert isinstance(broken, BrokenArrayMultiplier)
    assert (broken.horizontal, broken.vertical) == (1, 6)
    truncated = describe("mul8u_trunc_k4_corrected").build()
    assert isinstance(truncated, TruncatedMultiplier)
    assert (truncated.columns, truncated.corrected) == (4, True)
    around = describe("mul8s_sm_drum_k4").build()
    assert isinstance(around, SignMagnitudeMultiplier)
    assert isinstance(around.unsigned, DrumMultiplier)
    assert around.unsigned.segment == 4


def test_summary_and_source():
    description = describe("mul8s_sm_ama5_k8")
    assert description.summary == (
        "8-bit signed sign-magnitude array of ripple-carry rows with AMA5 cells below column 8"
    )
    assert "Parhami" in description.source
    assert "Gupta" in description.source


def test_each_build_is_a_new_description():
    description = describe("mul4u_exact")
    assert description.build() is not description.build()


def test_unknown_name():
    with pytest.raises(AccelsimError, match="did you mean mul8u_drum_k4"):
        describe("mul8u_drm_k4")
