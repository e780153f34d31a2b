"""A run of the paper's experiments: its networks, its multipliers, and the store of its results."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from accelsim.arithmetic import Arithmetic
from accelsim.attacks.registry import PAPER_BUDGETS
from accelsim.attacks.reproduction.study import Study as AnyStudy
from accelsim.attacks.siddique2022.circuits import ALEXNET, LENET, Family, mae_percent, multipliers
from accelsim.attacks.siddique2022.grid import Grid
from accelsim.attacks.siddique2022.series import Series
from accelsim.attacks.sweeps import Cell, Images, Network, Store, Victim, resolved, run
from accelsim.models.datasets import load_dataset
from accelsim.models.pretrained import trained_network
from accelsim.storage import written_atomically

__all__ = ["NETWORKS", "Study"]

#: Networks by the paper's name and data set. AlexNet is trained until it has about the paper's 81 %.
NETWORKS: Mapping[tuple[str, str], Network] = MappingProxyType(
    {
        ("LeNet-5", "mnist"): Network("lenet5", "mnist"),
        ("LeNet-5", "cifar10"): Network("lenet5_cifar", "cifar10"),
        ("AlexNet", "mnist"): Network("alexnet_siddique_mnist", "mnist", epochs=1),
        ("AlexNet", "cifar10"): Network("alexnet_siddique", "cifar10", epochs=8),
        ("FFNN", "mnist"): Network("ffnn", "mnist"),
    }
)


@dataclass(frozen=True, eq=False, kw_only=True)
class Study(AnyStudy):
    """Settings of a run, and what its parts share.

    Parameters
    ----------
    store : Store
        Open for writing.
    images : mapping of str to int
        How many test images of each data set are attacked.
    family : {"published", "evolved"}
        Which circuits M1 to M9 are.
    arithmetic : Arithmetic
        How convolutions compute; in a network without them, all layers do so.
    processes : int
        How many share the work.
    seed : int
        Of the attacks.
    budgets : tuple of float
        The first is 0.
    networks : mapping of (str, str) to Network
        As `NETWORKS`.
    """

    store: Store
    images: Mapping[str, int]
    family: Family
    arithmetic: Arithmetic = field(default_factory=lambda: Arithmetic(layers="conv"))
    processes: int = 1
    seed: int = 0
    budgets: tuple[float, ...] = PAPER_BUDGETS
    networks: Mapping[tuple[str, str], Network] = field(default_factory=lambda: NETWORKS)
    shows_progress: bool = False
    _planned: dict[Cell, Cell] = field(default_factory=dict, init=False, repr=False)

    def multipliers(self, network: str) -> dict[str, str]:
        """Return the multiplier of each label of a network, as `accelsim.load_lut` takes it."""
        return multipliers(ALEXNET if network == "AlexNet" else LENET, self.family)

    def mae_percent(self, network: str) -> dict[str, float]:
        """Return the mean absolute error of each label's multiplier, in percent of 2^16."""
        return mae_percent(self.multipliers(network))

    def victims(
        self, network: str, dataset: str, arithmetic: Arithmetic | None = None, *, epochs: int | None = None
    ) -> dict[str, Victim]:
        """Return a network on each of its multipliers, and before them as it is: ``float``."""
        own = self.network(network, dataset, epochs)
        how = arithmetic or replace(self.arithmetic, layers="all" if network == "FFNN" else "conv")
        found = {"float": Victim(own, label="float")}
        for label, multiplier in self.multipliers(network).items():
            found[label] = Victim(own, multiplier, how, label=label)
        return found

    def network(self, network: str, dataset: str, epochs: int | None = None) -> Network:
        """Return a trained float network; ``epochs`` instead of its own."""
        own = self.networks[network, dataset]
        return own if epochs is None else replace(own, epochs=epochs)

    def series(
        self,
        network: str,
        dataset: str,
        attacks: tuple[str, ...],
        *,
        victims: Mapping[str, Victim] | None = None,
        budgets: tuple[float, ...] | None = None,
        most_images: int | None = None,
        epochs: int | None = None,
    ) -> Series:
        """Return attacks on a network; by default on itself on all its multipliers."""
        source = self.network(network, dataset, epochs)
        count = self.images[dataset] if most_images is None else min(most_images, self.images[dataset])
        return Series(
            source,
            self.victims(network, dataset, epochs=epochs) if victims is None else victims,
            attacks,
            Images(source.dataset, count),
            budgets or self.budgets,
            self.seed,
        )

    def grid(self, series: Series) -> Grid:
        """Return the outcomes of a series; what the store lacks of them is computed first.

        Raises
        ------
        AccelsimError
            If a network, a multiplier or an image set is not to be had, or the store cannot be written.
        """
        given = series.cells()
        new = [cell for cell in dict.fromkeys(given) if cell not in self._planned]
        self._planned.update(zip(new, resolved(new, progress=self.shows_progress), strict=True))
        if new:
            self.store.plan(dict.fromkeys(self._planned.values()))
            run(self.store, processes=self.processes, progress=self.shows_progress)
        correct = np.stack([self.store.correct(self._planned[cell].identity) for cell in given])
        shape = len(series.attacks), len(series.budgets), len(series.victims), -1
        return Grid(series.attacks, series.budgets, tuple(series.victims), correct.reshape(shape))

    def seconds(self) -> float:
        """Return the time of crafting and inference of all that was planned so far, in whatever run."""
        if not self._planned:
            return 0.0  # the store's plan is that of an earlier run
        status = self.store.status()
        return status.crafting_seconds + status.inference_seconds

    def picture(self, name: str, figure: Figure) -> None:
        """Save a picture as NAME.png and NAME.pdf."""
        super().picture(name, figure)
        with written_atomically(self.folder / f"{name}.pdf") as file:
            figure.savefig(file, format="pdf", metadata={"CreationDate": None})

    def provenance(self) -> dict[str, dict[str, Any]]:
        """Return the hashes and accuracy of each network that was used, by its name."""
        used = dict.fromkeys(cell.crafting.source for cell in self._planned.values())
        used.update(dict.fromkeys(cell.victim.network for cell in self._planned.values()))
        found = {}
        for network in used:
            trained = trained_network(
                network.name,
                load_dataset(network.dataset, progress=False),
                seed=network.seed,
                epochs=network.epochs,
                progress=False,
            )
            name = network.name
            if network.epochs:
                name += f", {network.epochs} epoch{'s' * (network.epochs > 1)}"
            found[name] = {
                "dataset": trained.dataset,
                "dataset_sha256": trained.dataset_sha256,
                "weights_sha256": trained.sha256,
                "accuracy_percent": trained.accuracy_percent,
            }
        return found
