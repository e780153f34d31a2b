"""``accelsim train``: a network, trained and saved."""

from dataclasses import asdict
from pathlib import Path

import click

from accelsim.cli.output import Output, output_options
from accelsim.cli.seed import SEED
from accelsim.storage import require_writable_file

__all__ = ["train"]


@click.command(
    epilog=(
        "JSON: network, dataset, dataset_sha256, recipe (epochs, seed, batch_size, learning_rate, threads, "
        "optimiser, schedule, weight_decay, augmentation, batch_norm, precision), accuracy_percent (of the "
        "test images), weights_sha256, checkpoint (its path)."
    )
)
@click.option(
    "--network",
    metavar="NAME",
    default="lenet5",
    show_default=True,
    help="Such as lenet5, ffnn or alexnet_cifar.",
)
@click.option(
    "--data",
    metavar="NAME",
    default="digits",
    show_default=True,
    help="digits (in the package), mnist or cifar10 (from $ACCELSIM_DATA, downloaded if missing).",
)
@click.option(
    "--epochs", type=click.IntRange(min=1), help="Passes over the training images; default: by data set."
)
@click.option("--seed", type=SEED, default=0, show_default=True, help="Of initial weights and orders.")
@click.option(
    "--adversarial",
    "budget",
    metavar="EPS",
    type=float,
    help="Train on images whose pixels an attacker changes by up to this much (Madry et al. 2018).",
)
@click.option(
    "-o",
    "--output",
    "path",
    type=click.Path(path_type=Path),
    help="Checkpoint to write; default: NETWORK-DATA.safetensors.",
)
@output_options
def train(
    output: Output,
    network: str,
    data: str,
    epochs: int | None,
    seed: int,
    budget: float | None,
    path: Path | None,
) -> None:
    """Train a network and save its checkpoint.

    The checkpoint is a safetensors file with the recipe and the accuracy inside; `accelsim evaluate` and
    `accelsim attack` take it with --checkpoint.
    """
    path = path or Path(f"{network}-{data}.safetensors")
    require_writable_file(path)
    from accelsim.models import build_network, load_dataset, save_checkpoint
    from accelsim.models import train as train_network

    build_network(network)  # an unknown name is said before the data is loaded
    dataset = load_dataset(data, progress=output.shows_progress)
    if budget is None:
        trained = train_network(network, dataset, epochs=epochs, seed=seed, progress=output.shows_progress)
    else:
        from accelsim.attacks import train_adversarially
        from accelsim.models import adversarial_recipe

        recipe = adversarial_recipe(dataset.name, budget, epochs=epochs, seed=seed)
        trained = train_adversarially(network, dataset, recipe, progress=output.shows_progress)
    save_checkpoint(trained, path)
    if output.json:
        output.document(
            {
                "network": trained.network,
                "dataset": trained.dataset,
                "dataset_sha256": trained.dataset_sha256,
                "recipe": asdict(trained.recipe),
                "accuracy_percent": trained.accuracy_percent,
                "weights_sha256": trained.sha256,
                "checkpoint": str(path),
            }
        )
        return
    duration = f"{trained.recipe.epochs} epoch{'s' * (trained.recipe.epochs > 1)}"
    output.line(
        f"{trained.network} on {trained.dataset}, {duration}: "
        f"{trained.accuracy_percent:.2f} % of the test images"
    )
    output.line(f"checkpoint  {path}")
