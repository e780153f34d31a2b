"""A systolic array as files for other tools: Verilog with a self-checking test bench."""

import re
from collections.abc import Sequence
from importlib.metadata import version

from amaranth.hdl import Value
from amaranth.lib import wiring
from amaranth.lib.wiring import Out

from accelsim.errors import AccelsimError
from accelsim.rtl.array_bench import Operands, array_bench
from accelsim.rtl.array_names import ArrayName
from accelsim.rtl.bench_jobs import random_job, random_operands, several_folds
from accelsim.rtl.circuits import Circuit, DescribedCircuit
from accelsim.rtl.export import module_name
from accelsim.rtl.gemm_bench import gemm_bench
from accelsim.rtl.gemm_job import GemmJob
from accelsim.rtl.pe_array import PeArray
from accelsim.rtl.structural_verilog import structural_verilog
from accelsim.rtl.tiled_gemm import TiledGemm
from accelsim.rtl.verilog_bench import VERILATOR
from accelsim.rtl.yosys import yosys_version

__all__ = ["array_files", "array_module_name"]

#: Every PE is an instance, which takes some milliseconds to write.
_MOST_PES = 1 << 16


def array_module_name(name: ArrayName, circuit: Circuit) -> str:
    """Return the name of an array's Verilog module.

    Parameters
    ----------
    name : ArrayName
        The array.
    circuit : Circuit
        Its multiplier, of which only the name counts.
    """
    spelled = str(name).replace(name.multiplier, module_name(circuit), 1)
    return re.sub(r"\W", "_", spelled, flags=re.ASCII)


def array_files(name: ArrayName, operands: Sequence[Operands] | None = None, seed: int = 0) -> dict[str, str]:
    """Return the contents of the exported folder by file name; the same for the same array.

    Parameters
    ----------
    name : ArrayName
        The array, or the top level around it.
    operands : sequence of Operands, optional
        Matrix products of the test bench; default: two of random operands, over several folds that do not
        all fill the array, and of a single step.
    seed : int
        Of what is random.

    Raises
    ------
    AccelsimError
        If there is no such multiplier, it has no gates, or the array cannot have it; or if the array is
        larger than 256 x 256.
    """
    if name.array.pes > _MOST_PES:
        raise AccelsimError(f"{name}: {name.array.pes:,} PEs are too many to export; at most {_MOST_PES:,}")
    streams = name.streams()
    design = streams.design
    module = array_module_name(name, design.circuit)
    if operands is None:
        operands = [random_operands(design, gemm, seed) for gemm in several_folds(streams)]
    if name.kind == "array":
        component: wiring.Component = PeArray(design)
        bench = array_bench(design, module, operands)
    else:
        component = TiledGemm(streams)
        jobs: list[GemmJob] = [random_job(streams, each, seed) for each in operands]
        bench = gemm_bench(streams, module, jobs)
    ports = _ports(component)
    header = f"// {name}\n// {_origin(design.circuit)}\n\n"
    return {
        f"{module}.v": header + structural_verilog(component, module),
        **bench,
        f"{module}.ys": _YOSYS_SCRIPT.format(name=module),
        "README.md": _README.format(
            title=name,
            name=module,
            what=_WHAT[name.kind],
            multiplier=f"{design.circuit.name}: {design.circuit.summary}. Source: {design.circuit.source}",
            rows=design.array.rows,
            columns=design.array.columns,
            dataflow=design.array.dataflow,
            bits=design.array.accumulator.bits,
            overflow=design.array.accumulator.overflow,
            activation=design.activation_operand,
            ports=ports,
            origin=_origin(design.circuit),
            products=len(operands),
            verilator=" ".join(VERILATOR),
        ),
    }


def _ports(component: wiring.Component) -> str:
    rows = [("clk", "input", 1), ("rst", "input", 1)]
    for path, member, signal in component.signature.flatten(component):
        direction = "output" if member.flow == Out else "input"
        rows.append(("__".join(map(str, path)), direction, len(Value.cast(signal))))
    return "\n".join(f"| `{port}` | {direction} | {bits} |" for port, direction, bits in rows)


def _origin(circuit: Circuit) -> str:
    gates = "" if isinstance(circuit, DescribedCircuit) else " The multiplier is one assignment a gate."
    return (
        f"Written by accelsim {version('accelsim')} from Amaranth {version('amaranth')} through Yosys "
        f"{yosys_version()}.{gates}"
    )


_WHAT = {
    "array": "Processing elements, and the registers that skew what enters and leaves them.",
    "gemm": "A systolic array with controller, partial-sum memory and requantizers, which runs tiled matrix\n"
    "products from streams.",
}

_YOSYS_SCRIPT = """\
# Synthesis of {name} to simple gates and flip-flops, module by module: yosys {name}.ys
read_verilog {name}.v
hierarchy -check -top {name}
# Memories stay memories here, where all of synth would make flip-flops of them, and ABC's script is a short
# one: its usual one takes minutes for the requantizers' multipliers.
synth -top {name} -run begin:fine
opt -fast -full
opt -undriven -fine
techmap
opt -fast
abc -script +strash;ifraig;dch;map,-a
opt -fast
stat
check
write_verilog -noattr {name}_gates.v
"""

_README = """\
# {title}

{what}

- {rows} rows, {columns} columns, dataflow {dataflow}.
- Accumulators of {bits} bits, sums that leave them: {overflow}.
- Multiplier {multiplier}. Its operand {activation} is the activation.

| port | direction | bits |
| --- | --- | --- |
{ports}

Ports of several lanes hold lane 0 in their lowest bits. accelsim's documentation says what is where in which
cycle (reference/array).

- `{name}.v`: Verilog-2001, one module for each kind of part.
- `{name}_tb.v`: a test bench that runs {products} matrix products and compares sums or codes, and the
  cycles they come in, with those of accelsim's engine. It reads the `.mem` files. It prints `PASS`, or `FAIL`
  after the first mismatches, and then the simulator's exit status is not 0.
- `{name}.ys`: synthesis in Yosys.

Run in this folder:

```sh
iverilog -g2001 -o {name}.vvp {name}.v {name}_tb.v && vvp -n {name}.vvp
{verilator} --top-module {name}_tb {name}.v {name}_tb.v && ./obj_dir/V{name}_tb
yosys {name}.ys
```

{origin}
"""
