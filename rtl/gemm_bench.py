"""A self-checking Verilog test bench of `TiledGemm`: words of its streams, and the codes that it gives."""

from collections.abc import Sequence

from amaranth.hdl import Shape

from accelsim.rtl.gemm_job import GemmJob
from accelsim.rtl.gemm_streams import GemmStreams
from accelsim.rtl.requantizer import CODE_BITS, LATENCY
from accelsim.rtl.verilog_memory import memory_text, memory_width

__all__ = ["gemm_bench"]

#: With pauses, a bench gives up after this many times the cycles that it takes without.
_MOST_PAUSES = 20

_TEMPLATE = """\
// Self-checking test bench of {name}: prints PASS, or FAIL after the first mismatches and ends with $fatal.
// The streams' words are in {name}_<stream>.mem; the last one of each file is their number. Of each word of
// {name}_results.mem the upper half tells which bits are compared. All is run twice: with streams that never
// wait, when the last codes must come in cycle LAST after the first command, and with streams that pause.
module {name}_tb;
  localparam RESULTS = {results};
  localparam LAST = {last};
  localparam LIMIT = {limit};
  localparam SHOWN = 5;

{memories}
  reg [{result_words_last}:0] results_memory [0:RESULTS];
  wire [{result_last}:0] results_payload;
  wire results_valid;
  reg results_ready;
  reg [{result_last}:0] mask, expected;
  integer results_at;
  reg clk, rst;
  integer cycle, last, mismatches, seed;

  {name} dut (
    .clk(clk), .rst(rst),
{connections}
    .results__payload(results_payload), .results__valid(results_valid), .results__ready(results_ready)
  );

  task run(input pauses);
    begin
      rst = 1;
{resets}
      results_at = 0;
      results_ready = 0;
      #1 clk = 1;
      #1 clk = 0;
      rst = 0;
      last = 0;
      for (cycle = 0; results_at < RESULTS && cycle < LIMIT; cycle = cycle + 1) begin
{offers}
        results_ready = !pauses || $random(seed) % 4 != 0;
        #1;
        if (results_valid && results_ready) begin
          {{mask, expected}} = results_memory[results_at];
          if ((results_payload & mask) !== expected) begin
            mismatches = mismatches + 1;
            if (mismatches <= SHOWN)
              $display("mismatch: in cycle %0d codes = %h, expected %h", cycle, results_payload & mask,
                       expected);
          end
          results_at = results_at + 1;
          last = cycle;
        end
{takes}
        clk = 1;
        #1;
        clk = 0;
{moves}
      end
      if (results_at < RESULTS) begin
        mismatches = mismatches + 1;
        $display("mismatch: %0d of %0d results came in %0d cycles", results_at, RESULTS, LIMIT);
      end
    end
  endtask

  initial begin
{reads}
    $readmemh("{name}_results.mem", results_memory);
    if ({incomplete}
        || results_memory[RESULTS] !== RESULTS) begin
      $display("FAIL: a .mem file is missing or incomplete");
      $fatal;
    end else begin
      clk = 0;
      mismatches = 0;
      seed = 1;
      run(0);
      if (last != LAST) begin
        mismatches = mismatches + 1;
        $display("mismatch: the last codes came in cycle %0d, expected %0d", last, LAST);
      end
      run(1);
      if (mismatches == 0) begin
        $display("PASS: 2 x %0d results of {name}, the last ones in cycle %0d", RESULTS, LAST);
        $finish;
      end else begin
        $display("FAIL: %0d of 2 x %0d results of {name} differ", mismatches, RESULTS);
        $fatal;
      end
    end
  end
endmodule
"""

_MEMORY = """\
  reg [{word_last}:0] {stream}_memory [0:{count}];
  reg [{last}:0] {stream}_payload;
  reg {stream}_valid, {stream}_taken;
  wire {stream}_ready;
  integer {stream}_at;"""

_CONNECTION = """\
    .{stream}__payload({stream}_payload), .{stream}__valid({stream}_valid),
    .{stream}__ready({stream}_ready),"""

_RESET = """\
      {stream}_at = 0;
      {stream}_valid = 0;
      {stream}_payload = 0;"""

_OFFER = """\
        if (!{stream}_valid && {stream}_at < {count} && (!pauses || $random(seed) % 4 != 0)) begin
          {stream}_valid = 1;
          {stream}_payload = {stream}_memory[{stream}_at];
        end"""

_TAKE = """\
        {stream}_taken = {stream}_valid && {stream}_ready;"""


_MOVE = """\
        if ({stream}_taken) begin
          {stream}_at = {stream}_at + 1;
          {stream}_valid = 0;
        end"""

_READ = """\
    $readmemh("{name}_{stream}.mem", {stream}_memory);"""


def gemm_bench(streams: GemmStreams, name: str, jobs: Sequence[GemmJob]) -> dict[str, str]:
    """Return the test bench and the words of its streams by file name.

    Parameters
    ----------
    streams : GemmStreams
        The top level.
    name : str
        Its module.
    jobs : sequence of GemmJob
        Matrix products that run one after the other. The codes are the engine's, and the last ones come
        when `SystolicArray` says.
    """
    layouts = {
        "commands": streams.command,
        "left": streams.left,
        "top": streams.top,
        "parameters": streams.parameters,
    }
    widths = {stream: Shape.cast(layout).width for stream, layout in layouts.items()}
    words = [job.words() for job in jobs]
    given = {stream: [word for each in words for word in getattr(each, stream)] for stream in widths}
    result_width = Shape.cast(streams.result).width
    results = [
        ((1 << CODE_BITS * lanes) - 1) << result_width | result
        for each in words
        for result, lanes in zip(each.results, each.lanes, strict=True)
    ]
    last = _last_cycle(jobs)

    def for_each(template: str) -> str:
        return "\n".join(
            template.format(
                name=name,
                stream=stream,
                last=width - 1,
                word_last=memory_width(width) - 1,
                count=len(given[stream]),
            )
            for stream, width in widths.items()
        )

    bench = _TEMPLATE.format(
        name=name,
        results=len(results),
        last=last,
        limit=_MOST_PAUSES * last,
        result_last=result_width - 1,
        result_words_last=memory_width(2 * result_width) - 1,
        memories=for_each(_MEMORY),
        connections=for_each(_CONNECTION),
        resets=for_each(_RESET),
        offers=for_each(_OFFER),
        takes=for_each(_TAKE),
        moves=for_each(_MOVE),
        reads=for_each(_READ),
        incomplete="\n        || ".join(
            f"{stream}_memory[{len(given[stream])}] !== {len(given[stream])}" for stream in widths
        ),
    )
    files = {f"{name}_tb.v": bench}
    for stream, width in widths.items():
        files[f"{name}_{stream}.mem"] = memory_text(given[stream], width)
    files[f"{name}_results.mem"] = memory_text(results, 2 * result_width)
    return files


def _last_cycle(jobs: Sequence[GemmJob]) -> int:
    """Return when the last codes come, counted from the cycle in which the first command is taken."""
    array = jobs[0].streams.design.array
    before = [array.fold_count(job.gemm) * array.fold_cycles(array.spread(job.gemm)[2]) for job in jobs[:-1]]
    return sum(before) + array.cycles(jobs[-1].gemm) + LATENCY
