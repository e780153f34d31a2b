"""The options that `evaluate` and `attack` share, and the networks on hardware that they ask for."""

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from accelsim.cli.chosen_multipliers import ChosenMultiplier, chosen_multipliers
from accelsim.cli.completion import complete_multiplier
from accelsim.cli.output import Output
from accelsim.cli.seed import SEED
from accelsim.errors import AccelsimError

if TYPE_CHECKING:
    from torch import Tensor, nn

    from accelsim.models import TrainedNetwork

__all__ = ["Experiment", "Setting", "experiment_options"]

Layers = Literal["conv", "linear", "all"]

DEFAULT_MULTIPLIERS = ("mul8u_exact", "mul8u_drum_k4", "mul8u_trunc_k8", "mul8u_ama5")


@dataclass(frozen=True)
class Setting:
    """Which network runs on which multipliers, as the options say it.

    Parameters
    ----------
    network : str or None
        Name of the network; None: that of the checkpoint, or lenet5.
    data : str
        Name of the data set.
    checkpoint : Path or None
        Trained weights; None: from the cache, trained on first use.
    multiplier : tuple of str
        Names or LUT files.
    images : int or None
        How many test images; None: all.
    layers : str or None
        "conv", "linear" or "all"; None: conv, or linear in a network without convolutions.
    activation_operand : {"a", "b"}
        Which operand the activation is.
    weights : {"per-tensor", "per-channel"}
        Granularity of the weights' scales.
    seed : int
        Seed of training, calibration and attacks.
    """

    network: str | None
    data: str
    checkpoint: Path | None
    multiplier: tuple[str, ...]
    images: int | None
    layers: Layers | None
    activation_operand: Literal["a", "b"]
    weights: Literal["per-tensor", "per-channel"]
    seed: int

    def prepare(self, output: Output) -> "Experiment":
        """Load data and LUTs, get the trained network, and put it on each multiplier."""
        multipliers = chosen_multipliers(self.multiplier, output)
        with output.working("loading network and images"):
            from accelsim.models import calibration_images, load_checkpoint, load_dataset, trained_network

            trained = load_checkpoint(self.checkpoint, self.network) if self.checkpoint else None
            network = trained.network if trained else self.network or "lenet5"
            layers = _layers(network, self.layers)
        dataset = load_dataset(self.data, progress=output.shows_progress)
        n = len(dataset.test_images) if self.images is None else self.images
        images, labels = dataset.test_subset(n)
        if not trained:
            trained = trained_network(network, dataset, seed=self.seed, progress=output.shows_progress)
        with output.working("quantizing"):
            calibration = calibration_images(dataset, min(256, len(dataset.train_images)), seed=self.seed)
            victims = self._quantized(trained.net, multipliers, calibration, layers)
        about = {
            "network": network,
            "dataset": dataset.name,
            "dataset_sha256": dataset.sha256,
            "trained_on": trained.dataset,
            "weights_sha256": trained.sha256,
            "images": n,
            "layers": layers,
            "activation_operand": self.activation_operand,
            "weights": self.weights,
            "seed": self.seed,
        }
        return Experiment(trained, images, labels, victims, multipliers, about)

    def _quantized(
        self, net: "nn.Module", multipliers: Sequence[ChosenMultiplier], calibration: "Tensor", layers: str
    ) -> "dict[str, nn.Module]":
        """Put the network on each multiplier, calibrated once for all of the same kind."""
        from accelsim.conversion import approximate, swap_lut

        first: dict[tuple[int, int, bool], nn.Module] = {}
        victims = {}
        for multiplier in multipliers:
            lut = multiplier.lut
            kind = lut.a_width, lut.b_width, lut.signed
            if kind in first:
                victims[multiplier.name] = swap_lut(first[kind], lut)
            else:
                victims[multiplier.name] = first[kind] = approximate(
                    net,
                    lut,
                    calibration=calibration,
                    layers=layers,
                    activation_operand=self.activation_operand,
                    weights=self.weights,
                )
        return victims


