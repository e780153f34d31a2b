"""``accelsim audit``: how robust a network is on its hardware, and whether the usual attack tells so."""

from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from accelsim.cli.completion import complete_multiplier
from accelsim.cli.output import Output, json_text, output_options
from accelsim.cli.seed import SEED
from accelsim.storage import require_writable_file, require_writable_folder, written_atomically

if TYPE_CHECKING:
    from torch import Tensor, nn

    from accelsim.attacks import AuditReport
    from accelsim.models import TrainedNetwork

__all__ = ["audit"]

_COLOURS = {"passed": "green", "failed": "red", "undecided": "yellow", "not applicable": "dim"}


@click.command(
    epilog=(
        "JSON: verdict (soundness: sound, gradient masking, not repeatable or undecided; comparison, "
        "with the exact network: more robust, as robust, less robust, mixed, undecided or not compared; "
        "statement), "
        "flags, a list of: name, asks, status (passed, failed, undecided, not applicable), finding, "
        "source, evidence, a list of: what, count, n, low, high (Wilson interval of the share), budget; "
        "details; curves, a list of: network, attack, budget, n, correct, robustness_percent, "
        "ci_low_percent, ci_high_percent; gains, a list of: budget, victim_percent, exact_percent, "
        "low_points, high_points; provenance (network, dataset, multiplier, settings, seed, versions and "
        "hashes); csv, curves_picture, json (paths)."
    )
)
@click.argument("model")
@click.option(
    "--multiplier",
    "-m",
    metavar="NAME",
    shell_complete=complete_multiplier,
    help="What it runs on: a float multiplier such as axfpm_authors, an integer one or the path of its LUT, "
    "bfloat16, dorefa_w4a4; left out: the exact float network is audited.",
)
@click.option(
    "--data",
    metavar="NAME",
    default="digits",
    show_default=True,
    help="digits (in the package), mnist or cifar10 (from $ACCELSIM_DATA, downloaded if missing).",
)
@click.option(
    "--images", type=click.IntRange(min=1), default=500, show_default=True, help="Number of test images."
)
@click.option(
    "--budget",
    "-b",
    "budgets",
    metavar="EPS",
    type=float,
    multiple=True,
    help="Largest change of a pixel (linf), above 0, below 1; may be repeated. Default: 0.05, 0.1, 0.15, "
    "0.2, 0.3. The unbounded 1 is always there.",
)
@click.option(
    "--layers",
    type=click.Choice(["conv", "linear", "all"]),
    help="Layers that run on the multiplier. Default: those of the paper that proposed it, else conv.",
)
@click.option(
    "--activation-operand",
    type=click.Choice(["a", "b"]),
    default="a",
    show_default=True,
    help="Operand of the multiplier that the activation is.",
)
@click.option(
    "--steps",
    type=click.IntRange(min=1),
    default=40,
    show_default=True,
    help="Of projected gradient descent.",
)
@click.option(
    "--queries",
    type=click.IntRange(min=1),
    default=500,
    show_default=True,
    help="Per image, of each attack without gradients.",
)
@click.option("--seed", type=SEED, default=0, show_default=True, help="Of training, calibration and attacks.")
@click.option(
    "-o",
    "--output",
    "folder",
    type=click.Path(path_type=Path),
    default=Path("accelsim-audit"),
    show_default=True,
    help="Folder for audit.csv, audit.png and audit.json (what --json prints).",
)
@output_options
def audit(
    output: Output,
    model: str,
    multiplier: str | None,
    data: str,
    images: int,
    budgets: tuple[float, ...],
    layers: str | None,
    activation_operand: Literal["a", "b"],
    steps: int,
    queries: int,
    seed: int,
    folder: Path,
) -> None:
    """Tell how robust MODEL is, and whether the usual attack would have told so.

    MODEL is the name of a network, a checkpoint that `accelsim train` wrote, or the name of weights in the
    package, such as lenet5-mnist-adversarial. It and, where it runs on a multiplier, its exact float version
    are attacked in every way of the checklist; each flag compares the usual white-box attack with another
    one. The verdict says whether that attack can be trusted, and what the worst case over all attacks is.
    """
    csv, picture, json = (folder / f"audit.{ending}" for ending in ("csv", "png", "json"))
    require_writable_folder(folder)
    for path in (csv, picture, json):
        require_writable_file(path)
    with output.working("loading network and images"):
        from accelsim.attacks import AuditAttacks
        from accelsim.attacks import audit as audit_network
        from accelsim.attacks.auditing import DEFAULT_BUDGETS
        from accelsim.models import calibration_images, load_dataset, named_network

    dataset = load_dataset(data, progress=output.shows_progress)
    trained = named_network(model, dataset, seed=seed, progress=output.shows_progress)
    shown, labels = dataset.test_subset(images)
    exact = victim = trained.net
    if multiplier is not None:
        with output.working("putting it on the multiplier"):
            calibration = calibration_images(dataset, min(256, len(dataset.train_images)), seed=seed)
            victim = _on_hardware(trained, multiplier, layers, activation_operand, calibration)
    report = audit_network(
        victim,
        shown,
        labels,
        exact=None if multiplier is None else exact,
        budgets=budgets or DEFAULT_BUDGETS,
        attacks=AuditAttacks(steps=steps, queries=queries),
        seed=seed,
        about={
            "model": model,
            "network": trained.network,
            "trained_on": trained.dataset,
            "dataset": dataset.name,
            "dataset_sha256": dataset.sha256,
            "weights_sha256": trained.sha256,
            "multiplier": multiplier,
            "activation_operand": activation_operand,
        },
        progress=output.shows_progress,
    )
    report.save_csv(csv)
    report.draw_curves(picture)
    document = {**report.document(), "csv": str(csv), "curves_picture": str(picture), "json": str(json)}
    with written_atomically(json, "w") as file:
        file.write(json_text(document) + "\n")
    if output.json:
        output.document(document)
    else:
        _print(output, report)
        output.facts({"table": str(csv), "curves": str(picture), "evidence": str(json)})


