"""Trained networks as safetensors files, with what they are and where they came from inside."""

import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

import accelsim
from accelsim.errors import AccelsimError
from accelsim.models.networks import build_network, network_names
from accelsim.models.recipe import AdversarialRecipe, Recipe
from accelsim.models.training import TrainedNetwork, weights_sha256
from accelsim.storage import written_atomically

__all__ = ["load_checkpoint", "save_checkpoint"]

#: The one key of the file's metadata. One, because safetensors writes several in random order.
_METADATA_KEY = "accelsim"
_FORMAT = 1


def save_checkpoint(trained: TrainedNetwork, path: str | os.PathLike[str]) -> None:
    """Write a trained network as a safetensors file.

    Its metadata has one key, ``accelsim``: a JSON object with ``format`` (1), ``network``, ``dataset``,
    ``dataset_sha256``, ``train_sha256`` (of its training part), ``recipe`` (object), ``accuracy_percent``,
    ``weights_sha256``, ``accelsim_version`` and ``torch_version``. The same network makes the same bytes.

    Raises
    ------
    AccelsimError
        If the file cannot be written.
    """
    from safetensors.torch import save

    about = {
        "format": _FORMAT,
        "network": trained.network,
        "dataset": trained.dataset,
        "dataset_sha256": trained.dataset_sha256,
        "train_sha256": trained.train_sha256,
        "recipe": asdict(trained.recipe),
        "accuracy_percent": trained.accuracy_percent,
        "weights_sha256": trained.sha256,
        "accelsim_version": accelsim.__version__,
        "torch_version": torch.__version__,
    }
    tensors = {name: tensor.contiguous() for name, tensor in trained.net.state_dict().items()}
    content = save(tensors, {_METADATA_KEY: json.dumps(about, sort_keys=True)})
    with written_atomically(path) as file:
        file.write(content)


def load_checkpoint(path: str | os.PathLike[str], network: str | None = None) -> TrainedNetwork:
    """Read a trained network as `save_checkpoint` wrote it.

    Parameters
    ----------
    path : path-like
        The file.
    network : str, optional
        The network that it must be; default: any of the registry.

    Returns
    -------
    TrainedNetwork
        In evaluation mode, bit for bit the network that was saved.

    Raises
    ------
    AccelsimError
        If the file is missing, unreadable, truncated, not a checkpoint, of another network, or its weights
        are not those whose hash it carries.
    """
    path = Path(path)
    tensors, metadata = _read(path)
    if _METADATA_KEY not in metadata:
        raise AccelsimError(f"{path} is a safetensors file but not an accelsim checkpoint")
    try:
        about = json.loads(metadata[_METADATA_KEY])
        file_format, recipe = about["format"], _recipe(about["recipe"])
        trained_as, dataset = str(about["network"]), str(about["dataset"])
        dataset_sha256, sha256 = str(about["dataset_sha256"]), str(about["weights_sha256"])
        train_sha256 = str(about.get("train_sha256", ""))  # checkpoints of earlier versions lack it
        accuracy = float(about["accuracy_percent"])
    except (AccelsimError, KeyError, TypeError, ValueError) as error:
        raise AccelsimError(
            f"{path} is damaged: its metadata is incomplete or malformed ({error})"
        ) from error
    if file_format != _FORMAT:
        raise AccelsimError(f"{path} is a checkpoint of format {file_format}; this accelsim reads {_FORMAT}")
    if network not in (None, trained_as):
        raise AccelsimError(f"{path} holds the network {trained_as}, not {network}")
    if trained_as not in network_names():
        raise AccelsimError(
            f"{path} holds the network {trained_as}, which accelsim does not have; there are "
            f"{', '.join(network_names())}"
        )
    net = build_network(trained_as)
    expected = {name: tuple(tensor.shape) for name, tensor in net.state_dict().items()}
    found = {name: tuple(tensor.shape) for name, tensor in tensors.items()}
    if found != expected:
        odd = min(name for name in {*found, *expected} if found.get(name) != expected.get(name))
        raise AccelsimError(
            f"{path} is of another architecture than {trained_as}: {odd} is {found.get(odd, 'missing')}, "
            f"expected {expected.get(odd, 'no such weight')}"
        )
    net.load_state_dict(tensors)
    net.eval()
    if weights_sha256(net) != sha256:
        raise AccelsimError(f"{path} is damaged: its weights do not have the hash that it records")
    return TrainedNetwork(net, trained_as, dataset, dataset_sha256, train_sha256, recipe, accuracy, sha256)


def _recipe(fields: dict[str, Any]) -> Recipe:
    kind = AdversarialRecipe if "budget" in fields else Recipe
    return kind(**fields)


def _read(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    from safetensors import SafetensorError, safe_open

    try:
        with path.open("rb"):  # for the system's own reason, which safe_open does not pass on
            pass
        with safe_open(path, framework="pt") as file:
            names = file.keys()
            return {name: file.get_tensor(name) for name in names}, file.metadata() or {}
    except OSError as error:
        raise AccelsimError(f"cannot read checkpoint {path}: {error.strerror or error}") from error
    except SafetensorError as error:
        raise AccelsimError(f"{path} is not a whole safetensors file: {error}") from error
