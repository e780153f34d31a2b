"""``accelsim multipliers compare``: errors and costs side by side, and their plane as a picture."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from accelsim.cli.completion import complete_multiplier
from accelsim.cli.cost import COST_KEYS, cost_document, print_basis
from accelsim.cli.cost_options import cost_options
from accelsim.cli.output import Output, output_options
from accelsim.errors import AccelsimError
from accelsim.storage import require_writable_file, written_atomically

if TYPE_CHECKING:
    from accelsim.rtl.circuit_cost import CostSettings

__all__ = ["compare"]


@click.command(
    epilog=(
        "JSON: error and cost (what the Pareto front is of), plot (the picture's file or null), caution (a "
        "warning where widths or signedness differ, or null), multipliers, a list of: name, on_front, errors "
        "(the keys of `multipliers show`: pairs, mae, mae_percent, wce, wce_percent, ep_percent, "
        f"mre_percent, mre_all_percent, mred, nmed, mse, bias), {COST_KEYS}."
    )
)
@click.argument("names", nargs=-1, required=True, metavar="NAME...", shell_complete=complete_multiplier)
@click.option(
    "--plot", type=click.Path(path_type=Path), help="Draw the plane of error and cost into this .png file."
)
@click.option(
    "--error",
    type=click.Choice(["mae", "mre", "wce", "ep"]),
    default="mae",
    show_default=True,
    help="Error of the Pareto front, over all operand pairs.",
)
@click.option(
    "--cost",
    type=click.Choice(["energy", "area", "delay", "pdp"]),
    default="energy",
    show_default=True,
    help="Cost of the Pareto front.",
)
@cost_options
@output_options
def compare(
    output: Output,
    settings: "CostSettings",
    names: tuple[str, ...],
    plot: Path | None,
    error: str,
    cost: str,
) -> None:
    """Compare multipliers by error and cost.

    The Pareto front holds those that no other beats in both. In parentheses: relative to the exact array
    multiplier of the same widths and signedness; where these differ, the output says so. NAME is a multiplier
    (`accelsim multipliers list`) or the path of a circuit.
    """
    if plot is not None:
        if plot.suffix != ".png":
            raise AccelsimError(f"cannot draw into {plot.name}: the name must end in .png")
        require_writable_file(plot)
    from accelsim.metrics import error_metrics
    from accelsim.rtl.catalogue import find_circuit
    from accelsim.rtl.circuit_cost import CostEstimator
    from accelsim.rtl.comparison import Compared, caution, pareto_front

    circuits = [find_circuit(name) for name in dict.fromkeys(names)]
    estimator = CostEstimator(settings)
    with output.progress("compare", len(circuits)) as advance:
        compared = []
        for circuit in circuits:
            advance(circuit.name, 0)
            errors = error_metrics(circuit.lut())
            compared.append(Compared(circuit.name, errors, estimator.estimate(circuit)))
            advance(circuit.name, 1)
    on_front = pareto_front([each.at(error, cost) for each in compared])
    if plot is not None:
        from accelsim.rtl.comparison_plot import comparison_figure

        with written_atomically(plot) as file:
            comparison_figure(compared, error, cost).savefig(file, format="png")
    if output.json:
        entries = [
            {"name": each.name, "on_front": best, "errors": asdict(each.errors), **cost_document(each.cost)}
            for each, best in zip(compared, on_front, strict=True)
        ]
        output.document(
            {
                "error": error,
                "cost": cost,
                "plot": plot and str(plot),
                "caution": caution(compared),
                "multipliers": entries,
            }
        )
        return
    columns = ["MAE %", "WCE %", "MRE %", "EP %", "area (um2)", "delay (ns)", "energy (fJ)", "PDP (fJ)"]
    output.table(
        ["multiplier", *columns, f"{error}/{cost} front"],
        [
            [
                each.name,
                f"{each.errors.mae_percent:.4g}",
                f"{each.errors.wce_percent:.4g}",
                f"{each.errors.mre_percent:.4g}",
                f"{each.errors.ep_percent:.4g}",
                *(
                    f"{getattr(each.cost.cost, key):.{digits}f} ({each.cost.relative[key]:.3f})"
                    for key, digits in (("area_um2", 1), ("delay_ns", 3), ("energy_fj", 1), ("pdp_fj", 1))
                ),
                "*" if best else "",
            ]
            for each, best in zip(compared, on_front, strict=True)
        ],
    )
    print_basis(output, [each.cost for each in compared])
    if warning := caution(compared):
        output.line()
        output.line(f"caution: {warning}")
    if plot is not None:
        output.line()
        output.line(f"picture: {plot}")
