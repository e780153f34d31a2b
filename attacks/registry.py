"""The attacks by name."""

import re
from collections.abc import Mapping
from types import MappingProxyType

from accelsim.attacks.attack import Attack, Kind, Parameter
from accelsim.attacks.foolbox_attacks import FOOLBOX_ATTACKS
from accelsim.attacks.own_attacks import OWN_ATTACKS
from accelsim.attacks.plugins import load_plugin, plugin_names
from accelsim.errors import AccelsimError, nearest

__all__ = [
    "ATTACKS",
    "PAPER_ATTACKS",
    "PAPER_BUDGETS",
    "attack_names",
    "build_attack",
    "names_meant_by",
]

#: The attacks of Siddique & Hoque (2022).
PAPER_ATTACKS = (
    "fgm-l2",
    "fgm-linf",
    "bim-l2",
    "bim-linf",
    "pgd-l2",
    "pgd-linf",
    "cr-l2",
    "rag-l2",
    "rau-l2",
    "rau-linf",
)

#: Perturbation budgets of figures 4 to 7 of Siddique & Hoque (2022), in the attack's norm, pixels in [0, 1].
PAPER_BUDGETS = (0.0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.5, 1.0, 1.5, 2.0)

#: Every attack of this package by name.
ATTACKS: Mapping[str, Attack] = MappingProxyType(
    {attack.name: attack for attack in (*FOOLBOX_ATTACKS, *OWN_ATTACKS)}
)


def attack_names(kind: Kind | None = None) -> list[str]:
    """Return the names of all attacks, or of those of one kind; imports neither torch nor Foolbox.

    Those of installed packages come last; asking for a kind loads their descriptions.
    """
    names = [*ATTACKS, *(name for name in plugin_names() if name not in ATTACKS)]
    return [name for name in names if kind is None or build_attack(name).kind == kind]


def names_meant_by(word: str) -> list[str]:
    """Return the attacks that a word stands for: ``all`` that have a budget, ``paper``, or the one named."""
    meant = {"all": attack_names("fixed-budget") if word == "all" else [], "paper": list(PAPER_ATTACKS)}
    return meant.get(word, [word])


def build_attack(name: str, /, **parameters: Parameter) -> Attack:
    """Return the attack of that name, with these parameters instead of its defaults.

    Raises
    ------
    AccelsimError
        If the name or a parameter is unknown, a value is out of its range, or an attack of an installed
        package cannot be loaded or has the name of one of these.

    Examples
    --------
    >>> build_attack("bim-linf", steps=20).label
    'bim-linf steps=20'
    """
    if name in ATTACKS and name in plugin_names():
        raise AccelsimError(f"an installed package has an attack {name} too; uninstall it, or rename its own")
    attack = ATTACKS.get(name) or load_plugin(name)
    if attack is None:
        raise AccelsimError(_unknown(name))
    return attack.with_parameters(**parameters)


def _unknown(name: str) -> str:
    """Say what is known instead: the attack's other norms, names that are near, or all of them."""
    stem, _, norm = name.rpartition("-")
    names = attack_names()
    siblings = [known for known in names if stem and known.rpartition("-")[0] == stem]
    if siblings and re.fullmatch(r"l(\d+|inf)", norm):
        return f"attack {stem} has no norm {norm}; there is {' and '.join(siblings)}"
    return f"unknown attack {name}" + (nearest(name, names) or f"; known are {', '.join(names)}")
