"""A multiplier as files for other tools: Verilog with a self-checking test bench, or BLIF."""

import re
from importlib.metadata import version
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from accelsim.lut import MAX_LUT_WIDTH
from accelsim.netlist import Netlist
from accelsim.rtl.circuits import Circuit, DescribedCircuit
from accelsim.rtl.float_circuits import FloatCircuit
from accelsim.rtl.gates_as_text import blif_of, flat_verilog_of
from accelsim.rtl.operand_pairs import OperandPairs, all_pairs, chosen_pairs, random_pairs
from accelsim.rtl.structural_verilog import structural_verilog
from accelsim.rtl.verilog_bench import VERILATOR, bench_of, vectors_of
from accelsim.rtl.yosys import yosys_version
from accelsim.simulation import outputs
from accelsim.storage import written_atomically

__all__ = ["bench_pairs", "bench_products", "blif_file", "module_name", "verilog_files", "write_files"]

#: Of operands up to this width together, in bits, the test bench tries every pair.
_EXHAUSTIVE_BITS = 16
_RANDOM_VECTORS = 10_000
_SHOWN_MISMATCHES = 5

_KEYWORDS = {"input", "output", "module", "wire", "reg", "table", "and", "or", "not", "xor", "signed", "for"}


def module_name(circuit: Circuit) -> str:
    """Return the name of the circuit's Verilog module: its own, if that is an identifier."""
    name = re.sub(r"\W", "_", circuit.name, flags=re.ASCII)
    return f"m_{name}" if not re.match("[A-Za-z_]", name) or name in _KEYWORDS else name


def bench_pairs(circuit: Circuit, vectors: int | None = None, seed: int = 0) -> OperandPairs:
    """Return the operand pairs of a test bench.

    Every pair up to 8 x 8 bits, pairs of corner values and 10,000 random ones above; with `vectors` that many
    random ones.

    Raises
    ------
    AccelsimError
        If `vectors` is not positive.
    """
    widths = circuit.a_width, circuit.b_width
    if vectors is not None:
        return random_pairs(*widths, vectors, seed)
    if sum(widths) <= _EXHAUSTIVE_BITS:
        return all_pairs(*widths)
    return chosen_pairs(*widths, _RANDOM_VECTORS, seed)


def bench_products(circuit: Circuit, pairs: OperandPairs) -> NDArray[np.uint64]:
    """Return the products that the engine computes, as bit patterns: those of the LUT where there is one.

    Parameters
    ----------
    circuit : Circuit
        The multiplier.
    pairs : pair of uint64 arrays of shape (vectors,)
        Bit patterns of the operands.
    """
    if max(circuit.a_width, circuit.b_width) > MAX_LUT_WIDTH or isinstance(circuit, FloatCircuit):
        return outputs(circuit.netlist(), *pairs).astype(np.uint64)
    mask = np.uint64((1 << circuit.product_width) - 1)
    return circuit.lut().table[pairs].astype(np.int64).view(np.uint64) & mask


def verilog_files(
    circuit: Circuit, pairs: OperandPairs | None = None, products: NDArray[np.uint64] | None = None
) -> dict[str, str]:
    """Return the contents of the exported folder by file name; the same for the same circuit.

    Parameters
    ----------
    circuit : Circuit
        The multiplier. Of a description of the library, the Verilog has its structure, with one module for
        each kind of cell; of other circuits it has one assignment a gate.
    pairs, products
        Operand pairs of the test bench and the products that it expects; default: `bench_pairs` and
        `bench_products`.

    Raises
    ------
    AccelsimError
        If the circuit has no gates.
    """
    netlist = circuit.netlist()
    name = module_name(circuit)
    pairs = bench_pairs(circuit) if pairs is None else pairs
    products = bench_products(circuit, pairs) if products is None else products
    widths = circuit.a_width, circuit.b_width, circuit.product_width
    vectors = f"{name}_vectors.mem"
    shown = _SHOWN_MISMATCHES
    bench = bench_of(name, widths, circuit.signed, count=len(products), vectors=vectors, shown=shown)
    files = {
        f"{name}.v": _header(circuit, "//") + _verilog(circuit, name),
        f"{name}_tb.v": bench,
        vectors: vectors_of(widths, pairs, products),
        f"{name}.ys": _YOSYS_SCRIPT.format(name=name),
    }
    files["README.md"] = _readme(circuit, netlist, name, len(products))
    return files


