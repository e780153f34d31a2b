"""``accelsim export-verilog``: a multiplier as files for other tools."""

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
    """Write a multiplier as Verilog with a self-checking test bench.

    NAME is a multiplier (`accelsim multipliers list`) or the path of a circuit. A multiplier of the library
    keeps its structure: one module for each kind of cell. The same multiplier gives the same files, byte
    for byte. Files of the same names are replaced.
    """
    require_writable_folder(folder)
    from accelsim.rtl.catalogue import find_circuit
    from accelsim.rtl.export import blif_file, module_name, verilog_files, write_files

    circuit = find_circuit(name)
    with output.working(f"exporting {circuit.name}"):
        files = verilog_files(circuit) if file_format == "verilog" else blif_file(circuit)
        write_files(folder, files)
    if output.json:
        output.document(
            {
                "name": circuit.name,
                "module": module_name(circuit),
                "format": file_format,
                "folder": str(folder),
                "files": list(files),
            }
        )
    else:
        output.line(f"{circuit.name} in {folder}: {', '.join(files)}")
