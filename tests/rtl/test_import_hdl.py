"""Verilog, BLIF and Yosys JSON in every supported style, against closed forms over all operand pairs."""

from pathlib import Path
from textwrap import dedent

import numpy as np
import pytest

from accelsim.lut import operand_values
from accelsim.rtl.catalogue import find_circuit
from accelsim.rtl.circuits import product_table
from accelsim.rtl.import_hdl import read_hdl
from accelsim.rtl.import_options import ImportOptions
from accelsim.rtl.yosys import run_yosys
from accelsim.simulation import outputs


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


def flat_assigns(width: int, zeroed: set[int]) -> str:
    """An array multiplier of single-bit assigns, as generated netlists are written.

    The partial products of the columns in ``zeroed`` are left out; there is a full adder for each other.
    """
    lines, fresh = [], iter(range(100_000))

    def gate(expression: str) -> str:
        net = f"n{next(fresh)}"
        lines.append(f"  wire {net};\n  assign {net} = {expression};")
        return net

    columns: list[list[str]] = [[] for _ in range(2 * width + 1)]
    for i in range(width):
        for j in range(width):
            if i + j not in zeroed:
                columns[i + j].append(gate(f"A[{i}] & B[{j}]"))
    for weight in range(2 * width):
        while len(columns[weight]) > 1:
            x, y = columns[weight].pop(0), columns[weight].pop(0)
            half = gate(f"{x} ^ {y}")
            carry = gate(f"{x} & {y}")
            if columns[weight]:
                z = columns[weight].pop(0)
                columns[weight].append(gate(f"{half} ^ {z}"))
                columns[weight + 1].append(gate(f"{carry} | ({half} & {z})"))
            else:
                columns[weight].append(half)
                columns[weight + 1].append(carry)
        lines.append(
            f"  assign O[{weight}] = {columns[weight][0] if columns[weight] else 1 * '1' + chr(39) + 'b0'};"
        )
    body = "\n".join(lines)
    high = f"{2 * width - 1}:0"
    return f"module flat(A, B, O);\n  input [{width - 1}:0] A, B;\n  output [{high}] O;\n{body}\nendmodule\n"


def test_flat_assigns(tmp_path):
    exact = table_of(written(tmp_path, "flat.v", flat_assigns(8, set())))
    np.testing.assert_array_equal(exact, closed_form(np.multiply, 8, 8))

    def without_column_0_and_1(a, b):
        return a * b - (a & 1) * (b & 1) - 2 * ((a >> 1 & 1) * (b & 1) + (a & 1) * (b >> 1 & 1))

    found = table_of(written(tmp_path, "cut.v", flat_assigns(8, {0, 1})))
    np.testing.assert_array_equal(found, closed_form(without_column_0_and_1, 8, 8))


