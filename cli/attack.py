"""``accelsim attack``: a network's robustness on approximate multipliers, as a table, CSV and heat map."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from accelsim.cli.completion import complete_attack
from accelsim.cli.experiment import Experiment, Setting, experiment_options
from accelsim.cli.output import Output, json_text, output_options
from accelsim.storage import require_writable_file, require_writable_folder, written_atomically
from accelsim.versions import software_versions

if TYPE_CHECKING:
    from accelsim.attacks import RobustnessTable

__all__ = ["attack"]

DEFAULT_ATTACKS = ("fgm-linf", "pgd-linf", "rau-linf")
DEFAULT_BUDGETS = ("0", "0.05", "0.1", "0.2", "0.5")
PAPER = "paper"


def _parse_budgets(
    ctx: click.Context, param: click.Parameter, values: tuple[str, ...]
) -> tuple[float | str, ...]:
    """Return the budgets as numbers, and the word for those of the paper as it is."""
    return tuple(value if value == PAPER else float(click.FLOAT(value, param, ctx)) for value in values)


@click.command(
    epilog=(
        "JSON: network, dataset, dataset_sha256, trained_on, weights_sha256, images, layers, "
        "activation_operand, weights, seed, batch_size, versions (of accelsim, torch, foolbox, numpy, numba, "
        "python), multipliers, a list of: multiplier, source, a_width, b_width, signed, table_sha256 (of the "
        "products as little-endian int32, row by row), netlist_sha256 (null without gates); csv, heat_map "
        "and json (paths; json is this document), and results, a list of: attack, norm, budget, victim (a "
        "multiplier), n, correct, robustness_percent, ci_low_percent, ci_high_percent (Wilson 95 % interval)."
    )
)
@click.option(
    "--attack",
    "-a",
    "attacks",
    metavar="NAME",
    multiple=True,
    default=DEFAULT_ATTACKS,
    shell_complete=complete_attack,
    help="Attack; may be repeated; paper: the ten of Siddique & Hoque (2022), which are fgm-l2, fgm-linf, "
    "bim-l2, bim-linf, pgd-l2, pgd-linf, cr-l2, rag-l2, rau-l2, rau-linf; all: every attack that has a "
    f"budget. Default: {', '.join(DEFAULT_ATTACKS)}.",
)
@click.option(
    "--budget",
    "-b",
    "budgets",
    metavar="EPS",
    multiple=True,
    default=DEFAULT_BUDGETS,
    callback=_parse_budgets,
    help="Largest perturbation, in the attack's norm over pixels from 0 to 1; may be repeated; paper: the "
    f"ten of Siddique & Hoque (2022) as well. Default: {', '.join(DEFAULT_BUDGETS)}.",
)
@experiment_options(images=500)
@click.option(
    "-o",
    "--output",
    "folder",
    type=click.Path(path_type=Path),
    default=Path("accelsim-attack"),
    show_default=True,
    help="Folder for robustness.csv, robustness.png and robustness.json (what --json prints).",
)
@output_options
def attack(
    output: Output,
    setting: Setting,
    attacks: tuple[str, ...],
    budgets: tuple[float | str, ...],
    folder: Path,
) -> None:
    """Measure a network's robustness with approximate multipliers.

    Without options: LeNet-5 on the digits of the package, on the accurate and three approximate 8-bit
    multipliers, under three attacks with five budgets. The adversarial images are crafted on the accurate
    float network and shown to the network on each multiplier (Siddique & Hoque, DATE 2022, algorithm 1); as
    in that paper, convolutional layers alone run on the multiplier unless --layers says otherwise.
    Robustness is the share of all images that are still classified correctly.
    """
    csv, heat_map, json = (folder / f"robustness.{ending}" for ending in ("csv", "png", "json"))
    require_writable_folder(folder)
    for path in (csv, heat_map, json):
        require_writable_file(path)
    from accelsim.attacks import PAPER_BUDGETS, build_attack, evaluate_robustness
    from accelsim.attacks.attack import checked_budget
    from accelsim.attacks.crafting import BATCH_SIZE

    chosen = [build_attack(name) for name in _attack_names(attacks)]
    for one in chosen:
        one.require_kind("fixed-budget")
    levels = {checked_budget(budget) for budget in budgets if not isinstance(budget, str)}
    if PAPER in budgets:
        levels.update(PAPER_BUDGETS)
    experiment = setting.prepare(output)
    table = evaluate_robustness(
        experiment.trained.net,
        experiment.victims,
        chosen,
        sorted(levels),
        experiment.images,
        experiment.labels,
        seed=setting.seed,
        batch_size=BATCH_SIZE,
        progress=output.shows_progress,
    )
    table.save_csv(csv)
    table.heat_map(heat_map)
    document = {
        **experiment.about,
        "batch_size": BATCH_SIZE,
        "versions": software_versions(),
        "multipliers": [multiplier.provenance() for multiplier in experiment.multipliers],
        "csv": str(csv),
        "heat_map": str(heat_map),
        "json": str(json),
        "results": table.frame.to_dict("records"),
    }
    with written_atomically(json, "w") as file:
        file.write(json_text(document) + "\n")
    if output.json:
        output.document(document)
    else:
        _print(output, experiment, table)
        output.facts({"table": str(csv), "heat map": str(heat_map), "provenance": str(json)})


def _attack_names(given: tuple[str, ...]) -> list[str]:
    """Put the names that ``all`` and ``paper`` stand for in their place, each once."""
    from accelsim.attacks.registry import names_meant_by

    return list(dict.fromkeys(name for word in given for name in names_meant_by(word)))


def _print(output: Output, experiment: Experiment, table: "RobustnessTable") -> None:
    frame = table.frame
    reach = (frame["ci_high_percent"] - frame["ci_low_percent"]).max() / 2
    output.line(output.styled(f"{experiment.title}; 95 % interval within ±{reach:.1f} points", "bold"))
    for name in table.attacks:
        grid = table.pivot(name)
        output.line()
        output.table(
            ["multiplier", *(f"{budget:g}" for budget in grid.index)],
            [
                [str(victim), *(output.styled(f"{value:.1f}", _colour(value)) for value in column)]
                for victim, column in grid.items()
            ],
            title=f"{name}: robustness in % by perturbation budget",
        )
    output.line()


def _colour(robustness_percent: float) -> str:
    return "green" if robustness_percent >= 80 else "yellow" if robustness_percent >= 40 else "red"
