"""The attacks by name."""

import re
from collections.abc import Mapping
from types import MappingProxyType

from accelsim.attacks.attack import Attack, Kind, Parameter
from accelsim.attacks.foolbox_attacks import FOOLBOX_ATTACKS
from accelsim.errors import AccelsimError, nearest

__all__ = ["ATTACKS", "PAPER_ATTACKS", "PAPER_BUDGETS", "attack_names", "build_attack"]

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

#: Every attack by name.
ATTACKS: Mapping[str, Attack] = MappingProxyType({attack.name: attack for attack in FOOLBOX_ATTACKS})


def attack_names(kind: Kind | None = None) -> list[str]:
    """Return the names of all attacks, or of those of one kind; imports neither torch nor Foolbox."""
    return [name for name, attack in ATTACKS.items() if kind in (None, attack.kind)]


def build_attack(name: str, **parameters: Parameter) -> Attack:
    """Return the attack of that name, with these parameters instead of its defaults.

    Raises
    ------
    AccelsimError
        If the name or a parameter is unknown, or a value is out of its range.

    Examples
    --------
    >>> build_attack("bim-linf", steps=20).label
    'bim-linf steps=20'
    """
    if name not in ATTACKS:
        raise AccelsimError(_unknown(name))
    return ATTACKS[name].with_parameters(**parameters)


def _unknown(name: str) -> str:
    """Say what is known instead: the attack's other norms, names that are near, or all of them."""
    stem, _, norm = name.rpartition("-")
    siblings = [known for known in ATTACKS if stem and known.rpartition("-")[0] == stem]
    if siblings and re.fullmatch(r"l(\d+|inf)", norm):
        return f"attack {stem} has no norm {norm}; there is {' and '.join(siblings)}"
    return f"unknown attack {name}" + (nearest(name, ATTACKS) or f"; known are {', '.join(ATTACKS)}")
