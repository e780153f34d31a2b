"""Training of a network from a recipe, the same each time."""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from math import isfinite

import torch
import torch.nn.functional as F
from torch import nn
from torch.optim.lr_scheduler import CosineAnnealingLR, LRScheduler, MultiplicativeLR, OneCycleLR

from accelsim.dorefa_conversion import quantization_aware
from accelsim.dorefa_layers import DorefaLayer
from accelsim.errors import AccelsimError
from accelsim.models.accuracy import accuracy_percent
from accelsim.models.augmentation import cropped_and_flipped
from accelsim.models.batch_norm_training import fold_training_norms, with_training_norms
from accelsim.models.dataset import Dataset, calibration_images
from accelsim.models.networks import architecture, build_network
from accelsim.models.recipe import Recipe, default_recipe
from accelsim.progress import progress_bar

__all__ = ["Adversary", "TrainedNetwork", "train", "weights_sha256"]

_CALIBRATION_IMAGES = 256

#: Makes the images that a step trains on: takes the network, a batch of images, their labels, the number of
#: the epoch (from 1 up) and a seed of the step's own; returns images like those given.
Adversary = Callable[[nn.Module, torch.Tensor, torch.Tensor, int, int], torch.Tensor]


@dataclass(frozen=True, eq=False)
class TrainedNetwork:
    """A trained network and where it came from.

    Parameters
    ----------
    net : nn.Module
        The network, in evaluation mode.
    network : str
        Its name in the registry of networks.
    dataset : str
        Name of the data set it was trained on.
    dataset_sha256, train_sha256 : str
        `Dataset.sha256` and `Dataset.train_sha256` of that data set.
    recipe : Recipe
        How it was trained.
    accuracy_percent : float
        Share of all test images that it classifies as labelled, in percent.
    sha256 : str
        `weights_sha256` of the network as trained.
    """

    net: nn.Module = field(repr=False)
    network: str
    dataset: str
    dataset_sha256: str
    train_sha256: str
    recipe: Recipe
    accuracy_percent: float
    sha256: str


def weights_sha256(net: nn.Module) -> str:
    """Return the SHA-256 (hexadecimal) of the names, shapes, types and values of parameters and buffers."""
    content = hashlib.sha256()
    for name, tensor in sorted(net.state_dict().items()):
        array = tensor.detach().cpu().contiguous().numpy()
        content.update(f"{name} {array.dtype.name} {array.shape}\n".encode())
        content.update(array.astype(array.dtype.newbyteorder("<"), copy=False).data)
    return content.hexdigest()


def train(
    network: str,
    dataset: Dataset,
    *,
    epochs: int | None = None,
    seed: int = 0,
    recipe: Recipe | None = None,
    start: TrainedNetwork | None = None,
    adversary: Adversary | None = None,
    progress: bool = True,
) -> TrainedNetwork:
    """Train a network of the registry on a data set; with DoReFa-Net's weights and inputs if asked for.

    On one machine and version of PyTorch the same arguments give the same weights, bit for bit. PyTorch's
    global random generator and number of threads are left as they were.

    Parameters
    ----------
    network : str
        Name of the network.
    dataset : Dataset
        Images and classes of the shape and number that the network takes.
    epochs, seed : int, optional
        What to change in the data set's `default_recipe`.
    recipe : Recipe, optional
        Takes the place of the default recipe, ``epochs`` and ``seed``; its ``weight_bits`` and
        ``activation_bits`` make the network a quantized one (`accelsim.quantization_aware`).
    start : TrainedNetwork, optional
        The same network in floats, which the training starts from instead of initial weights. Quantized
        weights and inputs then keep the ranges that they have in it, those of the inputs on training images.
        The recipe's ``start`` becomes the hash of its weights.
    adversary : callable, optional
        Changes the images of each step (`accelsim.attacks.train_adversarially`).
    progress : bool
        Whether to show a progress bar on stderr where stderr is a terminal.

    Raises
    ------
    AccelsimError
        If the network is unknown, the images do not fit it, a number of the recipe is out of range, the
        start is another network, quantized, or not the recipe's, or the loss stops being a number.
    """
    recipe = recipe or default_recipe(
        dataset.name, network, epochs=epochs, seed=seed, start="" if start is None else start.sha256
    )
    net = build_network(network, seed=recipe.seed)
    wanted = architecture(network)
    if start is not None:
        recipe = replace(recipe, start=_checked_start(network, recipe, start).sha256)
        net.load_state_dict(start.net.state_dict())
    elif recipe.start:
        raise AccelsimError(f"training starts from the weights {recipe.start[:12]}…; give that network")
    if dataset.image_shape != wanted.image_shape or len(dataset.classes) != wanted.classes:
        raise AccelsimError(
            f"network {network} takes images of shape {wanted.image_shape} in {wanted.classes} classes; "
            f"data set {dataset.name} has {dataset.image_shape} in {len(dataset.classes)}"
        )
    if recipe.weight_bits is not None:
        typical = calibration_images(dataset, min(_CALIBRATION_IMAGES, len(dataset.train_images)))
        net = quantization_aware(
            net,
            recipe.weight_bits,
            recipe.activation_bits,
            calibration=None if start is None else typical,
        )
    with (
        torch.enable_grad(),
        torch.random.fork_rng(devices=[]),
        _threads(recipe.threads),
        progress_bar(f"training {network} on {dataset.name}", recipe.epochs, progress) as epoch_done,
    ):
        torch.default_generator.manual_seed(recipe.seed)  # which dropout draws from
        trained = with_training_norms(net) if recipe.batch_norm else net
        _optimise(trained, dataset, recipe, adversary, epoch_done)
        fold_training_norms(net, trained, dataset.image_shape)
    if recipe.storage == "float16":
        round_to_float16(net)
    net.eval()
    return TrainedNetwork(
        net=net,
        network=network,
        dataset=dataset.name,
        dataset_sha256=dataset.sha256,
        train_sha256=dataset.train_sha256,
        recipe=recipe,
        accuracy_percent=accuracy_percent(net, dataset.test_images, dataset.test_labels),
        sha256=weights_sha256(net),
    )