def blif_file(circuit: Circuit) -> dict[str, str]:
    """Return the netlist in BLIF, by file name.

    Raises
    ------
    AccelsimError
        If the circuit has no gates.
    """
    name = module_name(circuit)
    return {f"{name}.blif": _header(circuit, "#") + blif_of(circuit.netlist(), name)}


def write_files(folder: Path, files: dict[str, str]) -> list[Path]:
    """Write files into a folder, which is made where it is missing; return their paths.

    Raises
    ------
    AccelsimError
        If the folder or a file cannot be written.
    """
    for name, text in files.items():
        with written_atomically(folder / name, "w") as file:
            file.write(text)
    return [folder / name for name in files]


def _verilog(circuit: Circuit, name: str) -> str:
    if not isinstance(circuit, DescribedCircuit):
        return flat_verilog_of(circuit.netlist(), name, circuit.signed)
    return structural_verilog(circuit.description.build(), name)


def _header(circuit: Circuit, comment: str) -> str:
    return f"{comment} {circuit.name}: {circuit.summary}.\n{comment} {_origin(circuit)}\n\n"


def _origin(circuit: Circuit) -> str:
    tools = f"accelsim {version('accelsim')}"
    if isinstance(circuit, DescribedCircuit):
        tools += f" from Amaranth {version('amaranth')} through Yosys {yosys_version()}"
    return f"Written by {tools}."


_YOSYS_SCRIPT = """\
# Synthesis of {name} to two-input gates: yosys {name}.ys
read_verilog {name}.v
hierarchy -check -top {name}
synth -flatten -top {name}
# To map to the cells of a Liberty file instead: abc -liberty cells.lib
opt_clean -purge
stat
write_verilog -noattr {name}_gates.v
write_blif {name}_gates.blif
"""

_README = """\
# {title}

{summary}.
Source: {source}.

| port | direction | bits | number |
| --- | --- | --- | --- |
| `a` | input | {a_width} | {kind} |
| `b` | input | {b_width} | {kind} |
| `p` | output | {p_width} | {kind} |

- `{name}.v`: the multiplier in Verilog-2001{structure}.
- `{name}_tb.v`: a test bench that compares {count} products{which}
  with those in `{name}_vectors.mem`, which are accelsim's. It prints `PASS`, or `FAIL`
  after the first mismatches, and then the simulator's exit status is not 0.
- `{name}.ys`: synthesis in Yosys.

Run in this folder:

```sh
iverilog -g2001 -o {name}.vvp {name}.v {name}_tb.v && vvp -n {name}.vvp
{verilator} --top-module {name}_tb {name}.v {name}_tb.v && ./obj_dir/V{name}_tb
yosys {name}.ys
```

{origin} The netlist that accelsim simulates has {gates} gates;
its SHA-256 is `{digest}`.
"""


def _kind(circuit: Circuit) -> str:
    if isinstance(circuit, FloatCircuit):
        return circuit.form.name
    return "two's complement" if circuit.signed else "unsigned"


def _readme(circuit: Circuit, netlist: Netlist, name: str, count: int) -> str:
    everything = count == 1 << circuit.a_width + circuit.b_width
    described = isinstance(circuit, DescribedCircuit)
    return _README.format(
        title=circuit.name,
        summary=circuit.summary,
        source=circuit.source,
        name=name,
        a_width=circuit.a_width,
        b_width=circuit.b_width,
        p_width=circuit.product_width,
        kind=_kind(circuit),
        structure=", hierarchical, one module for each kind of cell"
        if described
        else ", one assignment a gate",
        count=f"{count:,}",
        which=", one for every pair of operands," if everything else ", of corner and random operands,",
        origin=_origin(circuit),
        gates=netlist.gate_count,
        verilator=" ".join(VERILATOR),
        digest=netlist.digest,
    )
