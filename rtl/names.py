"""The grammar of multiplier names, such as ``mul8u_drum_k4``; parsed and spelled here and nowhere else.

``mul<width>u_<unsigned>``
    An unsigned multiplier, where ``<unsigned>`` is one of

    - ``exact``: the array of exact cells (``array`` is the same);
    - ``<cell>[_k<columns>]``: the array with approximate cells ``ama1`` ... ``ama5`` in its ``k`` least
      significant columns, in all without ``k``;
    - ``csa``, ``wallace``, ``dadda``, each optionally with ``_<cell>[_k<columns>]`` likewise;
    - ``trunc_k<columns>[_corrected]``, ``bam_h<level>_v<level>``, ``udm``, ``mitchell``, ``drum_k<bits>``.

``mul<width>s_exact``, ``mul<width>s_bw_<cell>[_k<columns>]``
    A signed Baugh-Wooley array (``bw`` alone is the exact one).
``mul<width>s_sm_<unsigned>``
    A signed multiplier by sign and magnitude, around any unsigned one.

`MultiplierName.parse` also accepts these longer spellings; ``str`` gives the canonical one.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from accelsim.errors import AccelsimError, nearest
from accelsim.rtl.cells import CELLS
from accelsim.rtl.parameters import (
    WIDTHS,
    approximate_columns,
    checked_integer,
    checked_power_of_two,
    checked_width,
    dropped_columns,
    horizontal_levels,
    segment_widths,
)

__all__ = ["ARCHITECTURES", "Architecture", "MultiplierName"]


@dataclass(frozen=True)
class Architecture:
    """What may follow an architecture in a name.

    Parameters
    ----------
    parameters : mapping of str to callable
        Letter of each required parameter, and its range at a width.
    cells : bool
        Whether an adder cell and its number of columns ``k`` may follow.
    correctable : bool
        Whether ``corrected`` may follow.
    signed : bool
        Whether it multiplies in two's complement by itself.
    power_of_two : bool
        Whether its width must be a power of two.
    """

    parameters: Mapping[str, Callable[[int], range]] = field(default_factory=dict)
    cells: bool = False
    correctable: bool = False
    signed: bool = False
    power_of_two: bool = False


#: The architectures by their word in names.
ARCHITECTURES: Mapping[str, Architecture] = MappingProxyType(
    {
        "array": Architecture(cells=True),
        "csa": Architecture(cells=True),
        "wallace": Architecture(cells=True),
        "dadda": Architecture(cells=True),
        "trunc": Architecture({"k": dropped_columns}, correctable=True),
        "bam": Architecture({"h": horizontal_levels, "v": dropped_columns}),
        "udm": Architecture(power_of_two=True),
        "mitchell": Architecture(),
        "drum": Architecture({"k": segment_widths}),
        "bw": Architecture(cells=True, signed=True),
    }
)

_NAME = re.compile(r"mul([0-9]{1,9})([us])_([a-z0-9_]+)")
_PARAMETER = re.compile(r"([a-z])([0-9]{1,9})")
_FORM = "mul<width><u or s>_<architecture>, for example mul8u_exact or mul8s_sm_drum_k4"


@dataclass(frozen=True)
class MultiplierName:
    """A multiplier's name, taken apart. Equal names describe the same hardware.

    Parameters
    ----------
    width : int
        Bits of each operand, 2 to 32.
    signed : bool
        Whether operands and product are two's complement.
    architecture : str
        Key of `ARCHITECTURES`.
    cell : str
        Adder cell, key of `accelsim.rtl.cells.CELLS`.
    k : int, optional
        Columns that hold an approximate cell (None: all), that are dropped, or bits of a DRUM segment.
    h, v : int, optional
        Horizontal and vertical break level.
    corrected : bool
        Whether the truncated multiplier adds its correction constant.

    Raises
    ------
    AccelsimError
        If the parts do not go together, or a parameter is missing or out of its range.
    """

    width: int
    signed: bool
    architecture: str
    cell: str = "exact"
    k: int | None = None
    h: int | None = None
    v: int | None = None
    corrected: bool = False

    @property
    def sign_magnitude(self) -> bool:
        """Whether a signed multiplier is an unsigned one between absolute values and a negation."""
        return self.signed and not ARCHITECTURES[self.architecture].signed

    @property
    def magnitude(self) -> "MultiplierName":
        """The unsigned multiplier inside a sign-magnitude one."""
        return MultiplierName(
            self.width, False, self.architecture, self.cell, self.k, self.h, self.v, self.corrected
        )

    def __post_init__(self) -> None:
        if self.architecture not in ARCHITECTURES:
            raise AccelsimError(
                _unknown(f"architecture {self.architecture!r}", self.architecture, ARCHITECTURES)
            )
        name = str(self)
        form = ARCHITECTURES[self.architecture]
        checked_width(name, self.width)
        if form.power_of_two:
            checked_power_of_two(name, self.width)
        if form.signed and not self.signed:
            raise AccelsimError(f"architecture {self.architecture} is signed, but signed is {self.signed}")
        if self.corrected and not form.correctable:
            raise AccelsimError(f"{name}: {self.architecture} has no correction; trunc has")
        if form.cells:
            self._check_cell(name)
        elif self.cell != "exact":
            raise AccelsimError(
                f"{name}: {self.architecture} has no adder cell to choose, but {self.cell} is given"
            )
        self._check_parameters(name, form)

    def _check_cell(self, name: str) -> None:
        if self.cell not in CELLS:
            raise AccelsimError(_unknown(f"cell {self.cell!r} in {name}", self.cell, CELLS))
        if self.k is None:
            return
        if self.cell == "exact":
            raise AccelsimError(f"{name}: k{self.k} needs an approximate cell, as in mul8u_ama5_k8")
        columns = approximate_columns(self.width)
        checked_integer(name, "k", self.k, columns)
        if self.k == columns[-1]:
            object.__setattr__(self, "k", None)
        elif self.k == 0:
            object.__setattr__(self, "cell", "exact")
            object.__setattr__(self, "k", None)

    def _check_parameters(self, name: str, form: Architecture) -> None:
        for letter in "khv":
            value = getattr(self, letter)
            if letter in form.parameters:
                if value is None:
                    allowed = form.parameters[letter](self.width)
                    raise AccelsimError(
                        f"{name}: parameter {letter} is missing; "
                        f"expected {letter}{allowed[0]} to {letter}{allowed[-1]}"
                    )
                checked_integer(name, letter, value, form.parameters[letter](self.width))
            elif value is not None and not (letter == "k" and form.cells):
                raise AccelsimError(f"{name}: {self.architecture} has no parameter {letter}")

    def __str__(self) -> str:
        words = [f"mul{self.width}{'s' if self.signed else 'u'}"]
        if self.sign_magnitude:
            words.append("sm")
        if self.architecture in {"array", "bw"} and self.cell == "exact":
            words.append("exact")
        else:
            if self.architecture != "array":
                words.append(self.architecture)
            if self.cell != "exact":
                words.append(self.cell)
        words += [f"{letter}{getattr(self, letter)}" for letter in "hkv" if getattr(self, letter) is not None]
        if self.corrected:
            words.append("corrected")
        return "_".join(words)

    @classmethod
    def parse(cls, text: str) -> "MultiplierName":
        """Take a name apart.

        Raises
        ------
        AccelsimError
            If the name is not of the grammar; with the nearest names where there are any.
        """
        match = _NAME.fullmatch(text)
        if not match:
            raise AccelsimError(
                f"unknown multiplier {text!r}: expected {_FORM}{nearest(text, _examples(text))}"
            )
        width, signed, words = int(match[1]), match[2] == "s", match[3].split("_")
        sign_magnitude = signed and words[0] == "sm"
        if sign_magnitude:
            words = words[1:] or [""]
        by_itself = signed and not sign_magnitude
        first = words[0]
        if first in CELLS:
            words = ["bw" if by_itself else "array", *words]
        elif first not in ARCHITECTURES:
            near = nearest(text, _examples(text))
            raise AccelsimError(f"unknown multiplier {text}: no architecture or cell {first!r}{near}")
        elif ARCHITECTURES[first].signed != by_itself:
            kind, meant = ("unsigned", ["sm", *words]) if by_itself else ("signed by itself", words)
            raise AccelsimError(f"{text}: {first} is {kind}; did you mean mul{width}s_{'_'.join(meant)}?")
        return cls(width, signed, words[0], **_modifiers(text, words[0], words[1:]))


def _modifiers(text: str, architecture: str, words: list[str]) -> dict[str, Any]:
    form = ARCHITECTURES[architecture]
    letters = [*form.parameters, *("k" if form.cells else "")]
    found: dict[str, Any] = {}
    for word in words:
        parameter = _PARAMETER.fullmatch(word)
        modifier: tuple[str, Any]
        if word in CELLS and form.cells:
            modifier = ("cell", word)
        elif word == "corrected" and form.correctable:
            modifier = ("corrected", True)
        elif parameter and parameter[1] in letters:
            modifier = (parameter[1], int(parameter[2]))
        else:
            expected = [*(CELLS if form.cells else ()), *(f"{letter}<number>" for letter in letters)]
            expected += ["corrected"] if form.correctable else []
            raise AccelsimError(
                f"unknown multiplier {text}: {architecture} takes "
                f"{' or '.join(expected) or 'no parameters'}, not {word!r}{nearest(word, expected)}"
            )
        if modifier[0] in found:
            raise AccelsimError(f"unknown multiplier {text}: {modifier[0]} is given twice")
        found.update([modifier])
    return found


def _examples(text: str) -> list[str]:
    """Return a name of every kind, with the width and the parameters that the text may have meant."""
    number = re.search(r"[0-9]{1,9}", text)
    width = int(number[0]) if number and int(number[0]) in WIDTHS else 8
    given = dict(_PARAMETER.findall(text))
    found = []
    for word, form in [*((cell, Architecture()) for cell in CELLS), *ARCHITECTURES.items()]:
        parts = [word]
        for letter, allowed_at in form.parameters.items():
            allowed = allowed_at(width)
            value = int(given.get(letter, -1))
            parts.append(f"{letter}{value if value in allowed else allowed[len(allowed) // 2]}")
        suffix = "_".join(parts)
        if not form.signed:
            found += [f"mul{width}u_{suffix}", f"mul{width}s_sm_{suffix}"]
        if form.signed or word in CELLS:
            found.append(f"mul{width}s_{suffix}")
    return found


def _unknown(what: str, word: str, choices: Mapping[str, Any]) -> str:
    return f"unknown {what}; expected one of {', '.join(choices)}{nearest(word, choices)}"
