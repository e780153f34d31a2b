"""One perturbation that fools a network on most images of a set."""

from typing import Any, Literal

import torch
from eagerpy.astensor import astensor, astensor_
from foolbox.attacks.base import FixedEpsilonAttack, get_criterion, raise_if_kwargs, verify_input_bounds
from foolbox.attacks.deepfool import L2DeepFoolAttack
from foolbox.attacks.fast_gradient_method import LinfFastGradientAttack
from foolbox.criteria import Misclassification
from foolbox.distances import l2, linf

from accelsim.errors import AccelsimError

__all__ = ["UniversalPerturbationAttack"]

#: Images per forward pass when the share that is fooled is counted.
_BATCH = 500


class UniversalPerturbationAttack(FixedEpsilonAttack):
    """UAP: DeepFool's steps on image after image add up to one perturbation, projected into the ball.

    Algorithm 1 of Moosavi-Dezfooli et al., "Universal Adversarial Perturbations" (CVPR 2017). It passes over
    the images until the share ``1 - delta`` of them is fooled, and returns the perturbation that fooled the
    most at the end of a pass. Shifted images are clipped to the pixels' range. DeepFool, whose steps are of
    minimal l2 norm in either ball, works on ``group`` images at once from the same perturbation; their steps
    are then added one after the other, each only if its image is not fooled yet. ``group=1`` is the paper's
    algorithm to the letter.

    Parameters
    ----------
    norm : {"l2", "linf"}
        Norm of the ball.
    delta : float
        Share of the images that may withstand.
    passes : int
        Largest number of passes over the images.
    group : int
        Images per run of DeepFool.
    steps : int
        Largest number of steps of DeepFool.
    overshoot : float
        How far DeepFool goes beyond the boundary, as a share of the step.
    inner : {"deepfool", "fgsm"}
        What turns an image: DeepFool; or, as in Shrestha and Großmann (ASTESJ 9(6), 2024), one sign step,
        which counts only where it turns the image.
    inner_budget : float
        Length of the sign step.
    """

    distance = linf

    def __init__(
        self,
        norm: Literal["l2", "linf"] = "linf",
        delta: float = 0.2,
        passes: int = 10,
        group: int = 8,
        steps: int = 50,
        overshoot: float = 0.02,
        inner: Literal["deepfool", "fgsm"] = "deepfool",
        inner_budget: float = 0.1,
    ) -> None:
        self.distance = {"l2": l2, "linf": linf}[norm]
        self.norm = norm
        self.delta = delta
        self.passes = passes
        self.group = group
        self.steps = steps
        self.overshoot = overshoot
        self.inner = inner
        self.inner_budget = inner_budget

    def run(self, model: Any, inputs: Any, criterion: Any, *, epsilon: float, **kwargs: Any) -> Any:
        """Return the images with the perturbation of `perturbation` added, clipped to the pixels' range."""
        raise_if_kwargs(kwargs)
        wrapped, restore_type = astensor_(inputs)
        shift = self.perturbation(model, wrapped.raw, criterion, epsilon=epsilon)
        return restore_type(astensor((wrapped.raw + shift).clamp(*model.bounds)))

    def perturbation(
        self, model: Any, images: torch.Tensor, criterion: Any, *, epsilon: float
    ) -> torch.Tensor:
        """Return the universal perturbation of a set of images.

        Parameters
        ----------
        model : foolbox.Model
            Network under attack.
        images : float tensor of shape (N, ...)
            Pixels within the model's bounds.
        criterion : Misclassification or int64 tensor of shape (N,)
            The labels.
        epsilon : float
            Radius of the ball.

        Returns
        -------
        float tensor of shape (1, ...)
            To be added to any image.
        """
        verify_input_bounds(astensor(images), model)
        criterion = get_criterion(criterion)
        if not isinstance(criterion, Misclassification):
            raise AccelsimError(f"a universal perturbation aims at Misclassification; not {criterion}")
        labels = criterion.labels.raw
        low, high = model.bounds

        def withstanding(which: torch.Tensor, shift: torch.Tensor) -> torch.Tensor:
            with torch.no_grad():
                answers = [
                    model((images[part] + shift).clamp(low, high)).argmax(dim=1)
                    for part in torch.split(which, _BATCH)
                ]
            return which[torch.cat(answers) == labels[which]]

        everything = torch.arange(len(images), device=images.device)
        shift = best = torch.zeros_like(images[:1])
        left = withstanding(everything, shift)
        fewest = len(left)
        for _ in range(self.passes):
            if fewest <= self.delta * len(images):
                break
            for group in torch.split(left, self.group):
                group = withstanding(group, shift)
                if len(group) == 0:
                    continue
                shown = (images[group] + shift).clamp(low, high)
                steps = self._steps(model, shown, labels[group])
                for one, step in zip(torch.split(group, 1), torch.split(steps, 1), strict=True):
                    if len(withstanding(one, shift)):
                        shift = self._projected(shift + step, epsilon)
            left = withstanding(everything, shift)
            if len(left) < fewest:
                best, fewest = shift, len(left)
        return best

    def _steps(self, model: Any, shown: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """Return what turns each image."""
        if self.inner == "deepfool":
            deepfool = L2DeepFoolAttack(steps=self.steps, overshoot=self.overshoot)
            turned: torch.Tensor = deepfool.run(model, shown, Misclassification(labels)).detach()
            return turned - shown
        turned = LinfFastGradientAttack().run(model, shown, labels, epsilon=self.inner_budget).detach()
        with torch.no_grad():
            fools = model(turned).argmax(dim=1) != labels
        steps: torch.Tensor = (turned - shown) * fools.view(-1, *(1,) * (shown.ndim - 1))
        return steps

    def _projected(self, shift: torch.Tensor, radius: float) -> torch.Tensor:
        if self.norm == "linf":
            return shift.clamp(-radius, radius)
        return shift * min(1.0, radius / max(float(shift.norm()), 1e-12))
