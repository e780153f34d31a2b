"""``accelsim evaluate``: a network's accuracy on approximate multipliers."""

from dataclasses import asdict, replace
from typing import TYPE_CHECKING

import click

from accelsim.cli.chosen_multipliers import FLOAT
from accelsim.cli.experiment import Setting, experiment_options
from accelsim.cli.output import Output, output_options
from accelsim.versions import software_versions

if TYPE_CHECKING:
    from torch import nn

    from accelsim.network_report import LayerReport

__all__ = ["evaluate"]

_LAYER_COLUMNS = ["layer", "input", "output", "MACs", "act. scale", "zero", "weight scale", "zero"]


@click.command(
    epilog=(
        "JSON: network, dataset, dataset_sha256, trained_on, weights_sha256, images, layers, "
        "activation_operand, weights, seed; versions (of accelsim, torch, foolbox, numpy, numba, python); "
        "float_accuracy_percent, float_ci_low_percent, float_ci_high_percent (Wilson 95 % interval); "
        "multipliers, a list of: multiplier, source, a_width, b_width, signed, table_sha256 (of the products "
        "as little-endian int32, row by row), netlist_sha256 (null without gates), accuracy_percent, "
        "ci_low_percent, ci_high_percent, drop_points (float minus this accuracy), and layers, a list of "
        "those that run on the multiplier: name, kind, input_shape and output_shape (of one image), "
        "macs_per_image, activation_scale, activation_zero_point, weight_scales and weight_zero_points (one, "
        "or one per output channel), multiplier, activation_operand."
    )
)
@experiment_options(images=None)
@click.option("--layers-report", is_flag=True, help="Print what runs in each layer of each network.")
@output_options
def evaluate(output: Output, setting: Setting, layers_report: bool) -> None:
    """Measure a network's accuracy with approximate multipliers.

    The accurate float network comes first, then its quantized version on the accurate multiplier, then on
    each approximate one.
    """
    experiment = setting.prepare(output)
    from accelsim.attacks import wilson_interval
    from accelsim.models import correct_count
    from accelsim.network_report import layer_report

    images, labels = experiment.images, experiment.labels

    def measure(net: "nn.Module") -> tuple[float, float, float]:
        n, correct = len(images), correct_count(net, images, labels)
        low, high = wilson_interval(correct, n)
        return 100 * correct / n, 100 * low, 100 * high

    nets = {FLOAT: experiment.trained.net, **experiment.victims}
    found = {}
    with output.progress("classifying", len(nets)) as advance:
        for name, net in nets.items():
            advance(name, 0)
            found[name] = measure(net)
            advance(name, 1)
    reports = {name: layer_report(net) for name, net in experiment.victims.items()}
    exact = found[FLOAT]
    if output.json:
        output.document(
            {
                **experiment.about,
                "versions": software_versions(),
                "float_accuracy_percent": exact[0],
                "float_ci_low_percent": exact[1],
                "float_ci_high_percent": exact[2],
                "multipliers": [
                    {
                        **multiplier.provenance(),
                        "accuracy_percent": found[multiplier.name][0],
                        "ci_low_percent": found[multiplier.name][1],
                        "ci_high_percent": found[multiplier.name][2],
                        "drop_points": exact[0] - found[multiplier.name][0],
                        "layers": [asdict(layer) for layer in reports[multiplier.name]],
                    }
                    for multiplier in experiment.multipliers
                ],
            }
        )
        return
    output.table(
        ["multiplier", "accuracy %", "95 % interval", "points below float"],
        [
            [name, f"{accuracy:.2f}", f"{low:.1f} to {high:.1f}", f"{exact[0] - accuracy:.2f}"]
            for name, (accuracy, low, high) in found.items()
        ],
        title=experiment.title,
    )
    if layers_report:
        _print_layers(output, reports)


def _print_layers(output: Output, reports: "dict[str, list[LayerReport]]") -> None:
    """Print a table for each set of multipliers whose layers are the same."""
    alike: dict[tuple[LayerReport, ...], list[str]] = {}
    for name, layers in reports.items():
        alike.setdefault(tuple(replace(layer, multiplier="") for layer in layers), []).append(name)
    for same, names in alike.items():
        output.line()
        output.table(
            _LAYER_COLUMNS,
            [
                [
                    layer.name,
                    _shape(layer.input_shape),
                    _shape(layer.output_shape),
                    f"{layer.macs_per_image:,}",
                    f"{layer.activation_scale:.3g}",
                    str(layer.activation_zero_point),
                    _range(layer.weight_scales),
                    _range(layer.weight_zero_points),
                ]
                for layer in same
            ],
            title=f"layers on {', '.join(names)}; the activation is operand {same[0].activation_operand}",
        )


def _shape(sizes: tuple[int, ...]) -> str:
    return "x".join(str(size) for size in sizes)


def _range(values: tuple[float, ...]) -> str:
    low, high = min(values), max(values)
    return f"{low:.3g}" if low == high else f"{low:.3g}-{high:.3g}"
