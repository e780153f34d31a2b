"""The ten attacks of Siddique & Hoque (2022) by name, as Foolbox implements them."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pkgutil import resolve_name
from types import MappingProxyType
from typing import Any, Literal

from accelsim.errors import AccelsimError, nearest

__all__ = [
    "ATTACKS",
    "PAPER_BUDGETS",
    "Attack",
    "Parameter",
    "attack_names",
    "build_attack",
    "checked_budget",
]

#: Value of an attack's parameter.
Parameter = bool | int | float | None

#: Perturbation budgets of figures 4 to 7 of Siddique & Hoque (2022), in the attack's norm, pixels in [0, 1].
PAPER_BUDGETS = (0.0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.5, 1.0, 1.5, 2.0)


@dataclass(frozen=True)
class Attack:
    """What is known about an attack before it runs; making one imports nothing.

    Parameters
    ----------
    name : str
        Name in the registry.
    norm : {"l2", "linf"}
        Norm of the budget, over pixels in [0, 1]: ``l2`` is the plain Euclidean norm of the whole
        perturbation (not divided by the number of pixels), ``linf`` its largest absolute value.
    needs_gradients : bool
        Whether it differentiates the network that it attacks.
    summary : str
        One line with the source.
    constructor : str
        Where the Foolbox attack class is, as ``"package.module:Class"``.
    defaults : mapping of str to parameter value
        Every parameter of the constructor with its default.
    overrides : mapping of str to parameter value
        Parameters that differ from the defaults; see `with_parameters`.
    """

    name: str
    norm: Literal["l2", "linf"]
    needs_gradients: bool
    summary: str
    constructor: str
    defaults: Mapping[str, Parameter] = field(hash=False)
    overrides: Mapping[str, Parameter] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "defaults", MappingProxyType(dict(self.defaults)))
        object.__setattr__(self, "overrides", MappingProxyType(dict(self.overrides)))

    @property
    def parameters(self) -> dict[str, Parameter]:
        """Every parameter of the constructor with the value it gets."""
        return {**self.defaults, **self.overrides}

    @property
    def label(self) -> str:
        """The name, with the parameters that are not the defaults: ``"bim-l2 steps=20"``."""
        return " ".join([self.name, *(f"{key}={value}" for key, value in self.overrides.items())])

    def with_parameters(self, **parameters: Parameter) -> "Attack":
        """Return this attack with other parameters, such as ``steps=20``.

        Raises
        ------
        AccelsimError
            If the attack has no such parameter, or the value is out of its range.
        """
        for key, value in parameters.items():
            if key not in self.defaults:
                raise AccelsimError(
                    f"attack {self.name} has no parameter {key}; it has {', '.join(self.defaults)}"
                    + nearest(key, self.defaults)
                )
            is_valid, expected = _RANGES[key]
            if not is_valid(value):
                raise AccelsimError(f"attack {self.name}: {key} is {value!r}; expected {expected}")
        merged = {**self.parameters, **parameters}
        return replace(
            self, overrides={key: merged[key] for key in self.defaults if merged[key] != self.defaults[key]}
        )

    def construct(self) -> Any:
        """Return a new Foolbox attack (a subclass of ``foolbox.attacks.Attack``); imports Foolbox."""
        return resolve_name(self.constructor)(**self.parameters)


def attack_names() -> list[str]:
    """Return the names of all attacks, gradient-based ones first; does not import Foolbox."""
    return list(ATTACKS)


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
        hint = nearest(name, ATTACKS) or f"; known are {', '.join(ATTACKS)}"
        raise AccelsimError(f"unknown attack {name}{hint}")
    return ATTACKS[name].with_parameters(**parameters)


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


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1


def _is_positive(value: Any) -> bool:
    return _is_number(value) and value > 0


_COUNT = (_is_count, "a whole number from 1 up")
_SWITCH = (lambda value: isinstance(value, bool), "True or False")
_RANGES: dict[str, tuple[Callable[[Any], bool], str]] = {
    "steps": _COUNT,
    "repeats": _COUNT,
    "rel_stepsize": (_is_positive, "a positive step size relative to the budget"),
    "abs_stepsize": (
        lambda value: value is None or _is_positive(value),
        "a positive step size, or None to use rel_stepsize",
    ),
    "random_start": _SWITCH,
    "check_trivial": _SWITCH,
    "target": (lambda value: _is_number(value) and 0 <= value <= 1, "a grey level from 0 to 1"),
}

# The sources in full: Goodfellow et al., "Explaining and Harnessing Adversarial Examples" (ICLR 2015);
# Kurakin et al., "Adversarial Examples in the Physical World" (2016); Madry et al., "Towards Deep Learning
# Models Resistant to Adversarial Attacks" (ICLR 2018); Rauber et al., "Foolbox" (arXiv:1707.04131, 2017).
_FGM: dict[str, Parameter] = {"random_start": False}
_BIM: dict[str, Parameter] = {"rel_stepsize": 0.2, "abs_stepsize": None, "steps": 10, "random_start": False}
_PGD_L2: dict[str, Parameter] = {
    "rel_stepsize": 0.025,
    "abs_stepsize": None,
    "steps": 50,
    "random_start": True,
}
_PGD_LINF: dict[str, Parameter] = {**_PGD_L2, "rel_stepsize": 0.01 / 0.3, "steps": 40}
_REPEATED: dict[str, Parameter] = {"repeats": 100, "check_trivial": True}

#: Every attack by name. The defaults are those of Foolbox 3.3.4, with which the paper's examples were made.
ATTACKS: Mapping[str, Attack] = MappingProxyType(
    {
        attack.name: attack
        for attack in (
            Attack(
                name="fgm-l2",
                norm="l2",
                needs_gradients=True,
                summary="Fast gradient method: one step along the loss gradient (Goodfellow et al. 2015)",
                constructor="foolbox.attacks:L2FastGradientAttack",
                defaults=_FGM,
            ),
            Attack(
                name="fgm-linf",
                norm="linf",
                needs_gradients=True,
                summary="Fast gradient sign method: one step along its sign (Goodfellow et al. 2015)",
                constructor="foolbox.attacks:LinfFastGradientAttack",
                defaults=_FGM,
            ),
            Attack(
                name="bim-l2",
                norm="l2",
                needs_gradients=True,
                summary="Basic iterative method: gradient steps from the image (Kurakin et al. 2016)",
                constructor="foolbox.attacks:L2BasicIterativeAttack",
                defaults=_BIM,
            ),
            Attack(
                name="bim-linf",
                norm="linf",
                needs_gradients=True,
                summary="Basic iterative method: sign steps from the image (Kurakin et al. 2016)",
                constructor="foolbox.attacks:LinfBasicIterativeAttack",
                defaults=_BIM,
            ),
            Attack(
                name="pgd-l2",
                norm="l2",
                needs_gradients=True,
                summary="Projected gradient descent: gradient steps from a random start (Madry et al. 2018)",
                constructor="foolbox.attacks:L2ProjectedGradientDescentAttack",
                defaults=_PGD_L2,
            ),
            Attack(
                name="pgd-linf",
                norm="linf",
                needs_gradients=True,
                summary="Projected gradient descent: sign steps from a random start (Madry et al. 2018)",
                constructor="foolbox.attacks:LinfProjectedGradientDescentAttack",
                defaults=_PGD_LINF,
            ),
            Attack(
                name="cr-l2",
                norm="l2",
                needs_gradients=False,
                summary="Contrast reduction: a step towards uniform grey (Rauber et al. 2017)",
                constructor="foolbox.attacks:L2ContrastReductionAttack",
                defaults={"target": 0.5},
            ),
            Attack(
                name="rag-l2",
                norm="l2",
                needs_gradients=False,
                summary="Repeated additive Gaussian noise: the first draw that fools (Rauber et al. 2017)",
                constructor="foolbox.attacks:L2RepeatedAdditiveGaussianNoiseAttack",
                defaults=_REPEATED,
            ),
            Attack(
                name="rau-l2",
                norm="l2",
                needs_gradients=False,
                summary="Repeated additive uniform noise: the first draw that fools (Rauber et al. 2017)",
                constructor="foolbox.attacks:L2RepeatedAdditiveUniformNoiseAttack",
                defaults=_REPEATED,
            ),
            Attack(
                name="rau-linf",
                norm="linf",
                needs_gradients=False,
                summary="Repeated additive uniform noise: the first draw that fools (Rauber et al. 2017)",
                constructor="foolbox.attacks:LinfRepeatedAdditiveUniformNoiseAttack",
                defaults=_REPEATED,
            ),
        )
    }
)
