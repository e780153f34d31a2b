"""``accelsim record-operands``: which operand pairs a network multiplies."""

from dataclasses import replace
from pathlib import Path

import click

from accelsim.cli.experiment import DEFAULT_MULTIPLIERS, Setting, experiment_options
from accelsim.cli.output import Output, output_options
from accelsim.errors import AccelsimError
from accelsim.storage import require_writable_file

__all__ = ["record_operands"]


@click.command(
    "record-operands",
    epilog=(
        "JSON: file, network, dataset, dataset_sha256, trained_on, weights_sha256, images, layers, "
        "activation_operand, weights, seed, multiplier, pairs (products counted), counts, a list "
        "of: layer, pairs."
    ),
)
@experiment_options(images=256)
@click.option(
    "-o",
    "--output",
    "path",
    required=True,
    type=click.Path(path_type=Path),
    help="File for the counts, .npy or .npz: an array [a, b] indexed by the operands' bit patterns.",
)
@output_options
def record_operands(output: Output, setting: Setting, path: Path) -> None:
    """Count the operand pairs that a network multiplies.

    Every product of the approximate layers is counted while the network classifies test images, on the
    accurate multiplier unless --multiplier names one other. `accelsim evolve --distribution` takes the file.
    """
    if path.suffix not in {".npy", ".npz"}:
        raise AccelsimError(f"cannot save a distribution as {path.name}: the name must end in .npy or .npz")
    if setting.multiplier == DEFAULT_MULTIPLIERS:
        setting = replace(setting, multiplier=DEFAULT_MULTIPLIERS[:1])
    if len(setting.multiplier) > 1:
        raise click.UsageError("operands are recorded on one multiplier; give --multiplier once")
    require_writable_file(path)
    experiment = setting.prepare(output)
    from accelsim.operand_distribution import save_distribution
    from accelsim.operand_histograms import operand_histograms

    name, net = list(experiment.victims.items())[-1]
    with output.working("counting operand pairs"):
        counts = operand_histograms(net, experiment.images)
    pairs = sum(counts.values())
    assert not isinstance(pairs, int)
    save_distribution(path, pairs)
    by_layer = {layer: int(own.sum()) for layer, own in counts.items()}
    if output.json:
        output.document(
            {
                "file": str(path),
                **experiment.about,
                "multiplier": name,
                "pairs": int(pairs.sum()),
                "counts": [{"layer": layer, "pairs": count} for layer, count in by_layer.items()],
            }
        )
        return
    output.table(
        ["layer", "operand pairs"],
        [[layer, f"{count:,}"] for layer, count in by_layer.items()],
        title=f"{experiment.title}, on {name}",
    )
    output.line(f"{int(pairs.sum()):,} products in {path}")