STYLES = {
    # Every module computes a * (b with its lowest bit cleared): it does not commute.
    "operator": """
        module m(input [4:0] a, input [3:0] b, output [8:0] p);
          assign p = a * {b[3:1], 1'b0};
        endmodule
    """,
    "always_with_loop": """
        module m(a, b, p);
          input [4:0] a; input [3:0] b; output reg [8:0] p;
          integer i;
          always @(a or b) begin
            p = 9'd0;
            for (i = 1; i < 4; i = i + 1)
              if (b[i]) p = p + (a << i);
          end
        endmodule
    """,
    "hierarchical_with_parameters_and_generate": """
        module row #(parameter W = 2, parameter SHIFT = 0) (input [W-1:0] x, input enable, output [8:0] y);
          assign y = enable ? {4'b0, x} << SHIFT : 9'b0;
        endmodule
        module m(input [4:0] a, input [3:0] b, output [8:0] p);
          wire [8:0] sums [0:3];
          assign sums[0] = 0;
          genvar i;
          generate
            for (i = 1; i < 4; i = i + 1) begin : rows
              wire [8:0] y;
              row #(.W(5), .SHIFT(i)) one (.x(a), .enable(b[i]), .y(y));
              assign sums[i] = sums[i - 1] + y;
            end
          endgenerate
          assign p = sums[3];
        endmodule
    """,
    "function_and_case": """
        module m(input [4:0] a, input [3:0] b, output [8:0] p);
          function [8:0] times;
            input [4:0] x; input [2:0] y;
            case (y)
              0: times = 0;
              1: times = x << 1;
              2: times = x << 2;
              3: times = (x << 1) + (x << 2);
              4: times = x << 3;
              5: times = (x << 3) + (x << 1);
              6: times = (x << 3) + (x << 2);
              default: times = (x << 3) + (x << 2) + (x << 1);
            endcase
          endfunction
          assign p = times(a, b[3:1]);
        endmodule
    """,
    "array_of_variables": """
        module m(input [4:0] a, input [3:0] b, output reg [8:0] p);
          reg [8:0] partial [0:3];
          integer i;
          always @* begin
            for (i = 0; i < 4; i = i + 1) partial[i] = i != 0 && b[i] ? a << i : 0;
            p = partial[0] + partial[1] + partial[2] + partial[3];
          end
        endmodule
    """,
    "gate_primitives": """
        module half(input x, y, output s, c);
          xor (s, x, y);
          and (c, x, y);
        endmodule
        module m(input [4:0] a, input [3:0] b, output [8:0] p);
          wire none, s, c;
          and (none, b[0], 1'b0);
          wire a0b1, rest;
          and g (a0b1, a[0], b[1]);
          half h (a0b1, none, s, c);
          wire [8:0] others = {a[4:1], 1'b0} * {b[3:1], 1'b0} + (a[0] ? {b[3:2], 2'b0} : 4'b0);
          assign p = others + {s, 1'b0} + {c, 2'b0};
        endmodule
    """,
    "unreachable_default_is_x": """
        module m(input [4:0] a, input [3:0] b, output reg [8:0] p);
          always @* case (b[3:1])
            0: p = 0; 1: p = a * 2; 2: p = a * 4; 3: p = a * 6;
            4: p = a * 8; 5: p = a * 10; 6: p = a * 12; 7: p = a * 14;
            default: p = 9'bx;
          endcase
        endmodule
    """,
    "indexed_bits": """
        module m(input [4:0] a, input [3:0] b, output [8:0] p);
          wire [2:0] where = 3;
          wire top = b[where[1:0]];
          assign p = a * {top, b[2:1], 1'b0};
        endmodule
    """,
    "product_with_zeros_above": """
        module m(input [4:0] a, input [3:0] b, output [31:0] p);
          assign p = a * (b & 14);
        endmodule
    """,
    "bits_counted_down": """
        module m(input [0:4] a, input [3:0] b, output [0:8] p);
          assign p = a * (b & 4'b1110);
        endmodule
    """,
    "escaped_names_and_attributes": """
        (* keep_hierarchy *) module \\m-1 (input [4:0] \\x.a , input [3:0] \\x.b , output [8:0] \\x.p );
          assign \\x.p = \\x.a * {\\x.b [3:1], 1'b0};
        endmodule
    """,
}


@pytest.mark.parametrize("style", STYLES)
def test_verilog_styles(tmp_path, style):
    found = table_of(written(tmp_path, "m.v", STYLES[style]))
    np.testing.assert_array_equal(found, closed_form(lambda a, b: a * (b & ~1), 5, 4))


def test_systemverilog(tmp_path):
    text = """
        module m(input logic [4:0] a, input logic [3:0] b, output logic [8:0] p);
          always_comb begin
            p = '0;
            for (int i = 1; i < 4; i++) p += b[i] ? 9'(a) << i : '0;
          end
        endmodule
    """
    found = table_of(written(tmp_path, "m.sv", text))
    np.testing.assert_array_equal(found, closed_form(lambda a, b: a * (b & ~1), 5, 4))


def test_further_files(tmp_path):
    main = """
        `include "widths.vh"
        module m(input [`A-1:0] a, input [2:0] b, output [6:0] p);
          reg [6:0] times5 [0:15];
          initial $readmemh("times5.hex", times5);
          part inner (a, b[0], p, times5[a], b[2:1]);
        endmodule
    """
    part = """
        module part(input [3:0] a, input low, output [6:0] p, input [6:0] five, input [1:0] high);
          assign p = (low ? five : 0) + (a * high);
        endmodule
    """
    others = (
        written(tmp_path, "part.v", part),
        written(tmp_path, "widths.vh", "`define A 4\n"),
        written(tmp_path, "times5.hex", "\n".join(f"{5 * a:x}" for a in range(16))),
    )
    found = table_of(written(tmp_path, "m.v", main), others=[str(other) for other in others])
    np.testing.assert_array_equal(found, closed_form(lambda a, b: 5 * a * (b & 1) + a * (b >> 1), 4, 3))


