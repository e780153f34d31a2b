"""What decides the trained weights besides network and data."""

from dataclasses import dataclass, replace
from math import isfinite
from types import MappingProxyType

from accelsim.errors import AccelsimError
from accelsim.models.seeds import check_seed

__all__ = ["Recipe", "default_recipe"]


@dataclass(frozen=True)
class Recipe:
    """How a network is trained.

    Adam (Kingma and Ba 2015) on the cross entropy; the learning rate falls to 0 along half a cosine
    (Loshchilov and Hutter 2017), step by step; a new random order of the training images in each epoch; no
    augmentation.

    Parameters
    ----------
    epochs : int
        Passes over the training images.
    seed : int
        Seed of the initial weights and of the orders, from 0 to 2^63 - 1.
    batch_size : int
        Images per step.
    learning_rate : float
        Of the first step.
    threads : int
        Threads of PyTorch, which decide the order of its sums. Networks this small gain nothing from a
        second one, and lose a lot where cores are shared.

    Raises
    ------
    AccelsimError
        If a number is out of range.
    """

    epochs: int
    seed: int = 0
    batch_size: int = 64
    learning_rate: float = 2e-3
    threads: int = 1

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


# Digits has few images and so takes smaller steps through them; chosen on 297 training images held out.
_DEFAULTS = MappingProxyType(
    {
        "digits": Recipe(epochs=20, batch_size=32, learning_rate=4e-3),
        "mnist": Recipe(epochs=10),
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
