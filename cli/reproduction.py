"""What the commands of ``accelsim reproduce`` share: their parts run, kept, and shown beside the paper's."""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from accelsim.cli.output import Output, json_text
from accelsim.storage import written_atomically
from accelsim.versions import software_versions

if TYPE_CHECKING:
    from accelsim.attacks.reproduction.cells import Cells
    from accelsim.attacks.reproduction.parts import Paper, Part
    from accelsim.attacks.reproduction.rows import Row
    from accelsim.attacks.reproduction.study import Study

__all__ = ["JSON_PARTS", "finished_cells", "results_folder", "run_parts", "what_is_done"]


#: What the JSON document has of every paper, for the command's help.
JSON_PARTS = (
    "networks (dataset, dataset_sha256, weights_sha256, accuracy_percent of each), and parts, a list of: "
    "part, title, seconds (of processor time, of a sweep's cells wall time summed over processes; in this "
    "run and those that were stopped; what parts share counts in the first), csv, pictures (paths), remarks "
    "(sentences), rows, a list of: part, kind (minimal-norm, fixed-budget, direct: each attack as the paper "
    "has it, clean, or none), dataset, row, column, quantity, value, low, high (95 % interval; null where "
    "nothing was drawn), n, paper, difference (null where the paper gives no figure)."
)


def results_folder(paper: str) -> Callable[[Any], Any]:
    """Add the option of the folder that results go to."""
    return click.option(
        "-o",
        "--output",
        "folder",
        type=click.Path(path_type=Path, file_okay=False),
        default=Path(f"accelsim-{paper}"),
        show_default=True,
        help=f"Folder for tables (CSV), pictures (PNG), {paper}.json, and what a stopped run goes on from.",
    )


@contextmanager
def finished_cells(folder: Path, processes: int) -> "Iterator[Cells]":
    """Give the finished results in a folder, and processes that compute those that are missing."""
    from accelsim.attacks.reproduction.cells import Cells, no_state
    from accelsim.attacks.worker_pool import WorkerPool

    with WorkerPool(processes, no_state) as pool:
        yield Cells(folder / "cells", software_versions(), pool)


def what_is_done(output: Output) -> Callable[[str], None]:
    """Return what shows a line on what is being done, where lines are wanted."""
    return lambda line: None if output.quiet or output.json else click.echo(f"  {line}", err=True)


def run_parts(
    output: Output, paper: "Paper", chosen: "Iterable[Part]", study: "Study", settings: Mapping[str, object]
) -> None:
    """Run parts of a paper one by one, show each, and write the document of all.

    Parameters
    ----------
    output : Output
        How it is shown.
    paper : Paper
        The paper.
    chosen : iterable of Part
        Its parts that are wanted.
    study : Study
        What they run on.
    settings : mapping of str to JSON values
        What the document says of the run.
    """
    done = []
    for part in chosen:
        start = study.seconds()
        rows = paper.run(part, study)
        done.append(_kept(part, rows, study, study.seconds() - start))
        if not output.json:
            _print(output, part, rows)
            for remark in study.remarks.get(part.name, []):
                output.line(remark)
    document = {
        **settings,
        "versions": study.cells.versions,
        "networks": study.provenance(),
        "parts": done,
    }
    path = study.folder / f"{paper.name}.json"
    with written_atomically(path, "w") as file:
        file.write(json_text(document) + "\n")
    if output.json:
        output.document(document)
    else:
        output.facts({"results": str(path)})


def _kept(part: "Part", rows: "Sequence[Row]", study: "Study", seconds: float) -> dict[str, object]:
    """Write a part's table, and return what the document says of it."""
    from accelsim.attacks.reproduction.rows import as_frame

    frame = as_frame(rows)
    csv = study.folder / f"{part.name}.csv"
    with written_atomically(csv, "w") as file:
        frame.to_csv(file, index=False, lineterminator="\n")
    own = [name for name in study.pictures if name == part.name or name.startswith(f"{part.name}-")]
    return {
        "part": part.name,
        "title": part.title,
        "seconds": seconds,
        "csv": str(csv),
        "pictures": [str(study.folder / f"{name}.png") for name in own],
        "remarks": study.remarks.get(part.name, []),
        "rows": frame.to_dict("records"),
    }


def _print(output: Output, part: "Part", rows: "Sequence[Row]") -> None:
    def shown(value: float, signed: bool = False) -> str:
        return "" if math.isnan(value) else f"{value:{'+' if signed else ''}.4g}"

    has_paper = any(not math.isnan(row.paper) for row in rows)
    head = ["paper", "ours", "95 % interval", "difference", "n"]
    lines = []
    for row in rows:
        interval = "" if math.isnan(row.low) else f"{row.low:.4g} to {row.high:.4g}"
        figures = [shown(row.paper), shown(row.value), interval, shown(row.difference, True), str(row.n)]
        lines.append(
            [row.row, row.column, row.quantity, *(figures if has_paper else figures[1:3] + figures[4:])]
        )
    output.table(
        ["", "network", "quantity", *(head if has_paper else ["value", "95 % interval", "n"])],
        lines,
        title=f"{part.name}: {part.title}",
        text_columns=3,
    )
    output.line()
