import pytest

from accelsim.lut import Lut


def test_products_and_error(accelsim):
    # Kulkarni's 2x2 block has 3 * 3 = 7.
    content = accelsim("multiply", "mul4u_udm", 3, 3, "--json").document
    assert content == {
        "multiplier": "mul4u_udm",
        "a": 3,
        "b": 3,
        "exact_product": 9,
        "approximate_product": 7,
        "error": -2,
        "relative_error_percent": pytest.approx(-200 / 9),
    }


def test_text(accelsim):
    ended = accelsim("multiply", "mul4u_udm", 3, 3)
    assert ended.out.splitlines() == [
        "exact      3 x 3 = 9",
        "mul4u_udm  3 x 3 = 7",
        "error      -2  (-22.2 %)",
    ]


def test_negative_operands(accelsim):
    content = accelsim("multiply", "mul4s_exact", -8, 7, "--json").document
    assert content["approximate_product"] == content["exact_product"] == -56


def test_relative_error_of_zero_is_null(accelsim):
    assert accelsim("multiply", "mul4u_exact", 0, 7, "--json").document["relative_error_percent"] is None


def test_lut_file(accelsim, tmp_path):
    accelsim("multipliers", "lut", "mul4u_udm", "-o", tmp_path / "t.npz")
    assert accelsim("multiply", tmp_path / "t.npz", 3, 3, "--json").document["approximate_product"] == 7
    assert Lut.load(tmp_path / "t.npz").multiply(3, 3) == 7


def test_operand_out_of_range(refused):
    assert "expected integers from 0 to 15" in refused("multiply", "mul4u_exact", 3, 16)


def test_unknown_multiplier_names_the_nearest(refused):
    assert "mul4u_mitchell" in refused("multiply", "mul4u_mitchel", 3, 3)


@pytest.mark.parametrize(
    ("name", "a", "b"),
    [
        ("mul16u_exact", 65535, 65535),
        ("mul16s_exact", -32768, 32767),
        pytest.param("mul32u_exact", 2**32 - 1, 2**32 - 1, marks=pytest.mark.slow),
        pytest.param("mul32s_exact", -(2**31), -(2**31), marks=pytest.mark.slow),
        pytest.param("mul32s_exact", -(2**31), 2**31 - 1, marks=pytest.mark.slow),
    ],
)
def test_multipliers_too_wide_for_a_lut(accelsim, name, a, b):
    content = accelsim("multiply", name, a, b, "--json").document
    assert content["multiplier"] == name
    assert content["approximate_product"] == content["exact_product"] == a * b


def test_approximate_product_too_wide_for_a_lut(accelsim):
    # Mitchell: 2^15 (1 + x) times 2^15 (1 + y) is 2^30 (1 + x + y); here x = y = 1/4.
    assert (
        accelsim("multiply", "mul16u_mitchell", 40960, 40960, "--json").document["approximate_product"]
        == 3 * 2**29
    )


@pytest.mark.parametrize(("a", "b"), [(2**15, 0), (0, -(2**15) - 1)])
def test_wide_operand_out_of_range(refused, a, b):
    assert "expected integers from -32768 to 32767" in refused("multiply", "mul16s_exact", a, b)


def test_operand_that_is_no_number(refused):
    assert "'x' is not a valid integer" in refused("multiply", "mul4u_exact", "x", 3)