def round_to_float16(net: nn.Module) -> None:
    """Round parameters and buffers to float16; of a quantized network its quantized weights alone.

    These keep their levels, if they have 2 to 11 bits.
    """
    quantized = [layer for layer in net.modules() if isinstance(layer, DorefaLayer)]
    for layer in quantized:
        layer.settle()
        layer.weight.data = layer.weight.data.half().float()
    if not quantized:
        net.half().float()


def _checked_start(network: str, recipe: Recipe, start: TrainedNetwork) -> TrainedNetwork:
    if start.network != network:
        raise AccelsimError(f"network {network} cannot start from the weights of {start.network}")
    if start.recipe.weight_bits is not None:
        raise AccelsimError(
            f"training starts from float weights; those given have {start.recipe.weight_bits} bits"
        )
    if recipe.start not in ("", start.sha256):
        raise AccelsimError(
            f"training starts from the weights {recipe.start[:12]}…; those given are {start.sha256[:12]}…"
        )
    return start


@contextmanager
def _threads(count: int) -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _optimise(
    net: nn.Module,
    dataset: Dataset,
    recipe: Recipe,
    adversary: Adversary | None,
    epoch_done: Callable[[str], None],
) -> None:
    images, labels = dataset.train_images, dataset.train_labels
    draws = torch.Generator().manual_seed(recipe.seed)
    optimiser = _optimiser(net, recipe)
    schedule = _schedule(optimiser, recipe, recipe.epochs * -(-len(images) // recipe.batch_size))
    bfloat16 = recipe.precision == "bfloat16"
    memory_format = torch.channels_last if bfloat16 else torch.contiguous_format
    net.train().to(memory_format=memory_format)  # type: ignore[call-overload]
    step = 0
    for epoch in range(1, recipe.epochs + 1):
        total_loss = torch.zeros(())
        for batch in torch.split(torch.randperm(len(images), generator=draws), recipe.batch_size):
            taken = images[batch]
            if recipe.augmentation == "crop-flip":
                taken = cropped_and_flipped(taken, draws)
            if adversary:
                step += 1
                taken = adversary(net, taken, labels[batch], epoch, step)
            with torch.autocast("cpu", torch.bfloat16, enabled=bfloat16):
                logits = net(taken.contiguous(memory_format=memory_format))
            loss = F.cross_entropy(logits.float(), labels[batch])
            optimiser.zero_grad()
            torch.autograd.backward(loss)
            optimiser.step()
            schedule.step()
            total_loss += loss.detach() * len(batch)
        mean_loss = float(total_loss) / len(images)
        if not isfinite(mean_loss):
            raise AccelsimError(
                f"training diverged in epoch {epoch}: the loss is {mean_loss}; "
                f"a learning rate below {recipe.learning_rate:g} may help"
            )
        epoch_done(f"loss {mean_loss:.4f}")
    net.to(memory_format=torch.contiguous_format)  # type: ignore[call-overload]


def _optimiser(net: nn.Module, recipe: Recipe) -> torch.optim.Optimizer:
    rate, decay = recipe.learning_rate, recipe.weight_decay
    if recipe.optimiser == "adam":
        return torch.optim.Adam(net.parameters(), lr=rate, weight_decay=decay, fused=True)
    return torch.optim.SGD(
        net.parameters(), lr=rate, momentum=0.9, nesterov=True, weight_decay=decay, fused=True
    )


def _schedule(optimiser: torch.optim.Optimizer, recipe: Recipe, steps: int) -> LRScheduler:
    if recipe.schedule == "cosine":
        return CosineAnnealingLR(optimiser, T_max=steps)
    if recipe.schedule == "steps":
        drops = [(0.205, 0.1), (0.3075, 0.1), (0.75, 0.2)]
        by_step = {round(share * steps): factor for share, factor in drops}
        return MultiplicativeLR(optimiser, lambda step: by_step.get(step, 1.0))
    return OneCycleLR(optimiser, recipe.learning_rate, total_steps=steps, cycle_momentum=False)
