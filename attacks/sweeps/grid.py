"""A grid of cells: lists of networks, attacks, budgets and hardware, and everything that they combine to."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any

from accelsim.arithmetic import Arithmetic
from accelsim.attacks.sweeps.cells import Calibration, Cell, Crafting, Images, Network, Victim
from accelsim.attacks.sweeps.grid_values import KEYS, AttackChoice, MultiplierChoice
from accelsim.errors import AccelsimError, nearest
from accelsim.models.checkpoints import load_checkpoint
from accelsim.models.networks import is_convolutional, network_names
from accelsim.models.pretrained import check_named_network, is_checkpoint_name
from accelsim.models.shipped import shipped_weights
from accelsim.quantization import MAX_BITS
from accelsim.rtl.catalogue import find_circuit, located
from accelsim.rtl.float_names import is_float_name

__all__ = ["cells_of_grid"]

#: Keys of a network's training, of how it is put on a multiplier of integers, and on one of floats.
_TRAINED = ("network", "data", "training_seed", "epochs")
_QUANTIZED = (
    "scheme", "bits", "placement", "activation_operand", "weights", "layers", "calibration",
    "calibration_seed",
)  # fmt: skip
_OF_FLOATS = ("activation_operand", "layers")


def cells_of_grid(values: Mapping[str, object], where: Callable[[str], str], folder: Path) -> list[Cell]:
    """Return the cells that a grid's lists combine to, each once.

    Parameters
    ----------
    values : mapping of str to value or list of values
        By the keys of `accelsim.attacks.sweeps.grid_values.KEYS`.
    where : callable
        Says for a key where it stands, for errors.
    folder : Path
        What paths of multipliers and checkpoints are relative to.

    Returns
    -------
    list of Cell
        Not resolved; source by source, attack by attack, budget by budget, victim by victim.

    Raises
    ------
    AccelsimError
        If a key is unknown or missing, or a value is none.
    """
    for key in values:
        if key not in KEYS:
            hint = nearest(key, KEYS) or f"; there are {', '.join(KEYS)}"
            raise AccelsimError(f"{where(key)}: no such key{hint}")
    for key, own in KEYS.items():
        if own.required and key not in values:
            raise AccelsimError(f"{where('')}: no {key} is given; expected {own.expected}")
    return _Grid(values, where, folder).cells()


@dataclass(frozen=True)
class _Grid:
    values: Mapping[str, object]
    where: Callable[[str], str]
    folder: Path

    def cells(self) -> list[Cell]:
        for key in self.values:
            self.each(key)  # refuses what is none, whether or not it concerns a victim
        found: dict[Cell, None] = {}
        for name, dataset, seed, epochs in product(*map(self.each, _TRAINED)):
            source = self.network("network", name, dataset, seed, epochs)
            names = self.each("victim") if "victim" in self.values else [name]
            victims = [
                victim
                for own in names
                for victim in self.victims(self.network("victim", own, dataset, seed, epochs))
            ]
            for crafting in self.craftings(source):
                found.update(dict.fromkeys(Cell(crafting, victim) for victim in victims))
        return list(found)

    def each(self, key: str) -> list[Any]:
        """Return the values of a key, checked; its default where it is not given."""
        own = KEYS[key]
        given = self.values.get(key, own.default)
        entries = given if isinstance(given, list) else [given]
        if not entries:
            raise AccelsimError(f"{self.where(key)}: an empty list; expected {own.expected}")
        read = []
        for entry in entries:
            with _at(self.where(key)):
                read += own.read(entry)
        return list(dict.fromkeys(read))

    def network(self, key: str, name: str, dataset: str, seed: int, epochs: int | None) -> Network:
        if is_checkpoint_name(name):
            name, seed, epochs = str(self.folder.joinpath(name).absolute()), 0, None
        elif name not in network_names():  # weights of the package
            seed, epochs = 0, None
        with _at(self.where(key)):
            check_named_network(name)
        return Network(name, dataset, seed, epochs)

    def craftings(self, source: Network) -> Iterable[Crafting]:
        keys = ("images", "attack", "budget", "seed", "batch_size")
        attack: AttackChoice
        for count, attack, budget, *others in product(*map(self.each, keys)):
            images = Images(source.dataset, count)
            yield Crafting(source, attack.name, budget, images, attack.parameters, *others)

    def victims(self, network: Network) -> Iterable[Victim]:
        multiplier: MultiplierChoice
        for multiplier in self.each("multiplier"):
            if multiplier.name is None:
                yield Victim(network, label=multiplier.label)
                continue
            with _at(self.where("multiplier")):
                name = located(multiplier.name, self.folder)
                width, signed, is_float = _circuit(name)
            concerned = _OF_FLOATS if is_float else _QUANTIZED
            for values in product(*map(self.each, concerned)):
                own: dict[str, Any] = {key: KEYS[key].default for key in _QUANTIZED}
                own |= zip(concerned, values, strict=True)
                count, seed = own.pop("calibration"), own.pop("calibration_seed")
                own["scheme"] = own["scheme"] or ("signed" if signed else "unsigned")
                own["bits"] = own["bits"] or min(MAX_BITS, width)
                own["layers"] = own["layers"] or ("conv" if _is_convolutional(network.name) else "linear")
                if not is_float and signed != (own["scheme"] == "signed"):
                    kind = "a signed" if signed else "an unsigned"
                    raise AccelsimError(
                        f"{self.where('scheme')}: {own['scheme']!r}; {multiplier.name} is {kind} multiplier"
                    )
                if not is_float and own["bits"] > width + (own["scheme"] == "sign-magnitude"):
                    raise AccelsimError(
                        f"{self.where('bits')}: {own['bits']}; {multiplier.name} has operands of {width} bits"
                    )
                arithmetic = Arithmetic(**own)
                calibration = Calibration(network.dataset, count, seed)
                yield Victim(network, name, arithmetic, calibration, multiplier.label)


@cache
def _circuit(name: str) -> tuple[int, bool, bool]:
    """Return the width of a multiplier's narrower operand, and whether it is signed, and one of floats."""
    circuit = find_circuit(name)
    return min(circuit.a_width, circuit.b_width), circuit.signed, is_float_name(name)


@cache
def _is_convolutional(name: str) -> bool:
    if name in network_names():
        return is_convolutional(name)
    return is_convolutional(load_checkpoint(shipped_weights().get(name, Path(name))).network)


@contextmanager
def _at(where: str) -> Iterator[None]:
    """Say where an error of the user is."""
    try:
        yield
    except AccelsimError as error:
        raise AccelsimError(f"{where}: {error}") from error
