"""``accelsim multipliers``: what multipliers there are, how wrong they are, and their look-up tables."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from accelsim.cli.compare import compare
from accelsim.cli.completion import complete_multiplier
from accelsim.cli.float_products import print_float_errors
from accelsim.cli.import_multiplier import import_
from accelsim.cli.lazy_group import HelpfulGroup
from accelsim.cli.output import Output, output_options
from accelsim.cli.remove_multiplier import remove
from accelsim.storage import require_writable_file

if TYPE_CHECKING:
    from accelsim.metrics import ErrorMetrics

__all__ = ["multipliers"]


@click.group(cls=HelpfulGroup)
def multipliers() -> None:
    """List, show, compare, import and remove multipliers; save a look-up table."""


multipliers.add_command(import_)
multipliers.add_command(remove)
multipliers.add_command(compare)


@multipliers.command(
    "list",
    epilog=(
        "JSON: multipliers, a list of: name, a_width, b_width (bits), signed, summary, source (a "
        "publication, or the file that an imported one is kept in)."
    ),
)
@output_options
def list_(output: Output) -> None:
    """List the multipliers of the library, and the imported ones.

    The library's names follow a grammar, so other parameters than the listed ones can be asked for, such as
    mul8u_drum_k7 or mul10u_ama3_k5.
    """
    from accelsim.rtl.catalogue import float_circuits, listed_circuits

    circuits = [*listed_circuits(), *float_circuits()]
    if output.json:
        keys = ("name", "a_width", "b_width", "signed", "summary", "source")
        output.document(
            {"multipliers": [{key: getattr(circuit, key) for key in keys} for circuit in circuits]}
        )
    else:
        rows = [[circuit.name, circuit.summary] for circuit in circuits]
        output.table(["multiplier", "what it is"], rows, text_columns=2)


@multipliers.command(
    epilog=(
        "JSON: name, a_width, b_width (bits), signed, summary, source (a publication or a file), gates "
        "(their numbers by kind; null for a LUT's file), provenance, and the errors, where error is "
        "approximate minus exact product: pairs; mae and wce (mean absolute and worst-case error, in units "
        "of the product), mae_percent and wce_percent (of 2^(a_width + b_width)); ep_percent (share of wrong "
        "products); mre_percent (mean of abs(error / exact) over pairs with a non-zero exact product, as "
        "EvoApproxLib has it), mre_all_percent (over all pairs, abs(error) / max(1, abs(exact))); mred "
        "(mre_percent / 100); nmed (mae over the largest exact product); mse (in squared units of the "
        "product); bias (mean error). Of a float multiplier: format, width, operands (their distribution), "
        "seed, pairs, mred, nmed, share_above_percent (of magnitudes, above exact), ratio_of_means (mean "
        "approximate over mean exact product, less 1)."
    )
)
@click.argument("name", shell_complete=complete_multiplier)
@output_options
def show(output: Output, name: str) -> None:
    """Show a multiplier's errors, gates and origin.

    The errors are those over all operand pairs, alike; those of a float multiplier over random operands from
    0 to 1.
    NAME is a multiplier (`accelsim multipliers list`) or the path of its file, of any kind that
    `accelsim multipliers import` reads.
    """
    from accelsim.metrics import error_metrics
    from accelsim.rtl.catalogue import find_circuit
    from accelsim.rtl.circuits import TableCircuit
    from accelsim.rtl.float_circuits import FloatCircuit

    circuit = find_circuit(name)
    if isinstance(circuit, FloatCircuit):
        print_float_errors(output, circuit)
        return
    lut = circuit.lut()
    errors = error_metrics(lut)
    gates = None if isinstance(circuit, TableCircuit) else circuit.netlist().gate_histogram()
    if output.json:
        output.document(
            {
                "name": lut.name,
                "a_width": lut.a_width,
                "b_width": lut.b_width,
                "signed": lut.signed,
                "summary": circuit.summary,
                "source": circuit.source,
                "gates": gates,
                "provenance": lut.provenance,
                **asdict(errors),
            }
        )
        return
    facts = {lut.name: circuit.summary, "source": circuit.source}
    if gates:
        counts = ", ".join(f"{count} {gate}" for gate, count in gates.items())
        facts["gates"] = f"{sum(gates.values())} ({counts})"
    provenance = {key: str(value) for key, value in lut.provenance.items() if key not in facts}
    output.facts(facts | _described(errors) | provenance)


def _described(errors: "ErrorMetrics") -> dict[str, str]:
    return {
        "MAE": f"{errors.mae:.6g}  ({errors.mae_percent:.4g} %)",
        "WCE": f"{errors.wce}  ({errors.wce_percent:.4g} %)",
        "EP": f"{errors.ep_percent:.4g} %",
        "MRE": f"{errors.mre_percent:.4g} %  (over all pairs {errors.mre_all_percent:.4g} %)",
        "MRED": f"{errors.mred:.4g}",
        "NMED": f"{errors.nmed:.4g}",
        "MSE": f"{errors.mse:.6g}",
        "bias": f"{errors.bias:+.6g}",
    }


@multipliers.command(epilog=("JSON: name, file, shape, signed, order."))
@click.argument("name", shell_complete=complete_multiplier)
@click.option(
    "-o",
    "--output",
    "path",
    required=True,
    type=click.Path(path_type=Path),
    help="File to write: .npy is the table alone, .npz keeps name, signedness and provenance too; .bin is "
    "little-endian, 2 bytes a product (4 if it is wider than 16 bits); .h is a C array; .mem is for "
    "Verilog's $readmemh.",
)
@click.option(
    "--order",
    type=click.Choice(["ab", "ba"]),
    default="ab",
    show_default=True,
    help="Of .bin, .h and .mem: ab is indexed [a][b], b counting up fastest; ba is the transpose, which some "
    "programs expect.",
)
@output_options
def lut(output: Output, name: str, path: Path, order: Literal["ab", "ba"]) -> None:
    """Save a multiplier's look-up table.

    The table is indexed [a, b] by the bit patterns of the operands.
    """
    from accelsim.lut_files import checked_format, save_lut

    checked_format(path, order)
    require_writable_file(path)
    from accelsim.rtl.catalogue import load_lut

    table = load_lut(name)
    save_lut(table, path, order)
    if output.json:
        output.document(
            {
                "name": table.name,
                "file": str(path),
                "shape": table.table.shape,
                "signed": table.signed,
                "order": order,
            }
        )
    else:
        indexed = "[{}, {}]".format(*order)
        rows, columns = table.table.shape if order == "ab" else table.table.shape[::-1]
        output.line(f"{table.name}: {rows} x {columns} products {indexed} in {path}")
