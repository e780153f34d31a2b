"""What decides the trained weights besides network and data."""

from dataclasses import asdict, dataclass, replace
from math import isfinite
from types import MappingProxyType
from typing import Literal, get_args

from accelsim.dorefa import check_bits
from accelsim.errors import AccelsimError
from accelsim.models.cifar10 import CIFAR10_NAMES
from accelsim.models.seeds import check_seed

__all__ = [
    "AdversarialRecipe",
    "Augmentation",
    "Optimiser",
    "Precision",
    "Recipe",
    "Schedule",
    "Storage",
    "adversarial_recipe",
    "default_recipe",
    "is_fine_tuned",
]

Optimiser = Literal["adam", "sgd"]
Schedule = Literal["cosine", "one-cycle", "steps"]
Augmentation = Literal["none", "crop-flip"]
Precision = Literal["float32", "bfloat16"]
Storage = Literal["float32", "float16"]


@dataclass(frozen=True)
class Recipe:
    """How a network is trained: on the cross entropy, a new random order of the images in each epoch.

    Parameters
    ----------
    epochs : int
        Passes over the training images.
    seed : int
        Seed of the initial weights, the orders, dropout and augmentation, from 0 to 2^63 - 1.
    batch_size : int
        Images per step.
    learning_rate : float
        The largest.
    threads : int
        Threads of PyTorch, which decide the order of its sums. Networks this small gain nothing from a
        second one, and lose a lot where cores are shared.
    optimiser : {"adam", "sgd"}
        Adam (Kingma and Ba 2015), or gradient descent with Nesterov's momentum of 0.9.
    schedule : {"cosine", "one-cycle", "steps"}
        How the learning rate changes, step by step: from the largest to 0 along half a cosine (Loshchilov and
        Hutter 2017); up to the largest in the first 30 % of the steps and down after it, both along half
        a cosine (Smith and Topin 2018); or the largest, a tenth, a hundredth and a 500th of it, changed after
        20.5 %, 30.75 % and 75 % of the steps (epochs 82, 123 and 300 of 400 in Tensorpack's ResNet example).
    weight_decay : float
        Times the weights, added to their gradients.
    augmentation : {"none", "crop-flip"}
        Crop-flip: each image moves by up to 4 pixels each way, zeros coming in, and every other is mirrored
        left to right, at random.
    batch_norm : bool
        Whether a network without batch normalisation is trained with it after each convolution and linear
        layer but the last, and gets it folded into these layers after the training.
    precision : {"float32", "bfloat16"}
        Bfloat16: the operands of convolutions and linear layers are rounded to it in the training (weights
        and sums stay float32), which CPUs that multiply bfloat16 do in half the time. What is trained is a
        float32 network either way.
    weight_bits, activation_bits : int, optional
        Widths of DoReFa-Net's weights and inputs in all layers but the first and the last, from 1 to 16
        (`accelsim.quantization_aware`). None: float.
    start : str
        `weights_sha256` of the trained float network that the training starts from, which the ranges of the
        quantized weights and inputs are taken from too. Empty: initial weights.
    storage : {"float32", "float16"}
        Float16: the trained parameters, of a quantized network its quantized weights, are rounded to it in
        the end, which halves their checkpoint; weights of 2 to 11 bits keep their levels. The network
        computes in float32 either way.

    Raises
    ------
    AccelsimError
        If a number is out of range, or a choice is none.
    """

    epochs: int
    seed: int = 0
    batch_size: int = 64
    learning_rate: float = 2e-3
    threads: int = 1
    optimiser: Optimiser = "adam"
    schedule: Schedule = "cosine"
    weight_decay: float = 0.0
    augmentation: Augmentation = "none"
    batch_norm: bool = False
    precision: Precision = "float32"
    weight_bits: int | None = None
    activation_bits: int | None = None
    start: str = ""
    storage: Storage = "float32"

    def __post_init__(self) -> None:
        check_seed(self.seed, "training")
        for name in ("epochs", "batch_size", "threads"):
            value = getattr(self, name)
            if not isinstance(value, int) or not 1 <= value < 2**63:
                raise AccelsimError(
                    f"training: {name} must be a whole number from 1 to 2^63 - 1, not {value!r}"
                )
        if not (isfinite(self.learning_rate) and self.learning_rate > 0):
            raise AccelsimError(f"training: learning_rate must be above 0, not {self.learning_rate!r}")
        if not (isfinite(self.weight_decay) and self.weight_decay >= 0):
            raise AccelsimError(f"training: weight_decay must be at least 0, not {self.weight_decay!r}")
        if not isinstance(self.batch_norm, bool):
            raise AccelsimError(f"training: batch_norm must be true or false, not {self.batch_norm!r}")
        if self.weight_bits is not None:
            check_bits(self.weight_bits, "weights")
        if self.activation_bits is not None:
            check_bits(self.activation_bits, "activations")
            if self.weight_bits is None:
                raise AccelsimError("training: activation_bits are given without weight_bits")
        if self.batch_norm and self.weight_bits is not None:
            raise AccelsimError(
                "training: batch_norm is folded into float weights; a quantized network has but its own"
            )
        for name, choices in _CHOICES.items():
            if getattr(self, name) not in choices:
                raise AccelsimError(
                    f"training: {name} must be {' or '.join(choices)}, not {getattr(self, name)!r}"
                )


