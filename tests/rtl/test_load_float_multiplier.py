"""What layers multiply with, by name, against the gates."""

import numpy as np
import pytest
import torch
from torch import nn

import accelsim
from accelsim.errors import AccelsimError
from accelsim.float_gates import GateProducts
from accelsim.float_gemm import FloatFactor, float_gemm, float_gemm_reference, sum_float_products
from accelsim.float_mac_layers import approximate_float_layer
from accelsim.float_table import FloatTable
from accelsim.floats import CLOSED_FORMS
from accelsim.rtl.catalogue import find_circuit

TABULATED = [
    "bf16_exact",
    "bf16_ama5_k8_truncate",
    "bf16_mitchell",
    "bf16_drum_k4",
    "e4m3_exact",
    "e5m2_mitchell",
]
#: Zeros, subnormals, ties, the ends of the ranges of several formats, infinities, NaN.
SPECIAL = np.array(
    [
        0, 1, 0x7FFFFF, 0x7FBFFF, 0x7FC000, 0x7FC001, 0x800000, 0x807FFF, 0x808000, 0x808001, 0x818000,
        0x3C800000, 0x3C77FFFF, 0x3C780000, 0x38800000, 0x3F7F8000, 0x3F800000, 0x3FFFFFFF, 0x43700000,
        0x43780000, 0x477FFFFF, 0x47600000, 0x5F800000, 0x7F7F0000, 0x7F7F8000, 0x7F800000, 0x7FC00000,
    ],
    dtype=np.uint32,
)  # fmt: skip
SPECIAL = np.concatenate([SPECIAL, SPECIAL | np.uint32(1 << 31)]).view(np.float32)


def gates(name):
    circuit = find_circuit(name)
    return GateProducts(name, circuit.form, circuit.netlist())


def same(found, expected):
    np.testing.assert_array_equal(found.view(np.uint32), expected.view(np.uint32))


@pytest.mark.parametrize("name", TABULATED)
def test_table_is_the_gates(name):
    table, expected = accelsim.load_float_multiplier(name), gates(name)
    assert isinstance(table, FloatTable)
    rng = np.random.default_rng(0)
    wide = rng.integers(0, 1 << 32, (2, 20_000), dtype=np.uint32).view(np.float32)
    near = rng.normal(0, 4, (2, 20_000)).astype(np.float32)
    for a, b in (np.meshgrid(SPECIAL, SPECIAL), wide, near):
        found, wanted = table.multiply(a, b), expected.multiply(a, b)
        np.testing.assert_array_equal(np.isnan(found), np.isnan(wanted))
        same(np.nan_to_num(found, nan=0), np.nan_to_num(wanted, nan=0))


@pytest.mark.parametrize("name", TABULATED)
@pytest.mark.parametrize("operand", ["a", "b"])
def test_sums_are_those_of_the_gates(name, operand):
    table, expected, rng = accelsim.load_float_multiplier(name), gates(name), np.random.default_rng(0)
    for shape in ((1, 12, 70, 6), (2, 5, 3, 30)):
        groups, depth, pixels, channels = shape
        x = rng.normal(size=(groups, depth, pixels)).astype(np.float32)
        w = rng.normal(size=(groups, channels, depth)).astype(np.float32)
        for case in ("usual", "large and small", "special"):
            if case == "large and small":
                x = x * np.float32(2) ** rng.integers(-120, 120, x.shape[1:]).astype(np.float32)
            if case == "special":
                x, w = rng.choice(SPECIAL, x.shape), rng.choice(SPECIAL, w.shape)
            found = float_gemm(table, x, w, activation_operand=operand)
            same(found, float_gemm_reference(expected, x, w, activation_operand=operand))
            one_by_one = np.zeros_like(found)
            k, pixel, channel = np.arange(depth), np.arange(pixels), np.arange(channels)
            group = np.arange(groups)
            sum_float_products(
                table,
                FloatFactor(x.ravel(), (group[:, None] * depth + k) * pixels, pixel, pixel),
                FloatFactor(w.ravel(), group[:, None] * w[0].size + k, channel * depth, channel * pixels),
                one_by_one.ravel(),
                group * channels * pixels,
                activation_operand=operand,
                threads=2,
                in_registers=False,
            )
            same(one_by_one, found)


@pytest.mark.parametrize("name", TABULATED)
def test_sums_at_the_ends_of_the_range(name):
    table, expected, rng = accelsim.load_float_multiplier(name), gates(name), np.random.default_rng(0)
    sign = rng.choice([-1, 1], (1, 3, 40)).astype(np.float32)
    x, w = sign * (1 + rng.random((1, 3, 40), np.float32)), 1 + rng.random((1, 5, 3), np.float32)
    least, largest = (int(np.frexp(limit)[1]) - 1 for limit in table.limits)
    for total in [*range(least - 3, least + 3), *range(largest - 4, largest + 2)]:
        scaled = np.ldexp(x, total // 2), np.ldexp(w, total - total // 2)
        same(float_gemm(table, *scaled), float_gemm_reference(expected, *scaled))


def test_what_each_name_becomes():
    assert accelsim.load_float_multiplier("axfpm_authors") is CLOSED_FORMS["axfpm_authors"]
    assert isinstance(accelsim.load_float_multiplier("heap_like24"), GateProducts)
    assert isinstance(accelsim.load_float_multiplier("axfpm_blocks4_swapped"), GateProducts)
    assert isinstance(accelsim.load_float_multiplier("e3m4_exact"), GateProducts)
    with pytest.raises(
        AccelsimError, match=r'mul8u_drum_k4 multiplies integers: load_lut\("mul8u_drum_k4"\)'
    ):
        accelsim.load_float_multiplier("mul8u_drum_k4")


def test_gates_of_swapped_operands_are_the_closed_form_of_the_other():
    swapped = accelsim.load_float_multiplier("axfpm_blocks4_swapped")
    conv, x = nn.Conv2d(2, 3, 3), torch.rand(2, 2, 7, 7)
    found = approximate_float_layer(conv, swapped)(x)
    closed = CLOSED_FORMS["axfpm_blocks4"]
    assert torch.equal(found, approximate_float_layer(conv, closed, activation_operand="b")(x))


def test_bfloat16_layer_is_pytorchs_but_for_the_sums_rounding():
    linear, x = nn.Linear(50, 20), torch.randn(40, 50)
    found = approximate_float_layer(linear, accelsim.load_float_multiplier("bf16_exact"))(x)
    terms = (x.bfloat16()[:, None] * linear.weight.bfloat16()).double().sum(2) + linear.bias
    torch.testing.assert_close(found.double(), terms, rtol=1e-5, atol=1e-5)


def test_wrong_tables_are_refused():
    form = find_circuit("bf16_exact").form
    with pytest.raises(AccelsimError, match=r"expected float32\[128, 128\]"):
        FloatTable("t", form, np.ones((2, 2), np.float32))
    with pytest.raises(AccelsimError, match="not a number of 7 mantissa bits"):
        FloatTable("t", form, np.full((128, 128), 9, np.float32))
    with pytest.raises(AccelsimError, match="at most 7"):
        FloatTable("t", find_circuit("fp32_exact").form, np.ones((2, 2), np.float32))
