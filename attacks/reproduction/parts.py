"""A paper's tables and figures, and what is measured beside them."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pkgutil import resolve_name
from typing import TYPE_CHECKING, Any

from accelsim.errors import AccelsimError, nearest

if TYPE_CHECKING:
    from accelsim.attacks.reproduction.rows import Row

__all__ = ["Paper", "Part"]


@dataclass(frozen=True)
class Part:
    """A table, a figure or another measurement.

    Parameters
    ----------
    name : str
        Such as ``table-2``.
    title : str
        What it measures.
    function : str
        ``"module:function"`` of the paper's package: given the study, it draws the pictures and returns the
        rows.
    """

    name: str
    title: str
    function: str


@dataclass(frozen=True)
class Paper:
    """A paper and the parts of it that are measured.

    Parameters
    ----------
    name : str
        Its package in `accelsim.attacks`, such as ``guesmi2021``.
    authors : str
        Who it is by, with the year, as messages call it.
    parts : tuple of Part
        Cheap ones first, so that a stopped run has most of them.
    """

    name: str
    authors: str
    parts: tuple[Part, ...]

    def chosen(self, names: Iterable[str]) -> list[Part]:
        """Return the parts of these names, each once; of no names, all.

        Raises
        ------
        AccelsimError
            If there is none of a name.
        """
        known = {part.name: part for part in self.parts}
        wanted = list(dict.fromkeys(names)) or list(known)
        for name in wanted:
            if name not in known:
                hint = nearest(name, known) or f"; there are {', '.join(known)}"
                raise AccelsimError(f"{self.authors} have no {name} here{hint}")
        return [known[name] for name in wanted]

    def run(self, part: Part, study: Any) -> "list[Row]":
        """Run a part on a study of this paper: draw its pictures, and return its rows."""
        measure: Callable[[Any], list[Row]] = resolve_name(f"accelsim.attacks.{self.name}.{part.function}")
        return measure(study)
