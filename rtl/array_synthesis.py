"""What a systolic array is made of after synthesis: cells, flip-flops and memory bits by part."""

import json
from collections import Counter
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from accelsim.flip_flops import BUILT_IN_FLIP_FLOP, read_flip_flop
from accelsim.gate_costs import gate_library
from accelsim.genlib import genlib_text
from accelsim.liberty_cells import read_cells
from accelsim.rtl.accumulator_adder import AccumulatorAdder
from accelsim.rtl.array_names import ArrayName
from accelsim.rtl.export import module_name
from accelsim.rtl.fold_controller import FoldController
from accelsim.rtl.operand_sums import StepSums
from accelsim.rtl.pe_array import PeArray
from accelsim.rtl.processing_element import ProcessingElement
from accelsim.rtl.requantizer import Requantizer
from accelsim.rtl.structural_rtlil import structural_rtlil
from accelsim.rtl.tiled_gemm import TiledGemm
from accelsim.rtl.yosys import run_yosys

__all__ = ["ArrayPart", "synthesised_parts"]

_TOP = "top"
#: The modules that are counted, besides the multiplier; adder cells and rows of registers are not.
_PARTS = {_TOP} | {
    part.module_name
    for part in (AccumulatorAdder, FoldController, PeArray, ProcessingElement, Requantizer, StepSums)
}
_FLIP_FLOP = "$_DFF_P_"
_COMMANDS = (
    "read_rtlil design.il",
    f"synth -top {_TOP} -run begin:fine",
    "opt -fast -full",
    "opt -undriven -fine",
    "techmap",
    "opt -fast",
    f"dfflegalize -cell {_FLIP_FLOP} 01",
    "opt_clean",
    "abc {library}-script +strash;ifraig;dch;map,-a",
    "opt_clean -purge",
    "write_json synthesised.json",
)


@dataclass(frozen=True)
class ArrayPart:
    """A module and everything inside it.

    Attributes
    ----------
    name : str
        The module; ``top`` is the whole design.
    instances : int
        How many there are in the design.
    cells : int
        Combinational cells of one instance.
    flip_flops : int
        Flip-flops of one instance.
    memory_bits : int
        Bits of its memories, which are neither cells nor flip-flops.
    area_um2 : float
        Area of the cells and flip-flops of one instance; memories are not part of it.
    """

    name: str
    instances: int
    cells: int
    flip_flops: int
    memory_bits: int
    area_um2: float


def synthesised_parts(name: ArrayName, liberty: Path | None = None) -> list[ArrayPart]:
    """Synthesise every kind of module once, and count what its instances hold.

    Registers become plain flip-flops; their resets and enables become gates. Cells are chosen for area within
    each module; nothing is moved across the borders of modules.

    Parameters
    ----------
    name : ArrayName
        The array, or the top level around it.
    liberty : Path, optional
        Liberty file of the cells; default: the built-in table.

    Returns
    -------
    list of ArrayPart
        The whole design first, then its parts from the largest one on; adder cells inside the multiplier and
        rows of registers are not listed.

    Raises
    ------
    AccelsimError
        If the array cannot be built, or the Liberty file lacks what is needed.
    """
    streams = name.streams()
    component = PeArray(streams.design) if name.kind == "array" else TiledGemm(streams)
    library = gate_library() if liberty is None else read_cells(liberty)
    flip_flop = BUILT_IN_FLIP_FLOP if liberty is None else read_flip_flop(liberty)
    with TemporaryDirectory(prefix="accelsim-") as folder:
        path = Path(folder)
        (path / "design.il").write_text(structural_rtlil(component, _TOP), encoding="utf-8")
        if liberty is not None:
            (path / "cells.genlib").write_text(genlib_text(library), encoding="utf-8")
        option = "" if liberty is None else "-genlib cells.genlib "
        run_yosys([command.format(library=option) for command in _COMMANDS], path, str(name))
        modules = json.loads((path / "synthesised.json").read_text(encoding="utf-8"))["modules"]

    def area(kind: str) -> float:
        return library.cell(kind.strip("$_") if liberty is None else kind).area

    counts = _Counts(modules)
    listed = _PARTS | {module_name(streams.design.circuit)}
    parts = []
    for module, instances in counts.instances(_TOP).items():
        if module not in listed:
            continue
        inside = counts.inside(module)
        cells = {kind: number for kind, number in inside.items() if kind not in {_FLIP_FLOP, _MEMORY}}
        flip_flops = inside[_FLIP_FLOP]
        total = flip_flops * flip_flop.area_um2 + sum(area(kind) * number for kind, number in cells.items())
        parts.append(
            ArrayPart(module, instances, sum(cells.values()), flip_flops, inside[_MEMORY], round(total, 4))
        )
    return sorted(parts, key=lambda part: -part.area_um2)


#: Stands for the bits of memories among the counts of cells.
_MEMORY = "memory bits"


class _Counts:
    """Counts of cells by kind, module by module."""

    def __init__(self, modules: dict[str, Any]) -> None:
        self.modules = modules
        self.inside = cache(self._inside)

    def _inside(self, module: str) -> Counter[str]:
        """Count all cells of a module and of what is below it."""
        found: Counter[str] = Counter()
        for cell in self.modules[module]["cells"].values():
            kind = cell["type"]
            if kind in self.modules:
                found.update(self.inside(kind))
            elif kind == "$mem_v2":
                size, width = (int(cell["parameters"][name], 2) for name in ("SIZE", "WIDTH"))
                found[_MEMORY] += size * width
            else:
                found[kind] += 1
        return found

    def instances(self, top: str) -> Counter[str]:
        """Count the instances of every module below the top, which is one itself."""
        found: Counter[str] = Counter()

        def visit(module: str, number: int) -> None:
            found[module] += number
            for kind, each in Counter(
                cell["type"] for cell in self.modules[module]["cells"].values()
            ).items():
                if kind in self.modules:
                    visit(kind, number * each)

        visit(top, 1)
        return found
