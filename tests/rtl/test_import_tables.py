"""LUT files of other programs: right size, order and signedness, or one line that says what is wrong."""

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from accelsim.errors import AccelsimError
from accelsim.lut import operand_values
from accelsim.metrics import error_metrics
from accelsim.rtl.catalogue import find_circuit
from accelsim.rtl.import_options import ImportOptions
from accelsim.rtl.import_tables import read_table
from accelsim.rtl.importing import import_multipliers


def products(signed: bool = False) -> np.ndarray:
    """Products of a multiplier that does not commute."""
    a, b = operand_values(8, signed)[:, None], operand_values(8, signed)[None, :]
    return a * (b & ~3)


def header(table: np.ndarray, declaration: str, *, flat: bool = False) -> str:
    if flat:
        entries = ", ".join(map(str, table.ravel()))
    else:
        entries = ",\n".join("{" + ", ".join(map(str, row)) + "}" for row in table)
    return f"#ifndef LUT_H\n#define LUT_H\n{declaration} = {{\n{entries}\n}};\n#endif\n"


def refusal(path: Path, **options: object) -> str:
    with pytest.raises(AccelsimError) as caught:
        read_table(path, ImportOptions(**options))
    message = str(caught.value)
    assert "\n" not in message
    assert str(path) in message or path.stem in message
    return message


@pytest.mark.parametrize("signed", [False, True])
def test_numpy_files(tmp_path, signed):
    table = products(signed).astype(np.int16 if signed else np.uint16)
    np.save(tmp_path / "t.npy", table)
    lut = read_table(tmp_path / "t.npy", ImportOptions())
    assert (lut.name, lut.signed) == ("t", signed)
    np.testing.assert_array_equal(lut.table, table)
    np.testing.assert_array_equal(read_table(tmp_path / "t.npy", ImportOptions(order="ba")).table, table.T)
    lut.save(tmp_path / "t.npz")
    again = read_table(tmp_path / "t.npz", ImportOptions())
    assert again.signed == signed
    np.testing.assert_array_equal(again.table, table)
    assert "says that it is" in refusal(tmp_path / "t.npz", signed=not signed)


def test_numpy_integers_that_cannot_be_signed(tmp_path):
    np.save(tmp_path / "t.npy", products())  # int64, numpy's default
    assert refusal(tmp_path / "t.npy").endswith("; say --unsigned if that is what it is")
    lut = read_table(tmp_path / "t.npy", ImportOptions(signed=False))
    np.testing.assert_array_equal(lut.table, products())


@pytest.mark.parametrize("signed", [None, False, True])
@pytest.mark.parametrize("order", ["ab", "ba"])
def test_bin(tmp_path, signed, order):
    table = products(bool(signed))
    entries = table if order == "ab" else table.T
    (tmp_path / "t.bin").write_bytes((entries & 0xFFFF).astype("<u2").tobytes())
    lut = read_table(tmp_path / "t.bin", ImportOptions(order=order, signed=signed))
    assert lut.signed == bool(signed)
    np.testing.assert_array_equal(lut.table, table)


def test_bin_of_unknown_order_or_wrong_size(tmp_path):
    path = tmp_path / "t.bin"
    path.write_bytes(bytes(131_072))
    assert refusal(path) == (
        f"{path}: the order of its operands is not in the file; say --order ab where operand b counts up "
        f"fastest, --order ba where a does"
    )
    with pytest.raises(AccelsimError, match="the order of its operands is not in the file"):
        find_circuit(path)
    for size in (0, 131_071, 262_144):
        path.write_bytes(bytes(size))
        expected = f"{path} has {size:,} bytes; expected 131,072, 256 x 256 of 2 bytes"
        assert refusal(path, order="ab") == expected


@pytest.mark.parametrize(
    ("declaration", "signed"),
    [
        ("static const uint16_t lut [256][256]", False),
        ("const unsigned short int lut[256] [256]", False),
        ("int lut[256][256]", False),
        ("const int16_t lut[][256]", True),
        ("int32_t\nlut[N][N]", True),
        ("alignas(64) short lut[256][256] __attribute__((aligned(64)))", True),
    ],
)
def test_header(tmp_path, declaration, signed):
    table = products(signed)
    path = tmp_path / "t.h"
    path.write_text(header(table, declaration))
    lut = read_table(path, ImportOptions())
    assert lut.signed == signed
    np.testing.assert_array_equal(lut.table, table)
    np.testing.assert_array_equal(read_table(path, ImportOptions(order="ba")).table, table.T)


def test_header_of_one_dimension_needs_an_order(tmp_path):
    path = tmp_path / "t.h"
    path.write_text(header(products(), "uint16_t lut[65536]", flat=True))
    assert refusal(path).startswith(f"{path}: lut has one dimension; say --order ab")
    np.testing.assert_array_equal(read_table(path, ImportOptions(order="ab")).table, products())
    np.testing.assert_array_equal(read_table(path, ImportOptions(order="ba")).table, products().T)
    # Two dimensions may leave out the inner braces.
    path.write_text(header(products(), "uint16_t lut[256][256]", flat=True))
    np.testing.assert_array_equal(read_table(path, ImportOptions()).table, products())


