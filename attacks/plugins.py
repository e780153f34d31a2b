"""Attacks that other packages bring along."""

from importlib.metadata import EntryPoint, entry_points

from accelsim.attacks.attack import Attack
from accelsim.errors import AccelsimError, own_errors

__all__ = ["ENTRY_POINT_GROUP", "load_plugin", "plugin_names"]

#: Group of the entry points; each is named as its attack and leads to an `Attack`.
ENTRY_POINT_GROUP = "accelsim.attacks"


def plugin_names() -> list[str]:
    """Return the names of the attacks of installed packages, in order; imports none of them."""
    return sorted({entry.name for entry in entry_points(group=ENTRY_POINT_GROUP)})


def load_plugin(name: str) -> Attack | None:
    """Return the attack that an installed package has under a name, None where there is none.

    Raises
    ------
    AccelsimError
        If two packages have it, it cannot be imported, is no `Attack`, or has another name itself.
    """
    entries = list(entry_points(group=ENTRY_POINT_GROUP, name=name))
    if not entries:
        return None
    packages = " and ".join(_package(entry) for entry in entries)
    if len(entries) > 1:
        raise AccelsimError(f"attack {name} comes from {packages}; uninstall all but one")
    what = f"attack {name} of {packages} ({entries[0].value})"
    with own_errors(f"{what} cannot be loaded"):
        attack = entries[0].load()
    if not isinstance(attack, Attack):
        raise AccelsimError(f"{what} is a {type(attack).__name__}; expected an accelsim.attacks.Attack")
    if attack.name != name:
        raise AccelsimError(f"{what} calls itself {attack.name}; the entry point must have the same name")
    return attack


def _package(entry: EntryPoint) -> str:
    return entry.dist.name if entry.dist else "an unknown package"
