import pytest

from accelsim.accumulator import Accumulator
from accelsim.errors import AccelsimError
from accelsim.rtl.array_names import ArrayName, is_array_name
from accelsim.systolic_array import SystolicArray


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("array:16x8:ws:mul8u_exact", None),
        ("array:1x1:os:mul8u_drum_k4:acc20:saturate:activation-b", None),
        ("array:2x3:is:mul4u_udm:activation-a:wrap:acc32", "array:2x3:is:mul4u_udm"),
        ("gemm:4x4:ws:mul4u_exact:saturate:depth100:acc9", "gemm:4x4:ws:mul4u_exact:acc9:saturate:depth100"),
        ("gemm:4x4:ws:mul4u_exact:steps1024:depth65536", "gemm:4x4:ws:mul4u_exact"),
        ("array:4x4:ws:some/folder:x/file.blif:acc30", None),
    ],
)
def test_spelling(text, canonical):
    name = ArrayName.parse(text)
    assert str(name) == (canonical or text)
    assert ArrayName.parse(str(name)) == name


def test_parts():
    name = ArrayName.parse("gemm:16x8:is:mul8s_exact:acc24:saturate:activation-b:steps64:depth300")
    array = SystolicArray(16, 8, "is", Accumulator(24, "saturate"))
    assert name == ArrayName("gemm", array, "mul8s_exact", "b", 64, 300)
    streams = name.streams()
    assert (streams.max_steps, streams.max_depth) == (64, 300)
    assert streams.design.circuit.name == "mul8s_exact"
    assert (streams.design.left_operand, streams.design.top_operand) == ("a", "b")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("array:0x4:ws:mul8u_exact", "an array of 0 rows; expected 1 or more"),
        ("array:4x0:ws:mul8u_exact", "an array of 0 columns"),
        (
            "array:4:ws:mul8u_exact",
            "unknown array 'array:4:ws:mul8u_exact': expected .*, for example array:16x16",
        ),
        ("array:4x4:ws", "unknown array 'array:4x4:ws': expected"),
        ("aray:4x4:ws:mul8u_exact", "did you mean array?"),
        ("array:4x4:sw:mul8u_exact", "unknown dataflow 'sw'; expected ws, os or is"),
        ("array:4x4:ws:mul8u_exact:acc40", "an accumulator of 40 bits; expected 2 to 32"),
        ("array:4x4:ws:mul8u_exact:saturated", "option 'saturated' is none of .*; did you mean saturate?"),
        ("array:4x4:ws:mul8u_exact:steps8", "option 'steps8' is none of"),
        ("array:4x4:ws:mul8u_exact:acc20:acc21", "acc20 says again what an option has said"),
    ],
)
def test_errors(text, expected):
    assert is_array_name(text)
    with pytest.raises(AccelsimError, match=expected) as error:
        ArrayName.parse(text)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("array:4x4:ws:mul8u_exat", "did you mean mul8u_exact"),
        (
            "array:4x4:ws:mul8u_exact:acc16",
            "16 bits is narrower than the products of mul8u_exact, which take 17",
        ),
        ("array:4x4:ws:bf16_exact", "multiplies floats"),
    ],
)
def test_multipliers_that_do_not_fit(text, expected):
    with pytest.raises(AccelsimError, match=expected):
        ArrayName.parse(text).design()


@pytest.mark.parametrize("text", ["mul8u_exact", "folder/array:x.v", "file.v", "C:file.v"])
def test_multipliers_are_no_arrays(text):
    assert not is_array_name(text)
