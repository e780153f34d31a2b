"""Files that are not a multiplier: one line that says what and where."""

import re
from textwrap import dedent

import pytest

from accelsim.errors import AccelsimError
from accelsim.rtl.import_hdl import read_hdl
from accelsim.rtl.import_options import ImportOptions

PORTS = "module m(input [3:0] a, b, output [7:0] p);\n"
EXACT = PORTS + "assign p = a * b;\nendmodule\n"

BAD_VERILOG = {
    "syntax error": (PORTS + "assign p = a *;\nendmodule", r"m\.v:2: syntax error, unexpected ';'"),
    "unknown name on the right": (
        PORTS + "assign p = a * bb;\nendmodule",
        r"m\.v:2: bb is read but never driven",
    ),
    "undriven wire": (
        PORTS + "wire [3:0] q;\nassign p = a * b + q;\nendmodule",
        r"m\.v:2: q is read but never driven",
    ),
    "undriven wires": (
        PORTS + "wire q, r, s, t, u;\nassign p = a * b + q + r + s + t + u;\nendmodule",
        r"m\.v:2: q, r, s, t, … are read but never driven",
    ),
    "one undriven bit of the product": (
        PORTS + "assign p[6:0] = a * b;\nendmodule",
        r"m\.v:1: p is read but never driven",
    ),
    "undriven product": (PORTS + "endmodule", r"m\.v:1: p is read but never driven"),
    "unconnected input of an instance": (
        PORTS + "inner i (.y(p));\nendmodule\n"
        "module inner(input [7:0] x, output [7:0] y);\nassign y = x;\nendmodule",
        r"m\.v:1: p is read but never driven",
    ),
    "driven twice": (
        PORTS + "assign p = a * b;\nassign p[3] = a[0] & b[1];\nendmodule",
        r"m\.v:\d: p is driven twice, by a gate of m\.v:\d and by a gate of m\.v:\d",
    ),
    "driven by a gate and a constant": (
        PORTS + "assign p = a * b;\nassign p[3] = 1;\nendmodule",
        r"m\.v:2: p is driven twice, by a gate of m\.v:2 and by constant 1",
    ),
    "driven by both operands": (
        PORTS + "assign p[3:0] = a;\nassign p[7:0] = b;\nendmodule",
        r"m\.v:1: \w is driven twice, by input b and by input a",
    ),
    "an operand driven": (
        PORTS + "assign p = a * b;\nassign a = b ^ 1;\nendmodule",
        r"m\.v:3: a is driven twice, by a gate of m\.v:3 and by input a",
    ),
    "latch": (
        PORTS + "reg [7:0] q;\nassign p = q;\nalways @*\n  if (a[0]) q = a * b;\nendmodule",
        r"m\.v:4: a latch holds [pq]; expected a combinational circuit; assign it on every path",
    ),
    "flip-flop and clock": (
        "module m(input clk, input [3:0] a, b, output reg [7:0] p);\n"
        "always @(posedge clk) p <= a * b;\nendmodule",
        r"m\.v:2: a flip-flop holds p; expected a combinational circuit",
    ),
    "memory that is written": (
        "module m(input clk, input [3:0] a, b, output [7:0] p);\nreg [7:0] q [0:15];\n"
        "always @(posedge clk) q[a] <= b;\nassign p = q[b];\nendmodule",
        r"m\.v:\d: a memory holds q; expected a combinational circuit",
    ),
    "loop": (
        PORTS + "wire q;\nassign q = ~(q & a[0]);\nassign p = a * b + q;\nendmodule",
        r"m\.v:3: combinational loop through q",
    ),
    "loop through the bits of a vector": (
        PORTS + "wire [3:0] q;\nassign q = {q[2:0], q[3]} ^ a;\nassign p = q * b;\nendmodule",
        r"m\.v:3: combinational loop through q",
    ),
    "three inputs": (
        "module m(input [3:0] a, b, c, output [7:0] p);\nassign p = a * b + c;\nendmodule",
        r"m\.v:1: module m has 3 inputs \(a, b, c\); a multiplier has two operands",
    ),
    "a clock that nothing uses": (
        "module m(input clk, input [3:0] a, b, output [7:0] p);\nassign p = a * b;\nendmodule",
        r"m\.v:1: module m has 3 inputs \(clk, a, b\)",
    ),
    "one input": (
        "module m(input [3:0] a, output [7:0] p);\nassign p = a * a;\nendmodule",
        r"m\.v:1: module m has 1 input \(a\); a multiplier has two operands",
    ),
    "no ports": ("module m;\nendmodule", r"m\.v:1: module m has no inputs"),
    "two outputs": (
        "module m(input [3:0] a, b, output [7:0] p, output c);\nassign {c, p} = a * b;\nendmodule",
        r"m\.v:1: module m has 2 outputs \(p, c\); a multiplier has one product; name .* --product",
    ),
    "inout": (
        "module m(input [3:0] a, b, inout [7:0] p);\nassign p = a * b;\nendmodule",
        r"m\.v:1: module m has the inout port p",
    ),
    "output too narrow": (
        "\nmodule m(input [3:0] a, b, output [6:0] p);\nassign p = a * b;\nendmodule",
        r"m\.v:2: module m: product p is too narrow: 7 bits; expected 8, 4 of operand a and 4 of b",
    ),
    "output too wide": (
        "module m(input [3:0] a, b, output [8:0] p);\nassign p = {a[0], 8'd1};\nendmodule",
        r"m\.v:1: the product has 9 bits that carry values; expected 8, and nothing but zeros above",
    ),
    "operand of one bit": (
        "module m(input a, input [3:0] b, output [4:0] p);\nassign p = a * b;\nendmodule",
        r"m\.v:1: module m: operand a has 1 bit; the narrowest multiplier has 2",
    ),
    "too wide": (
        "module m(input [32:0] a, input [31:0] b, output [64:0] p);\nassign p = a * b;\nendmodule",
        r"m\.v:1: module m: operands of 33 and 32 bits; 64 in all is the limit",
    ),
    "mixed signedness": (
        "module m(input signed [3:0] a, input [3:0] b, output [7:0] p);\nassign p = a * b;\nendmodule",
        r"m\.v:1: module m: operand a is signed, b is not; say --signed or --unsigned",
    ),
    "undefined value": (
        PORTS + "assign p = a[0] ? 8'bx : a * b;\nendmodule",
        r"m\.v:2: the product depends on an undefined value \(x\), at least for a = 1, b = 0",
    ),
    "bit out of range": (
        PORTS + "assign p = {b[4], a[0]};\nendmodule",
        r"m\.v:\d: the product depends on an undefined value \(x\)",
    ),
    "index out of range": (
        PORTS + "wire [2:0] q = {b[0], 2'b0} + 3'd2;\nassign p = {7'b0, a[q]};\nendmodule",
        r"m\.v:3: the product depends on an undefined value \(x\), at least for a = \d+, b = 1",
    ),
    "high impedance": (
        PORTS + "assign p = a[0] ? a * b : 8'bz;\nendmodule",
        r"m\.v:\d: module m uses high impedance \(z\)|m\.v:1: m uses high impedance \(z\)",
    ),
    "missing module": (
        PORTS + "nowhere i (a, b, p);\nendmodule",
        r"m\.v: module nowhere, which m uses, is not there; give its file with --with",
    ),
    "no module": ("// nothing but a comment\n", r"m\.v: no module in it"),
    "two tops": (
        PORTS + "assign p = a * b;\nendmodule\n" + PORTS.replace("m(", "k(") + "assign p = a + b;\nendmodule",
        r"m\.v: which module is the multiplier\? Choose with --top: (m, k|k, m)",
    ),
    "empty": ("", r"m\.v is empty"),
    "missing include": (
        '`include "nowhere.vh"\n' + EXACT,
        r"m\.v: Can't open include file `nowhere\.vh'; give the file with --with",
    ),
    "two modules of one name": (2 * EXACT, r"m\.v:\d: Re-definition of module"),
}


