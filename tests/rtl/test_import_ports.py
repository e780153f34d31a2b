"""Which ports of which module are the operands and the product, and what they stand for."""

from pathlib import Path
from textwrap import dedent

import numpy as np
import pytest

from accelsim.lut import operand_values
from accelsim.rtl.circuits import product_table
from accelsim.rtl.import_hdl import read_hdl
from accelsim.rtl.import_options import ImportOptions


def written(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(dedent(text), encoding="utf-8")
    return path


def table_of(path: Path, **options):
    module = read_hdl(path, ImportOptions(**options))
    assert [port.name for port in (*module.netlist.inputs, *module.netlist.outputs)] == ["a", "b", "p"]
    return product_table(module.netlist, module.signed)


def closed_form(function, a_width: int, b_width: int, signed: bool = False):
    a, b = operand_values(a_width, signed)[:, None], operand_values(b_width, signed)[None, :]
    return function(a, b)


SIGNED = """
    module m(input {} [3:0] a, input {} [4:0] b, output [{}:0] p);
      wire signed [3:0] x = a;
      wire signed [4:0] y = b;
      wire signed [8:0] z = x * y - 3;
      assign p = {};
    endmodule
"""


@pytest.mark.parametrize(
    ("text", "options"),
    [
        (SIGNED.format("signed", "signed", 8, "z"), {}),
        (SIGNED.format("", "", 8, "z"), {"signed": True}),
        (SIGNED.format("signed", "", 8, "z"), {"signed": True}),
        (SIGNED.format("signed", "signed", 15, "{{7{z[8]}}, z}"), {}),
    ],
    ids=["declared", "told", "told where the declarations differ", "sign extended"],
)
def test_signed(tmp_path, text, options):
    # -8 * -16 - 3 is the largest product, 125; 7 * -16 - 3 the smallest, -115: all fit nine bits.
    found = table_of(written(tmp_path, "m.v", text), **options)
    np.testing.assert_array_equal(found, closed_form(lambda a, b: a * b - 3, 4, 5, signed=True))


def test_signed_ports_may_be_read_as_unsigned(tmp_path):
    path = written(
        tmp_path, "m.v", "module m(input signed [3:0] a, b, output [7:0] p); assign p = a | b; endmodule"
    )
    assert read_hdl(path, ImportOptions()).signed
    found = table_of(path, signed=False)
    # Sign extension by the expression is part of the hardware.
    extended = np.where(np.arange(16) > 7, np.arange(16) + 240, np.arange(16))
    np.testing.assert_array_equal(found, extended[:, None] | extended[None, :])


ORDERS = "module m(input [3:0] {}, input [3:0] {}, output [7:0] p); assign p = {} * 16 + {}; endmodule"


@pytest.mark.parametrize(
    ("first", "second", "options", "operands"),
    [
        ("x", "y", {}, ("x", "y")),
        ("y", "x", {}, ("y", "x")),
        ("B", "A", {}, ("A", "B")),
        ("a", "b", {}, ("a", "b")),
        ("B", "A", {"a": "B"}, ("B", "A")),
        ("x", "y", {"a": "y"}, ("y", "x")),
        ("x", "y", {"b": "x"}, ("y", "x")),
        ("x", "y", {"a": "y", "b": "x", "product": "p"}, ("y", "x")),
    ],
)
def test_operand_order(tmp_path, first, second, options, operands):
    # The port that the text calls the first one is the high half of the product.
    path = written(tmp_path, "m.v", ORDERS.format(first, second, first, second))
    module = read_hdl(path, ImportOptions(**options))
    assert (module.operands.a.name, module.operands.b.name) == operands
    found = product_table(module.netlist, False)
    high = closed_form(lambda a, b: 16 * a + b, 4, 4)
    np.testing.assert_array_equal(found, high if operands == (first, second) else high.T)


def test_bits_as_ports_of_their_own(tmp_path):
    # Declared most significant first, one operand after the other, in several spellings.
    for spelling in ("{}{}", "{}_{}_", "\\{}[{}] ", "\\{}<{}> "):
        names = {
            stem: [spelling.format(stem, bit) for bit in range(width)]
            for stem, width in {"x": 3, "y": 2, "z": 5}.items()
        }
        ports = ", ".join(
            f"{'output' if stem == 'z' else 'input'} {name}"
            for stem, bits in names.items()
            for name in bits[::-1]
        )
        x, y, z = ("{" + ", ".join(bits[::-1]) + "}" for bits in names.values())
        path = written(tmp_path, "m.v", f"module m({ports}); assign {z} = {x} * {y} + ({x} >> 2); endmodule")
        module = read_hdl(path, ImportOptions())
        assert (module.operands.a.name, module.operands.b.name) == ("x", "y")
        found = product_table(module.netlist, False)
        np.testing.assert_array_equal(found, closed_form(lambda a, b: a * b + (a >> 2), 3, 2))


TWO_MODULES = """
    module other(input [3:0] a, b, output [7:0] p); assign p = a + b; endmodule
    module m(input [3:0] a, b, output [7:0] p); assign p = a * b; endmodule
"""


def test_top_module_is_chosen(tmp_path):
    path = written(tmp_path, "two.v", TWO_MODULES)
    np.testing.assert_array_equal(table_of(path, top="m"), closed_form(np.multiply, 4, 4))
    np.testing.assert_array_equal(table_of(path, top="other"), closed_form(np.add, 4, 4))


def test_one_output_of_several(tmp_path):
    text = """
        module m(input [3:0] a, b, output full, output [7:0] p);
          assign p = a * b, full = &p;
        endmodule
    """
    found = table_of(written(tmp_path, "m.v", text), product="p")
    np.testing.assert_array_equal(found, closed_form(np.multiply, 4, 4))
