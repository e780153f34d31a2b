"""``accelsim multipliers import``: multipliers of the user's own, from files."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from accelsim.cli.output import Output, output_options

if TYPE_CHECKING:
    from accelsim.rtl.importing import Import

__all__ = ["import_"]

_FILE = click.Path(path_type=Path)


@click.command(
    "import",
    epilog=(
        "JSON: imports, a list of: name, outcome (added, replaced, or unchanged), a_width, b_width (bits), "
        "signed, files (a list of file and sha256; the first is the multiplier's), module and ports (of a, b "
        "and the product; null for a LUT), order (null for a circuit), notes (what looks odd), and metrics "
        "(as in `accelsim multipliers show`; null if too wide for a LUT): mae, mae_percent, wce, "
        "wce_percent, ep_percent, mre_percent."
    ),
)
@click.argument("files", nargs=-1, required=True, type=_FILE, metavar="FILE...")
@click.option("--name", help="Name of the multiplier; default: that of the file without its ending.")
@click.option("--top", metavar="MODULE", help="Its module; default: the one that no other instantiates.")
@click.option("--a", metavar="PORT", help="Operand a; default: the port called a or A, else the first input.")
@click.option("--b", metavar="PORT", help="Operand b; default: the port called b or B, else the other input.")
@click.option("--product", metavar="PORT", help="The product; default: the one output.")
@click.option(
    "--signed/--unsigned",
    default=None,
    help="Whether operands and product are two's complement; default: as the file declares them.",
)
@click.option(
    "--order",
    type=click.Choice(["ab", "ba"]),
    help="Order of a LUT's entries: ab where operand b counts up fastest, ba where a does. A .bin needs it.",
)
@click.option(
    "--with",
    "others",
    type=_FILE,
    multiple=True,
    help="A further file of the circuit: Verilog, a Liberty library of its cells, or one that it includes. "
    "Repeatable.",
)
@click.option("--replace", is_flag=True, help="Replace an imported multiplier that has the name already.")
@output_options
def import_(
    output: Output,
    files: tuple[Path, ...],
    name: str | None,
    top: str | None,
    a: str | None,
    b: str | None,
    product: str | None,
    signed: bool | None,
    order: Literal["ab", "ba"] | None,
    others: tuple[Path, ...],
    replace: bool,
) -> None:
    """Import multipliers from files.

    Each FILE is one multiplier: Verilog (.v, .sv), BLIF (.blif) or Yosys' JSON (.json) with two inputs and
    one output, or a LUT (.npy, .npz, .bin, .h). Every command accepts its name from then on. The files are
    kept in $ACCELSIM_HOME (default: the user's data folder).
    """
    from accelsim.rtl.import_options import ImportOptions
    from accelsim.rtl.importing import import_multipliers

    options = ImportOptions(top, a, b, product, signed, order, others)
    with output.working("importing"):
        done = import_multipliers(files, options, name=name, replacing=replace)
    if output.json:
        output.document(
            {
                "imports": [
                    {"outcome": imported.outcome, **asdict(imported.entry), "notes": imported.notes}
                    for imported in done
                ]
            }
        )
        return
    output.table(
        ["multiplier", "bits", "operands", "MAE", "WCE", "EP %", "MRE %", ""],
        [_row(imported) for imported in done],
        text_columns=3,
    )
    for note in (note for imported in done for note in imported.notes):
        click.echo(f"note: {note}", err=True)


def _row(imported: "Import") -> list[str]:
    entry, errors = imported.entry, imported.metrics
    bits = f"{entry.a_width} x {entry.b_width} {'signed' if entry.signed else 'unsigned'}"
    operands = "a = {}, b = {}".format(*entry.ports) if entry.ports else f"LUT, order {entry.order}"
    if errors is None:
        return [entry.name, bits, operands, *["-"] * 4, imported.outcome]
    relative = [f"{errors.ep_percent:.4g}", f"{errors.mre_percent:.4g}"]
    return [entry.name, bits, operands, f"{errors.mae:.6g}", str(errors.wce), *relative, imported.outcome]
