"""A self-checking Verilog test bench of `PeArray`: its inputs and outputs in every cycle."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from amaranth.hdl import Value
from numpy.typing import NDArray

from accelsim.rtl.array_design import ArrayDesign
from accelsim.rtl.array_products import products_of
from accelsim.rtl.array_schedule import ArraySchedule, SumsAt, packed
from accelsim.rtl.pe_array import PeArray
from accelsim.rtl.verilog_memory import memory_text, memory_width

__all__ = ["Operands", "array_bench"]

_SHOWN_MISMATCHES = 5


class Operands(NamedTuple):
    """Operands of a matrix product.

    Parameters
    ----------
    x : unsigned integer array of shape (depth, pixels)
        Bit patterns of the activations.
    w : unsigned integer array of shape (channels, depth)
        Bit patterns of the weights.
    """

    x: NDArray[np.integer]
    w: NDArray[np.integer]


_TEMPLATE = """\
// Self-checking test bench of {name}: prints PASS, or FAIL after the first mismatches and ends with $fatal.
// Each word of {name}_vectors.mem holds one cycle: {{whether sums are checked, {inputs},
// expected sums}}; the last word is their number.
module {name}_tb;
  localparam CYCLES = {cycles};
  localparam PRODUCTS = {products};
  localparam SHOWN = {shown};

  reg [{word_last}:0] vectors [0:CYCLES];
  reg clk, rst, enable, check;
{registers}
  reg [{sums_last}:0] expected;
  wire [{sums_last}:0] sums;
  integer cycle, checked, mismatches;

  {name} dut (.clk(clk), .rst(rst), .enable(enable), {connections}, .sums(sums));

  initial begin
    $readmemh("{name}_vectors.mem", vectors);
    if (vectors[CYCLES] !== CYCLES) begin
      $display("FAIL: {name}_vectors.mem is missing or incomplete");
      $fatal;
    end else begin
      checked = 0;
      mismatches = 0;
      clk = 0;
      rst = 1;
      enable = 1;
      {{check, {inputs}, expected}} = 0;
      #1 clk = 1;
      #1 clk = 0;
      rst = 0;
      for (cycle = 0; cycle < CYCLES; cycle = cycle + 1) begin
        {{check, {inputs}, expected}} = vectors[cycle];
        #1;
        if (check) begin
          checked = checked + 1;
          if (sums !== expected) begin
            mismatches = mismatches + 1;
            if (mismatches <= SHOWN)
              $display("mismatch: in cycle %0d sums = %h, expected %h", cycle, sums, expected);
          end
        end
        clk = 1;
        #1;
        clk = 0;
      end
      if (mismatches == 0) begin
        $display("PASS: %0d matrix products of {name} in %0d cycles", PRODUCTS, CYCLES);
        $finish;
      end else begin
        $display("FAIL: sums of %0d of %0d cycles of {name} differ", mismatches, checked);
        $fatal;
      end
    end
  end
endmodule
"""


def array_bench(design: ArrayDesign, name: str, operands: Sequence[Operands]) -> dict[str, str]:
    """Return the test bench and its vectors by file name.

    Matrix products run one after the other. Partial sums enter, and sums are expected, as the engine computes
    them; each fold's sums are expected in the cycles of `ArraySchedule`, the last ones in cycle
    `SystolicArray.cycles` - 1.

    Parameters
    ----------
    design : ArrayDesign
        The array.
    name : str
        Module of the array.
    operands : sequence of Operands
        The matrix products.
    """
    component = PeArray(design)
    widths = {
        port: len(Value.cast(getattr(component, port)))
        for port in component.signature.members
        if port not in {"enable", "sums"}
    }
    sums_width = len(Value.cast(component.sums))
    word_width = 1 + sum(widths.values()) + sums_width
    words = [word for each in operands for word in _words(design, widths, sums_width, each)]
    bench = _TEMPLATE.format(
        name=name,
        cycles=len(words),
        products=len(operands),
        shown=_SHOWN_MISMATCHES,
        word_last=memory_width(word_width) - 1,
        sums_last=sums_width - 1,
        inputs=", ".join(widths),
        registers="\n".join(f"  reg [{width - 1}:0] {port};" for port, width in widths.items()),
        connections=", ".join(f".{port}({port})" for port in widths),
    )
    return {
        f"{name}_tb.v": bench,
        f"{name}_vectors.mem": memory_text(words, word_width),
    }


def _words(design: ArrayDesign, widths: dict[str, int], sums_width: int, operands: Operands) -> Iterator[int]:
    array = design.array
    schedule = ArraySchedule.of(array, *operands)
    products = products_of(design, *operands)

    def sums(at: SumsAt | None) -> int:
        if at is None:
            return 0
        over_columns = products[: at.depth]
        chosen = (
            over_columns[:, at.position, at.columns]
            if array.dataflow == "is"
            else over_columns[:, at.columns, at.position]
        )
        return packed(array.accumulator.sum(chosen), array.accumulator.bits)

    draining = array.dataflow == "os"
    for cycle in range(schedule.cycles):
        ports = {
            "drain" if draining else "load": int(schedule.control[cycle]),
            "left": packed(schedule.left[cycle], design.left_shape.width),
            "left_valid": packed(schedule.left_valid[cycle], 1),
            "top": packed(schedule.top[cycle], design.top_shape.width),
            "top_valid": packed(schedule.top_valid[cycle], 1),
            "partial_sums": sums(schedule.entering[cycle]),
        }
        word = int(not draining or schedule.control[cycle])
        for port, width in widths.items():
            word = word << width | ports[port]
        yield word << sums_width | sums(schedule.leaving[cycle])
