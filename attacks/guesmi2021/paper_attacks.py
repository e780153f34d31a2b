"""The eight attacks of the paper's table 1, as they are run here.

All look for the smallest perturbation: the paper counts which of the examples that fool the exact network
fool the approximate one, and gives FGSM and PGD no budget. They get the smallest of ascending ones at which
the image fools the attacked network. Iterations are fewer than Foolbox's defaults where time asks for it; an
attack's label tells them.
"""

from collections.abc import Mapping
from types import MappingProxyType

from accelsim.attacks.attack import Attack, Parameter
from accelsim.attacks.registry import build_attack

__all__ = ["PAPER_ATTACKS", "fixed_budgets", "paper_attack"]

_Parameters = Mapping[str, Parameter]
_FEW_EVALUATIONS: _Parameters = {"initial_gradient_eval_steps": 50, "max_gradient_eval_steps": 200}
#: Steps five times as long as Foolbox's, from a larger constant: as close examples with fewer of them.
_CW: _Parameters = {"binary_search_steps": 4, "initial_const": 0.1, "stepsize": 0.05}

#: By the paper's names, in its order: the attack, its parameters for MNIST, and those for CIFAR-10.
_CHOICES: Mapping[str, tuple[str, _Parameters, _Parameters]] = MappingProxyType(
    {
        "FGSM": ("min-fgm-linf", {"largest": 1.0, "levels": 100}, {"largest": 0.25, "levels": 64}),
        "PGD": ("min-pgd-linf", {"largest": 1.0, "levels": 100}, {"largest": 0.25, "levels": 64}),
        "JSMA": ("jsma-l0", {}, {}),
        "C&W": ("cw-l2", {**_CW, "steps": 100}, {**_CW, "steps": 50}),
        "DF": ("deepfool-l2", {}, {}),
        "LSA": ("lsa-l0", {}, {}),
        "BA": ("boundary-l2", {"steps": 3000}, {"steps": 400}),
        "HSJ": ("hopskipjump-l2", {"steps": 20, **_FEW_EVALUATIONS}, {"steps": 8, **_FEW_EVALUATIONS}),
    }
)

#: The paper's names.
PAPER_ATTACKS = tuple(_CHOICES)


def paper_attack(name: str, dataset: str) -> Attack:
    """Return the attack of the paper's name, with the iterations for the images of a data set."""
    attack, mnist, cifar10 = _CHOICES[name]
    return build_attack(attack, **(cifar10 if dataset == "cifar10" else mnist))


def fixed_budgets(dataset: str) -> tuple[float, ...]:
    """Return the linf budgets of the tables at fixed budgets."""
    return (4 / 255, 8 / 255, 16 / 255) if dataset == "cifar10" else (0.1, 0.2, 0.3)