def refusal(path, **options) -> str:
    with pytest.raises(AccelsimError) as caught:
        read_hdl(path, ImportOptions(**options))
    message = str(caught.value)
    assert "\n" not in message
    assert message.removeprefix("cannot read ").startswith(str(path)), message
    return message.removeprefix(f"{path.parent}/")


@pytest.mark.parametrize("fault", BAD_VERILOG)
def test_bad_verilog(tmp_path, fault):
    text, expected = BAD_VERILOG[fault]
    path = tmp_path / "m.v"
    path.write_text(text, encoding="utf-8")
    message = refusal(path)
    assert re.match(expected, message), message


def test_unknown_names_are_answered_with_the_nearest(tmp_path):
    path = tmp_path / "m.v"
    path.write_text(PORTS.replace("m(", "mult(").replace(" a,", " left,") + "assign p = left * b;\nendmodule")
    assert refusal(path, top="mul") == "m.v: no module mul; did you mean mult?"
    assert refusal(path, top="x") == "m.v: no module x; there are mult"
    assert refusal(path, a="lef") == "m.v:1: module mult has no input lef; did you mean left?"
    assert refusal(path, b="p") == "m.v:1: module mult has no input p; there are left, b"
    assert refusal(path, product="b") == "m.v:1: module mult has no output b; there are p"
    assert (
        refusal(path, a="b", b="b") == "m.v:1: module mult: b cannot be both operands; there are left and b"
    )


@pytest.mark.parametrize(
    ("inputs", "expected"),
    [
        ("a0, a1, b0, b2", "among the ports of b, bit 1 is missing"),
        ("a0, a_0, b0, b1", "ports a0 and a_0 are both bit 0 of a"),
        ("a0, a1, b0, b1, c", "has 3 inputs (a, b, c); a multiplier has two operands"),
    ],
)
def test_bits_of_their_own(tmp_path, inputs, expected):
    path = tmp_path / "m.v"
    path.write_text(f"module m(input {inputs}, output [3:0] p);\nassign p = {{{inputs}}};\nendmodule")
    assert refusal(path).endswith(expected)


