import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accelsim import gemm
from accelsim.accumulator import Accumulator, Overflow
from accelsim.errors import AccelsimError
from accelsim.gemm import check_multiplier, lut_gemm, lut_gemm_reference
from accelsim.lut import Lut
from accelsim.permute_kernel import available

Operands = tuple[np.ndarray, np.ndarray, np.ndarray]


@st.composite
def operands(draw: st.DrawFn) -> Operands:
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    weight_bits, activation_bits = draw(st.integers(2, 8)), draw(st.integers(2, 8))
    groups, channels, depth = draw(st.integers(1, 3)), draw(st.integers(1, 5)), draw(st.integers(1, 13))
    # Around the sizes at which the kernel takes another path.
    pixels = draw(st.one_of(st.integers(0, 70), st.integers(1020, 1100), st.just(2048)))
    table = rng.integers(-(2**15), 2**16, (2**weight_bits, 2**activation_bits)).astype(np.int32)
    x = rng.integers(0, 2**activation_bits, (groups, depth, pixels)).astype(np.uint8)
    return table, x, rng.integers(0, 2**weight_bits, (groups, channels, depth)).astype(np.uint8)


@given(operands())
def test_equals_the_reference(given: Operands) -> None:
    out = lut_gemm(*given)
    assert out.dtype == np.int32
    np.testing.assert_array_equal(out, lut_gemm_reference(*given))


@settings(max_examples=20)
@given(operands(), st.integers(1, 7))
def test_thread_count_changes_nothing(given: Operands, threads: int) -> None:
    before = gemm._TOO_FEW_TO_SHARE
    gemm._TOO_FEW_TO_SHARE = 0
    try:
        np.testing.assert_array_equal(lut_gemm(*given, threads=threads), lut_gemm(*given, threads=1))
    finally:
        gemm._TOO_FEW_TO_SHARE = before


def added_up(accumulator: Accumulator, operands: Operands) -> np.ndarray:
    """The products of `lut_gemm_reference`, added one at a time."""
    table, x, w = operands
    products = table[w[:, :, :, None], x[:, None, :, :]]  # [g, o, k, p]
    return accumulator.sum(np.moveaxis(products, 2, 0))


@given(operands(), st.integers(2, 32), st.sampled_from(["wrap", "saturate"]))
def test_accumulator(given: Operands, bits: int, overflow: Overflow) -> None:
    """Products of up to 17 bits, summed in any width: narrower than a product, just enough, and ample."""
    accumulator = Accumulator(bits, overflow)
    out = lut_gemm(*given, accumulator=accumulator)
    assert out.dtype == np.int32
    np.testing.assert_array_equal(out, added_up(accumulator, given))


@settings(max_examples=20)
@given(operands(), st.integers(16, 20), st.sampled_from(["wrap", "saturate"]))
def test_accumulator_on_two_threads(given: Operands, bits: int, overflow: Overflow) -> None:
    before = gemm._TOO_FEW_TO_SHARE
    gemm._TOO_FEW_TO_SHARE = 0
    try:
        for threads in (1, 2):
            out = lut_gemm(*given, accumulator=Accumulator(bits, overflow), threads=threads)
            np.testing.assert_array_equal(out, added_up(Accumulator(bits, overflow), given))
    finally:
        gemm._TOO_FEW_TO_SHARE = before


