"""``accelsim reproduce guesmi2021``: the experiments of Defensive Approximation."""

from pathlib import Path

import click

from accelsim.cli.output import Output, output_options
from accelsim.cli.processes import PROCESSES
from accelsim.cli.reproduction import (
    JSON_PARTS,
    finished_cells,
    results_folder,
    run_parts,
    what_is_done,
)
from accelsim.cli.seed import SEED
from accelsim.storage import require_writable_folder

__all__ = ["guesmi2021"]


@click.command(epilog=f"JSON: images, seed, processes, liberty, versions, {JSON_PARTS}")
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
@PROCESSES
@results_folder("guesmi2021")
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
    processes: int,
    folder: Path,
) -> None:
    """Repeat Guesmi et al., Defensive Approximation (ASPLOS 2021).

    LeNet-5 on MNIST and AlexNet on CIFAR-10, whose convolutions run on Ax-FPM, HEAP-like and bfloat16
    multipliers or are quantized. Examples are judged on the simulated hardware. Results at fixed budgets and
    with smallest perturbations stand in tables of their own. A run that was stopped goes on where it was.
    """
    require_writable_folder(folder)
    from accelsim.attacks.guesmi2021.parts import PAPER

    chosen = PAPER.chosen([*(f"table-{n}" for n in tables), *(f"figure-{n}" for n in figures), *names])
    from accelsim.attacks.guesmi2021.study import Study

    settings = {
        "images": {"mnist": images, "cifar10": cifar_images},
        "seed": seed,
        "processes": processes,
        "liberty": liberty and str(liberty),
    }
    with finished_cells(folder, processes) as cells:
        study = Study(
            folder=folder,
            cells=cells,
            images={"mnist": images, "cifar10": cifar_images},
            seed=seed,
            report=what_is_done(output),
            liberty=liberty,
        )
        run_parts(output, PAPER, chosen, study, settings)
