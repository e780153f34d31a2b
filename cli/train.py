"""``accelsim train``: a network, trained and saved."""

from dataclasses import asdict, replace
from pathlib import Path

import click

from accelsim.cli.output import Output, output_options
from accelsim.cli.seed import SEED
from accelsim.storage import require_writable_file

__all__ = ["train"]


@click.command(
    epilog=(
        "JSON: network, dataset, dataset_sha256, recipe (epochs, seed, batch_size, learning_rate, threads, "
        "optimiser, schedule, weight_decay, augmentation, batch_norm, precision, weight_bits, "
        "activation_bits, start, storage), accuracy_percent (of the test images), weights_sha256, checkpoint "
        "(its path)."
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
    "--bits",
    metavar="N",
    type=int,
    help="Train with weights and inputs of layers in N bits, 1 to 16, as in DoReFa-Net; first and last layer "
    "stay float.",
)
@click.option("--weight-bits", metavar="N", type=int, help="The same for weights alone, or of another width.")
@click.option("--activation-bits", metavar="N", type=int, help="The same for inputs.")
@click.option(
    "--start",
    metavar="NAME",
    help="Trained float weights to start from: a checkpoint, a network, or weights of the package.",
)
@click.option(
    "-o",
    "--output",
    "path",
    type=click.Path(path_type=Path),
    help="Checkpoint to write; default: NETWORK-DATA.safetensors, NETWORK-DATA-wNaN.safetensors with bits.",
)
@output_options
def train(
    output: Output,
    network: str,
    data: str,
    epochs: int | None,
    seed: int,
    budget: float | None,
    bits: int | None,
    weight_bits: int | None,
    activation_bits: int | None,
    start: str | None,
    path: Path | None,
) -> None:
    """Train a network, in floats or with DoReFa-Net's weights and inputs, and save its checkpoint.

    The checkpoint is a safetensors file with the recipe and the accuracy inside; `accelsim evaluate` and
    `accelsim attack` take it with --checkpoint.
    """
    if bits is not None and (weight_bits, activation_bits) != (None, None):
        raise click.UsageError("--bits is both --weight-bits and --activation-bits; give it or them")
    if start is not None and budget is not None:
        raise click.UsageError("--adversarial trains from scratch; leave --start out")
    weight_bits, activation_bits = (bits, bits) if bits is not None else (weight_bits, activation_bits)
    from accelsim.models import build_network, default_recipe, load_dataset, named_network, save_checkpoint
    from accelsim.models import train as train_network
    from accelsim.models.checkpoints import checkpoint_name, described_widths

    build_network(network)  # an unknown name or width is said before the data is loaded
    recipe = default_recipe(
        data, network, epochs=epochs, seed=seed, weight_bits=weight_bits, activation_bits=activation_bits
    )
    path = path or Path(checkpoint_name(network, data, weight_bits, activation_bits))
    require_writable_file(path)
    dataset = load_dataset(data, progress=output.shows_progress)
    if budget is not None:
        from accelsim.attacks import train_adversarially
        from accelsim.models import adversarial_recipe

        recipe = replace(
            adversarial_recipe(dataset.name, budget, epochs=epochs, seed=seed),
            batch_norm=recipe.batch_norm,
            weight_bits=weight_bits,
            activation_bits=activation_bits,
        )
        trained = train_adversarially(network, dataset, recipe, progress=output.shows_progress)
    else:
        given = None if start is None else named_network(start, dataset, progress=output.shows_progress)
        if given is not None:
            recipe = default_recipe(
                data,
                network,
                epochs=epochs,
                seed=seed,
                weight_bits=weight_bits,
                activation_bits=activation_bits,
                start=given.sha256,
            )
        trained = train_network(network, dataset, recipe=recipe, start=given, progress=output.shows_progress)
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
    widths = "" if weight_bits is None else f", {described_widths(weight_bits, activation_bits)}"
    output.line(
        f"{trained.network} on {trained.dataset}{widths}, {duration}: "
        f"{trained.accuracy_percent:.2f} % of the test images"
    )
    output.line(f"checkpoint  {path}")
