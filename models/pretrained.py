"""Trained networks from the package or the cache, trained on first use."""

import hashlib
import json
from dataclasses import asdict
from functools import partial
from pathlib import Path

from accelsim.errors import AccelsimError, nearest
from accelsim.models.checkpoints import load_checkpoint, save_checkpoint
from accelsim.models.dataset import Dataset
from accelsim.models.datasets import is_at_hand, load_dataset
from accelsim.models.networks import build_network, network_names
from accelsim.models.recipe import Recipe, default_recipe, is_fine_tuned
from accelsim.models.shipped import shipped_for, shipped_network, shipped_weights
from accelsim.models.training import TrainedNetwork, train
from accelsim.storage import cache_folder, require_writable_folder

__all__ = ["check_named_network", "is_checkpoint_name", "named_network", "trained_network"]


def trained_network(
    network: str,
    dataset: str | Dataset,
    *,
    seed: int = 0,
    epochs: int | None = None,
    weight_bits: int | None = None,
    activation_bits: int | None = None,
    progress: bool = True,
) -> TrainedNetwork:
    """Return a trained network from the package or the cache; train it, and keep it there, on first use.

    The package has some networks trained by the default recipe. Such a one is returned where the training
    images and labels are those it was trained on, or, without a look at the data set, where a name is given
    whose files are not at hand.

    The cache is ``checkpoints`` in `accelsim.storage.cache_folder`. Its key is the network, the content of
    the data set and the recipe. An entry that cannot be read, or is not what its name says, is trained
    again and replaced.

    Parameters
    ----------
    network : str
        Name of the network.
    dataset : str or Dataset
        Name of the data set, or the data set itself where it is loaded already.
    seed, epochs : int, optional
        As for `train`.
    weight_bits, activation_bits : int, optional
        Widths of DoReFa-Net's weights and inputs; default: floats. On CIFAR-10 such a network is trained
        further from the float one.
    progress : bool
        Whether to show progress bars on stderr where stderr is a terminal.

    Raises
    ------
    AccelsimError
        If a name is unknown, a width is out of range, the data set cannot be loaded, training fails, or the
        cache cannot be written.
    """
    build_network(network)  # an unknown name is said before anything is downloaded
    name = dataset if isinstance(dataset, str) else dataset.name
    recipe_from = partial(
        default_recipe,
        name,
        network,
        epochs=epochs,
        seed=seed,
        weight_bits=weight_bits,
        activation_bits=activation_bits,
    )
    recipe = recipe_from()
    start = None
    if weight_bits is not None and is_fine_tuned(name):
        start = trained_network(network, dataset, seed=seed, progress=progress)
        recipe = recipe_from(start=start.sha256)
    if isinstance(dataset, str) and not is_at_hand(dataset):
        shipped = shipped_network(network, dataset, recipe)
        if shipped:
            return shipped
    data = load_dataset(dataset, progress=progress) if isinstance(dataset, str) else dataset
    shipped = shipped_for(network, data, recipe)
    if shipped:
        return shipped
    path = _entry(network, data, recipe)
    wanted = (network, data.sha256, recipe)
    if path.exists():
        try:
            cached = load_checkpoint(path)
        except AccelsimError:
            pass
        else:
            if (cached.network, cached.dataset_sha256, cached.recipe) == wanted:
                return cached
    require_writable_folder(path.parent, "$ACCELSIM_CACHE chooses another cache folder")
    trained = train(network, data, recipe=recipe, start=start, progress=progress)
    save_checkpoint(trained, path)
    return trained


def named_network(name: str, dataset: Dataset, *, seed: int = 0, progress: bool = True) -> TrainedNetwork:
    """Return a trained network by whatever names it.

    Parameters
    ----------
    name : str
        A network of the registry, which is had from `trained_network`; weights of the package by their file's
        name, such as ``"lenet5-mnist-adversarial"``; or the path of a checkpoint: what ends in
        ``.safetensors``, or has a path separator.
    dataset : Dataset
        What a network of the registry is trained on.
    seed : int
        As for `train`.
    progress : bool
        Whether to show progress bars on stderr where stderr is a terminal.

    Raises
    ------
    AccelsimError
        If it is none of these, or as `trained_network` and `load_checkpoint` say.
    """
    check_named_network(name)
    if is_checkpoint_name(name):
        return load_checkpoint(name)
    shipped = shipped_weights()
    if name in shipped:
        return load_checkpoint(shipped[name])
    return trained_network(name, dataset, seed=seed, progress=progress)


def is_checkpoint_name(name: str) -> bool:
    """Return whether `named_network` takes this for the path of a checkpoint."""
    return name.endswith(".safetensors") or "/" in name


def check_named_network(name: str) -> None:
    """Raise `AccelsimError` unless `named_network` knows this name; loads nothing."""
    known = [*network_names(), *shipped_weights()]
    if is_checkpoint_name(name):
        if not Path(name).is_file():
            raise AccelsimError(f"there is no checkpoint {name}")
    elif name not in known:
        hint = nearest(name, known) or f"; there are {', '.join(known)}"
        raise AccelsimError(f"no network or weights {name!r}{hint}; a checkpoint's name ends in .safetensors")


def _entry(network: str, dataset: Dataset, recipe: Recipe) -> Path:
    key = json.dumps([network, dataset.sha256, asdict(recipe)], sort_keys=True)
    name = f"{network}-{dataset.name}-{hashlib.sha256(key.encode()).hexdigest()[:16]}.safetensors"
    return cache_folder() / "checkpoints" / name
