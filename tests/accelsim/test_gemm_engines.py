import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accelsim import gemm, gemm_engines
from accelsim.accumulator import Accumulator
from accelsim.derived_tables import kept_with_array
from accelsim.errors import AccelsimError
from accelsim.gemm import lut_gemm, lut_gemm_reference
from accelsim.gemm_engines import ENGINES, chosen_engines, engine_named, fastest_engine
from accelsim.permute_gemm import PackedTable

ZEROS = np.zeros((256, 256), np.int32)
#: Of full rank.
RANDOM = np.random.default_rng(0).integers(0, 65536, (256, 256)).astype(np.int32)
#: Those that take any table; test_factorised_gemm.py has the others.
RUNNING = [name for name, engine in ENGINES.items() if not (engine.missing() or engine.refusal(RANDOM))]

#: Smallest and largest entry: one, two, three bytes; around 0; a whole byte exactly, and one more.
RANGES = [(0, 1), (0, 255), (0, 256), (0, 65535), (-32768, 32767), (-100_000, 900_000), (70_000, 70_200)]


@settings(max_examples=80, deadline=None)
@given(
    st.sampled_from(RUNNING),
    st.sampled_from(RANGES),
    st.sampled_from([16, 100, 128, 129, 256]),
    st.tuples(
        st.integers(1, 3),
        st.sampled_from([1, 2, 3, 9, 40]),
        st.sampled_from([0, 1, 2, 30, 255, 256, 257, 600]),
    ),
    st.sampled_from([1, 2, 63, 64, 65, 127, 128, 200, 256, 257, 520]),
    st.sampled_from([1, 2]),
    st.integers(0, 99),
)
def test_engines_agree_with_plain_numpy(
    engine: str,
    entries: tuple[int, int],
    patterns: int,
    shape: tuple[int, int, int],
    pixels: int,
    threads: int,
    seed: int,
) -> None:
    draw = np.random.default_rng(seed)
    groups, channels, depth = shape
    table = draw.integers(entries[0], entries[1] + 1, (patterns, patterns)).astype(np.int32)
    x = draw.integers(0, patterns, (groups, depth, pixels)).astype(np.uint8)
    w = draw.integers(0, patterns, (groups, channels, depth)).astype(np.uint8)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gemm, "_TOO_FEW_TO_SHARE", 0)
        found = lut_gemm(table, x, w, threads=threads, engine=engine)
    np.testing.assert_array_equal(found, lut_gemm_reference(table, x, w))


@pytest.mark.parametrize("engine", RUNNING)
def test_largest_entries_at_every_lane_and_the_deepest_pass(engine: str) -> None:
    """16-bit sums of 256 bytes of 255 do not overflow; codes with and without their eighth bit."""
    table = np.full((256, 256), 0xFFFF, np.int32)
    table[0, 0] = 0
    x = np.tile(np.array([255, 127, 128, 0], np.uint8), (1, 513, 80))
    w = np.full((1, 3, 513), 255, np.uint8)
    assert (lut_gemm(table, x, w, engine=engine) == 513 * 0xFFFF).all()


@pytest.mark.parametrize("engine", RUNNING)
def test_sums_beyond_32_bits_wrap(engine: str) -> None:
    table = np.full((2, 2), 2_000_000_000, np.int32)
    codes = np.ones((1, 5, 3), np.uint8)
    found = lut_gemm(table, codes, np.ones((1, 1, 5), np.uint8), accumulator=Accumulator(), engine=engine)
    assert (
        found == 10_000_000_000 - (2 << 32) - (1 << 32 if 10_000_000_000 % (1 << 32) >= 1 << 31 else 0)
    ).all()


def test_packing_takes_the_smallest_of_each_row_only_where_that_saves_a_byte() -> None:
    rows = 1000 * np.arange(256)[:, None] + np.arange(256)
    packed = PackedTable.of(rows.astype(np.int32))
    assert packed.planes == 1
    assert packed.smallest.shape == (256,)
    assert PackedTable.of(rows.astype(np.int32) // 1000).smallest.shape == ()
    assert PackedTable.of(ZEROS[:100, :100]).bytes.shape == (100, 1, 128)


@pytest.mark.parametrize("engine", RUNNING)
@pytest.mark.parametrize(("channels", "pixels"), [(3, 200), (200, 3)])
def test_rows_of_smallest_entries_of_their_own(engine: str, channels: int, pixels: int) -> None:
    codes = np.arange(256)
    table = (1000 * codes[:, None] - 100_000 + codes % 200).astype(np.int32)
    draw = np.random.default_rng(0)
    x = draw.integers(0, 256, (2, 300, pixels)).astype(np.uint8)
    w = draw.integers(0, 256, (2, channels, 300)).astype(np.uint8)
    for each in (table, np.ascontiguousarray(table.T)):
        np.testing.assert_array_equal(lut_gemm(each, x, w, engine=engine), lut_gemm_reference(each, x, w))


def test_what_is_made_of_a_table_is_kept_until_it_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    made = []
    kept = kept_with_array(lambda table: made.append(table) or PackedTable.of(table))
    monkeypatch.setattr(gemm_engines, "_packed", kept)
    draw = np.random.default_rng(5)
    table = draw.integers(0, 65536, (256, 256)).astype(np.int32)
    read_only = table.T.copy()
    read_only.flags.writeable = False
    x, w = (
        draw.integers(0, 256, (1, 40, 70)).astype(np.uint8),
        np.arange(200, dtype=np.uint8).reshape(1, 5, 40),
    )
    for each in (table, read_only.T, table[::-1][::-1], table):
        np.testing.assert_array_equal(
            lut_gemm(each, x, w, engine=RUNNING[-1]), lut_gemm_reference(each, x, w)
        )
    assert len(made) == ("permute" in RUNNING)
    table[:] = table[::-1].copy()
    np.testing.assert_array_equal(lut_gemm(table, x, w), lut_gemm_reference(table, x, w))


def test_engines_that_do_not_run(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(AccelsimError, match=r"unknown engine 'row'; did you mean rows\?"):
        engine_named("row", ZEROS)
    monkeypatch.setattr(gemm_engines, "available", lambda: False)
    with pytest.raises(AccelsimError, match="engine permute does not run: this CPU has no AVX-512 VBMI"):
        lut_gemm(
            ZEROS, ZEROS[None, :1].astype(np.uint8), ZEROS[None, :1, :1].astype(np.uint8), engine="permute"
        )
    assert fastest_engine(RANDOM, 31, 63, 7).name == "rows"  # a kind that no other test chooses for


@pytest.mark.skipif("permute" not in RUNNING, reason="this CPU has no AVX-512 VBMI")
def test_tables_too_wide_to_permute() -> None:
    table = np.array([[0, 1 << 24], [0, 0]], np.int32)
    with pytest.raises(AccelsimError, match="its entries span 4 bytes; at most 3 are looked up"):
        engine_named("permute", table)


def test_choice_is_measured_once_and_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gemm_engines, "_chosen", {})
    chosen = fastest_engine(ZEROS, 100, 500, 8)
    assert chosen_engines() == [
        (
            "entries of 1 bytes, up to 256 activation codes, depth below 128, pixels below 512, "
            "channels below 16",
            chosen.name,
        )
    ]
    monkeypatch.setattr(gemm_engines, "_fastest", None)
    assert fastest_engine(ZEROS, 127, 300, 15) is chosen
