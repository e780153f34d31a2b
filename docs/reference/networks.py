"""Writes the tables of networks.md, between its markers.

Usage: python docs/reference/networks.py [TABLE...], with $ACCELSIM_DATA set to a folder that has mnist/ and
cifar10/; default: all tables.
"""

import json
import re
import sys
from pathlib import Path

import torch
from torch import nn

from accelsim.models import (
    HARDWARE_VERSIONS,
    Dataset,
    TrainedNetwork,
    build_network,
    calibration_images,
    correct_count,
    hardware_version,
    load_checkpoint,
    load_dataset,
    network_names,
    shipped,
)
from accelsim.models.networks import architecture
from accelsim.models.recipe import AdversarialRecipe

PAGE = Path(__file__).parent / "networks.md"
WEIGHTS = Path(shipped.__file__).parent / "weights"
IMAGES = 1000
#: Versions that simulate gates product by product.
SLOW = {"heap_like24": 200}
SUMMING = (nn.Conv2d, nn.Linear)
BITS = (1, 2, 4, 8, 12, 16)
#: Those of Guesmi et al., which are put on other arithmetic.
ON_OTHER_ARITHMETIC = ("alexnet_cifar", "lenet5_guesmi", "lenet5_guesmi_code")


def markdown(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def macs(name: str) -> int:
    """Products of one image."""
    net, total = build_network(name).eval(), 0

    def count(layer: nn.Module, inputs: tuple[torch.Tensor, ...], output: torch.Tensor) -> None:
        nonlocal total
        total += output.numel() * layer.weight[0].numel()

    for layer in net.modules():
        if isinstance(layer, SUMMING):
            layer.register_forward_hook(count)
    with torch.no_grad():
        net(torch.zeros(1, *architecture(name).image_shape))
    return total


def networks() -> str:
    rows = []
    for name in network_names():
        net = build_network(name)
        kinds = [type(layer) for layer in net.modules()]
        shape = " x ".join(map(str, architecture(name).image_shape))
        parameters = sum(each.numel() for each in net.parameters())
        layers = f"{kinds.count(nn.Conv2d)} conv, {kinds.count(nn.Linear)} fc"
        rows.append([f"`{name}`", shape, layers, f"{parameters:,}", f"{macs(name):,}"])
    return markdown(["network", "image", "layers", "parameters", "MACs an image"], rows)


def weights(found: list[tuple[Path, TrainedNetwork]]) -> str:
    rows = []
    for path, trained in found:
        recipe = trained.recipe
        if recipe.weight_bits is not None:
            continue
        words = [f"{recipe.epochs} epochs", recipe.optimiser, recipe.schedule, recipe.augmentation]
        words += ["batch normalisation, folded"] if has_folded_norms(trained) else []
        words += [f"adversarial, {recipe.budget:g}"] if isinstance(recipe, AdversarialRecipe) else []
        rows.append(
            [
                f"`{trained.network}`",
                trained.dataset,
                f"{trained.accuracy_percent:.2f} %",
                ", ".join(word for word in words if word != "none"),
                f"{path.stat().st_size / 1e6:.2f} MB",
                f"`{trained.sha256[:12]}`",
            ]
        )
    return markdown(["network", "data set", "accuracy", "recipe", "file", "weights' SHA-256"], rows)


def has_folded_norms(trained: TrainedNetwork) -> bool:
    own = any(isinstance(layer, nn.BatchNorm2d) for layer in trained.net.modules())
    return trained.recipe.batch_norm and not own


def quantized(found: list[tuple[Path, TrainedNetwork]]) -> str:
    """Return a row for each network that is there with quantized weights."""
    by_network: dict[str, dict[int, TrainedNetwork]] = {}
    for path, trained in found:
        by_network.setdefault(path.stem.partition("-w")[0], {})[trained.recipe.weight_bits or 0] = trained
    rows = []
    for widths in by_network.values():
        if len(widths) > 1:
            shown = [f"{widths[bits].accuracy_percent:.2f}" if bits in widths else "" for bits in (0, *BITS)]
            rows.append([f"`{widths[0].network}`", widths[0].dataset, *shown])
    return markdown(["network", "data set", "float", *(f"{bits} bit" for bits in BITS)], rows)


def accuracy(net: nn.Module, dataset: Dataset, name: str) -> str:
    images, labels = dataset.test_subset(SLOW.get(name, IMAGES))
    share = 100 * correct_count(net, images, labels, batch_size=50) / len(images)
    return f"{share:.1f} %" + (f" of {len(images)}" if name in SLOW else "")


def choices() -> list[tuple[str, str | list[str] | None]]:
    """Each version, with the layers that are chosen for it: the default first."""
    found: list[tuple[str, str | list[str] | None]] = []
    for name in HARDWARE_VERSIONS:
        found.append((name, None))
        found += [(name, "all")] if name.startswith("axfpm") else []
        found += [(name, ["conv1"])] if name == "axfpm_authors" else []
    return found


def label(name: str, layers: str | list[str] | None) -> str:
    if layers is None:
        return f"`{name}`"
    return f"`{name}`, `layers={json.dumps(layers)}`"


def versions(found: list[tuple[Path, TrainedNetwork]]) -> str:
    columns = []
    found = [(path, trained) for path, trained in found if trained.network in ON_OTHER_ARITHMETIC]
    for path, trained in found:
        dataset = load_dataset(path.stem.partition("-")[2])
        calibration = calibration_images(dataset)
        nets = (
            (name, hardware_version(trained, name, layers=layers, calibration=calibration))
            for name, layers in choices()
        )
        columns.append([accuracy(net, dataset, name) for name, net in nets])
    labels = [label(*choice) for choice in choices()]
    head = ["version", *(f"`{trained.network}`" for _, trained in found)]
    return markdown(head, [list(row) for row in zip(labels, *columns, strict=True)])


def main() -> None:
    found = [(path, load_checkpoint(path)) for path in sorted(WEIGHTS.iterdir())]
    tables = {
        "networks": networks,
        "weights": lambda: weights(found),
        "quantized": lambda: quantized(found),
        "versions": lambda: versions(found),
    }
    page = PAGE.read_text()
    for name in sys.argv[1:] or tables:
        table = tables[name]()
        pattern = rf"(<!-- {name} -->\n).*?(<!-- end -->)"
        page, count = re.subn(
            pattern, lambda at, table=table: f"{at[1]}{table}\n{at[2]}", page, flags=re.DOTALL
        )
        assert count == 1, name
    PAGE.write_text(page)


if __name__ == "__main__":
    main()
