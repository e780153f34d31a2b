import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from accelsim import bit_sliced_gemm as module
from accelsim.bit_sliced_gemm import bit_sliced_gemm
from accelsim.errors import AccelsimError
from accelsim.folded_gates import FoldableGates
from accelsim.netlist import Gate, Netlist
from accelsim.netlist_builder import NetlistBuilder
from accelsim.rtl.catalogue import netlist_of
from accelsim.rtl.library import describe
from accelsim.rtl.library_closed_forms import closed_form_of
from accelsim.simulation import outputs

#: Three kinds of product, signed and not, of various widths.
NAMES = [
    "mul16u_drum_k6",
    "mul16s_exact",
    "mul12u_mitchell",
    "mul16u_ama5_k16",
    "mul12s_sm_drum_k4",
    "mul10u_trunc_k6",
    "mul4u_udm",
]


def codes(draw: np.random.Generator, width: int, shape: tuple[int, ...]) -> NDArray[np.uint16]:
    """Random patterns, the ends of the range among them."""
    found = draw.integers(0, 1 << width, shape)
    ends = draw.choice([0, 1, (1 << width) - 1, 1 << width - 1], shape)
    return np.where(draw.random(shape) < 0.2, ends, found).astype(np.uint16)


@settings(max_examples=25, deadline=None)
@given(
    st.sampled_from(NAMES),
    st.sampled_from(["a", "b"]),
    st.tuples(st.integers(1, 2), st.integers(1, 4), st.integers(1, 6)),
    st.sampled_from([1, 63, 64, 65, 2048, 2049, 4200]),
    st.sampled_from([1, 2]),
    st.integers(0, 99),
)
def test_sums_of_closed_forms(
    name: str, operand: str, shape: tuple[int, int, int], pixels: int, threads: int, seed: int
) -> None:
    draw = np.random.default_rng(seed)
    description, netlist = describe(name), netlist_of(name)
    width, signed = netlist.inputs[0].width, description.signed
    form = closed_form_of(description.parsed)
    assert form is not None
    groups, channels, depth = shape
    x, w = codes(draw, width, (groups, depth, pixels)), codes(draw, width, (groups, channels, depth))
    pair = np.broadcast_arrays(x[:, None], w[..., None])
    first, second = pair if operand == "a" else pair[::-1]
    products = form.products(first.ravel().astype(np.uint64), second.ravel().astype(np.uint64))
    values = products.astype(np.int64).reshape(pair[0].shape)
    if signed:
        values -= values >> (2 * width - 1) << 2 * width
    found = bit_sliced_gemm(netlist, x, w, signed=signed, activation_operand=operand, threads=threads)
    np.testing.assert_array_equal(found, values.sum(axis=2))


def test_largest_sums_need_all_their_bits() -> None:
    netlist = netlist_of("mul16s_exact")
    x = np.full((1, 129, 70), 0x8000, np.uint16)
    found = bit_sliced_gemm(netlist, x, x[:, :, :2].swapaxes(1, 2), signed=True)
    assert (found == 129 << 30).all()
    least = bit_sliced_gemm(netlist, x, np.full((1, 2, 129), 0x7FFF, np.uint16), signed=True)
    assert (least == -129 * 0x8000 * 0x7FFF).all()


def random_netlist(draw: np.random.Generator) -> Netlist:
    """Gates of every kind, operands twice the same, constants and outputs straight from inputs among them."""
    builder = NetlistBuilder({"a": 3, "b": 4})
    nets = [0, 1, *range(2, 9)]
    for _ in range(40):
        a, b, c = (int(net) for net in draw.choice(nets, 3))
        nets.append(builder.add(Gate(int(draw.integers(len(Gate)))), a, b, c))
    return builder.netlist("random", {"p": [int(net) for net in draw.choice(nets, 7)]})


@pytest.mark.parametrize("seed", range(40))
def test_any_gates_fold(seed: int) -> None:
    draw = np.random.default_rng(seed)
    netlist = random_netlist(draw)
    a, b = np.arange(8, dtype=np.uint16), np.arange(16, dtype=np.uint16)
    for operand, x, w in (("a", a, b), ("b", b, a)):
        found = bit_sliced_gemm(
            netlist, x[None, None], w[None, :, None], signed=False, activation_operand=operand
        )[0]
        table = outputs(netlist, a[:, None], b[None, :])
        np.testing.assert_array_equal(found, table.T if operand == "a" else table)


def test_weights_of_zero_leave_nothing_of_an_exact_multiplier() -> None:
    gates = FoldableGates(netlist_of("mul16u_exact"), 1)
    folded = gates.folded(np.array([0, 1, 0x8000, 0xFFFF], np.uint16))
    left = np.diff(folded.starts)
    assert left[0] == 0
    assert (folded.outputs[0] == 0).all()
    assert left[3] > 400
    assert folded.outputs[1].tolist() == [2 * (1 + bit) for bit in range(16)] + [0] * 16


def test_more_weights_than_are_folded_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_WEIGHTS_AT_A_TIME", 20)
    draw = np.random.default_rng(0)
    x, w = codes(draw, 10, (2, 5, 100)), codes(draw, 10, (2, 7, 5))
    netlist = netlist_of("mul10u_exact")
    exact = w.astype(np.int64) @ x.astype(np.int64)
    np.testing.assert_array_equal(bit_sliced_gemm(netlist, x, w, signed=False), exact)


def test_bad_input() -> None:
    netlist = netlist_of("mul10u_exact")
    one = np.zeros((1, 1, 1), np.uint16)
    with pytest.raises(AccelsimError, match="activation code 1024 does not fit an operand of 10 bits"):
        bit_sliced_gemm(netlist, one + np.uint16(1024), one, signed=False)
    with pytest.raises(AccelsimError, match="weight code 1024 does not fit"):
        bit_sliced_gemm(netlist, one, one + np.uint16(1024), signed=False)
    with pytest.raises(AccelsimError, match=r"got int64\[1, 1, 1\], uint16\[1, 1, 1\]; expected"):
        bit_sliced_gemm(netlist, one.astype(np.int64), one, signed=False)
    with pytest.raises(AccelsimError, match="groups and depth must agree"):
        bit_sliced_gemm(netlist, np.zeros((1, 2, 1), np.uint16), one, signed=False)
    wide = NetlistBuilder({"a": 17, "b": 17}).netlist("wide", {"p": [0] * 34})
    with pytest.raises(AccelsimError, match=r"wide has inputs of \[17, 17\] .* operands of 2 to 16 bits"):
        bit_sliced_gemm(wide, one, one, signed=False)
