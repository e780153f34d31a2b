"""``accelsim reproduce``: the experiments of published papers, beside the published figures."""

import math
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from accelsim.cli.lazy_group import HelpfulGroup
from accelsim.cli.output import Output, json_text, output_options
from accelsim.cli.seed import SEED
from accelsim.storage import require_writable_folder, written_atomically
from accelsim.versions import software_versions

if TYPE_CHECKING:
    from accelsim.attacks.guesmi2021.parts import Part
    from accelsim.attacks.guesmi2021.rows import Row

__all__ = ["reproduce"]


@click.group(cls=HelpfulGroup)
def reproduce() -> None:
    """Repeat the experiments of a paper: its figure, ours, the interval, the difference."""


@reproduce.command(
    epilog=(
        "JSON: images, seed, liberty, versions, networks (dataset, dataset_sha256, weights_sha256, "
        "accuracy_percent of each), and parts, a list of: part, title, seconds (of processor time, in this "
        "run and those that were stopped; what parts share counts in the first), csv, picture (paths; null "
        "without a picture), rows, a list of: part, kind (minimal-norm, fixed-budget, clean or none), "
        "dataset, row, column, quantity, value, low, high (95 % interval; null where nothing was drawn), n, "
        "paper, difference (null where the paper gives no figure)."
    )
)
@click.option("--table", "tables", type=int, multiple=True, help="Table of the paper; may be repeated.")
@click.option("--figure", "figures", type=int, multiple=True, help="Figure of the paper; may be repeated.")
@click.option(
    "--part",
    "names",
    metavar="NAME",
    multiple=True,
    help="Of what is measured beside them: fixed-budget-mnist, fixed-budget-cifar10, adaptive, "
    "adaptive-cifar10, readings, confident-examples, decision-based, black-box-fixed-budget; may be "
    "repeated. Default: everything.",
)
@click.option("--images", type=click.IntRange(min=1), default=1000, show_default=True, help="Of MNIST.")
@click.option(
    "--cifar-images", type=click.IntRange(min=1), default=450, show_default=True, help="Of CIFAR-10."
)
@click.option("--seed", type=SEED, default=0, show_default=True, help="Of attacks and everything drawn.")
@click.option(
    "--liberty",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Liberty file of the cells for tables 7 and 9; default: the built-in table.",
)
@click.option(
    "-o",
    "--output",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("accelsim-guesmi2021"),
    show_default=True,
    help="Folder for tables (CSV), pictures (PNG), guesmi2021.json, and what a stopped run goes on from.",
)
@output_options
def guesmi2021(
    output: Output,
    tables: tuple[int, ...],
    figures: tuple[int, ...],
    names: tuple[str, ...],
    images: int,
    cifar_images: int,
    seed: int,
    liberty: Path | None,
    folder: Path,
) -> None:
    """Repeat Guesmi et al., Defensive Approximation (ASPLOS 2021).

    LeNet-5 on MNIST and AlexNet on CIFAR-10, whose convolutions run on Ax-FPM, HEAP-like and bfloat16
    multipliers or are quantized. Examples are judged on the simulated hardware. Results at fixed budgets and
    with smallest perturbations stand in tables of their own. A run that was stopped goes on where it was.
    """
    require_writable_folder(folder)
    from accelsim.attacks.guesmi2021.parts import PARTS, part_named

    wanted = [*(f"table-{n}" for n in tables), *(f"figure-{n}" for n in figures), *names]
    chosen = [part_named(name) for name in dict.fromkeys(wanted)] or list(PARTS)
    from accelsim.attacks.guesmi2021.cells import Cells
    from accelsim.attacks.guesmi2021.study import Study

    versions = software_versions()
    study = Study(
        folder,
        Cells(folder / "cells", versions),
        {"mnist": images, "cifar10": cifar_images},
        seed,
        report=lambda line: None if output.quiet or output.json else click.echo(f"  {line}", err=True),
        liberty=liberty,
    )
    done = []
    for part in chosen:
        start = time.process_time() + study.cells.seconds_before
        rows = part.run(study)
        seconds = time.process_time() + study.cells.seconds_before - start
        done.append(_kept(part, rows, folder, seconds, study.pictures))
        if not output.json:
            _print(output, part, rows)
    document = {
        "images": {"mnist": images, "cifar10": cifar_images},
        "seed": seed,
        "liberty": liberty and str(liberty),
        "versions": versions,
        "networks": study.provenance(),
        "parts": done,
    }
    with written_atomically(folder / "guesmi2021.json", "w") as file:
        file.write(json_text(document) + "\n")
    if output.json:
        output.document(document)
    else:
        output.facts({"results": str(folder / "guesmi2021.json")})


def _kept(
    part: "Part", rows: "Sequence[Row]", folder: Path, seconds: float, pictures: Iterable[str]
) -> dict[str, object]:
    """Write a part's table, and return what the document says of it."""
    from accelsim.attacks.guesmi2021.rows import as_frame

    frame = as_frame(rows)
    csv = folder / f"{part.name}.csv"
    with written_atomically(csv, "w") as file:
        frame.to_csv(file, index=False, lineterminator="\n")
    picture = str(folder / f"{part.name}.png") if part.name in pictures else None
    return {
        "part": part.name,
        "title": part.title,
        "seconds": seconds,
        "csv": str(csv),
        "picture": picture,
        "rows": frame.to_dict("records"),
    }


def _print(output: Output, part: "Part", rows: "Iterable[Row]") -> None:
    def shown(value: float, signed: bool = False) -> str:
        return "" if math.isnan(value) else f"{value:{'+' if signed else ''}.4g}"

    lines = []
    for row in rows:
        interval = "" if math.isnan(row.low) else f"{row.low:.4g} to {row.high:.4g}"
        figures = [shown(row.paper), shown(row.value), interval, shown(row.difference, True), str(row.n)]
        lines.append([row.row, row.column, row.quantity, *figures])
    output.table(
        ["", "network", "quantity", "paper", "ours", "95 % interval", "difference", "n"],
        lines,
        title=f"{part.name}: {part.title}",
        text_columns=3,
    )
    output.line()
