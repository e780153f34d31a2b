"""Adversarial attacks and the robustness of networks under them.

Names are imported on first use: listing the attacks needs neither torch nor Foolbox.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from accelsim.attacks.adversarial_training import train_adversarially
    from accelsim.attacks.attack import Attack
    from accelsim.attacks.audit_attacks import AuditAttacks
    from accelsim.attacks.audit_report import AuditReport
    from accelsim.attacks.auditing import audit
    from accelsim.attacks.crafting import craft
    from accelsim.attacks.evaluation import craft_examples, evaluate_attack
    from accelsim.attacks.intervals import paired_interval, wilson_interval
    from accelsim.attacks.minimal_crafting import MinimalExamples, craft_minimal, perturbation_norms
    from accelsim.attacks.outcome import Crafted, Outcome
    from accelsim.attacks.rates import Rate
    from accelsim.attacks.registry import ATTACKS, PAPER_ATTACKS, PAPER_BUDGETS, attack_names, build_attack
    from accelsim.attacks.robustness import evaluate_robustness
    from accelsim.attacks.substitute import BlackBox
    from accelsim.attacks.table import RobustnessTable
    from accelsim.attacks.threat_models import DecisionBased, Roles, ThreatModel, Transfer, WhiteBox

_MODULE_OF = {
    # the attacks
    "ATTACKS": "registry",
    "PAPER_ATTACKS": "registry",
    "PAPER_BUDGETS": "registry",
    "Attack": "attack",
    "attack_names": "registry",
    "build_attack": "registry",
    # running them
    "craft": "crafting",
    "craft_minimal": "minimal_crafting",
    "evaluate_robustness": "robustness",
    # what the attacker knows
    "BlackBox": "substitute",
    "DecisionBased": "threat_models",
    "Roles": "threat_models",
    "ThreatModel": "threat_models",
    "Transfer": "threat_models",
    "WhiteBox": "threat_models",
    "craft_examples": "evaluation",
    "evaluate_attack": "evaluation",
    # the honest test
    "AuditAttacks": "audit_attacks",
    "AuditReport": "audit_report",
    "audit": "auditing",
    "train_adversarially": "adversarial_training",
    # their results
    "MinimalExamples": "minimal_crafting",
    "Crafted": "outcome",
    "Outcome": "outcome",
    "Rate": "rates",
    "RobustnessTable": "table",
    "perturbation_norms": "minimal_crafting",
    "paired_interval": "intervals",
    "wilson_interval": "intervals",
}

__all__ = [
    "ATTACKS",
    "PAPER_ATTACKS",
    "PAPER_BUDGETS",
    "Attack",
    "AuditAttacks",
    "AuditReport",
    "BlackBox",
    "Crafted",
    "DecisionBased",
    "MinimalExamples",
    "Outcome",
    "Rate",
    "RobustnessTable",
    "Roles",
    "ThreatModel",
    "Transfer",
    "WhiteBox",
    "attack_names",
    "audit",
    "build_attack",
    "craft",
    "craft_examples",
    "craft_minimal",
    "evaluate_attack",
    "evaluate_robustness",
    "paired_interval",
    "perturbation_norms",
    "train_adversarially",
    "wilson_interval",
]


def __getattr__(name: str) -> Any:
    if name not in _MODULE_OF:
        raise AttributeError(f"module 'accelsim.attacks' has no attribute {name!r}")
    return getattr(import_module(f"accelsim.attacks.{_MODULE_OF[name]}"), name)
