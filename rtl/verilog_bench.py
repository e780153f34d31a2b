"""A self-checking Verilog test bench, and the operand pairs and products that it reads."""

import numpy as np
from numpy.typing import NDArray

from accelsim.rtl.operand_pairs import OperandPairs

__all__ = ["VERILATOR", "bench_of", "vectors_of"]

#: How Verilator builds a test bench. Without the last option, 5.006 inverts a bit of some trees of XOR gates
#: (github.com/verilator/verilator/issues/4059).
VERILATOR = ("verilator", "--binary", "--timing", "-Wno-fatal", "-fno-const-bit-op-tree")

_TEMPLATE = """\
// Self-checking test bench of {name}: prints PASS, or FAIL after the first mismatches and ends with $fatal.
// Each word of {vectors} is {{a, b, expected product}}; the last word is their number.
module {name}_tb;
  localparam VECTORS = {count};
  localparam SHOWN = {shown};

  reg [{last}:0] vectors [0:VECTORS];
  reg {kind}[{a_last}:0] a;
  reg {kind}[{b_last}:0] b;
  reg {kind}[{p_last}:0] expected;
  wire {kind}[{p_last}:0] p;
  integer i, mismatches;

  {name} dut (.a(a), .b(b), .p(p));

  initial begin
    $readmemh("{vectors}", vectors);
    if (vectors[VECTORS] !== VECTORS) begin
      $display("FAIL: {vectors} is missing or incomplete");
      $fatal;
    end else begin
      mismatches = 0;
      for (i = 0; i < VECTORS; i = i + 1) begin
        {{a, b, expected}} = vectors[i];
        #1;
        if (p !== expected) begin
          mismatches = mismatches + 1;
          if (mismatches <= SHOWN)
            $display("mismatch: a = %0d, b = %0d, p = %0d, expected %0d", a, b, p, expected);
        end
      end
      if (mismatches == 0) begin
        $display("PASS: %0d products of {name}", VECTORS);
        $finish;
      end else begin
        $display("FAIL: %0d of %0d products of {name} differ", mismatches, VECTORS);
        $fatal;
      end
    end
  end
endmodule
"""


def bench_of(
    name: str, widths: tuple[int, int, int], signed: bool, *, count: int, vectors: str, shown: int
) -> str:
    """Return a test bench in Verilog-2001.

    It ends with ``$finish`` after PASS and with ``$fatal`` after FAIL. That task is from SystemVerilog, but a
    task's name is not part of Verilog's grammar; Icarus Verilog (with ``-g2001``) and Verilator end with an
    exit status other than 0.

    Parameters
    ----------
    name : str
        Module of the multiplier, with ports ``a``, ``b`` and ``p``.
    widths : (int, int, int)
        Bits of ``a``, ``b`` and ``p``.
    signed : bool
        Whether the ports are signed.
    count : int
        Number of operand pairs.
    vectors : str
        Name of the file that `vectors_of` fills, relative to where the simulation runs.
    shown : int
        Mismatches to print.
    """
    a_width, b_width, p_width = widths
    return _TEMPLATE.format(
        name=name,
        vectors=vectors,
        count=count,
        shown=shown,
        kind="signed " if signed else "",
        a_last=a_width - 1,
        b_last=b_width - 1,
        p_last=p_width - 1,
        last=sum(widths) - 1,
    )


def vectors_of(widths: tuple[int, int, int], pairs: OperandPairs, products: NDArray[np.uint64]) -> str:
    """Return the words that the test bench reads, for ``$readmemh``.

    Parameters
    ----------
    widths : (int, int, int)
        Bits of ``a``, ``b`` and ``p``.
    pairs : pair of uint64 arrays of shape (vectors,)
        Bit patterns of the operands.
    products : uint64 array of shape (vectors,)
        Bit patterns of the expected products.
    """
    _, b_width, p_width = widths
    digits = -(-sum(widths) // 4)
    words = [
        (a << b_width | b) << p_width | product
        for a, b, product in zip(*(array.tolist() for array in (*pairs, products)), strict=True)
    ]
    return "".join(f"{word:0{digits}x}\n" for word in [*words, len(words)])
