"""``accelsim reproduce siddique2022``: the experiments on universal defence."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from accelsim.cli.output import Output, output_options
from accelsim.cli.processes import PROCESSES
from accelsim.cli.reproduction import JSON_PARTS, results_folder, run_parts, what_is_done
from accelsim.cli.seed import SEED
from accelsim.errors import AccelsimError
from accelsim.storage import require_writable_folder
from accelsim.versions import software_versions

if TYPE_CHECKING:
    from accelsim.approx_layer import ActivationOperand
    from accelsim.arithmetic import Scheme
    from accelsim.attacks.siddique2022.circuits import Family
    from accelsim.conversion import WeightScales

__all__ = ["siddique2022"]


@click.command(
    epilog="JSON: images, seed, processes, arithmetic, multipliers (of each label: name or path, and its "
    f"mean absolute error in percent of 2^16), versions, {JSON_PARTS}"
)
@click.option("--table", "tables", type=click.IntRange(2, 2), multiple=True, help="Table of the paper: 2.")
@click.option(
    "--figure",
    "figures",
    metavar="NAME",
    multiple=True,
    help="Figure of the paper: 1, 4 or 4a to 4d, 5, 6, 7, 8; may be repeated.",
)
@click.option(
    "--part",
    "names",
    metavar="NAME",
    multiple=True,
    help="Of what is measured beside them: claims, arithmetic, readings; may be repeated. "
    "Default: everything.",
)
@click.option("--images", type=click.IntRange(min=1), default=1000, show_default=True, help="Of MNIST.")
@click.option(
    "--cifar-images", type=click.IntRange(min=1), default=300, show_default=True, help="Of CIFAR-10."
)
@PROCESSES
@click.option(
    "--multipliers",
    "family",
    type=click.Choice(["published", "evolved"]),
    help="EvoApproxLib's circuits, imported or as truth tables in the data folder, or the package's own of "
    "the same mean absolute error. Default: the published ones where all are at hand.",
)
@click.option(
    "--scheme",
    type=click.Choice(["unsigned", "sign-magnitude"]),
    default="unsigned",
    show_default=True,
    help="Number format of the figures and table 2: affine from 0 up, or magnitudes and an XOR of the signs.",
)
@click.option(
    "--bits", type=click.IntRange(2, 8), default=8, show_default=True, help="Of activations and weights."
)
@click.option(
    "--activation-operand",
    type=click.Choice(["a", "b"]),
    default="a",
    show_default=True,
    help="Operand of the multiplier that is the activation.",
)
@click.option(
    "--weights",
    type=click.Choice(["per-tensor", "per-channel"]),
    default="per-tensor",
    show_default=True,
    help="One scale for all weights of a layer, or one for each output channel.",
)
@click.option("--seed", type=SEED, default=0, show_default=True, help="Of the attacks.")
@results_folder("siddique2022")
@output_options
def siddique2022(
    output: Output,
    tables: tuple[int, ...],
    figures: tuple[str, ...],
    names: tuple[str, ...],
    images: int,
    cifar_images: int,
    processes: int,
    family: "Family | None",
    scheme: "Scheme",
    bits: int,
    activation_operand: "ActivationOperand",
    weights: "WeightScales",
    seed: int,
    folder: Path,
) -> None:
    """Repeat Siddique and Hoque, Is Approximation Universally Defensive? (DATE 2022).

    LeNet-5 and an FFNN on MNIST and AlexNet on CIFAR-10, whose layers run on the circuits M1 to M9, under ten
    attacks at ten budgets; each of the paper's claims as a statistical test. The results are a sweep's: its
    store, siddique2022.sqlite, is one that accelsim sweep reads, and a run that was stopped goes on where it
    was.
    """
    require_writable_folder(folder)
    from accelsim.attacks.siddique2022.parts import PAPER

    chosen = PAPER.chosen([*(f"table-{n}" for n in tables), *_figures(figures), *names])
    from accelsim.arithmetic import Arithmetic
    from accelsim.attacks.reproduction.cells import Cells
    from accelsim.attacks.siddique2022.circuits import family_at_hand
    from accelsim.attacks.siddique2022.study import Study
    from accelsim.attacks.sweeps import Store

    with Store(folder / "siddique2022.sqlite", writable=True) as store:
        study = Study(
            folder=folder,
            cells=Cells(folder, software_versions()),
            store=store,
            images={"mnist": images, "cifar10": cifar_images},
            family=family or family_at_hand(),
            arithmetic=Arithmetic(
                scheme, bits, activation_operand=activation_operand, weights=weights, layers="conv"
            ),
            processes=processes,
            seed=seed,
            shows_progress=output.shows_progress,
            report=what_is_done(output),
        )
        settings = {
            "images": dict(study.images),
            "seed": seed,
            "processes": processes,
            "arithmetic": asdict(study.arithmetic),
            "multipliers": {
                network: {
                    label: {"multiplier": study.multipliers(network)[label], "mae_percent": error}
                    for label, error in study.mae_percent(network).items()
                }
                for network in ("LeNet-5", "AlexNet")
            },
        }
        run_parts(output, PAPER, chosen, study, settings)


def _figures(names: tuple[str, ...]) -> list[str]:
    """Return the parts of figures; a figure with panels stands for all of them.

    Raises
    ------
    AccelsimError
        If there is none of a name.
    """
    from accelsim.attacks.siddique2022.parts import PAPER

    known = [part.name.removeprefix("figure-") for part in PAPER.parts if part.name.startswith("figure-")]
    found = []
    for name in names:
        panels = [figure for figure in known if figure in (name, f"{name}{figure[-1]}")]
        if not panels:
            raise AccelsimError(
                f"{PAPER.authors} have no figure {name!r} here; there are {', '.join(sorted(known))}"
            )
        found += [f"figure-{figure}" for figure in panels]
    return found
