"""Training of a network from a recipe, the same each time."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from math import isfinite

import torch
import torch.nn.functional as F
from torch import nn

from accelsim.errors import AccelsimError
from accelsim.models.accuracy import accuracy_percent
from accelsim.models.dataset import Dataset
from accelsim.models.networks import INPUT_SHAPE, build_network
from accelsim.models.progress import progress_bar

__all__ = ["DEFAULT_EPOCHS", "Recipe", "TrainedNetwork", "default_recipe", "train", "weights_sha256"]

#: Passes over the training images where none are asked for, by data set; 10 for any other.
DEFAULT_EPOCHS = {"digits": 40, "mnist": 10}

_CLASSES = 10


@dataclass(frozen=True)
class Recipe:
    """Everything that decides the trained weights besides network and data.

    Adam (Kingma and Ba 2015) on the cross entropy; the learning rate falls to 0 along half a cosine
    (Loshchilov and Hutter 2017), step by step; a new random order of the training images in each epoch; no
    augmentation.

    Parameters
    ----------
    epochs : int
        Passes over the training images.
    seed : int
        Seed of the initial weights and of the orders.
    batch_size : int
        Images per step.
    learning_rate : float
        Of the first step.

    Raises
    ------
    AccelsimError
        If a number is out of range.
    """

    epochs: int
    seed: int = 0
    batch_size: int = 64
    learning_rate: float = 2e-3

    def __post_init__(self) -> None:
        for name, low in (("epochs", 1), ("batch_size", 1), ("seed", 0)):
            value = getattr(self, name)
            if not isinstance(value, int) or not low <= value < 2**63:
                raise AccelsimError(
                    f"training: {name} must be a whole number of at least {low}, not {value!r}"
                )
        if not (isfinite(self.learning_rate) and self.learning_rate > 0):
            raise AccelsimError(f"training: learning_rate must be above 0, not {self.learning_rate!r}")


def default_recipe(dataset_name: str, *, epochs: int | None = None, seed: int = 0) -> Recipe:
    """Return the recipe that is used where nothing else is asked for."""
    return Recipe(epochs=DEFAULT_EPOCHS.get(dataset_name, 10) if epochs is None else epochs, seed=seed)


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
    dataset_sha256 : str
        `Dataset.sha256` of that data set.
    recipe : Recipe
        How it was trained.
    accuracy_percent : float
        Share of all test images that it classifies as labelled, in percent.
    sha256 : str
        `weights_sha256` of the network as trained.
    """

    net: nn.Module
    network: str
    dataset: str
    dataset_sha256: str
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
    progress: bool = True,
) -> TrainedNetwork:
    """Train a network of the registry on a data set.

    On one machine, with one number of threads and one version of PyTorch, the same arguments give the same
    weights, bit for bit. PyTorch's global random generator is neither read nor changed.

    Parameters
    ----------
    network : str
        Name of the network.
    dataset : Dataset
        Images of shape (N, 1, 28, 28) in ten classes.
    epochs, seed : int, optional
        Passes over the training images (default: `DEFAULT_EPOCHS`) and seed, for the default recipe.
    recipe : Recipe, optional
        Takes the place of ``epochs`` and ``seed``.
    progress : bool
        Whether to show a progress bar on stderr where stderr is a terminal.

    Raises
    ------
    AccelsimError
        If the network is unknown, the images do not fit it, a number of the recipe is out of range, or the
        loss stops being a number.
    """
    recipe = recipe or default_recipe(dataset.name, epochs=epochs, seed=seed)
    net = build_network(network, seed=recipe.seed)
    if dataset.image_shape != INPUT_SHAPE or len(dataset.classes) != _CLASSES:
        raise AccelsimError(
            f"network {network} takes images of shape {INPUT_SHAPE} in {_CLASSES} classes; "
            f"data set {dataset.name} has {dataset.image_shape} in {len(dataset.classes)}"
        )
    with (
        torch.enable_grad(),
        progress_bar(f"training {network} on {dataset.name}", recipe.epochs, progress) as epoch_done,
    ):
        _optimise(net, dataset, recipe, epoch_done)
    net.eval()
    return TrainedNetwork(
        net=net,
        network=network,
        dataset=dataset.name,
        dataset_sha256=dataset.sha256,
        recipe=recipe,
        accuracy_percent=accuracy_percent(net, dataset.test_images, dataset.test_labels),
        sha256=weights_sha256(net),
    )


def _optimise(net: nn.Module, dataset: Dataset, recipe: Recipe, epoch_done: Callable[[str], None]) -> None:
    images, labels = dataset.train_images, dataset.train_labels
    orders = torch.Generator().manual_seed(recipe.seed)
    optimiser = torch.optim.Adam(net.parameters(), lr=recipe.learning_rate, fused=True)
    steps = recipe.epochs * -(-len(images) // recipe.batch_size)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, T_max=steps)
    net.train()
    for epoch in range(1, recipe.epochs + 1):
        total_loss = torch.zeros(())
        for batch in torch.split(torch.randperm(len(images), generator=orders), recipe.batch_size):
            loss = F.cross_entropy(net(images[batch]), labels[batch])
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
