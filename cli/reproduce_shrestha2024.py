"""``accelsim reproduce shrestha2024``: direct attacks on quantized networks."""

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

__all__ = ["shrestha2024"]

_COUNT = click.IntRange(min=1)


@click.command(
    epilog=f"JSON: images, iterative_images, runs, audited_images, seed, processes, versions, {JSON_PARTS}"
)
@click.option("--table", "tables", type=int, multiple=True, help="Table of the paper; may be repeated.")
@click.option("--figure", "figures", type=int, multiple=True, help="Figure of the paper; may be repeated.")
@click.option(
    "--part",
    "names",
    metavar="NAME",
    multiple=True,
    help="Of what is measured beside them: unrecognisable, transfer-bits, transfer-networks, "
    "transfer-multipliers, masking, approximate; may be repeated. Default: everything.",
)
@click.option(
    "--network",
    "networks",
    type=click.Choice(["mnist_a", "resnet20"]),
    multiple=True,
    default=["mnist_a"],
    show_default=True,
    help="Network of the paper; may be repeated.",
)
@click.option(
    "--bits",
    "widths",
    type=click.Choice(["float", "1", "2", "4", "8", "12", "16"]),
    multiple=True,
    help="Bit width of weights and inputs; may be repeated. Default: all.",
)
@click.option("--images", type=_COUNT, default=1000, show_default=True, help="Per attack and run.")
@click.option(
    "--iterative-images",
    type=_COUNT,
    help="Of C&W, Boundary, and every attack on a multiplier; default: as many.",
)
@click.option("--runs", type=_COUNT, default=3, show_default=True, help="Each on images drawn anew.")
@click.option("--audited-images", type=_COUNT, default=200, show_default=True, help="Of each audit.")
@click.option("--seed", type=SEED, default=0, show_default=True, help="Of the first run.")
@PROCESSES
@results_folder("shrestha2024")
@output_options
def shrestha2024(
    output: Output,
    tables: tuple[int, ...],
    figures: tuple[int, ...],
    names: tuple[str, ...],
    networks: tuple[str, ...],
    widths: tuple[str, ...],
    images: int,
    iterative_images: int | None,
    runs: int,
    audited_images: int,
    seed: int,
    processes: int,
    folder: Path,
) -> None:
    """Repeat Shrestha and Grossmann, direct attacks on quantized networks (2024).

    Mnist A and ResNet-20, trained with 1 to 16 bits and in full precision, under FGSM, JSMA, UAP, C&W and
    Boundary. A run that was stopped goes on where it was; one with more images or runs adds to what is there.
    """
    require_writable_folder(folder)
    from accelsim.attacks.shrestha2024.parts import PAPER

    chosen = PAPER.chosen([*(f"table-{n}" for n in tables), *(f"figure-{n}" for n in figures), *names])
    from accelsim.attacks.shrestha2024.study import Study
    from accelsim.attacks.shrestha2024.subjects import BITS, width_name

    counts = {"images": images, "iterative_images": iterative_images or images, "runs": runs}
    counts |= {"audited_images": audited_images, "seed": seed}
    with finished_cells(folder, processes) as cells:
        study = Study(
            folder=folder,
            cells=cells,
            networks=tuple(dict.fromkeys(networks)),
            bits=tuple(bits for bits in BITS if not widths or width_name(bits) in widths),
            report=what_is_done(output),
            **counts,
        )
        run_parts(output, PAPER, chosen, study, {**counts, "processes": processes})
