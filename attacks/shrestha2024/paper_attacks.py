"""The five attacks of the paper's table 4 with the hyperparameters of its table 5.

The paper ran them with the Adversarial Robustness Toolbox, whose iterations are not those of Foolbox; the
attacks here take after it. What table 5 leaves open has that toolbox's defaults.
"""

from collections.abc import Mapping
from types import MappingProxyType

from accelsim.attacks.attack import Parameter
from accelsim.attacks.direct.study import BudgetedAttack
from accelsim.attacks.registry import build_attack
from accelsim.models.cifar10 import CIFAR10_NAMES

__all__ = ["ATTACKS", "ITERATIVE", "paper_attack"]

#: By the paper's names, in the order of its table 6.
ATTACKS = ("FGSM", "JSMA", "UAP", "C&W", "BA")
#: Those that take most of the time.
ITERATIVE = ("C&W", "BA")


_Choice = tuple[str, Mapping[str, Parameter], float | None]
_UAP: Mapping[str, Parameter] = {"inner": "fgsm", "delta": 0.2, "passes": 20, "group": 8}
_CW: Mapping[str, Parameter] = {
    "confidence": 5.0, "steps": 25, "binary_search_steps": 20, "initial_const": 0.01, "changes": 5,
}  # fmt: skip
_MNIST: Mapping[str, _Choice] = MappingProxyType(
    {
        "FGSM": ("fgm-linf", {}, 0.25),
        "JSMA": ("jsma-l0", {"theta": 1.0, "gamma": 0.1, "targets": "random", "others": False}, None),
        "UAP": ("uap-linf", {**_UAP, "inner_budget": 0.1}, 0.6),
        "C&W": ("cw-descent-l2", _CW, None),
        "BA": ("boundary-sampled-l2", {"steps": 15}, None),
    }
)
_CIFAR10: Mapping[str, _Choice] = MappingProxyType(
    {
        "FGSM": ("fgm-linf", {}, 0.05),
        "JSMA": ("jsma-l0", {"theta": 0.3, "gamma": 0.05, "targets": "random", "others": False}, None),
        "UAP": ("uap-linf", {**_UAP, "inner_budget": 0.01}, 0.1),
        "C&W": ("cw-descent-l2", _CW, None),
        "BA": ("boundary-sampled-l2", {"steps": 12}, None),
    }
)


def paper_attack(
    name: str, dataset: str, budget: float | None = None, **parameters: Parameter
) -> BudgetedAttack:
    """Return the attack of the paper's name for a data set, with other parameters or budget if given.

    Parameters
    ----------
    name : str
        One of `ATTACKS`.
    dataset : str
        Name of the data set; one that is not CIFAR-10 is attacked like MNIST.
    budget, **parameters
        Other ones than the paper's.
    """
    attack, chosen, own_budget = (_CIFAR10 if dataset in CIFAR10_NAMES else _MNIST)[name]
    return BudgetedAttack(
        build_attack(attack, **{**chosen, **parameters}), own_budget if budget is None else budget
    )