def test_header_spells_numbers_as_c_does(tmp_path):
    text = header(np.zeros((256, 256), dtype=int), "// int old[2] = {1, 2};\n/* {{ */ uint16_t lut[256][256]")
    spelled = text.replace("{0, 0, 0, 0, 0, 0,", "{010, 0x1F, 7u, +8UL, /* 5, */ 0X0a, 00,", 1)
    (tmp_path / "t.h").write_text(spelled)
    found = read_table(tmp_path / "t.h", ImportOptions()).table[0, :7]
    np.testing.assert_array_equal(found, [8, 31, 7, 8, 10, 0, 0])


ZEROS = np.zeros((256, 256), dtype=int)
UNSIGNED = header(ZEROS, "uint16_t lut[256][256]")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "0 arrays with initialisers; expected one"),
        ("int x = 3;", "0 arrays with initialisers; expected one"),
        (2 * header(ZEROS, "int lut[256][256]"), "2 arrays with initialisers: lut, lut; expected one"),
        (
            header(ZEROS[:, :255], "uint16_t lut[256][255]"),
            "array lut has 65,280 entries; expected 256 x 256",
        ),
        (header(ZEROS.reshape(512, 128), "uint16_t lut[512][128]"), "array lut has 65,536 entries; expected"),
        (UNSIGNED.replace("{0, ", "{", 1), "entries in rows of 255 to 256;"),
        (
            UNSIGNED.replace("0, 0", "0, 1.5", 1),
            "t.h:4: . in the initialiser; expected",
        ),
        (
            UNSIGNED.replace("0, 0", "0, X", 1),
            "t.h:4: X in the initialiser; expected",
        ),
        (UNSIGNED.replace("}\n};", ""), "the initialiser does not end"),
        (header(ZEROS, "int lut[256][256]"), "its type leaves open what the products are; say --signed"),
        (
            UNSIGNED.replace("0, 0", "0, 65536", 1),
            "an unsigned product of 16 bits",
        ),
        (UNSIGNED.replace("0, 0", f"0, {10**30}", 1), "too large"),
        ("\x00\x01\x02\xff" * 500, "0 arrays with initialisers"),
    ],
)
def test_bad_headers(tmp_path, text, expected):
    (tmp_path / "t.h").write_text(text, encoding="utf-8")
    assert expected in refusal(tmp_path / "t.h")


@pytest.mark.parametrize("suffix", [".npy", ".npz", ".bin", ".h"])
@pytest.mark.parametrize("content", [None, b"", bytes(range(256))])
def test_missing_empty_and_garbage(tmp_path, suffix, content):
    path = tmp_path / f"t{suffix}"
    if content is not None:
        path.write_bytes(content)
    message = refusal(path, order="ab")
    if content is None:
        assert message == f"cannot read {path}: No such file or directory"


@given(st.integers(0, 255), st.integers(0, 255), st.sampled_from(["ab", "ba"]))
def test_one_entry_lands_where_the_order_says(tmp_path_factory, a, b, order):
    table = ZEROS.copy()
    table[(a, b) if order == "ab" else (b, a)] = 1
    path = tmp_path_factory.mktemp("bin") / "t.bin"
    path.write_bytes(table.astype("<u2").tobytes())
    found = read_table(path, ImportOptions(order=order)).table
    assert np.argwhere(found).tolist() == [[a, b]]


EVOAPPROX = Path(os.environ.get("ACCELSIM_DATA", "")) / "evoapprox"


@pytest.fixture
def published():
    if "ACCELSIM_DATA" not in os.environ or not EVOAPPROX.is_dir():
        pytest.skip("$ACCELSIM_DATA, with evoapprox/ inside, is not set")
    return pd.read_csv(EVOAPPROX / "published.csv", dtype=str).set_index("name")


def significant(value: float, digits: int) -> float:
    return float(f"{value:.{digits - 1}e}")


def as_printed(computed: float, printed: str) -> bool:
    """Whether a number rounds to what is printed, to all its digits."""
    digits = len(printed.replace(".", "").lstrip("0").split("e")[0]) or 1
    return significant(computed, digits) == float(printed)


def test_published_metrics(tmp_path, published):
    """Truth tables through .npy and .bin in both orders give the published numbers to their last digit."""
    order_matters = set()
    for name, row in published.iterrows():
        table = np.load(EVOAPPROX / f"{name}.npy")
        table.astype("<u2").tofile(tmp_path / f"{name}_ab.bin")
        np.ascontiguousarray(table.T).astype("<u2").tofile(tmp_path / f"{name}_ba.bin")
        (direct,) = import_multipliers([EVOAPPROX / f"{name}.npy"])
        (ab,) = import_multipliers([tmp_path / f"{name}_ab.bin"], ImportOptions(order="ab"))
        (ba,) = import_multipliers([tmp_path / f"{name}_ba.bin"], ImportOptions(order="ba"))
        for imported in (direct, ab, ba):
            lut = find_circuit(imported.entry.name).lut()
            np.testing.assert_array_equal(lut.table, table)
            assert error_metrics(lut) == imported.metrics
            for metric, column in {
                "mae_percent": "mae_percent",
                "wce_percent": "wce_percent",
                "ep_percent": "ep_percent",
                "mre_percent": "mre_percent_nonzero",
                "mre_all_percent": "mre_percent_all",
            }.items():
                assert as_printed(getattr(imported.metrics, metric), row[column]), (name, metric)
        if (table != table.T).any():
            order_matters.add(name)
            wrong = read_table(tmp_path / f"{name}_ba.bin", ImportOptions(order="ab"))
            assert (wrong.table != table).any()
    assert order_matters == set(published.index[published["commutative"] == "False"])
