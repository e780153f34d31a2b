"""Adversarial examples with what they were crafted on, and what a judge makes of them."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from accelsim.attacks.network import CheckedNetwork
from accelsim.attacks.rates import Rate
from accelsim.errors import AccelsimError

__all__ = ["Crafted", "Outcome", "checked_judge"]

Flags = NDArray[np.bool_]
Distances = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Outcome:
    """What an attack did to each image, judged on one network.

    Parameters
    ----------
    correct : bool array of shape (N,)
        Whether the judge classifies the clean image correctly.
    eligible : bool array of shape (N,)
        Whether the attacked network does so too. Only these images count in the rates: an image that is
        wrong without an attack proves nothing about it.
    crafted : bool array of shape (N,)
        Whether the adversarial image fools the attacked network, the one that the attacker saw.
    fooled : bool array of shape (N,)
        Whether the judge classifies the adversarial image wrongly.
    l0, l2, linf, mse : float64 arrays of shape (N,)
        Size of the perturbation, over pixels in [0, 1]: pixels changed in any channel, Euclidean norm,
        largest change, mean squared change. 0 for images that were not attacked.
    seconds : float
        What crafting all examples took.
    """

    correct: Flags
    eligible: Flags
    crafted: Flags
    fooled: Flags
    l0: Distances
    l2: Distances
    linf: Distances
    mse: Distances
    seconds: float

    @property
    def n(self) -> int:
        """Number of images that count."""
        return int(self.eligible.sum())

    @property
    def success(self) -> Rate:
        """Share of eligible images whose adversarial image fools the judge."""
        return Rate(int((self.eligible & self.fooled).sum()), self.n)

    @property
    def source_success(self) -> Rate:
        """Share of eligible images whose adversarial image fools the attacked network."""
        return Rate(int((self.eligible & self.crafted).sum()), self.n)

    @property
    def transfer(self) -> Rate:
        """Share of the examples that fool the attacked network that fool the judge too."""
        crafted = self.eligible & self.crafted
        return Rate(int((crafted & self.fooled).sum()), int(crafted.sum()))

    @property
    def psnr(self) -> Distances:
        """Peak signal-to-noise ratio in dB, ``20 log10(1 / sqrt(mse))``; infinite of an unchanged image."""
        with np.errstate(divide="ignore"):
            return -10 * np.log10(self.mse)

    @property
    def seconds_per_example(self) -> float:
        """Seconds that crafting took per attacked image."""
        return self.seconds / max(1, self.n)

    def successful(self, name: str) -> Distances:
        """Return a distance (``"l2"``, ``"psnr"``, ...) of the eligible examples that fool the judge."""
        values: Distances = getattr(self, name)
        return values[self.eligible & self.fooled]


@dataclass(frozen=True, eq=False)
class Crafted:
    """Adversarial images of one attack, before they are judged.

    Parameters
    ----------
    images, adversarial : float tensors of shape (N, ...)
        Pixels in [0, 1]; equal where the attacked network is wrong about the clean image.
    labels : int64 tensor of shape (N,)
        True classes.
    attacked : bool tensor of shape (N,)
        Whether the attacked network classifies the clean image correctly, and so whether it was attacked.
    fooled : bool tensor of shape (N,)
        Whether it classifies the adversarial image wrongly.
    classes : int
        Logits of the attacked network.
    seconds : float
        What crafting took.
    batch_size : int
        Images classified together.
    """

    images: Tensor
    adversarial: Tensor
    labels: Tensor
    attacked: Tensor
    fooled: Tensor
    classes: int
    seconds: float
    batch_size: int

    def judged(self, judge: nn.Module, name: str = "the judge", correct: Tensor | None = None) -> Outcome:
        """Return what a network, the one on hardware, makes of the images.

        Parameters
        ----------
        judge : nn.Module
            The network, in evaluation mode.
        name : str
            What errors call it.
        correct : bool tensor of shape (N,), optional
            Which clean images it classifies correctly, if that is known.

        Raises
        ------
        AccelsimError
            If it does not accept the images, has other classes than the attacked network, or answers NaN.
        """
        checked = checked_judge(judge, name, self.images[:1], self.classes)
        if correct is None:
            correct = checked.classifies_correctly(self.images, self.labels, self.batch_size)
        eligible = correct & self.attacked
        changed = eligible & (self.adversarial != self.images).flatten(1).any(dim=1)
        fooled = ~correct
        fooled[changed] = ~checked.classifies_correctly(
            self.adversarial[changed], self.labels[changed], self.batch_size
        )
        return Outcome(
            correct=_array(correct),
            eligible=_array(eligible),
            crafted=_array(self.fooled),
            fooled=_array(fooled),
            seconds=self.seconds,
            **_sizes(self.images, self.adversarial),
        )


def checked_judge(judge: nn.Module, name: str, example: Tensor, classes: int) -> CheckedNetwork:
    """Return a network that may judge examples of an attacked network with so many classes.

    Raises
    ------
    AccelsimError
        As `Crafted.judged`.
    """
    checked = CheckedNetwork(judge, name, example)
    if checked.classes != classes:
        raise AccelsimError(
            f"{name} has {checked.classes} classes and the attacked network {classes}; "
            "they must answer the same question"
        )
    return checked


def _sizes(images: Tensor, adversarial: Tensor) -> dict[str, Distances]:
    """Return the size of each perturbation by name."""
    change = (adversarial.double() - images.double()).cpu()
    pixels = (change != 0).any(dim=1) if change.ndim > 2 else change != 0
    flat = change.flatten(1)
    sizes = {
        "l0": pixels.flatten(1).sum(dim=1).double(),
        "l2": flat.square().sum(dim=1).sqrt(),
        "linf": flat.abs().amax(dim=1),
        "mse": flat.square().mean(dim=1),
    }
    return {name: size.numpy() for name, size in sizes.items()}


def _array(flags: Tensor) -> Any:
    return flags.cpu().numpy()
