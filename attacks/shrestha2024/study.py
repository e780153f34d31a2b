"""A run of the paper's experiments: its settings, its networks, and the examples crafted so far."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from accelsim.attacks.direct.study import DirectStudy
from accelsim.attacks.direct.subject import Subject
from accelsim.attacks.outcome import Crafted
from accelsim.attacks.reproduction.examples import Examples
from accelsim.attacks.shrestha2024.paper_attacks import ITERATIVE, paper_attack
from accelsim.attacks.shrestha2024.subjects import BITS, load_subject, width_name
from accelsim.models.dataset import Dataset
from accelsim.models.datasets import load_dataset
from accelsim.models.shipped import shipped_on

__all__ = ["DATASETS", "Study"]

#: What each network is trained on.
DATASETS: Mapping[str, str] = {
    "mnist_a": "mnist",
    **dict.fromkeys(("resnet20", "resnet32", "resnet44", "alexnet_cifar"), "cifar10"),
}


@dataclass(frozen=True, eq=False, kw_only=True)
class Study(DirectStudy):
    """Settings of a run, and what its parts share; see `DirectStudy` too.

    Parameters
    ----------
    networks : tuple of str
        Which of the paper's networks are attacked.
    bits : tuple of int or None
        Which widths; None: full precision.
    images : int
        Images per network, attack and run.
    iterative_images : int
        Those of C&W and Boundary, and of all attacks on a network on a multiplier.
    runs : int
        Runs, each on images drawn anew.
    audited_images : int
        Images of each audit.
    """

    networks: tuple[str, ...] = ("mnist_a",)
    bits: tuple[int | None, ...] = BITS
    images: int = 1000
    iterative_images: int = 1000
    runs: int = 3
    audited_images: int = 200
    _datasets: dict[str, Dataset] = field(default_factory=dict, init=False, repr=False)
    _subjects: dict[tuple[str, int | None, str], Subject] = field(
        default_factory=dict, init=False, repr=False
    )

    def dataset(self, network: str) -> Dataset:
        """Return the data set of a network."""
        name = DATASETS.get(network, "mnist")
        if name not in self._datasets:
            self._datasets[name] = load_dataset(name)
        return self._datasets[name]

    def subject(self, network: str, bits: int | None, multiplier: str = "") -> Subject:
        """Return a network of the paper at a bit width, maybe on a multiplier."""
        key = (network, bits, multiplier)
        if key not in self._subjects:
            self._subjects[key] = load_subject(network, self.dataset(network), bits, multiplier)
        return self._subjects[key]

    def neighbours(self, network: str) -> dict[str, Subject]:
        """Return a network in full precision, and those of the package trained on the same data, by name."""
        data = self.dataset(network)
        shipped = shipped_on(data)
        for name, trained in shipped.items():
            self._subjects.setdefault((name, None, ""), Subject(width_name(None), trained, data))
        return {name: self.subject(name, None) for name in sorted({network, *shipped})}

    def count(self, attack: str, subject: Subject) -> int:
        """Return how many images the paper's attack gets: fewer where they take long."""
        takes_long = attack in ITERATIVE or subject.multiplier
        return self.iterative_images if takes_long else self.images

    def wanted(self, subject: Subject, attack: str, run: int) -> Examples:
        """Return the examples of one of the paper's attacks on a network that a run wants."""
        chosen = paper_attack(attack, subject.dataset.name)
        return self.examples(subject, chosen, run, self.count(attack, subject))

    def direct(self, subject: Subject, attack: str, run: int) -> Crafted:
        """Return those examples, crafted if they are not in the cells."""
        return self.wanted(subject, attack, run).crafted(self.cells, self.begun)

    def provenance(self) -> dict[str, dict[str, Any]]:
        """Return the hashes and accuracy of each network that was used, by its name."""
        return {
            f"{network} {subject.name}": {
                "dataset": subject.dataset.name,
                "dataset_sha256": subject.dataset.sha256,
                "weights_sha256": subject.trained.sha256,
                "accuracy_percent": subject.trained.accuracy_percent,
            }
            for (network, _, multiplier), subject in self._subjects.items()
            if not multiplier
        }
