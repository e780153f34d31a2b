"""What decides the trained weights besides network and data."""

from dataclasses import asdict, dataclass, replace
from math import isfinite
from types import MappingProxyType
from typing import Literal, get_args

from accelsim.errors import AccelsimError
from accelsim.models.seeds import check_seed

__all__ = [
    "AdversarialRecipe",
    "Augmentation",
    "Optimiser",
    "Precision",
    "Recipe",
    "Schedule",
    "adversarial_recipe",
    "default_recipe",
]

Optimiser = Literal["adam", "sgd"]
Schedule = Literal["cosine", "one-cycle"]
Augmentation = Literal["none", "crop-flip"]
Precision = Literal["float32", "bfloat16"]


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
    schedule : {"cosine", "one-cycle"}
        How the learning rate changes, step by step: from the largest to 0 along half a cosine (Loshchilov and
        Hutter 2017), or up to the largest in the first 30 % of the steps and down after it, both along half
        a cosine (Smith and Topin 2018).
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
        "cifar10-test-1000": _CIFAR10,
    }
)


def default_recipe(dataset_name: str, *, epochs: int | None = None, seed: int = 0) -> Recipe:
    """Return the recipe of a data set where nothing else is asked for.

    Parameters
    ----------
    dataset_name : str
        Name of the data set; one that accelsim does not know is trained like MNIST.
    epochs : int, optional
        Takes the place of the default number.
    seed : int
        Seed of the training.
    """
    recipe = _DEFAULTS.get(dataset_name, _DEFAULTS["mnist"])
    return replace(recipe, epochs=recipe.epochs if epochs is None else epochs, seed=seed)


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
