"""What ``accelsim cost`` prints of systolic arrays."""

from dataclasses import asdict
from typing import TYPE_CHECKING

from accelsim.cli.output import Output

if TYPE_CHECKING:
    from accelsim.rtl.circuit_cost import CostSettings

__all__ = ["ARRAY_COST_KEYS", "cost_of_arrays"]

ARRAY_COST_KEYS = (
    "parts (name, instances, and of one instance with all inside it cells, flip_flops, memory_bits, "
    "area_um2), "
    "pe (area_um2, leakage_nw and energy_fj of an operation of its multiplier, adder and registers; "
    "clock_fj per cycle, flip_flops, operations, cells_from), activity"
)


def cost_of_arrays(output: Output, settings: "CostSettings", names: tuple[str, ...]) -> None:
    """Count the parts of arrays and estimate the energy of an operation; print both.

    Raises
    ------
    AccelsimError
        If a name is not that of an array, the array cannot be built, or the cells are not understood.
    """
    from accelsim.rtl.array_cost import PeCostEstimator
    from accelsim.rtl.array_names import ArrayName
    from accelsim.rtl.array_synthesis import synthesised_parts
    from accelsim.rtl.circuit_cost import CostEstimator

    arrays = [ArrayName.parse(name) for name in names]
    operands = CostEstimator(settings)
    documents = []
    for array in arrays:
        with output.working(f"synthesising {array}"):
            design = array.design()
            parts = synthesised_parts(array, settings.liberty)
            stream = operands.stream(design.circuit)
            pe = PeCostEstimator(design, settings.liberty).estimate(stream)
        document = {"name": str(array), "parts": [asdict(part) for part in parts], "pe": asdict(pe)}
        documents.append(document | {"activity": stream.description})
        if output.json:
            continue
        output.line(f"{array}")
        output.table(
            ["part", "instances", "cells", "flip-flops", "memory bits", "area (um2)"],
            [
                [
                    part.name,
                    f"{part.instances}",
                    f"{part.cells}",
                    f"{part.flip_flops}",
                    f"{part.memory_bits}",
                    f"{part.area_um2:.1f}",
                ]
                for part in parts
            ],
        )
        output.line()
        output.table(
            ["of a PE", "area (um2)", "leakage (nW)", "energy (fJ)"],
            [
                [name, f"{part.area_um2:.1f}", f"{part.leakage_nw:.2f}", f"{part.energy_fj:.1f}"]
                for name, part in (
                    ("multiplier", pe.multiplier),
                    ("adder", pe.adder),
                    ("registers", pe.registers),
                    ("all three", pe),
                )
            ],
        )
        output.line()
        output.facts(
            {
                "cells": pe.cells_from,
                "activity": stream.description,
                "clock of a PE": f"{pe.clock_fj:.1f} fJ per cycle, part of the registers' energy",
            }
        )
    if output.json:
        output.document({"arrays": documents})
