"""Adversarial attacks and the robustness of networks under them.

Names are imported on first use: listing the attacks needs neither torch nor Foolbox.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from accelsim.attacks.crafting import craft
    from accelsim.attacks.intervals import wilson_interval
    from accelsim.attacks.registry import ATTACKS, PAPER_BUDGETS, Attack, attack_names, build_attack
    from accelsim.attacks.robustness import evaluate_robustness
    from accelsim.attacks.table import RobustnessTable

_MODULE_OF = {
    # the attacks
    "ATTACKS": "registry",
    "PAPER_BUDGETS": "registry",
    "Attack": "registry",
    "attack_names": "registry",
    "build_attack": "registry",
    # running them
    "craft": "crafting",
    "evaluate_robustness": "robustness",
    # their results
    "RobustnessTable": "table",
    "wilson_interval": "intervals",
}

__all__ = [
    "ATTACKS",
    "PAPER_BUDGETS",
    "Attack",
    "RobustnessTable",
    "attack_names",
    "build_attack",
    "craft",
    "evaluate_robustness",
    "wilson_interval",
]


def __getattr__(name: str) -> Any:
    if name not in _MODULE_OF:
        raise AttributeError(f"module 'accelsim.attacks' has no attribute {name!r}")
    return getattr(import_module(f"accelsim.attacks.{_MODULE_OF[name]}"), name)
