"""The full description of one result, and its identity."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache, cached_property
from typing import Any

import accelsim
from accelsim.arithmetic import Arithmetic
from accelsim.attacks.attack import Attack, Parameter, checked_budget
from accelsim.attacks.crafting import BATCH_SIZE, check_batch_size, check_seed
from accelsim.attacks.registry import build_attack
from accelsim.errors import AccelsimError

__all__ = [
    "ENGINE",
    "Calibration",
    "Cell",
    "Crafting",
    "Images",
    "Network",
    "Victim",
    "crafting_from",
    "description",
    "victim_from",
]

#: What computes the results: the package, and the version of how a sweep cuts its work. Part of identities.
ENGINE = f"accelsim {accelsim.__version__}, sweeps 1"


@dataclass(frozen=True)
class Network:
    """A trained float network.

    Parameters
    ----------
    name : str
        What `accelsim.models.named_network` takes: a network of the registry, weights of the package, or the
        path of a checkpoint.
    dataset : str
        Name of the data set that a network of the registry is trained on.
    seed, epochs : int, optional
        Of that training, as for `accelsim.models.trained_network`.
    architecture, sha256 : str, optional
        Name in the registry, and `accelsim.models.weights_sha256`; `accelsim.attacks.sweeps.resolved` fills
        them in, and what is loaded later must agree.
    """

    name: str
    dataset: str
    seed: int = 0
    epochs: int | None = None
    architecture: str | None = None
    sha256: str | None = None


@dataclass(frozen=True)
class Images:
    """The first test images of a data set, with their labels.

    Parameters
    ----------
    dataset : str
        Name of the data set.
    count : int, optional
        How many; default: all.
    sha256 : str, optional
        Of these images and labels; `accelsim.attacks.sweeps.resolved` fills it in.
    """

    dataset: str
    count: int | None = None
    sha256: str | None = None


@dataclass(frozen=True)
class Calibration:
    """The training images that a victim is quantized with (`accelsim.models.calibration_images`).

    Parameters
    ----------
    dataset : str
        Name of the data set.
    count : int
        How many, or all where the data set has fewer.
    seed : int
        Seed of the choice.
    sha256 : str, optional
        Of these images; `accelsim.attacks.sweeps.resolved` fills it in.
    """

    dataset: str
    count: int = 256
    seed: int = 0
    sha256: str | None = None


@dataclass(frozen=True)
class Crafting:
    """How adversarial examples are made: what all cells of one group have in common.

    Parameters
    ----------
    source : Network
        The network that the adversary attacks.
    attack : str
        Name of an attack of the kind ``fixed-budget``.
    budget : float
        Largest norm of the perturbation, in the attack's norm over pixels in [0, 1]; 0: clean images.
    images : Images
        What is attacked.
    parameters : mapping of str to parameter value
        The attack's parameters that differ from its defaults; kept as sorted pairs.
    seed : int
        Any whole number.
    batch_size : int
        Images attacked together, see `accelsim.attacks.crafting.BATCH_SIZE`.

    Raises
    ------
    AccelsimError
        If the attack, a parameter, the budget, the seed or the batch size is none.
    """

    source: Network
    attack: str
    budget: float
    images: Images
    parameters: tuple[tuple[str, Parameter], ...] = ()
    seed: int = 0
    batch_size: int = BATCH_SIZE

    def __post_init__(self) -> None:
        given = self.parameters.items() if isinstance(self.parameters, Mapping) else self.parameters
        object.__setattr__(self, "parameters", tuple(sorted((str(key), value) for key, value in given)))
        object.__setattr__(self, "budget", checked_budget(self.budget))
        check_seed(self.seed)
        check_batch_size(self.batch_size)
        self.built_attack().require_kind("fixed-budget")

    def built_attack(self) -> Attack:
        """Return the attack with its parameters."""
        return _attack(self.attack, json.dumps(self.parameters))

    @cached_property
    def identity(self) -> str:
        """SHA-256 (hexadecimal) of the content that decides the examples; clean images have no attack."""
        images = _known(self.images.sha256, "images")
        if self.budget == 0:
            return _hash({"images": images, "batch_size": self.batch_size})
        content = {
            "images": images,
            "source": [self.source.architecture, _known(self.source.sha256, "source")],
            "attack": self.attack,
            "parameters": sorted(self.built_attack().parameters.items()),
            "budget": self.budget.hex(),
            "seed": int(self.seed),
            "batch_size": self.batch_size,
        }
        return _hash(content)


@dataclass(frozen=True)
class Victim:
    """A network on its hardware.

    Parameters
    ----------
    network : Network
        The trained network.
    multiplier : str, optional
        Name or path of the multiplier of its layers, as for `accelsim.load_lut`, or the name of a float
        multiplier; default: float32, not quantized.
    arithmetic : Arithmetic
        How layers compute on the multiplier; of one for floats, only the layers and the operand count.
    calibration : Calibration, optional
        What it is quantized with; default: 256 training images of the network's data set.
    label : str, optional
        What tables call it; default: the multiplier as it is given, or ``float32``.
    multiplier_sha256 : str, optional
        Of the multiplier's products; `accelsim.attacks.sweeps.resolved` fills it in.
    netlist_sha256 : str, optional
        Of the gates, where the products come from some; likewise.
    """

    network: Network
    multiplier: str | None = None
    arithmetic: Arithmetic = Arithmetic()  # noqa: RUF009 (frozen)
    calibration: Calibration | None = None
    label: str = ""
    multiplier_sha256: str | None = None
    netlist_sha256: str | None = None

    def __post_init__(self) -> None:
        if not self.label:
            object.__setattr__(self, "label", self.multiplier or "float32")

    @cached_property
    def identity(self) -> str:
        """SHA-256 (hexadecimal) of the content that decides its answers."""
        content: dict[str, Any] = {
            "network": [self.network.architecture, _known(self.network.sha256, "victim")]
        }
        if self.multiplier:
            content["multiplier"] = _known(self.multiplier_sha256, "multiplier")
            content["arithmetic"] = asdict(self.arithmetic)
            if self.calibration:
                content["calibration"] = _known(self.calibration.sha256, "calibration")
        return _hash(content)


@dataclass(frozen=True)
class Cell:
    """One result: how many images a victim still classifies as labelled.

    A pure function of this description (`accelsim.attacks.sweeps.evaluate`).

    Parameters
    ----------
    crafting : Crafting
        What it is shown.
    victim : Victim
        Who looks at it.
    """

    crafting: Crafting
    victim: Victim

    @cached_property
    def identity(self) -> str:
        """SHA-256 (hexadecimal) of all that decides the result: content and engine, not names.

        Raises
        ------
        AccelsimError
            If the cell is not `accelsim.attacks.sweeps.resolved`.
        """
        return _hash([ENGINE, self.crafting.identity, self.victim.identity])


def _hash(content: object) -> str:
    """Return the SHA-256 (hexadecimal) of JSON values, written in one way only."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def description(part: Crafting | Victim) -> str:
    """Return a description as JSON, from which `crafting_from` and `victim_from` make it again."""
    return json.dumps(asdict(part), separators=(",", ":"))


def crafting_from(text: str) -> Crafting:
    """Return the crafting of a description."""
    values = json.loads(text)
    return Crafting(**{**values, "source": Network(**values["source"]), "images": Images(**values["images"])})


def victim_from(text: str) -> Victim:
    """Return the victim of a description."""
    values = json.loads(text)
    calibration = values["calibration"]
    parts = {
        "network": Network(**values["network"]),
        "arithmetic": Arithmetic(**values["arithmetic"]),
        "calibration": calibration and Calibration(**calibration),
    }
    return Victim(**{**values, **parts})


@cache
def _attack(name: str, parameters: str) -> Attack:
    return build_attack(name, **dict(json.loads(parameters)))


def _known(sha256: str | None, what: str) -> str:
    if sha256 is None:
        raise AccelsimError(f"the {what} of this cell has no hash yet; resolved([cell]) finds it")
    return sha256
