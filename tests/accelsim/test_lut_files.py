import re
import subprocess
from shutil import which

import numpy as np
import pytest

from accelsim.errors import AccelsimError
from accelsim.lut import Lut
from accelsim.lut_files import save_lut


def lut(a_width, b_width, signed, seed=3):
    """A table of random products, the extreme ones among them."""
    bits = a_width + b_width
    low, high = (-(1 << bits - 1), (1 << bits - 1) - 1) if signed else (0, (1 << bits) - 1)
    table = np.random.default_rng(seed).integers(low, high + 1, (1 << a_width, 1 << b_width))
    table[0, 1], table[1, 0] = low, high
    return Lut("any", table.astype(np.int32), signed)


SHAPES = [(8, 8), (4, 4), (2, 3), (9, 9)]


@pytest.mark.parametrize("order", ["ab", "ba"])
@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize(("a", "b"), SHAPES)
def test_binary(tmp_path, a, b, signed, order):
    table = lut(a, b, signed)
    save_lut(table, tmp_path / "t.bin", order)
    kind = f"<{'i' if signed else 'u'}{2 if a + b <= 16 else 4}"
    found = np.fromfile(tmp_path / "t.bin", kind)
    expected = table.table if order == "ab" else table.table.T
    np.testing.assert_array_equal(found.reshape(expected.shape), expected)


@pytest.mark.parametrize("order", ["ab", "ba"])
@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize(("a", "b"), SHAPES)
def test_memory(tmp_path, a, b, signed, order):
    table = lut(a, b, signed)
    save_lut(table, tmp_path / "t.mem", order)
    first, *words = (tmp_path / "t.mem").read_text().splitlines()
    assert first.startswith(
        f"// any: products of {a} x {b}-bit {'signed' if signed else 'unsigned'} operands"
    )
    assert f"({order[1]} counts up fastest)" in first
    assert {len(word) for word in words} == {-(-(a + b) // 4)}
    expected = table.table if order == "ab" else table.table.T
    found = np.array([int(word, 16) for word in words]).reshape(expected.shape)
    np.testing.assert_array_equal(found, expected & ((1 << a + b) - 1))


@pytest.mark.skipif(not which("cc"), reason="no C compiler on PATH")
@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize(("a", "b"), SHAPES)
def test_header_as_a_c_compiler_reads_it(tmp_path, a, b, signed):
    table = lut(a, b, signed)
    save_lut(table, tmp_path / "t.h")
    (tmp_path / "print.c").write_text(
        '#include <stdio.h>\n#include "t.h"\n#include "t.h"\n'
        f"int main(void) {{ for (int a = 0; a < {1 << a}; a++) for (int b = 0; b < {1 << b}; b++)"
        ' printf("%d\\n", (int)any[a][b]); return 0; }\n'
    )
    subprocess.run(["cc", "-Wall", "-Werror", "-o", "print", "print.c"], cwd=tmp_path, check=True)
    printed = subprocess.run([tmp_path / "print"], capture_output=True, text=True, check=True).stdout
    np.testing.assert_array_equal([int(line) for line in printed.split()], table.table.ravel())


def test_a_header_s_array_has_a_name_that_c_accepts(tmp_path):
    table = Lut("4 by-4", lut(4, 4, False).table, False)
    save_lut(table, tmp_path / "t.h")
    assert re.search(
        r"^static const uint16_t lut_4_by_4\[16\]\[16\] = \{$", (tmp_path / "t.h").read_text(), re.M
    )


@pytest.mark.parametrize("suffix", [".npy", ".npz"])
def test_formats_of_numpy(tmp_path, suffix):
    table = lut(4, 4, True)
    save_lut(table, tmp_path / f"t{suffix}")
    np.testing.assert_array_equal(Lut.load(tmp_path / f"t{suffix}").table, table.table)
    with pytest.raises(AccelsimError, match=f"a {suffix} LUT is indexed \\[a, b\\]"):
        save_lut(table, tmp_path / f"t{suffix}", "ba")


def test_unknown_ending(tmp_path):
    with pytest.raises(AccelsimError, match="as t.txt: the name must end in .npy, .npz, .bin, .h or .mem$"):
        save_lut(lut(4, 4, False), tmp_path / "t.txt")
