"""Foolbox's attacks as entries of the registry.

The sources in full: Goodfellow et al., "Explaining and Harnessing Adversarial Examples" (ICLR 2015); Kurakin
et al., "Adversarial Examples in the Physical World" (2016); Madry et al., "Towards Deep Learning Models
Resistant to Adversarial Attacks" (ICLR 2018); Rauber et al., "Foolbox" (arXiv:1707.04131, 2017);
Moosavi-Dezfooli et al., "DeepFool" (CVPR 2016); Carlini and Wagner, "Towards Evaluating the Robustness of
Neural Networks" (IEEE S&P 2017); Brendel et al., "Decision-Based Adversarial Attacks" (ICLR 2018); Chen et
al., "HopSkipJumpAttack" (IEEE S&P 2020).
"""

from accelsim.attacks.attack import Attack, Kind, Norm, Parameter
from accelsim.attacks.parameter_ranges import ranges_of

__all__ = ["FOOLBOX_ATTACKS"]

_FGM: dict[str, Parameter] = {"random_start": False}
_BIM: dict[str, Parameter] = {"rel_stepsize": 0.2, "abs_stepsize": None, "steps": 10, "random_start": False}
_PGD_L2: dict[str, Parameter] = {
    "rel_stepsize": 0.025,
    "abs_stepsize": None,
    "steps": 50,
    "random_start": True,
}
_PGD_LINF: dict[str, Parameter] = {**_PGD_L2, "rel_stepsize": 0.01 / 0.3, "steps": 40}
_REPEATED: dict[str, Parameter] = {"repeats": 100, "check_trivial": True}
_DEEPFOOL: dict[str, Parameter] = {"steps": 50, "candidates": 10, "overshoot": 0.02, "loss": "logits"}
_CW: dict[str, Parameter] = {
    "binary_search_steps": 9,
    "steps": 10000,
    "stepsize": 1e-2,
    "confidence": 0,
    "initial_const": 1e-3,
    "abort_early": True,
}
_BOUNDARY: dict[str, Parameter] = {
    "steps": 25000,
    "spherical_step": 1e-2,
    "source_step": 1e-2,
    "source_step_convergance": 1e-7,
    "step_adaptation": 1.5,
    "update_stats_every_k": 10,
}
_HOP_SKIP_JUMP: dict[str, Parameter] = {
    "steps": 64,
    "initial_gradient_eval_steps": 100,
    "max_gradient_eval_steps": 10000,
    "stepsize_search": "geometric_progression",
    "gamma": 1.0,
}


def _foolbox(
    name: str,
    constructor: str,
    needs_gradients: bool,
    defaults: dict[str, Parameter],
    summary: str,
    *,
    kind: Kind = "fixed-budget",
    **fixed: Parameter,
) -> Attack:
    norm: Norm = "l2" if name.endswith("-l2") else "linf"
    return Attack(
        name,
        norm,
        needs_gradients,
        summary,
        f"foolbox.attacks:{constructor}",
        defaults,
        kind=kind,
        fixed=fixed,
        ranges=ranges_of(defaults),
    )


#: Their defaults are those of Foolbox 3.3.4, with which the examples of Siddique & Hoque (2022) were made.
FOOLBOX_ATTACKS = (
    _foolbox(
        "fgm-l2",
        "L2FastGradientAttack",
        True,
        _FGM,
        "Fast gradient method: one step along the loss gradient (Goodfellow et al. 2015)",
    ),
    _foolbox(
        "fgm-linf",
        "LinfFastGradientAttack",
        True,
        _FGM,
        "Fast gradient sign method: one step along its sign (Goodfellow et al. 2015)",
    ),
    _foolbox(
        "bim-l2",
        "L2BasicIterativeAttack",
        True,
        _BIM,
        "Basic iterative method: gradient steps from the image (Kurakin et al. 2016)",
    ),
    _foolbox(
        "bim-linf",
        "LinfBasicIterativeAttack",
        True,
        _BIM,
        "Basic iterative method: sign steps from the image (Kurakin et al. 2016)",
    ),
    _foolbox(
        "pgd-l2",
        "L2ProjectedGradientDescentAttack",
        True,
        _PGD_L2,
        "Projected gradient descent: gradient steps from a random start (Madry et al. 2018)",
    ),
    _foolbox(
        "pgd-linf",
        "LinfProjectedGradientDescentAttack",
        True,
        _PGD_LINF,
        "Projected gradient descent: sign steps from a random start (Madry et al. 2018)",
    ),
    _foolbox(
        "cr-l2",
        "L2ContrastReductionAttack",
        False,
        {"target": 0.5},
        "Contrast reduction: a step towards uniform grey (Rauber et al. 2017)",
    ),
    _foolbox(
        "rag-l2",
        "L2RepeatedAdditiveGaussianNoiseAttack",
        False,
        _REPEATED,
        "Repeated additive Gaussian noise: the first draw that fools (Rauber et al. 2017)",
    ),
    _foolbox(
        "rau-l2",
        "L2RepeatedAdditiveUniformNoiseAttack",
        False,
        _REPEATED,
        "Repeated additive uniform noise: the first draw that fools (Rauber et al. 2017)",
    ),
    _foolbox(
        "rau-linf",
        "LinfRepeatedAdditiveUniformNoiseAttack",
        False,
        _REPEATED,
        "Repeated additive uniform noise: the first draw that fools (Rauber et al. 2017)",
    ),
    _foolbox(
        "deepfool-l2",
        "L2DeepFoolAttack",
        True,
        _DEEPFOOL,
        "DeepFool: steps to the nearest linearised boundary (Moosavi-Dezfooli et al. 2016)",
        kind="minimal-norm",
    ),
    _foolbox(
        "deepfool-linf",
        "LinfDeepFoolAttack",
        True,
        _DEEPFOOL,
        "DeepFool: sign steps to the nearest linearised boundary (Moosavi-Dezfooli et al. 2016)",
        kind="minimal-norm",
    ),
    _foolbox(
        "cw-l2",
        "L2CarliniWagnerAttack",
        True,
        _CW,
        "Adam on distance plus logit margin, their ratio by bisection (Carlini & Wagner 2017)",
        kind="minimal-norm",
    ),
    _foolbox(
        "boundary-l2",
        "BoundaryAttack",
        False,
        _BOUNDARY,
        "Boundary: a random walk along the decision boundary, by answers alone (Brendel et al. 2018)",
        kind="minimal-norm",
    ),
    _foolbox(
        "hopskipjump-l2",
        "HopSkipJumpAttack",
        False,
        _HOP_SKIP_JUMP,
        "HopSkipJump: gradients estimated at the boundary, by answers alone (Chen et al. 2020)",
        kind="minimal-norm",
        constraint="l2",
    ),
    _foolbox(
        "hopskipjump-linf",
        "HopSkipJumpAttack",
        False,
        _HOP_SKIP_JUMP,
        "HopSkipJump: signs of gradients estimated at the boundary, by answers alone (Chen et al. 2020)",
        kind="minimal-norm",
        constraint="linf",
    ),
)
