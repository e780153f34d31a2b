"""Trained networks as safetensors files, with what they are and where they came from inside."""

import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

import accelsim
from accelsim.dorefa_conversion import quantization_aware
from accelsim.errors import AccelsimError
from accelsim.models.networks import build_network, network_names
from accelsim.models.recipe import AdversarialRecipe, Recipe
from accelsim.models.training import TrainedNetwork, weights_sha256
from accelsim.storage import written_atomically

__all__ = ["checkpoint_name", "described_widths", "load_checkpoint", "save_checkpoint"]

#: The one key of the file's metadata. One, because safetensors writes several in random order.
_METADATA_KEY = "accelsim"
_FORMAT = 1


def checkpoint_name(
    network: str, dataset: str, weight_bits: int | None = None, activation_bits: int | None = None
) -> str:
    """Return the file name that a checkpoint has by default, such as ``mnist_a-mnist-w4a4.safetensors``."""
    bits = "" if weight_bits is None else f"-w{weight_bits}"
    bits += "" if activation_bits is None else f"a{activation_bits}"
    return f"{network}-{dataset}{bits}.safetensors"


def save_checkpoint(trained: TrainedNetwork, path: str | os.PathLike[str]) -> None:
    """Write a trained network as a safetensors file.

    Its metadata has one key, ``accelsim``: a JSON object with ``format`` (1), ``network``, ``dataset``,
    ``dataset_sha256``, ``train_sha256`` (of its training part), ``recipe`` (object), ``accuracy_percent``,
    ``weights_sha256``, ``accelsim_version`` and ``torch_version``. Float32 tensors that float16 holds exactly
    are stored as that. The same network makes the same bytes.

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
    tensors = {name: _smallest(tensor).contiguous() for name, tensor in trained.net.state_dict().items()}
    content = save(tensors, {_METADATA_KEY: json.dumps(about, sort_keys=True)})
    with written_atomically(path) as file:
        file.write(content)


def load_checkpoint(
    path: str | os.PathLike[str], network: str | None = None, *, bits: tuple[int, int | None] | None = None
) -> TrainedNetwork:
    """Read a trained network as `save_checkpoint` wrote it.

    Parameters
    ----------
    path : path-like
        The file.
    network : str, optional
        The network that it must be; default: any of the registry.
    bits : tuple of int, optional
        Widths of its quantized weights and inputs that it must have been trained with (None: float inputs);
        default: any, or none.

    Returns
    -------
    TrainedNetwork
        In evaluation mode, bit for bit the network that was saved.

    Raises
    ------
    AccelsimError
        If the file is missing, unreadable, truncated, not a checkpoint, of another network or other bit
        widths, or its weights are not those whose hash it carries.
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
    own_bits = (recipe.weight_bits, recipe.activation_bits)
    if bits is not None and bits != own_bits:
        raise AccelsimError(
            f"{path} holds {trained_as} with {described_widths(*own_bits)}, not {described_widths(*bits)}"
        )
    net = build_network(trained_as)
    if recipe.weight_bits is not None:
        net = quantization_aware(net, recipe.weight_bits, recipe.activation_bits)
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


def _smallest(tensor: Tensor) -> Tensor:
    """Return a float32 tensor as float16 where that loses nothing."""
    half = tensor.half()
    return half if tensor.dtype == torch.float32 and torch.equal(half.float(), tensor) else tensor


def described_widths(weight_bits: int | None, activation_bits: int | None) -> str:
    """Return in words what weights and inputs of a network's layers are."""
    if weight_bits is None:
        return "floats"
    inputs = "float inputs" if activation_bits is None else f"inputs of {activation_bits}"
    return f"weights of {weight_bits} bits and {inputs}"


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
