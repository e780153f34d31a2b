"""What is known about an attack before it runs."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pkgutil import resolve_name
from types import MappingProxyType
from typing import Any, Literal, get_args

from accelsim.errors import AccelsimError, nearest, own_errors

__all__ = ["Attack", "Kind", "Norm", "Parameter", "Range", "checked_budget"]

#: Value of an attack's parameter.
Parameter = bool | int | float | str | None

#: Whether a value is in a parameter's range, and the range in words.
Range = tuple[Callable[[Any], bool], str]

#: What an attack looks for: an example within a budget, or the smallest perturbation that fools.
Kind = Literal["fixed-budget", "minimal-norm"]

#: A norm of perturbations.
Norm = Literal["l0", "l2", "linf"]


@dataclass(frozen=True)
class Attack:
    """What is known about an attack before it runs; making one imports nothing.

    Parameters
    ----------
    name : str
        Name in the registry.
    norm : {"l0", "l2", "linf"}
        Norm of the budget, or the one that the attack minimises, over pixels in [0, 1]: ``l2`` is the plain
        Euclidean norm of the whole perturbation (not divided by the number of pixels), ``linf`` its largest
        absolute value, ``l0`` the number of values (pixels times channels) that it changes.
    needs_gradients : bool
        Whether it differentiates the network that it attacks.
    summary : str
        One line with the source.
    constructor : str
        Where the attack's class is, as ``"package.module:Class"``: a subclass of Foolbox's
        ``FixedEpsilonAttack`` or ``MinimizationAttack``.
    defaults : mapping of str to parameter value
        The parameters of the constructor that may be changed, with their defaults.
    overrides : mapping of str to parameter value
        Parameters that differ from the defaults; see `with_parameters`.
    kind : {"fixed-budget", "minimal-norm"}
        Whether it looks for an example within a budget (``FixedEpsilonAttack``) or for the smallest
        perturbation that fools (``MinimizationAttack``). The two answer different questions, and their
        results do not mix.
    fixed : mapping of str to parameter value
        Arguments of the constructor that the name settles.
    ranges : mapping of str to (callable, str)
        For each parameter whether a value is in its range, and the range in words; of those without one the
        constructor itself judges.
    whole_set : bool
        Whether the images belong together, as those of a universal perturbation: the attack gets them all at
        once, and not batch by batch.

    Raises
    ------
    AccelsimError
        If there is no such norm or kind.
    """

    name: str
    norm: Norm
    needs_gradients: bool
    summary: str
    constructor: str
    defaults: Mapping[str, Parameter] = field(hash=False)
    overrides: Mapping[str, Parameter] = field(default_factory=dict, hash=False)
    kind: Kind = field(default="fixed-budget", kw_only=True)
    fixed: Mapping[str, Parameter] = field(default_factory=dict, hash=False, kw_only=True)
    ranges: Mapping[str, Range] = field(
        default_factory=dict, hash=False, compare=False, repr=False, kw_only=True
    )
    whole_set: bool = field(default=False, kw_only=True)

    def __post_init__(self) -> None:
        for name, allowed in (("norm", get_args(Norm)), ("kind", get_args(Kind))):
            if (value := getattr(self, name)) not in allowed:
                raise AccelsimError(
                    f"attack {self.name}: {name} is {value!r}; expected {' or '.join(allowed)}"
                )
        for mapping in ("defaults", "overrides", "fixed", "ranges"):
            object.__setattr__(self, mapping, MappingProxyType(dict(getattr(self, mapping))))

    @property
    def parameters(self) -> dict[str, Parameter]:
        """Every parameter that may be changed with the value it gets."""
        return {**self.defaults, **self.overrides}

    @property
    def label(self) -> str:
        """The name, with the parameters that are not the defaults: ``"bim-l2 steps=20"``."""
        return " ".join([self.name, *(f"{key}={value}" for key, value in self.overrides.items())])

    def with_parameters(self, /, **parameters: Parameter) -> "Attack":
        """Return this attack with other parameters, such as ``steps=20``.

        Raises
        ------
        AccelsimError
            If the attack has no such parameter, or the value is out of its range.
        """
        for key, value in parameters.items():
            if key not in self.defaults:
                known = f"it has {', '.join(self.defaults)}" if self.defaults else "it has none"
                raise AccelsimError(
                    f"attack {self.name} has no parameter {key}; {known}" + nearest(key, self.defaults)
                )
            if key in self.ranges:
                is_valid, expected = self.ranges[key]
                if not is_valid(value):
                    raise AccelsimError(f"attack {self.name}: {key} is {value!r}; expected {expected}")
            if not isinstance(value, get_args(Parameter)):
                raise AccelsimError(f"attack {self.name}: {key} is {value!r}; expected a number or a word")
        merged = {**self.parameters, **parameters}
        return replace(
            self, overrides={key: merged[key] for key in self.defaults if merged[key] != self.defaults[key]}
        )

    def construct(self) -> Any:
        """Return a new attack object with Foolbox's interface; imports Foolbox.

        Raises
        ------
        AccelsimError
            If its class cannot be imported, refuses the parameters, or is of another kind or norm.
        """
        with own_errors(f"attack {self.name} cannot be made from {self.constructor}"):
            adversary = resolve_name(self.constructor)(**self.fixed, **self.parameters)
        from foolbox.attacks.base import FixedEpsilonAttack, MinimizationAttack
        from foolbox.distances import l0, l2, linf

        expected = {"fixed-budget": FixedEpsilonAttack, "minimal-norm": MinimizationAttack}[self.kind]
        if not isinstance(adversary, expected):
            raise AccelsimError(
                f"attack {self.name} is {self.kind}, but {self.constructor} is no Foolbox {expected.__name__}"
            )
        distance = getattr(adversary, "distance", None)
        if distance != {"l0": l0, "l2": l2, "linf": linf}[self.norm]:
            raise AccelsimError(
                f"attack {self.name} has norm {self.norm}, but {self.constructor} measures {distance}"
            )
        return adversary

    def require_kind(self, kind: Kind) -> None:
        """Raise `AccelsimError` if this attack is of the other kind."""
        if self.kind == kind:
            return
        if kind == "fixed-budget":
            raise AccelsimError(
                f"attack {self.name} has no budget: it looks for the smallest perturbation that fools, which "
                "accelsim.attacks.craft_minimal crafts; results at a fixed budget stand apart from those"
            )
        raise AccelsimError(
            f"attack {self.name} works within a budget and looks for no smallest perturbation; "
            "accelsim.attacks.craft crafts it"
        )


def checked_budget(budget: float) -> float:
    """Return the perturbation budget as a float.

    Raises
    ------
    AccelsimError
        If it is negative, infinite or not a number.
    """
    try:
        value = float(budget)
    except (TypeError, ValueError):
        value = math.nan
    if not 0 <= value < math.inf:
        raise AccelsimError(
            f"perturbation budget {budget} is out of range; expected a finite number from 0 up"
        )
    return value