@dataclass(frozen=True, eq=False)
class Experiment:
    """Networks to compare, and the images to compare them on.

    Parameters
    ----------
    trained : TrainedNetwork
        The accurate float network.
    images : float32 tensor of shape (N, channels, height, width)
    labels : int64 tensor of shape (N,)
    victims : mapping of str to nn.Module
        The network on each multiplier, by the multiplier's name.
    multipliers : list of ChosenMultiplier
        The multipliers, in the order of the victims.
    about : mapping of str to JSON values
        What was chosen, for the result.
    """

    trained: "TrainedNetwork"
    images: "Tensor"
    labels: "Tensor"
    victims: "dict[str, nn.Module]"
    multipliers: list[ChosenMultiplier]
    about: dict[str, Any]

    @property
    def title(self) -> str:
        """What was measured, in one line."""
        about = self.about
        elsewhere = (
            f" (trained on {self.trained.dataset})" if self.trained.dataset != about["dataset"] else ""
        )
        images = f"{about['images']:,} test images of {about['dataset']}"
        return f"{about['network']}{elsewhere} on {images}, {about['layers']} layers approximate"


def experiment_options(images: int | None) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Add the options of a `Setting` to a command, which gets it as the parameter ``setting``.

    Parameters
    ----------
    images : int or None
        Default of ``--images``; None: all.
    """
    options = [
        click.option(
            "--network",
            metavar="NAME",
            help="lenet5 (default), ffnn or another; a checkpoint brings its own.",
        ),
        click.option(
            "--data",
            metavar="NAME",
            default="digits",
            show_default=True,
            help="digits (in the package), mnist or cifar10 (from $ACCELSIM_DATA, downloaded if missing).",
        ),
        click.option(
            "--checkpoint",
            type=click.Path(path_type=Path),
            help="Weights saved by `accelsim train`; default: the package's, or trained on first use.",
        ),
        click.option(
            "--multiplier",
            "-m",
            metavar="NAME",
            multiple=True,
            default=DEFAULT_MULTIPLIERS,
            shell_complete=complete_multiplier,
            help="Multiplier, or the path of a .npy or .npz LUT; may be repeated. The accurate one of "
            f"the same width is always there too. Default: {', '.join(DEFAULT_MULTIPLIERS)}.",
        ),
        click.option(
            "--images",
            type=click.IntRange(min=1),
            default=images,
            show_default=True,
            help="Number of test images" + ("; default: all." if images is None else "."),
        ),
        click.option(
            "--layers",
            type=click.Choice(["conv", "linear", "all"]),
            help="Layers that run on the multiplier, the others stay float. Default: conv, as in Siddique & "
            "Hoque (2022); linear in a network without convolutions.",
        ),
        click.option(
            "--activation-operand",
            type=click.Choice(["a", "b"]),
            default="a",
            show_default=True,
            help="Operand of the multiplier that is the activation; the weight is the other one.",
        ),
        click.option(
            "--weights",
            type=click.Choice(["per-tensor", "per-channel"]),
            default="per-tensor",
            show_default=True,
            help="One scale for all weights of a layer, or one for each output channel.",
        ),
        click.option(
            "--seed",
            type=SEED,
            default=0,
            show_default=True,
            help="Seed of training, calibration and attacks.",
        ),
    ]

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        @functools.wraps(command)
        def with_setting(*arguments: Any, **parameters: Any) -> None:
            setting = Setting(**{field.name: parameters.pop(field.name) for field in fields(Setting)})
            command(*arguments, setting=setting, **parameters)

        for option in reversed(options):
            with_setting = option(with_setting)
        return with_setting

    return decorate


def _layers(network: str, wanted: Layers | None) -> Layers:
    """Return which layers run on the multiplier.

    Raises
    ------
    AccelsimError
        If the network is unknown or has no such layers.
    """
    from accelsim.models.networks import is_convolutional

    convolutional = is_convolutional(network)
    if wanted == "conv" and not convolutional:
        raise AccelsimError(f"{network} has no convolutional layers; give --layers linear, or leave it out")
    return wanted or ("conv" if convolutional else "linear")
