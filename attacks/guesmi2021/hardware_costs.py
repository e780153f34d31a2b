"""Tables 7 and 9: energy and delay of the multipliers, from their gates."""

from collections.abc import Mapping

import numpy as np

from accelsim.attacks.guesmi2021.published import PUBLISHED
from accelsim.attacks.guesmi2021.study import Study
from accelsim.attacks.guesmi2021.subjects import HARDWARE
from accelsim.attacks.reproduction.rows import Row
from accelsim.cost import Cost, mapped_cost
from accelsim.float_format import FP32
from accelsim.liberty_cells import read_cells
from accelsim.mapped_netlist import map_gates
from accelsim.rtl.circuit_cost import CircuitCost, CostEstimator, CostSettings
from accelsim.rtl.float_circuits import FloatCircuit
from accelsim.rtl.float_library import describe_float
from accelsim.rtl.synthesis import synthesise
from accelsim.rtl.technology_mapping import map_to_library

__all__ = ["table_7", "table_9"]

_OPERATIONS = 16_384
_READINGS = {"axfpm": HARDWARE["axfpm"], "axfpm_array24": "axfpm_array24"}


def table_7(study: Study) -> list[Row]:
    """Whole float multipliers over that of float32, operands from 0 to 1."""
    estimator = CostEstimator(CostSettings(liberty=study.liberty, operations=_OPERATIONS, seed=study.seed))

    def cost(name: str) -> Cost:
        study.report(f"cost of {name}")
        estimated: CircuitCost = estimator.estimate(FloatCircuit(describe_float(name)))
        return estimated.cost

    names = {"exact": "fp32_exact", **_READINGS, "bf16": "bf16_exact"}
    return _rows("table-7", {column: cost(name) for column, name in names.items()})


def table_9(study: Study) -> list[Row]:
    """Multipliers of 24-bit significands, whose hidden ones are always set, over the exact array."""
    generator = np.random.default_rng(study.seed)
    hidden, above = 1 << FP32.mantissa_bits, 1 << FP32.significand_bits
    a, b = (generator.integers(hidden, above, _OPERATIONS + 1) for _ in range(2))
    library = read_cells(study.liberty) if study.liberty else None

    def cost(name: str) -> Cost:
        study.report(f"cost of the significand multiplier of {name}")
        netlist = synthesise(describe_float(name).build().significand, f"{name}_significand")
        return mapped_cost(map_to_library(netlist, library) if library else map_gates(netlist), a, b)

    names = {"exact": "fp32_exact", "heap": HARDWARE["heap"], **_READINGS}
    return _rows("table-9", {column: cost(name) for column, name in names.items()})


def _rows(part: str, costs: Mapping[str, Cost]) -> list[Row]:
    rows = PUBLISHED.rows(part)
    for quantity, attribute in (("energy", "energy_fj"), ("delay", "delay_ns"), ("area", "area_um2")):
        for column, cost in costs.items():
            value = float(getattr(cost, attribute) / getattr(costs["exact"], attribute))
            rows.add(quantity, column, f"relative_{quantity}", value, _OPERATIONS)
    return rows.rows
