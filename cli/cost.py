"""``accelsim cost``: area, delay, leakage and energy of multipliers."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from accelsim.cli.array_cost import ARRAY_COST_KEYS, cost_of_arrays
from accelsim.cli.completion import complete_multiplier
from accelsim.cli.cost_options import cost_options
from accelsim.cli.output import Output, output_options

if TYPE_CHECKING:
    from accelsim.rtl.circuit_cost import CircuitCost, CostSettings

__all__ = ["COST_KEYS", "cost", "cost_document", "print_basis"]

COST_KEYS = (
    "netlist_from (description, import, evolved, or truth table), cells_from, activity, area_um2, delay_ns, "
    "leakage_nw, energy_fj (dynamic, per operation; switching_fj and internal_fj are its parts), "
    "frequency_mhz, power_uw and pdp_fj at that frequency, operations, cells (their numbers by kind), "
    "critical_path (its cells), exact (the exact array multiplier), relative (area_um2, delay_ns, "
    "leakage_nw, energy_fj, pdp_fj over those of the exact one)"
)
#: Columns of the table: heading, attribute of the cost, digits after the point.
_COLUMNS = (
    ("area (um2)", "area_um2", 1),
    ("delay (ns)", "delay_ns", 3),
    ("leakage (nW)", "leakage_nw", 2),
    ("energy (fJ)", "energy_fj", 1),
    ("PDP (fJ)", "pdp_fj", 1),
)


@click.command(
    epilog=f"JSON: multipliers, a list of: name, {COST_KEYS}. "
    f"Of arrays: arrays, a list of: name, {ARRAY_COST_KEYS}."
)
@click.argument("names", nargs=-1, required=True, metavar="NAME...", shell_complete=complete_multiplier)
@cost_options
@output_options
def cost(output: Output, settings: "CostSettings", names: tuple[str, ...]) -> None:
    """Estimate area, delay, leakage and energy.

    Gates are mapped onto cells, and the cells' energies weighted with how often each net switches, simulated
    without delays. In parentheses: relative to the exact array multiplier of the same widths and signedness.
    NAME is a multiplier (`accelsim multipliers list`) or the path of a circuit; or an array, as for
    `accelsim export-verilog`, of which the parts are counted and the energy of a PE is estimated.
    """
    from accelsim.rtl.array_names import is_array_name
    from accelsim.rtl.catalogue import find_circuit
    from accelsim.rtl.circuit_cost import CostEstimator

    if any(map(is_array_name, names)):
        cost_of_arrays(output, settings, names)
        return
    circuits = [find_circuit(name) for name in names]
    estimator = CostEstimator(settings)
    with output.progress("cost", len(circuits)) as advance:
        costs = []
        for circuit in circuits:
            advance(circuit.name, 0)
            costs.append(estimator.estimate(circuit))
            advance(circuit.name, 1)
    if output.json:
        output.document({"multipliers": [{"name": each.name, **cost_document(each)} for each in costs]})
        return
    output.table(
        ["multiplier", *(heading for heading, _, _ in _COLUMNS)],
        [
            [
                each.name,
                *(
                    f"{getattr(each.cost, name):.{digits}f} ({each.relative[name]:.3f})"
                    for _, name, digits in _COLUMNS
                ),
            ]
            for each in costs
        ],
    )
    print_basis(output, costs)


def cost_document(estimated: "CircuitCost") -> dict[str, Any]:
    """Return a cost as the keys of `COST_KEYS`."""
    found = estimated.cost
    measured = ("area_um2", "delay_ns", "leakage_nw", "energy_fj", "switching_fj", "internal_fj")
    at_frequency = ("frequency_mhz", "power_uw", "pdp_fj", "operations", "cells", "critical_path")
    return {
        "netlist_from": estimated.netlist_from,
        "cells_from": estimated.cells_from,
        "activity": estimated.activity,
        **{name: getattr(found, name) for name in measured + at_frequency},
        "exact": estimated.exact,
        "relative": estimated.relative,
    }


def print_basis(output: Output, costs: "Sequence[CircuitCost]") -> None:
    """Say what the figures rest on."""

    def joined(values: list[str]) -> str:
        return "; ".join(dict.fromkeys(values))

    resynthesised = [each.name for each in costs if each.netlist_from == "truth table"]
    facts = {
        "cells": joined([each.cells_from for each in costs]),
        "activity": joined([each.activity for each in costs]),
        "relative to": joined([each.exact for each in costs]),
        "PDP at": f"{costs[0].cost.frequency_mhz:g} MHz",
    }
    if resynthesised:
        facts["from truth table"] = (
            f"{', '.join(resynthesised)}: gates synthesised anew, not those that the LUT was made with"
        )
    output.line()
    output.facts(facts)
