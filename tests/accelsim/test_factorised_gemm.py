import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from accelsim import byte_translation, factorised_gemm
from accelsim.byte_translation import translator
from accelsim.digit_terms import DigitTerms
from accelsim.errors import AccelsimError
from accelsim.factorised_gemm import MOST_TERMS, FactorisedTable
from accelsim.gemm import lut_gemm, lut_gemm_reference
from accelsim.gemm_engines import engine_named
from accelsim.integer_factors import integer_factors, rank_of
from accelsim.permute_kernel import available
from accelsim.rtl.catalogue import load_lut

EXACT = np.multiply.outer(np.arange(256), np.arange(256)).astype(np.int32)


def low_rank(draw: np.random.Generator, terms: int, patterns: int) -> NDArray[np.int32]:
    """Bits of one operand, weighted, times a function of the other: what truncation and such leave."""
    bits = np.arange(patterns)[:, None] >> draw.permutation(8)[:terms] & 1
    functions = draw.integers(-(1 << draw.integers(1, 17)), 1 << draw.integers(1, 17), (terms, patterns))
    first = draw.integers(-1000, 1000, (patterns, 1))
    return (bits @ functions * (1 << draw.integers(0, 4)) + first).astype(np.int32)


def rebuilt(terms: DigitTerms, patterns: int) -> NDArray[np.int64]:
    found = np.repeat(terms.by_weight[:, None], patterns, axis=1)
    for group in terms.groups:
        f = group.of_weight.astype(np.int64)
        found += ((f[:, 1:] - f[:, :1]).T @ group.of_activation[:, :patterns].astype(np.int64)) << group.shift
    return found


@settings(max_examples=40, deadline=None)
@given(
    st.integers(0, 5),
    st.sampled_from([2, 16, 100, 256]),
    st.tuples(st.integers(1, 3), st.integers(1, 9), st.sampled_from([1, 2, 30, 257, 600])),
    st.sampled_from([1, 63, 64, 65, 200, 520]),
    st.sampled_from([1, 2]),
    st.booleans(),
    st.integers(0, 99),
)
def test_sums_are_those_of_plain_numpy(
    terms: int, patterns: int, shape: tuple[int, int, int], pixels: int, threads: int, bytes_: bool, seed: int
) -> None:
    draw = np.random.default_rng(seed)
    table = low_rank(draw, terms, patterns)
    factorised = FactorisedTable.of(table)
    if factorised.terms is None:  # of wide factors, rarely
        return
    groups, channels, depth = shape
    x = draw.integers(0, patterns, (groups, depth, pixels)).astype(np.uint8)
    w = draw.integers(0, patterns, (groups, channels, depth)).astype(np.uint8)
    with pytest.MonkeyPatch.context() as patch:
        if not bytes_:
            patch.setattr(factorised_gemm, "_multiplies_bytes", lambda device: False)
        found = factorised_gemm.factorised_gemm(factorised.terms, x, w, threads)
    np.testing.assert_array_equal(found, lut_gemm_reference(table, x, w))


@pytest.mark.parametrize("bytes_", [True, False])
def test_largest_digits_at_the_largest_depths(monkeypatch: pytest.MonkeyPatch, bytes_: bool) -> None:
    """Codes 0, 1 and 255 are the digits -128, -127 and 127.

    1040 products of -127 by itself, which are odd, sum to less than 2^24, and 1041 to more.
    """
    if not bytes_:
        monkeypatch.setattr(factorised_gemm, "_multiplies_bytes", lambda device: False)
    draw = np.random.default_rng(0)
    x = draw.choice([0, 1, 255], (1, 3001, 70)).astype(np.uint8)
    w = draw.choice([0, 254, 255], (1, 3, 3001)).astype(np.uint8)
    w[0, 0], x[0, :, 0] = 0, 0
    w[0, 1], x[0, :, 1] = 1, 1
    found = lut_gemm(EXACT, x, w, engine="factorised")
    np.testing.assert_array_equal(found, lut_gemm_reference(EXACT, x, w))


@pytest.mark.parametrize("bytes_", [True, False])
def test_the_way_to_another_device(monkeypatch: pytest.MonkeyPatch, bytes_: bool) -> None:
    """The same code on the CPU; no other device is at hand."""
    monkeypatch.setattr(factorised_gemm, "_multiplies_bytes", lambda device: bytes_)
    monkeypatch.setattr(factorised_gemm, "_DEVICE_BYTES", 5000)
    draw = np.random.default_rng(1)
    table = low_rank(draw, 3, 200)
    terms = FactorisedTable.of(table).terms
    assert terms is not None
    x = draw.integers(0, 200, (2, 30, 90)).astype(np.uint8)
    w = draw.integers(0, 200, (2, 5, 30)).astype(np.uint8)
    found = factorised_gemm.factorised_gemm(terms, x, w, 1, device="cpu:0")
    np.testing.assert_array_equal(found, lut_gemm_reference(table, x, w))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_cuda() -> None:
    terms = FactorisedTable.of(EXACT).terms
    assert terms is not None
    draw = np.random.default_rng(1)
    x = draw.integers(0, 256, (2, 300, 900)).astype(np.uint8)
    w = draw.integers(0, 256, (2, 50, 300)).astype(np.uint8)
    found = factorised_gemm.factorised_gemm(terms, x, w, 1, device="cuda")
    np.testing.assert_array_equal(found, lut_gemm_reference(EXACT, x, w))