_CHOICES = MappingProxyType(
    {
        "optimiser": get_args(Optimiser),
        "schedule": get_args(Schedule),
        "augmentation": get_args(Augmentation),
        "precision": get_args(Precision),
        "storage": get_args(Storage),
    }
)


@dataclass(frozen=True)
class AdversarialRecipe(Recipe):
    """How a network is trained on adversarial images (Madry et al. 2018), made anew in each step.

    Parameters
    ----------
    budget : float
        Largest change of a pixel, for pixels in [0, 1]: above 0, up to 1.
    steps : int
        Gradient steps that an image is made in.
    warm_up : int
        Epochs in which the budget grows to its full size in equal steps; small networks that face it at once
        can stay at chance.

    Raises
    ------
    AccelsimError
        If a number is out of range.
    """

    budget: float = 0.2
    steps: int = 7
    warm_up: int = 4

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 < self.budget <= 1:
            raise AccelsimError(f"training: budget must be above 0, up to 1, not {self.budget!r}")
        for name in ("steps", "warm_up"):
            value = getattr(self, name)
            if not isinstance(value, int) or value < 1:
                raise AccelsimError(f"training: {name} must be a whole number from 1 up, not {value!r}")


_CIFAR10 = Recipe(
    epochs=24, batch_size=128, learning_rate=0.1, optimiser="sgd", schedule="one-cycle", weight_decay=5e-4,
    augmentation="crop-flip", batch_norm=True, precision="bfloat16",
)  # fmt: skip
# Digits has few images and so takes smaller steps through them; chosen on 297 training images held out.
_DEFAULTS = MappingProxyType(
    {
        "digits": Recipe(epochs=20, batch_size=32, learning_rate=4e-3),
        "mnist": Recipe(epochs=10),
        "cifar10": _CIFAR10,
    }
)
#: Quantized weights whose levels survive as float16.
_BITS_IN_FLOAT16 = 11
#: Networks of Shrestha and Großmann (2024). Mnist A as there, but for fewer epochs and the cosine.
_OF_NETWORKS = MappingProxyType(
    {
        ("mnist_a", "mnist"): Recipe(epochs=10, batch_size=128, learning_rate=1.2e-3, storage="float16"),
        **{
            (resnet, "cifar10"): replace(_CIFAR10, epochs=15, storage="float16")
            for resnet in ("resnet20", "resnet32", "resnet44")
        },
    }
)


def default_recipe(
    dataset_name: str,
    network: str | None = None,
    *,
    epochs: int | None = None,
    seed: int = 0,
    weight_bits: int | None = None,
    activation_bits: int | None = None,
    start: str = "",
) -> Recipe:
    """Return the recipe of a data set, or of a network on it, where nothing else is asked for.

    Quantized weights, and trained ones that the training starts from, have it take a quarter of the learning
    rate, and trained ones a tenth of the epochs.

    Parameters
    ----------
    dataset_name : str
        Name of the data set; one that accelsim does not know is trained like MNIST.
    network : str, optional
        Name of the network.
    epochs : int, optional
        Takes the place of the default number.
    seed : int
        Seed of the training.
    weight_bits, activation_bits, start
        As for `Recipe`.

    Raises
    ------
    AccelsimError
        If a number is out of range.
    """
    data = "cifar10" if dataset_name in CIFAR10_NAMES else dataset_name
    recipe = _OF_NETWORKS.get((network or "", data)) or _DEFAULTS.get(data, _DEFAULTS["mnist"])
    if epochs is None:
        epochs = max(1, recipe.epochs // 10) if start else recipe.epochs
    slower = 4 if start or weight_bits is not None else 1
    return replace(
        recipe,
        epochs=epochs,
        seed=seed,
        learning_rate=recipe.learning_rate / slower,
        start=start,
        batch_norm=recipe.batch_norm and weight_bits is None,
        weight_bits=weight_bits,
        activation_bits=activation_bits,
        storage="float32" if (weight_bits or 0) > _BITS_IN_FLOAT16 else recipe.storage,
    )


def is_fine_tuned(dataset_name: str) -> bool:
    """Return whether `trained_network` trains a data set's quantized networks from the float ones.

    Those of CIFAR-10, which take long from scratch.
    """
    return dataset_name in CIFAR10_NAMES


def adversarial_recipe(
    dataset_name: str, budget: float = 0.2, *, epochs: int | None = None, seed: int = 0
) -> AdversarialRecipe:
    """Return the recipe of an adversarial training where nothing else is asked for.

    Parameters
    ----------
    dataset_name : str
        Name of the data set, whose `default_recipe` it follows but for batches of 128 and, on MNIST, 12
        epochs.
    budget : float
        Largest change of a pixel.
    epochs : int, optional
        Takes the place of the default number.
    seed : int
        Seed of the training.

    Raises
    ------
    AccelsimError
        If a number is out of range.
    """
    if epochs is None and dataset_name == "mnist":
        epochs = 12
    recipe = default_recipe(dataset_name, epochs=epochs, seed=seed)
    return AdversarialRecipe(**{**asdict(recipe), "batch_size": 128}, budget=budget)