def _on_hardware(
    trained: "TrainedNetwork",
    multiplier: str,
    layers: str | None,
    activation_operand: Literal["a", "b"],
    calibration: "Tensor",
) -> "nn.Module":
    """Put a network on a multiplier of either kind, or another arithmetic."""
    from accelsim.conversion import approximate
    from accelsim.models import HARDWARE_VERSIONS, hardware_version
    from accelsim.rtl.catalogue import load_lut
    from accelsim.rtl.float_names import is_float_name

    if multiplier in HARDWARE_VERSIONS or multiplier.startswith("dorefa_") or is_float_name(multiplier):
        return hardware_version(
            trained,
            multiplier,
            layers=layers,
            activation_operand=activation_operand,
            calibration=calibration,
        )
    return approximate(
        trained.net,
        load_lut(multiplier),
        calibration=calibration,
        layers=layers or "conv",
        activation_operand=activation_operand,
    )


def _print(output: Output, report: "AuditReport") -> None:
    about = report.provenance
    on = f" on {about['multiplier']}" if about["multiplier"] else ""
    title = f"{about['model']}{on}, {about['images']:,} test images of {about['dataset']}, linf"
    output.line(output.styled(title, "bold"))
    output.line()
    output.table(
        ["flag", "status", "evidence"],
        [
            [flag.name, output.styled(flag.status, _COLOURS[flag.status]), flag.finding]
            for flag in report.flags
        ],
        text_columns=3,
    )
    output.line()
    for network, rows in report.curves.groupby("network", sort=False):
        grid = rows.pivot_table(index="attack", columns="budget", values="robustness_percent", sort=False)
        output.table(
            ["attack", *(f"{budget:g}" for budget in grid.columns)],
            [[str(attack), *(f"{value:.1f}" for value in values)] for attack, values in grid.iterrows()],
            title=f"{network}: classified correctly in % by budget",
        )
        output.line()
    output.line(output.styled(report.verdict.statement, "bold"))
    output.line()
