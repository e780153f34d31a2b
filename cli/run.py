"""``accelsim run``: train, attack, transfer, as a file says."""

from pathlib import Path

import click

from accelsim.cli.output import Output, output_options
from accelsim.cli.processes import PROCESSES
from accelsim.cli.reproduction import JSON_PARTS, finished_cells, run_parts, what_is_done
from accelsim.storage import require_writable_folder

__all__ = ["run"]


@click.command(epilog=f"JSON: file, images, runs, seed, processes, versions, {JSON_PARTS}")
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "-o",
    "--output",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder for tables (CSV), pictures (PNG), runs.json, and what a stopped run goes on from. "
    "Default: the file's name without its ending.",
)
@PROCESSES
@output_options
def run(output: Output, file: Path, folder: Path | None, processes: int) -> None:
    """Train networks, attack them and show the examples to others, as FILE (YAML) says.

    A run that was stopped goes on where it was; one with more images, attacks or networks adds to what is
    there.
    """
    from accelsim.attacks.runs.run_file import read_run

    wanted = read_run(file)
    folder = folder or file.with_suffix("")
    require_writable_folder(folder)
    from accelsim.attacks.runs.experiments import PARTS, RunStudy

    names = [
        "train",
        *(["attack"] if wanted.attack else []),
        *(["transfer"] if wanted.attack and wanted.transfer else []),
    ]
    settings = {
        "file": str(file),
        "images": wanted.images,
        "runs": wanted.runs,
        "seed": wanted.seed,
        "processes": processes,
    }
    with finished_cells(folder, processes) as cells:
        study = RunStudy(
            folder=folder, cells=cells, seed=wanted.seed, run=wanted, report=what_is_done(output)
        )
        run_parts(output, PARTS, PARTS.chosen(names), study, settings)
