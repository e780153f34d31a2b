"""Trained networks that come with the package."""

from dataclasses import replace
from pathlib import Path

from accelsim.models.accuracy import accuracy_percent
from accelsim.models.checkpoints import checkpoint_name, load_checkpoint
from accelsim.models.dataset import Dataset
from accelsim.models.recipe import Recipe
from accelsim.models.training import TrainedNetwork

__all__ = ["shipped_for", "shipped_network", "shipped_on", "shipped_weights"]

#: Files NETWORK-DATASET.safetensors, as `accelsim train` names them.
_FOLDER = Path(__file__).parent / "weights"


def shipped_weights() -> dict[str, Path]:
    """Return the files of all weights in the package by their names without the ending."""
    return {path.stem: path for path in sorted(_FOLDER.glob("*.safetensors"))}


def shipped_network(network: str, dataset_name: str, recipe: Recipe) -> TrainedNetwork | None:
    """Return the network that comes with the package, None where there is none, or of another recipe.

    Parameters
    ----------
    network, dataset_name : str
        Names in the registries.
    recipe : Recipe
        How it is to have been trained.
    """
    path = _FOLDER / checkpoint_name(network, dataset_name, recipe.weight_bits, recipe.activation_bits)
    if not path.is_file():
        return None
    found = load_checkpoint(path, network)
    return found if found.recipe == recipe else None


def shipped_for(network: str, dataset: Dataset, recipe: Recipe) -> TrainedNetwork | None:
    """Return the network that comes with the package where it was trained on the images of a data set.

    Where the test images are others than those it was tested on, its accuracy is measured on them.

    Parameters
    ----------
    network : str
        Name of the network.
    dataset : Dataset
        Whatever its name.
    recipe : Recipe
        How it is to have been trained.
    """
    for path in sorted(
        _FOLDER.glob(checkpoint_name(network, "*", recipe.weight_bits, recipe.activation_bits))
    ):
        found = shipped_network(network, path.stem.split("-")[1], recipe)
        if found is not None and found.train_sha256 == dataset.train_sha256:
            return _tested_on(dataset, found)
    return None


def shipped_on(dataset: Dataset) -> dict[str, TrainedNetwork]:
    """Return the float networks of the package that were trained on a data set as it is, by their names.

    Parameters
    ----------
    dataset : Dataset
        Whatever its name.
    """
    found = {}
    for path in shipped_weights().values():
        trained = load_checkpoint(path)
        is_plain = path.name == checkpoint_name(trained.network, path.stem.split("-")[1])
        if is_plain and trained.train_sha256 == dataset.train_sha256:
            found[trained.network] = _tested_on(dataset, trained)
    return found


def _tested_on(dataset: Dataset, trained: TrainedNetwork) -> TrainedNetwork:
    """Return a network with its accuracy on the test images of a data set."""
    if trained.dataset_sha256 == dataset.sha256:
        return trained
    accuracy = accuracy_percent(trained.net, dataset.test_images, dataset.test_labels)
    return replace(trained, dataset=dataset.name, dataset_sha256=dataset.sha256, accuracy_percent=accuracy)
