"""Networks as an attacker sees them: the same decisions, with other logits or gradients."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from accelsim.errors import AccelsimError
from accelsim.straight_through import straight_through

__all__ = ["BorrowedGradients", "ExpectedLogits", "GaussianNoise", "HardLabels", "ScaledLogits"]


class BorrowedGradients(nn.Module):
    """A network's logits, with the gradients that another network has at the same images.

    Backward pass differentiable approximation of a whole network (Athalye, Carlini and Wagner, "Obfuscated
    Gradients Give a False Sense of Security", ICML 2018).

    Parameters
    ----------
    attacked : nn.Module
        Gives the logits.
    gradients : nn.Module
        Is differentiated.
    """

    def __init__(self, attacked: nn.Module, gradients: nn.Module) -> None:
        super().__init__()
        self.attacked = attacked
        self.gradients = gradients

    def forward(self, images: Tensor) -> Tensor:
        """Return the logits of images (N, ...), shape (N, classes)."""
        return straight_through(self.attacked, self._differentiated, images)

    def _differentiated(self, images: Tensor) -> Tensor:
        logits: Tensor = self.gradients(images)
        if not logits.requires_grad:
            raise AccelsimError("the network that supplies gradients passes none to its images")
        return logits


class ScaledLogits(nn.Module):
    """A network with its logits divided by a temperature, so that a large margin does not end the gradient.

    Parameters
    ----------
    network : nn.Module
    temperature : float
        Positive.
    """

    def __init__(self, network: nn.Module, temperature: float) -> None:
        super().__init__()
        self.network = network
        self.temperature = temperature

    def forward(self, images: Tensor) -> Tensor:
        """Return the scaled logits of images (N, ...), shape (N, classes)."""
        logits: Tensor = self.network(images)
        return logits / self.temperature


class ExpectedLogits(nn.Module):
    """The mean of a network's logits over random transformations of the image.

    Expectation over transformation (Athalye, Engstrom, Ilyas and Kwok, "Synthesizing Robust Adversarial
    Examples", ICML 2018). Around steps of an approximate multiplier it smooths their gradient.

    Parameters
    ----------
    network : nn.Module
    transformation : callable
        Images (N, ...) to images of the same shape, drawn from torch's generator, differentiable.
    samples : int
        Draws per call.
    """

    def __init__(self, network: nn.Module, transformation: Callable[[Tensor], Tensor], samples: int) -> None:
        super().__init__()
        self.network = network
        self.transformation = transformation
        self.samples = samples

    def forward(self, images: Tensor) -> Tensor:
        """Return the mean logits of images (N, ...), shape (N, classes)."""
        total: Tensor = self.network(self.transformation(images))
        for _ in range(self.samples - 1):
            total = total + self.network(self.transformation(images))
        return total / self.samples


class GaussianNoise:
    """The transformation that adds independent normal noise to every pixel.

    Parameters
    ----------
    deviation : float
        Standard deviation, of pixels in [0, 1].
    """

    def __init__(self, deviation: float) -> None:
        self.deviation = deviation

    def __call__(self, images: Tensor) -> Tensor:
        """Return the images with noise; pixels may leave [0, 1]."""
        return images + self.deviation * torch.randn_like(images)


class HardLabels(nn.Module):
    """A network that tells its decision alone: 1 for the class of the largest logit, 0 for the others.

    It passes no gradient.
    """

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    @torch.no_grad()
    def forward(self, images: Tensor) -> Tensor:
        """Return one-hot answers to images (N, ...), shape (N, classes); NaN where a logit is NaN."""
        logits: Tensor = self.network(images)
        answer = nn.functional.one_hot(logits.argmax(dim=1), logits.shape[1]).to(logits.dtype)
        answer[logits.isnan().any(dim=1)] = torch.nan
        return answer
