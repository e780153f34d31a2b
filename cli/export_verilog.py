"""``accelsim export-verilog``: a multiplier or a systolic array as files for other tools."""

from pathlib import Path

import click

from accelsim.cli.completion import complete_multiplier
from accelsim.cli.output import Output, output_options
from accelsim.storage import require_writable_folder

__all__ = ["export_verilog"]


@click.command("export-verilog", epilog="JSON: name, module, format, folder, files (their names).")
@click.argument("name", shell_complete=complete_multiplier)
@click.option(
    "-o",
    "--output",
    "folder",
    required=True,
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder to write into; made where it is missing.",
)
@click.option(
    "--format",
    "file_format",
    type=click.Choice(["verilog", "blif"]),
    default="verilog",
    show_default=True,
    help="Verilog-2001 with test bench, vectors, Yosys script and README; or the netlist alone in BLIF.",
)
@output_options
def export_verilog(output: Output, name: str, folder: Path, file_format: str) -> None:
    """Write a multiplier or a systolic array as Verilog with a self-checking test bench.

    NAME is a multiplier (`accelsim multipliers list`) or the path of a circuit; or an array, such as
    `array:16x16:ws:mul8u_exact`, around any of them. The dataflow is ws, os or is. Options may follow:
    `:acc24` for the width of the accumulators, `:saturate`, and `:activation-b` if operand b of the
    multiplier is the activation. `gemm:` instead of `array:` adds what it takes to run tiled matrix
    products from streams; its options `:steps4096` and `:depth4608` limit them.

    Hardware that accelsim describes keeps its structure: one module for each kind of part. The same name
    gives the same files, byte for byte. Files of the same names are replaced.
    """
    require_writable_folder(folder)
    from accelsim.rtl.array_names import is_array_name
    from accelsim.rtl.export import write_files

    with output.working(f"exporting {name}"):
        shown, module, files = (_array if is_array_name(name) else _multiplier)(name, file_format)
        write_files(folder, files)
    if output.json:
        output.document(
            {
                "name": shown,
                "module": module,
                "format": file_format,
                "folder": str(folder),
                "files": list(files),
            }
        )
    else:
        output.line(f"{shown} in {folder}: {', '.join(files)}")


def _multiplier(name: str, file_format: str) -> tuple[str, str, dict[str, str]]:
    """Return name, module and files of a multiplier."""
    from accelsim.rtl.catalogue import find_circuit
    from accelsim.rtl.export import blif_file, module_name, verilog_files

    circuit = find_circuit(name)
    files = verilog_files(circuit) if file_format == "verilog" else blif_file(circuit)
    return circuit.name, module_name(circuit), files


def _array(name: str, file_format: str) -> tuple[str, str, dict[str, str]]:
    """Return name, module and files of an array."""
    from accelsim.errors import AccelsimError
    from accelsim.rtl.array_export import array_files, array_module_name
    from accelsim.rtl.array_names import ArrayName

    if file_format != "verilog":
        raise AccelsimError(f"{name}: {file_format} is for multipliers; an array can be exported as verilog")
    parsed = ArrayName.parse(name)
    files = array_files(parsed)
    return str(parsed), array_module_name(parsed, parsed.design().circuit), files
