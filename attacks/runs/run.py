"""What a run is: networks, attacks, transfer, as frozen objects that check themselves."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from accelsim.attacks.attack import Parameter, checked_budget
from accelsim.attacks.direct.study import BudgetedAttack
from accelsim.attacks.registry import build_attack
from accelsim.dorefa import check_bits
from accelsim.errors import AccelsimError, nearest
from accelsim.models.datasets import dataset_names
from accelsim.models.networks import network_names
from accelsim.models.recipe import default_recipe
from accelsim.rtl.catalogue import find_circuit
from accelsim.rtl.float_names import is_float_name

__all__ = ["Run", "RunAttack", "RunNetwork"]


@dataclass(frozen=True)
class RunNetwork:
    """A network: from the package, a file, or trained on first use.

    Parameters
    ----------
    name : str
        What the run and its tables call it.
    network : str
        Its architecture, such as ``mnist_a``.
    data : str
        Its data set.
    bits : int, optional
        Width of DoReFa-Net's weights and inputs, from 1 to 16; None: floats.
    multiplier : str
        The multiplier that its quantized layers run on; none: exact products.
    seed : int
        Of its training.
    epochs : int, optional
        Of its training; None: those of the data set's recipe.
    weights : str
        Path of a checkpoint to take instead; it must be of this architecture and width.

    Raises
    ------
    AccelsimError
        If a name is unknown, a number is out of range, there is no such checkpoint, or the levels of that
        many bits do not fit the multiplier.
    """

    name: str
    network: str
    data: str = "digits"
    bits: int | None = None
    multiplier: str = ""
    seed: int = 0
    epochs: int | None = None
    weights: str = ""

    def __post_init__(self) -> None:
        if self.network not in network_names():
            raise AccelsimError(f"no network {self.network}" + _known(self.network, network_names()))
        if self.data not in dataset_names():
            raise AccelsimError(f"no data set {self.data}" + _known(self.data, dataset_names()))
        if self.bits is not None:
            check_bits(self.bits, "weights and inputs")
        default_recipe(self.data, self.network, epochs=self.epochs, seed=self.seed)  # refuses what is none
        if self.weights and not Path(self.weights).is_file():
            raise AccelsimError(f"weights: there is no checkpoint {self.weights}")
        if self.multiplier:
            self._check_multiplier()

    def _check_multiplier(self) -> None:
        """Raise unless the multiplier takes the levels, before anything is trained."""
        if self.bits is None:
            raise AccelsimError(
                f"network {self.name} is to run on {self.multiplier} and has no bits; "
                "only a quantized network has integer levels for a multiplier"
            )
        try:
            circuit = find_circuit(self.multiplier)
        except AccelsimError as error:
            raise AccelsimError(f"multiplier: {error}") from error
        if is_float_name(self.multiplier):
            raise AccelsimError(f"multiplier {self.multiplier} is one of floats; levels are integers")
        most = min(circuit.a_width, circuit.b_width) - circuit.signed
        if self.bits > most:
            raise AccelsimError(
                f"multiplier {self.multiplier} takes levels of up to {most} bits; network {self.name} has "
                f"{self.bits}"
            )


@dataclass(frozen=True)
class RunAttack:
    """An attack and the networks that it is crafted on.

    Parameters
    ----------
    attack : str
        Its name in the registry, such as ``pgd-linf``.
    budget : float, optional
        Largest norm of a perturbation; None for attacks of the smallest one, which have none.
    parameters : mapping of str to parameter value
        Those that are not the defaults.
    on : tuple of str
        Names of networks of the run; empty: all.
    name : str
        What tables call it; empty: the attack with its parameters and budget.

    Raises
    ------
    AccelsimError
        If the attack or a parameter is unknown, a value is out of range, or a budget is missing or given
        to an attack that has none.
    """

    attack: str
    budget: float | None = None
    parameters: Mapping[str, Parameter] = field(default_factory=dict, hash=False)
    on: tuple[str, ...] = ()
    name: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "parameters", MappingProxyType(dict(self.parameters)))
        made = self.built.attack
        if made.kind == "fixed-budget" and self.budget is None:
            raise AccelsimError(f"attack {self.attack} needs a budget, its largest {made.norm} norm")
        if self.budget is not None:
            made.require_kind("fixed-budget")
            checked_budget(self.budget)
        if not self.name:
            shown = "" if self.budget is None else f" {self.budget:g}"
            object.__setattr__(self, "name", f"{made.label}{shown}")

    @property
    def built(self) -> BudgetedAttack:
        """The attack with its parameters and budget."""
        return BudgetedAttack(build_attack(self.attack, **self.parameters), self.budget)


@dataclass(frozen=True)
class Run:
    """Train networks, attack them directly, and show the examples to others.

    Parameters
    ----------
    train : tuple of RunNetwork
        The networks.
    attack : tuple of RunAttack
        The attacks.
    transfer : tuple of str
        Names of the networks that are shown all examples; empty: none.
    images : int
        Test images per network, attack and run, which the network classifies correctly.
    runs : int
        Runs, each on images drawn anew.
    seed : int
        Of the first run.

    Raises
    ------
    AccelsimError
        If there is no network, two have one name, an attack or the transfer names none of them, networks that
        share examples have different data, or a number is out of range.
    """

    train: tuple[RunNetwork, ...]
    attack: tuple[RunAttack, ...] = ()
    transfer: tuple[str, ...] = ()
    images: int = 200
    runs: int = 1
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("images", "runs"):
            value = getattr(self, name)
            if not isinstance(value, int) or isinstance(value, bool) or value < 1:
                raise AccelsimError(f"{name} is {value!r}; expected a whole number from 1 up")
        if not isinstance(self.seed, int) or isinstance(self.seed, bool) or not 0 <= self.seed < 2**62:
            raise AccelsimError(f"seed is {self.seed!r}; expected a whole number from 0 to 2^62 - 1")
        if not self.train:
            raise AccelsimError("train names no network; expected one at least")
        _check_once("network", [each.name for each in self.train])
        _check_once("attack", [each.name for each in self.attack])
        _check_once("transfer to", self.transfer)
        for attack in self.attack:
            self.named(attack.on, f"attack {attack.name}")
        data = {each.data for each in self.named(self.transfer, "transfer")}
        if self.transfer and len(data | {each.data for each in self.train}) > 1:
            raise AccelsimError(
                "transfer needs networks of one data set; these have "
                + " and ".join(sorted(data | {each.data for each in self.train}))
            )

    def named(self, names: Sequence[str], what: str) -> list[RunNetwork]:
        """Return the networks of these names; of no names, all."""
        known = {each.name: each for each in self.train}
        for name in names:
            if name not in known:
                raise AccelsimError(f"{what}: no network {name} in train" + _known(name, list(known)))
        return [known[name] for name in names or known]


def _check_once(what: str, names: Sequence[str]) -> None:
    for name, times in Counter(names).items():
        if times > 1:
            raise AccelsimError(f"{what} {name} is listed {times} times; each needs a name of its own")


def _known(name: str, names: Sequence[str]) -> str:
    return nearest(name, names) or f"; there are {', '.join(names)}"
