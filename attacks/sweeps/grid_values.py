"""The keys of a grid: what each takes, and what stands for it where it is left out."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import Any, NamedTuple

from accelsim.attacks.attack import Parameter, checked_budget
from accelsim.attacks.crafting import BATCH_SIZE
from accelsim.attacks.registry import PAPER_BUDGETS, build_attack, names_meant_by
from accelsim.errors import AccelsimError, nearest
from accelsim.models.datasets import dataset_names

__all__ = ["KEYS", "AttackChoice", "Key", "MultiplierChoice"]

#: What stands for the network that is not quantized, among multipliers.
FLOAT = "float32"


class AttackChoice(NamedTuple):
    """An attack with the parameters that are given."""

    name: str
    parameters: tuple[tuple[str, Parameter], ...]


class MultiplierChoice(NamedTuple):
    """A multiplier, None: float32; and what tables call it."""

    name: str | None
    label: str


@dataclass(frozen=True)
class Key:
    """A key of a grid.

    Parameters
    ----------
    expected : str
        In words, one of its values; a list of them is taken as well.
    read : callable
        Makes of one value what it stands for, a list.
    default : value
        As a file would give it.
    required : bool
        Whether it must be given.
    """

    expected: str
    read: Callable[[Any], list[Any]]
    default: Any = None
    required: bool = False


def _text(expected: str, value: object) -> list[str]:
    if not isinstance(value, str) or not value:
        raise AccelsimError(f"{value!r} is no {expected}")
    return [value]


def _choice(choices: tuple[str, ...], value: object) -> list[object]:
    if value is not None and value not in choices:
        raise AccelsimError(f"{value!r}; expected {' or '.join(choices)}{nearest(str(value), choices)}")
    return [value]


def _whole(low: int, high: int, value: object) -> list[object]:
    if value is not None and (type(value) is not int or not low <= value <= high):
        bound = f"{low} to {high}" if high < _LARGEST else f"{low} up"
        raise AccelsimError(f"{value!r}; expected a whole number from {bound}")
    return [value]


def _images(value: object) -> list[object]:
    if isinstance(value, str) and value != "all":
        raise AccelsimError(f'{value!r}; expected a whole number from 1 up, or "all"')
    return [None] if value == "all" else _whole(1, _LARGEST, value)


def _data(value: object) -> list[str]:
    names = dataset_names()
    if value not in names:
        hint = nearest(str(value), names) or f"; there are {', '.join(names)}"
        raise AccelsimError(f"no data set {value!r}{hint}")
    return [str(value)]


def _attack(value: object) -> list[AttackChoice]:
    given: dict[str, Any] = dict(value) if isinstance(value, Mapping) else {"name": value}
    name = given.pop("name", None)
    if not isinstance(name, str):
        raise AccelsimError(f'{value!r}; expected a name, or {{name = "pgd-linf", steps = 20}}')
    choices = []
    for meant in names_meant_by(name):
        build_attack(meant, **given).require_kind("fixed-budget")
        choices.append(AttackChoice(meant, tuple(given.items())))
    return choices


def _budget(value: object) -> list[float]:
    if value == "paper":
        return list(PAPER_BUDGETS)
    if isinstance(value, bool | str):
        raise AccelsimError(f'{value!r}; expected a number from 0 up, or "paper"')
    return [checked_budget(value)]  # type: ignore[arg-type]  # which it checks


def _multiplier(value: object) -> list[MultiplierChoice]:
    given = dict(value) if isinstance(value, Mapping) else {"name": value}
    name, label = given.pop("name", None), given.pop("label", None)
    if given or not isinstance(name, str) or not isinstance(label, str | None):
        raise AccelsimError(
            f'{value!r}; expected a name, a path, "{FLOAT}", or {{name = "mul8u_drum_k4", label = "M4"}}'
        )
    return [MultiplierChoice(None if name == FLOAT else name, label or name)]


def _layers(value: object) -> list[object]:
    if isinstance(value, list) and value and all(isinstance(name, str) for name in value):
        return [tuple(value)]
    return _choice(("conv", "linear", "all"), value)


_LARGEST = 2**63 - 1
_seed = partial(_whole, 0, _LARGEST)
_count = partial(_whole, 1, _LARGEST)
_network = partial(_text, "name of a network, of weights of the package, or path of a checkpoint")

#: By name, in the order of the reference.
KEYS: Mapping[str, Key] = MappingProxyType(
    {
        "network": Key("the network that is attacked, such as lenet5", _network, "lenet5"),
        "data": Key("a data set: digits, mnist or cifar10", _data, "digits"),
        "training_seed": Key("seed of the training of networks", _seed, 0),
        "epochs": Key("epochs of that training", _count),
        "images": Key('how many test images, or "all"', _images, 500),
        "attack": Key("an attack, such as pgd-linf", _attack, required=True),
        "budget": Key("a perturbation budget, such as 0.1", _budget, required=True),
        "seed": Key("seed of the attacks", _seed, 0),
        "batch_size": Key("images attacked together", _count, BATCH_SIZE),
        "victim": Key("a network that the examples are shown to", _network),
        "multiplier": Key(f'a multiplier, or "{FLOAT}"', _multiplier, required=True),
        "scheme": Key(
            "unsigned, signed or sign-magnitude", partial(_choice, ("unsigned", "signed", "sign-magnitude"))
        ),
        "bits": Key("width of activations and weights, 2 to 8", partial(_whole, 2, 8)),
        "placement": Key("high or low", partial(_choice, ("high", "low")), "high"),
        "activation_operand": Key("a or b", partial(_choice, ("a", "b")), "a"),
        "weights": Key(
            "per-tensor or per-channel", partial(_choice, ("per-tensor", "per-channel")), "per-tensor"
        ),
        "layers": Key("conv, linear, all, or a list of names in a list", _layers),
        "calibration": Key("training images that victims are quantized with", _count, 256),
        "calibration_seed": Key("seed of the choice of these", _seed, 0),
    }
)