def test_binary_garbage_and_missing_file(tmp_path):
    path = tmp_path / "m.v"
    assert refusal(path) == f"cannot read {path}: No such file or directory"
    path.write_bytes(bytes(range(256)) * 40)
    assert refusal(path) == "m.v is not a text file; expected a hardware description"
    path.write_bytes("ɱódule \ufffd\n".encode() + bytes(range(128, 256)))
    assert refusal(path).startswith("m.v:1: ")
    path.unlink()
    path.mkdir()
    assert refusal(path) == f"cannot read {path}: Is a directory"


def test_fault_in_a_further_file_is_told_with_its_path(tmp_path):
    (tmp_path / "m.v").write_text(PORTS + "part i (a, b, p);\nendmodule")
    (tmp_path / "part.v").write_text(
        "module part(input [3:0] x, y, output [7:0] z);\n\nassign z = x ** ;\nendmodule"
    )
    with pytest.raises(AccelsimError, match=rf"^{tmp_path}/part\.v:3: syntax error"):
        read_hdl(tmp_path / "m.v", ImportOptions(others=(tmp_path / "part.v",)))
    with pytest.raises(AccelsimError, match=r"^cannot read .*gone\.v: No such file"):
        read_hdl(tmp_path / "m.v", ImportOptions(others=(tmp_path / "gone.v",)))
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "m.v").write_text("")
    with pytest.raises(AccelsimError, match=r"sub/m\.v and .*m\.v have the same name"):
        read_hdl(tmp_path / "m.v", ImportOptions(others=(tmp_path / "sub" / "m.v",)))


BLIF = """\
.model m
.inputs a0 a1 b0 b1
.outputs p0 p1 p2 p3
.names a0 b0 p0
11 1
.names a1 b0 p1
11 1
.names a0 b1 p2
11 1
{}
.end
"""

BAD_BLIF = {
    "unknown construct": (
        ".exdc\n.names p3",
        r"m\.blif:10: unknown construct \.exdc; expected \.model, \.inputs",
    ),
    "latch": (".latch p2 p3 re clk 0", r"m\.blif:10: \.latch holds state; expected a combinational circuit"),
    "clock": (".names p3\n.clock c", r"m\.blif:11: \.clock holds state"),
    "undriven": (".names a1 loose p3\n11 1", r"m\.blif: loose is read but never driven"),
    "undriven output": ("# nothing", r"m\.blif: p3 is read but never driven"),
    "row of a wrong length": (
        ".names a1 b1 p3\n111 1",
        r"m\.blif:11: '111 1' is no part of a table; expected a construct, or a row of 3 columns",
    ),
    "words in a table": (".names a1 b1 p3\nhello 1", r"m\.blif:11: 'hello 1' is no part of a table"),
    "loop": (".names p3 b1 p3\n11 1", r"m\.blif: combinational loop through p3"),
    "unknown model": (".subckt other x=a1 y=p3", r"m\.blif: module other, which m uses, is not there"),
    "driven twice": (".names a1 p3\n1 1\n.names b1 p3\n1 1", r"m\.blif: p3 is driven twice"),
}


@pytest.mark.parametrize("fault", BAD_BLIF)
def test_bad_blif(tmp_path, fault):
    text, expected = BAD_BLIF[fault]
    path = tmp_path / "m.blif"
    path.write_text(BLIF.format(text), encoding="utf-8")
    message = refusal(path)
    assert re.match(expected, message), message


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{", r"m\.json:1: not JSON: Expecting property name"),
        (
            '{"modules":\n 3}',
            r"m\.json is not the JSON that Yosys.* writes: expected an object with \"modules\"",
        ),
        ("[]", r"m\.json is not the JSON that Yosys"),
        ('{"modules": {"x": "y"}}', r'm\.json is not the .*: module x is no object with "ports" and "cells"'),
        ('{"modules": {"x": {"cells": {}}}}', r'm\.json is not the .*: module x is no object with "ports"'),
        ('{"modules": {}}', r"m\.json: no module in it"),
        (
            '{"modules": {"m": {"ports": {}, "cells": 3}}}',
            r"m\.json is not the .*: module m is no object with",
        ),
        (
            '{"modules": {"m": {"ports": {"a": {"direction": "in", "bits": [2]}}, "cells": {}}}}',
            r"m\.json: not the JSON that Yosys' write_json writes: port node 'a' has invalid 'in' dir",
        ),
        (
            '{"modules": {"m": {"ports": {}, "cells": {}, "netnames": {}}}}',
            r"m\.json: module m has no inputs",
        ),
    ],
)
def test_bad_json(tmp_path, text, expected):
    path = tmp_path / "m.json"
    path.write_text(dedent(text), encoding="utf-8")
    message = refusal(path)
    assert re.match(expected, message), message