def test_devices_that_do_not_run() -> None:
    terms = FactorisedTable.of(EXACT).terms
    assert terms is not None
    codes = np.zeros((1, 1, 1), np.uint8)
    with pytest.raises(AccelsimError, match="device quantum does not run the product: Expected one of cpu"):
        factorised_gemm.factorised_gemm(terms, codes, codes, 1, device="quantum")


@pytest.mark.parametrize(
    ("name", "count"),
    [
        ("mul8u_exact", 1),
        ("mul8s_exact", 1),
        ("mul8u_drum_k4", 1),
        ("mul8u_udm", 2),
        ("mul8u_ama5", 2),
        ("mul8u_trunc_k4", 5),
        ("mul8u_trunc_k8", 7),
        ("mul8u_bam_h1_v6", 6),
        ("mul8s_sm_drum_k4", 4),
        ("mul4u_udm", 2),
    ],
)
def test_products_of_bytes_that_multipliers_take(name: str, count: int) -> None:
    table = load_lut(name).table.T
    terms = FactorisedTable.of(table).terms
    assert terms is not None
    assert terms.count == count
    np.testing.assert_array_equal(rebuilt(terms, table.shape[1]), table)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 8), st.sampled_from([4, 64, 256]), st.integers(0, 999))
def test_factors_make_the_table_and_are_as_many_as_its_rank(terms: int, patterns: int, seed: int) -> None:
    table = low_rank(np.random.default_rng(seed), terms, patterns)
    factors = integer_factors(table, 16)
    rank = rank_of(table - table[:, :1])
    assert rank == np.linalg.matrix_rank(table - table[:, :1])
    if factors is not None:
        assert factors.terms == rank
        np.testing.assert_array_equal(factors.table(), table)
        np.testing.assert_array_equal(rebuilt(DigitTerms.of(factors), patterns), table)


def test_rows_of_which_all_others_are_integer_combinations() -> None:
    """No entry divides its row or column."""
    table = np.array([[0, 6, 10, 15], [0, 10, 15, 6], [0, 16, 25, 21], [0, 26, 40, 27]], np.int32)
    factors = integer_factors(table, 4)
    assert factors is not None
    assert factors.terms == 2
    np.testing.assert_array_equal(factors.table(), table)
    other_side = integer_factors(np.pad(table[:, 1:].T, ((0, 0), (1, 0))), 4)
    assert other_side is not None
    assert other_side.terms == 2


def test_refusals(monkeypatch: pytest.MonkeyPatch) -> None:
    draw = np.random.default_rng(0)
    random = draw.integers(0, 65536, (256, 256)).astype(np.int32)
    with pytest.raises(AccelsimError, match=f"its rank is 256; at most {MOST_TERMS} pay"):
        engine_named("factorised", random)
    dense = (draw.integers(-60, 60, (256, 4)) @ draw.integers(-120, 120, (4, 256))).astype(np.int32)
    with pytest.raises(AccelsimError, match="no small integer factors were found, though its rank is 4"):
        engine_named("factorised", dense)
    monkeypatch.setattr(factorised_gemm, "MOST_TERMS", 3)
    wide = load_lut("mul8s_sm_drum_k4").table
    assert FactorisedTable.of(wide).refusal == "it takes 4 products of bytes; at most 3 pay"


def test_threads_of_torch_stay_as_they_were() -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        codes = np.ones((1, 100, 3000), np.uint8)
        found = lut_gemm(EXACT, codes, codes[:, :5, :100], threads=2, engine="factorised")
        assert (found == 100).all()
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


@pytest.mark.parametrize("wide", [False, True])
def test_translation(monkeypatch: pytest.MonkeyPatch, wide: bool) -> None:
    if wide and not available():
        pytest.skip("this CPU has no AVX-512 VBMI")
    monkeypatch.setattr(byte_translation, "available", lambda: wide)
    draw = np.random.default_rng(0)
    tables = draw.integers(-128, 128, (3, 256)).astype(np.int8)
    codes = draw.integers(0, 256, (4, 300)).astype(np.uint8)[:, 7:207]
    found = np.empty((3, 4, 200), np.int8)
    translator.__wrapped__()(tables, codes, found)
    np.testing.assert_array_equal(found, tables[:, codes])