LIBRARY = """
    library (two) {
      cell (AND2) {
        pin (A) { direction : input; }
        pin (B) { direction : input; }
        pin (Y) { direction : output; function : "A & B"; }
      }
      cell (INV) {
        pin (A) { direction : input; }
        pin (Y) { direction : output; function : "!A"; }
      }
    }
"""


def test_cells_of_a_liberty_library(tmp_path):
    mapped = """
        module m(input [1:0] a, b, output [3:0] p);
          wire n;
          AND2 g0 (.A(a[0]), .B(b[0]), .Y(p[0]));
          AND2 g1 (.A(a[1]), .B(b[1]), .Y(p[1]));
          INV g2 (.A(p[1]), .Y(n));
          AND2 g3 (.A(n), .B(a[0]), .Y(p[2]));
          assign p[3] = 1'b0;
        endmodule
    """
    found = table_of(written(tmp_path, "m.v", mapped), others=(written(tmp_path, "two.lib", LIBRARY),))
    np.testing.assert_array_equal(
        found, closed_form(lambda a, b: (a & b) + 4 * ((a & 1) & ~((a & b) >> 1)), 2, 2)
    )


BLIF = """
    # a * b of 2 bits, in tables with both polarities, a continued line and a subcircuit
    .model top
    .inputs a[0] a[1] \\
            b[0] b[1]
    .outputs p[0] p[1] p[2] p[3]
    .subckt and2 x=a[0] y=b[0] z=p[0]
    .subckt and2 x=a[1] y=b[0] z=m
    .subckt and2 x=a[0] y=b[1] z=n
    .subckt and2 x=a[1] y=b[1] z=h
    .names m n p[1]
    10 1
    01 1
    .names m n c
    0- 0
    -0 0
    .names h c p[2]
    10 1
    01 1
    .names h c p[3]
    11 1
    .end

    .model and2
    .inputs x y
    .outputs z
    .names x y z
    11 1
    .end
"""


def test_blif(tmp_path):
    module = read_hdl(written(tmp_path, "m.blif", BLIF), ImportOptions())
    assert module.module == "top"
    np.testing.assert_array_equal(product_table(module.netlist, False), closed_form(np.multiply, 2, 2))


@pytest.mark.parametrize(
    ("steps", "file"),
    [
        ("synth -flatten -top m", "mapped.blif"),
        ("synth -flatten -top m", "mapped.json"),
        ("synth -flatten -top m", "mapped.v"),
        ("hierarchy -top m; proc", "words.json"),
        ("hierarchy -top m; proc", "words.v"),
    ],
)
def test_what_yosys_writes(tmp_path, steps, file):
    written(tmp_path, "m.v", STYLES["hierarchical_with_parameters_and_generate"])
    writer = {".blif": "write_blif", ".json": "write_json", ".v": "write_verilog"}[Path(file).suffix]
    run_yosys(["read_verilog m.v", *steps.split("; "), f"{writer} {file}"], tmp_path, "the test's module")
    found = table_of(tmp_path / file)
    np.testing.assert_array_equal(found, closed_form(lambda a, b: a * (b & ~1), 5, 4))


def test_wide_module_has_gates_but_no_lut(tmp_path):
    text = "module wide(input [15:0] a, input [19:0] b, output [35:0] p); assign p = a * b; endmodule"
    circuit = find_circuit(written(tmp_path, "wide.v", text))
    assert (circuit.name, circuit.a_width, circuit.b_width, circuit.signed) == ("wide", 16, 20, False)
    a, b = np.array([65535, 12345]), np.array([(1 << 20) - 1, 678901])
    np.testing.assert_array_equal(outputs(circuit.netlist(), a, b), a * b)


def test_path_with_odd_characters(tmp_path):
    folder = tmp_path / "a folder; with 'signs'"
    folder.mkdir()
    path = written(folder, "my mul (1).v", STYLES["operator"])
    circuit = find_circuit(path)
    np.testing.assert_array_equal(circuit.lut().table, closed_form(lambda a, b: a * (b & ~1), 5, 4))
    assert circuit.lut().provenance["file"] == "my mul (1).v"


def test_gates_are_read_anew(tmp_path):
    path = written(tmp_path, "m.v", STYLES["operator"])
    circuit = find_circuit(path)
    lut = circuit.lut()
    path.write_text(path.read_text().replace("1'b0", "1'b1"))
    fresh = product_table(circuit.fresh_netlist(), False)
    np.testing.assert_array_equal(fresh, closed_form(lambda a, b: a * (b | 1), 5, 4))
    assert (fresh != lut.table).any()