@pytest.mark.parametrize("overflow", ["wrap", "saturate"])
@pytest.mark.parametrize("largest", [65535, -65535, 2**31 - 1, -(2**31)])
def test_sums_beyond_32_bits(overflow: Overflow, largest: int) -> None:
    """Both channels of a pair leave the range, one of them comes back."""
    depth = 2 * (2**31 // abs(largest)) + 5
    table = np.zeros((4, 4), np.int32)
    table[1], table[2] = largest, -largest if largest > -(2**31) else 2**31 - 1
    w = np.ones((1, 2, depth), np.uint8)
    w[0, 1, depth // 2 :] = 2
    x = np.zeros((1, depth, 64), np.uint8)
    out = lut_gemm(table, x, w, accumulator=Accumulator(32, overflow))
    np.testing.assert_array_equal(out[:, :, :1], added_up(Accumulator(32, overflow), (table, x[..., :1], w)))
    assert (out == out[:, :, :1]).all()


@pytest.mark.parametrize(("sign", "end"), [(1, 127), (-1, 128)])
def test_risk_of_saturation_is_that_of_the_weights(sign: int, end: int) -> None:
    """Channel 0 reaches the end of the range and no more; channel 1 leaves it, then comes back."""
    table = sign * np.array([[0] * 4, [64] * 4, [-1] * 4, [0, 1, 2, end - 63]], np.int32)
    table[0] = sign * (end - 127)
    w = np.array([[[1, 2, 0, 1], [1, 3, 2, 2]]], np.uint8)
    assert gemm._channels_at_risk(table, w, Accumulator(8, "saturate")).tolist() == [[False, True]]


def test_reference_equals_three_loops() -> None:
    rng = np.random.default_rng(1)
    table = rng.integers(-9, 9, (4, 8)).astype(np.int32)
    x, w = rng.integers(0, 8, (2, 3, 5)).astype(np.uint8), rng.integers(0, 4, (2, 2, 3)).astype(np.uint8)
    for g in range(2):
        for o in range(2):
            for p in range(5):
                total = sum(int(table[w[g, o, k], x[g, k, p]]) for k in range(3))
                assert lut_gemm_reference(table, x, w)[g, o, p] == total == lut_gemm(table, x, w)[g, o, p]


@pytest.mark.parametrize(
    "product", [(65535, 65535), (-65535, 65535), (65535, -65535), (-65535, -65535), (-1, 0)]
)
def test_sums_at_the_accumulators_limit(product: tuple[int, int]) -> None:
    """Two channels that share a look-up keep apart up to the last bit."""
    depth = (2**31 - 1) // 65535
    table = np.zeros((4, 4), np.int32)
    table[1], table[2] = product
    x = np.zeros((1, depth, 64), np.uint8)
    w = np.repeat(np.array([[[1], [2]]], np.uint8), depth, axis=2)
    np.testing.assert_array_equal(lut_gemm(table, x, w)[0, :, 63], np.array(product) * depth)


def test_takes_any_memory_layout() -> None:
    rng = np.random.default_rng(2)
    table = rng.integers(0, 9, (8, 4)).astype(np.int32).T
    x = rng.integers(0, 8, (5, 6, 2)).astype(np.uint8).T
    w = rng.integers(0, 4, (6, 3, 2)).astype(np.uint8).T
    w.flags.writeable = False
    np.testing.assert_array_equal(lut_gemm(table, x, w), lut_gemm_reference(table, x, w))


def test_may_be_called_from_several_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gemm, "_TOO_FEW_TO_SHARE", 0)
    rng = np.random.default_rng(3)
    table = rng.integers(0, 65536, (256, 256)).astype(np.int32)
    x = rng.integers(0, 256, (1, 30, 3000)).astype(np.uint8)
    w = rng.integers(0, 256, (1, 8, 30)).astype(np.uint8)
    expected = lut_gemm_reference(table, x, w)
    with ThreadPoolExecutor(4) as pool:
        for out in pool.map(lambda _: lut_gemm(table, x, w, threads=2), range(8)):
            np.testing.assert_array_equal(out, expected)


def test_second_process_does_not_compile() -> None:
    """One compiled kernel for all callers, kept on disk."""
    program = (
        "import numpy as np\n"
        "from accelsim import gemm, gemm_kernel\n"
        "table = np.zeros((4, 4), np.int32)\n"
        "table.flags.writeable = False\n"
        "gemm.lut_gemm(table, np.zeros((1, 2, 3), np.uint8), np.zeros((1, 1, 2), np.uint8))\n"
        "gemm.lut_gemm(np.zeros((4, 8), np.int32).T.copy('F'), *[np.zeros((1, 1, 1), np.uint8)] * 2)\n"
        "kernel = gemm_kernel.run_tasks\n"
        "print(len(kernel.signatures), sum(kernel.stats.cache_misses.values()))\n"
    )
    lut_gemm(np.zeros((4, 4), np.int32), *[np.zeros((1, 1, 1), np.uint8)] * 2)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["1", "0"]


@pytest.mark.parametrize(
    ("table", "x", "w", "message"),
    [
        (np.zeros((4, 4), np.int64), (1, 2, 3), (1, 1, 2), "expected int32"),
        (np.zeros((4, 4), np.int32), (2, 3), (1, 1, 2), "expected int32"),
        (np.zeros((4, 4), np.int32), (1, 2, 3), (1, 1, 3), "groups and depth must agree"),
        (np.zeros((4, 4), np.int32), (2, 2, 3), (1, 1, 2), "groups and depth must agree"),
    ],
)
def test_errors(table: np.ndarray, x: tuple[int, ...], w: tuple[int, ...], message: str) -> None:
    with pytest.raises(AccelsimError, match=message):
        lut_gemm(table, np.zeros(x, np.uint8), np.zeros(w, np.uint8))


@pytest.mark.parametrize("shape", [(257, 4), (4, 512), (0, 4), (4, 0)])
def test_tables_that_bytes_do_not_index(shape: tuple[int, int]) -> None:
    codes = np.zeros((1, 10, 100), np.uint8)
    with pytest.raises(AccelsimError, match=r"table of shape \(.*\); expected 1 to 256 patterns a side"):
        lut_gemm(np.zeros(shape, np.int32), codes, np.zeros((1, 100, 10), np.uint8))


def test_an_engine_is_looked_up_where_sums_could_saturate_too() -> None:
    table, codes = np.full((4, 4), 100, np.int32), np.zeros((1, 2, 1), np.uint8)
    with pytest.raises(AccelsimError, match="unknown engine 'rosw'"):
        lut_gemm(table, codes, codes.swapaxes(1, 2), accumulator=Accumulator(8, "saturate"), engine="rosw")


def test_threads_that_are_none() -> None:
    x, w = np.zeros((1, 64, 1024), np.uint8), np.zeros((1, 513, 64), np.uint8)
    with pytest.raises(AccelsimError, match="-2 threads; expected at least 1"):
        lut_gemm(np.zeros((4, 4), np.int32), x, w, threads=-2, engine="rows")


def test_code_without_an_entry() -> None:
    table, zeros = np.zeros((8, 4), np.int32), np.zeros((1, 1, 1), np.uint8)
    with pytest.raises(AccelsimError, match="activation code 4 has no entry in a table of 4 patterns"):
        lut_gemm(table, zeros + np.uint8(4), zeros)
    with pytest.raises(AccelsimError, match="weight code 8 has no entry in a table of 8 patterns"):
        lut_gemm(table, zeros, zeros + np.uint8(8))


def test_multiplier_check() -> None:
    lut = Lut("m", np.full((256, 256), 65535), signed=False)
    check_multiplier(lut, 32768, "layer fc")  # 32768 * 65535 = 2^31 - 2^15
    with pytest.raises(AccelsimError, match="layer fc sums 32769 products of up to 65535.*at most 32768"):
        check_multiplier(lut, 32769, "layer fc")
    negative = Lut("n", np.full((256, 256), -32768), signed=True)
    check_multiplier(negative, 65535, "layer fc")
    with pytest.raises(AccelsimError, match="overflow"):
        check_multiplier(negative, 65536, "layer fc")
    with pytest.raises(AccelsimError, match="takes 8 x 9 bits; the LUT engine takes operands of up to 8"):
        check_multiplier(Lut("wide", np.zeros((256, 512), int), signed=False), 1, "layer fc")


def test_multiplier_check_with_an_accumulator() -> None:
    lut = Lut("m", np.full((256, 256), 65535), signed=False)
    check_multiplier(lut, 10**6, "layer fc", Accumulator(17, "saturate"))
    with pytest.raises(
        AccelsimError, match="layer fc: an accumulator of 16 bits is narrower than the products of m, which"
    ):
        check_multiplier(lut, 1, "layer fc", Accumulator(16))
    with pytest.raises(AccelsimError, match="takes 8 x 9 bits"):
        check_multiplier(Lut("wide", np.zeros((256, 512), int), signed=False), 1, "layer fc", Accumulator())


@pytest.mark.skipif(not available(), reason="this CPU has no AVX-512 VBMI")
@given(
    channels=st.integers(65, 400),
    pixels=st.integers(1, 64),
    depth=st.integers(1, 200),
    widths=st.tuples(st.integers(2, 8), st.integers(2, 8)),
    groups=st.integers(1, 2),
    threads=st.integers(1, 3),
    seed=st.integers(0, 99),
)
@settings(max_examples=30, deadline=None)
def test_few_pixels_are_looked_up_in_the_rows_of_activations(
    channels: int, pixels: int, depth: int, widths: tuple[int, int], groups: int, threads: int, seed: int
) -> None:
    draw = np.random.default_rng(seed)
    rows, columns = 1 << widths[0], 1 << widths[1]
    table = draw.integers(-40000, 40000, (rows, columns)).astype(np.int32)
    x = draw.integers(0, columns, (groups, depth, pixels)).astype(np.uint8)
    w = draw.integers(0, rows, (groups, channels, depth)).astype(np.uint8)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gemm, "_TOO_FEW_TO_SHARE", 0)
        found = lut_gemm(table, x, w, threads=threads, engine="permute")
    np.testing.assert_array_equal(found, lut_gemm_reference(table, x, w))
