import pytest
from hypothesis import given
from hypothesis import strategies as st

from accelsim.errors import AccelsimError
from accelsim.rtl import CELLS, MultiplierName
from accelsim.rtl.names import ARCHITECTURES


@st.composite
def multiplier_names(draw):
    architecture = draw(st.sampled_from(sorted(ARCHITECTURES)))
    form = ARCHITECTURES[architecture]
    width = draw(st.sampled_from([2, 4, 8, 16, 32]) if form.power_of_two else st.integers(2, 32))
    signed = form.signed or draw(st.booleans())
    given_parameters = {
        letter: draw(st.sampled_from(allowed(width))) for letter, allowed in form.parameters.items()
    }
    if form.cells:
        given_parameters["cell"] = draw(st.sampled_from(sorted(CELLS)))
        if given_parameters["cell"] != "exact":
            given_parameters["k"] = draw(st.none() | st.integers(0, 2 * width))
    if form.correctable:
        given_parameters["corrected"] = draw(st.booleans())
    return MultiplierName(width, signed, architecture, **given_parameters)


@given(multiplier_names())
def test_spelling_and_parsing_are_inverse(name):
    assert MultiplierName.parse(str(name)) == name
    assert str(MultiplierName.parse(str(name))) == str(name)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("mul8u_exact", MultiplierName(8, False, "array")),
        ("mul8u_wallace", MultiplierName(8, False, "wallace")),
        ("mul8u_ama5_k8", MultiplierName(8, False, "array", "ama5", k=8)),
        ("mul8u_ama5", MultiplierName(8, False, "array", "ama5")),
        ("mul8u_wallace_ama2_k6", MultiplierName(8, False, "wallace", "ama2", k=6)),
        ("mul8u_trunc_k4", MultiplierName(8, False, "trunc", k=4)),
        ("mul8u_trunc_k4_corrected", MultiplierName(8, False, "trunc", k=4, corrected=True)),
        ("mul8u_bam_h1_v6", MultiplierName(8, False, "bam", h=1, v=6)),
        ("mul16u_udm", MultiplierName(16, False, "udm")),
        ("mul8u_mitchell", MultiplierName(8, False, "mitchell")),
        ("mul8u_drum_k4", MultiplierName(8, False, "drum", k=4)),
        ("mul8s_exact", MultiplierName(8, True, "bw")),
        ("mul8s_bw_ama1_k6", MultiplierName(8, True, "bw", "ama1", k=6)),
        ("mul8s_sm_exact", MultiplierName(8, True, "array")),
        ("mul8s_sm_ama3_k4", MultiplierName(8, True, "array", "ama3", k=4)),
        ("mul8s_sm_drum_k4", MultiplierName(8, True, "drum", k=4)),
    ],
)
def test_canonical_names(text, expected):
    assert MultiplierName.parse(text) == expected
    assert str(expected) == text


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("mul8u_array", "mul8u_exact"),
        ("mul8u_array_exact", "mul8u_exact"),
        ("mul8u_array_ama5_k8", "mul8u_ama5_k8"),
        ("mul8u_ama5_k16", "mul8u_ama5"),
        ("mul8u_ama5_k0", "mul8u_exact"),
        ("mul8u_dadda_ama1_k0", "mul8u_dadda"),
        ("mul8u_dadda_exact", "mul8u_dadda"),
        ("mul8u_bam_v6_h1", "mul8u_bam_h1_v6"),
        ("mul08u_drum_k04", "mul8u_drum_k4"),
        ("mul8u_trunc_corrected_k4", "mul8u_trunc_k4_corrected"),
        ("mul8s_bw", "mul8s_exact"),
        ("mul8s_ama1_k6", "mul8s_bw_ama1_k6"),
        ("mul8s_sm_array", "mul8s_sm_exact"),
    ],
)
def test_longer_spellings_have_a_canonical_one(text, canonical):
    assert str(MultiplierName.parse(text)) == canonical


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (
            "mul8u_drm_k4",
            r"unknown multiplier mul8u_drm_k4: no architecture .*'drm'; did you mean mul8u_drum_k4",
        ),
        ("mul8u_wallce", "no architecture or cell 'wallce'; did you mean mul8u_wallace"),
        ("mul8u_ama6_k3", "no architecture or cell 'ama6'; did you mean mul8u_ama"),
        ("mul8_exact", r"unknown multiplier 'mul8_exact': expected mul<width>.*did you mean mul8u_exact"),
        ("MUL8U_exact", r"did you mean mul8u_exact"),
        ("exact", "unknown multiplier 'exact': expected mul<width>"),
        ("", "unknown multiplier '': expected mul<width>"),
        ("mul8s_", "unknown multiplier 'mul8s_': expected mul<width>"),
        ("mul8s_sm", "unknown multiplier mul8s_sm: no architecture or cell ''"),
        (f"mul{'9' * 5000}u_exact", "unknown multiplier"),
        ("mul8u_drum", "mul8u_drum: parameter k is missing; expected k2 to k8"),
        ("mul8u_bam_h1", "mul8u_bam_h1: parameter v is missing; expected v0 to v14"),
        ("mul8u_trunc", "parameter k is missing; expected k0 to k14"),
        ("mul8u_drum_k9", "mul8u_drum_k9: k is 9; expected an integer from 2 to 8"),
        ("mul8u_drum_k1", "k is 1; expected an integer from 2 to 8"),
        ("mul8u_trunc_k15", "k is 15; expected an integer from 0 to 14"),
        ("mul8u_bam_h8_v6", "h is 8; expected an integer from 0 to 7"),
        ("mul8u_ama5_k17", "mul8u_ama5_k17: k is 17; expected an integer from 0 to 16"),
        ("mul1u_exact", "mul1u_exact: width is 1; expected an integer from 2 to 32"),
        ("mul33s_exact", "width is 33; expected an integer from 2 to 32"),
        ("mul6u_udm", "mul6u_udm: width is 6; expected a power of two"),
        ("mul8u_drum_k", "mul8u_drum_k: drum takes k<number>, not 'k'"),
        ("mul8u_drum_x4", "drum takes k<number>, not 'x4'"),
        ("mul8u_udm_k4", "udm takes no parameters, not 'k4'"),
        ("mul8u_mitchell_corrected", "mitchell takes no parameters, not 'corrected'"),
        ("mul8u_trunc_k4_correct", "not 'correct'; did you mean corrected"),
        ("mul8u_dadda_ama7", "not 'ama7'; did you mean ama"),
        ("mul8u_trunc_k4_k5", "mul8u_trunc_k4_k5: k is given twice"),
        ("mul8u_ama1_ama2", "cell is given twice"),
        ("mul8u_exact_k4", "mul8u_exact_k4: k4 needs an approximate cell"),
        ("mul8u_bam_h1_v6_", "bam takes h<number> or v<number>, not ''"),
        ("mul8u_bw", "mul8u_bw: bw is signed by itself; did you mean mul8s_bw"),
        ("mul8s_sm_bw", "mul8s_sm_bw: bw is signed by itself; did you mean mul8s_bw"),
        ("mul8s_drum_k4", "mul8s_drum_k4: drum is unsigned; did you mean mul8s_sm_drum_k4"),
    ],
)
def test_bad_names_say_what_is_wrong_in_one_line(text, complaint):
    with pytest.raises(AccelsimError, match=complaint) as caught:
        MultiplierName.parse(text)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ({"architecture": "booth"}, "unknown architecture 'booth'; expected one of array, csa"),
        ({"architecture": "bw"}, "architecture bw is signed, but signed is False"),
        (
            {"architecture": "array", "cell": "ama9"},
            "unknown cell 'ama9' in mul8u_ama9; expected one of exact",
        ),
        (
            {"architecture": "drum", "cell": "ama1", "k": 4},
            "drum has no adder cell to choose, but ama1 is given",
        ),
        ({"architecture": "drum", "k": 4, "h": 1}, "drum has no parameter h"),
        ({"architecture": "mitchell", "k": 4}, "mitchell has no parameter k"),
        ({"architecture": "udm", "corrected": True}, "udm has no correction; trunc has"),
    ],
)
def test_parts_that_do_not_go_together(arguments, complaint):
    with pytest.raises(AccelsimError, match=complaint):
        MultiplierName(8, False, **arguments)


def test_the_unsigned_multiplier_inside_a_sign_magnitude_one():
    assert str(MultiplierName.parse("mul8s_sm_trunc_k4_corrected").magnitude) == "mul8u_trunc_k4_corrected"
    assert not MultiplierName.parse("mul8s_bw").sign_magnitude
