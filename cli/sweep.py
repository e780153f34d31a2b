"""``accelsim sweep``: grids of robustness results that survive crashes."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from accelsim.cli.lazy_group import HelpfulGroup
from accelsim.cli.output import Output, output_options
from accelsim.cli.processes import PROCESSES
from accelsim.cli.sweep_options import grid_options
from accelsim.errors import AccelsimError
from accelsim.storage import require_writable_file, require_writable_folder

if TYPE_CHECKING:
    from accelsim.attacks.sweeps import Cell, Store
    from accelsim.attacks.sweeps.status import Status

__all__ = ["sweep"]

_STORE = click.argument("path", metavar="STORE", type=click.Path(path_type=Path))


@click.group(cls=HelpfulGroup)
def sweep() -> None:
    """Run grids of networks, attacks, budgets and multipliers; a sweep that was killed goes on."""


@sweep.command(epilog="JSON: as of `accelsim sweep status`.")
@click.argument("file", type=click.Path(path_type=Path), required=False)
@click.option(
    "-o", "--output", "store_path", type=click.Path(path_type=Path),
    help="Store to make or go on with; default: FILE with the ending .sqlite.",
)  # fmt: skip
@PROCESSES
@grid_options
@output_options
def run(
    output: Output, file: Path | None, store_path: Path | None, processes: int, grid: dict[str, list[object]]
) -> None:
    """Run the cells of a sweep FILE (TOML or YAML) that the store has no result of.

    Without FILE the options define the grid. Ctrl-C, a crash, a full disk: what was finished stays in the
    store, and `accelsim sweep resume` goes on.
    """
    if (file is None) == (not grid):
        raise AccelsimError(
            "give either the file of a sweep or options that define one, such as --attack fgm-linf "
            "--budget 0.1 --multiplier mul8u_drum_k4"
        )
    if store_path is None:
        if file is None:
            raise AccelsimError("a sweep of options needs the name of its store: --output sweep.sqlite")
        store_path = file.with_suffix(".sqlite")
    require_writable_file(store_path)
    with output.working("reading the sweep"):
        cells = _cells(file, grid)
    from accelsim.attacks.sweeps import Store, resolved

    if store_path.exists():
        Store(store_path, writable=True).close()  # says at once that it is none, or in use
    planned = resolved(cells, progress=output.shows_progress)
    with Store(store_path, writable=True) as store:
        store.plan(planned)
        _finish(output, store, processes)


@sweep.command(epilog="JSON: as of `accelsim sweep status`.")
@_STORE
@PROCESSES
@output_options
def resume(output: Output, path: Path, processes: int) -> None:
    """Run the cells of a STORE's plan that have no result yet."""
    from accelsim.attacks.sweeps import Store

    _require_store(path)
    with Store(path, writable=True) as store:
        _finish(output, store, processes)


@sweep.command(
    epilog=(
        "JSON: store (its path), cells, finished (of them), groups (sets of adversarial examples), "
        "pending_groups, results (of earlier plans too), crafting_seconds, inference_seconds (of the "
        "plan, over all processes), last_finished (ISO 8601, UTC)."
    )
)
@_STORE
@output_options
def status(output: Output, path: Path) -> None:
    """Tell how far the sweep of a STORE is; also while it runs."""
    from accelsim.attacks.sweeps import Store

    with Store(path) as store:
        _tell(output, path, store.status())


@sweep.command(epilog="JSON: file, rows, missing (cells without a result).")
@_STORE
@click.option(
    "-o", "--output", "file", type=click.Path(path_type=Path), required=True,
    help="File to write; its ending chooses CSV (.csv), Parquet (.parquet) or LaTeX tables (.tex).",
)  # fmt: skip
@output_options
def export(output: Output, path: Path, file: Path) -> None:
    """Write the results of a STORE as a table: a row per cell, in the order of the sweep."""
    from accelsim.attacks.sweeps import Store
    from accelsim.attacks.sweeps.export import export as export_rows

    require_writable_file(file)
    with Store(path) as store:
        rows = export_rows(store, file)
        missing = store.status().cells - rows
    if output.json:
        output.document({"file": str(file), "rows": rows, "missing": missing})
        return
    output.line(f"{rows:,} rows in {file}")
    _warn_of(missing, path)


@sweep.command(epilog="JSON: files, missing (cells without a result).")
@_STORE
@click.option(
    "-o", "--output", "folder", type=click.Path(path_type=Path), required=True,
    help="Folder for heat-map and curves, as .png and .pdf.",
)  # fmt: skip
@output_options
def plot(output: Output, path: Path, folder: Path) -> None:
    """Draw the results of a STORE: heat maps of budgets by victims, curves with 95 % bands."""
    require_writable_folder(folder)
    from accelsim.attacks.sweeps import Store
    from accelsim.attacks.sweeps.pictures import draw

    with Store(path) as store, output.working("drawing"):
        files = draw(store, folder)
        counts = store.status()
    missing = counts.cells - counts.finished
    if output.json:
        output.document({"files": [str(file) for file in files], "missing": missing})
        return
    for file in files:
        output.line(str(file))
    _warn_of(missing, path)


def _cells(file: Path | None, grid: dict[str, list[object]]) -> "list[Cell]":
    if file is not None:
        from accelsim.attacks.sweeps.sweep_file import read_sweep

        return read_sweep(file)
    from accelsim.attacks.sweeps.grid import cells_of_grid

    return cells_of_grid(grid, lambda key: f"--{key.replace('_', '-')}" if key else "the options", Path())


def _require_store(path: Path) -> None:
    """Raise as reading does where there is no store: writing would make one."""
    from accelsim.attacks.sweeps import Store

    Store(path).close()


def _finish(output: Output, store: "Store", processes: int) -> None:
    """Run what is missing; say how to go on if it is interrupted."""
    from accelsim.attacks.sweeps import run as run_cells

    try:
        run_cells(store, processes=processes, progress=output.shows_progress)
    except KeyboardInterrupt:
        done = store.status()
        click.echo(
            f"accelsim: {done.finished:,} of {done.cells:,} cells are finished and kept; go on with: "
            f"accelsim sweep resume {store.path}",
            err=True,
        )
        raise
    _tell(output, store.path, store.status())


def _tell(output: Output, path: Path, found: "Status") -> None:
    facts: dict[str, Any] = {"store": str(path), **vars(found)}
    if output.json:
        output.document(facts)
        return
    output.facts(
        {
            "store": str(path),
            "cells": f"{found.finished:,} of {found.cells:,} finished",
            "groups": f"{found.groups - found.pending_groups:,} of {found.groups:,} finished",
            "crafting": f"{found.crafting_seconds:,.1f} s",
            "inference": f"{found.inference_seconds:,.1f} s",
            "last result": found.last_finished or "none yet",
        }
    )


def _warn_of(missing: int, path: Path) -> None:
    if missing:
        click.echo(
            f"accelsim: {missing:,} cells have no result yet; accelsim sweep resume {path} computes them",
            err=True,
        )
