import pytest

from accelsim.errors import AccelsimError
from accelsim.float_format import BF16, FP32
from accelsim.rtl.float_library import describe_float, float_names
from accelsim.rtl.float_names import FloatName, is_float_name
from accelsim.rtl.names import MultiplierName


@pytest.mark.parametrize("name", float_names())
def test_names_are_canonical_and_described(name):
    description = describe_float(name)
    assert description.name == name
    assert is_float_name(name)
    assert "None" not in description.summary
    assert "\n" not in description.summary + description.source
    assert description.build().width == description.width == description.form.width


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("axfpm_array24_psc_truncate", "axfpm_array24"),
        ("axfpm_blocks4_pcs_swapped_nearest", "axfpm_blocks4_pcs_swapped_nearest"),
        ("fp32_array_nearest", "fp32_exact"),
        ("e8m7_drum_k4_truncate", "bf16_drum_k4_truncate"),
        ("e4m3_wallace_ama5_k3", "e4m3_wallace_ama5_k3"),
        ("heap_like24_swapped", "heap_like24_swapped"),
    ],
)
def test_spellings(text, canonical):
    assert str(FloatName.parse(text)) == canonical
    assert FloatName.parse(canonical) == FloatName.parse(text)


def test_parts():
    name = FloatName.parse("axfpm_array24_spc_swapped")
    assert (name.form, name.port_order, name.swapped, name.rounding) == (FP32, "spc", True, "truncate")
    significand = FloatName.parse("bf16_drum_k4").significand
    assert significand == MultiplierName.parse("mul8u_drum_k4")


def test_parts_reach_the_description():
    built = describe_float("axfpm_array24_spc_swapped_nearest").build()
    assert (built.significand.port_order, built.swapped, built.rounding) == ("spc", True, "nearest-even")
    assert built.leading_positions == 48
    assert describe_float("axfpm_array24").build().leading_positions == 1
    assert "A = sum from above" in describe_float("axfpm_blocks4_spc").summary


def test_closed_forms_are_found_by_name():
    assert describe_float("axfpm_array24_truncate").closed_form().block == 24
    assert describe_float("axfpm_array24_spc").closed_form() is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("axfpm_aray24", "unknown float multiplier 'axfpm_aray24'.*did you mean axfpm_array24"),
        ("axfpm_array24_pss", "expected one of axfpm_array24"),
        ("axfpm_authors_nearest", "axfpm_authors truncates"),
        ("fp32_drm_k6", "unknown float multiplier 'fp32_drm_k6'.*no architecture or cell 'drm'"),
        ("bf16_drum_k9", "k is 9; expected an integer from 2 to 8"),
        ("fp32", "unknown float multiplier 'fp32'"),
        ("fp32_exact_pcs", "only that of axfpm can be chosen"),
        ("fp32_bw", "bw is signed by itself"),
        ("e9m3_exact", "exponent_bits is 9"),
        ("heap", "expected one of .*heap_like24"),
    ],
)
def test_names_that_are_none(text, message):
    with pytest.raises(AccelsimError, match=message) as raised:
        FloatName.parse(text)
    assert "\n" not in str(raised.value)


def test_significand_of_another_width():
    with pytest.raises(AccelsimError, match="mul24u_exact cannot multiply significands of bf16.* 8 bits"):
        FloatName(BF16, MultiplierName.parse("mul24u_exact"), "truncate")
