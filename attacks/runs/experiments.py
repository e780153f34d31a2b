"""The parts of a run: accuracies, direct attacks, transfer."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from accelsim.attacks.direct.matrices import add_matrices
from accelsim.attacks.direct.results import add_direct
from accelsim.attacks.direct.study import DirectStudy
from accelsim.attacks.direct.subject import Subject
from accelsim.attacks.outcome import Crafted
from accelsim.attacks.rates import Rate
from accelsim.attacks.recognition import resemblance_of_others
from accelsim.attacks.reproduction.parts import Paper, Part
from accelsim.attacks.reproduction.rows import Row, Rows
from accelsim.attacks.runs.run import Run, RunNetwork
from accelsim.errors import AccelsimError
from accelsim.models.checkpoints import load_checkpoint
from accelsim.models.dataset import Dataset
from accelsim.models.datasets import load_dataset
from accelsim.models.pretrained import trained_network
from accelsim.models.training import TrainedNetwork

__all__ = ["PARTS", "RunStudy", "direct", "train", "transfer"]

#: What a run measures, in its order.
PARTS = Paper(
    "runs",
    "Runs",
    (
        Part("train", "Accuracy on clean images", "experiments:train"),
        Part("attack", "Direct attacks", "experiments:direct"),
        Part("transfer", "Transfer", "experiments:transfer"),
    ),
)


#: Test images that tell how much pictures of different classes are alike.
_TYPICAL = 1000


@dataclass(frozen=True, eq=False, kw_only=True)
class RunStudy(DirectStudy):
    """A run with its networks and what has been computed so far.

    Parameters
    ----------
    run : Run
        What is to be done.
    """

    run: Run
    _data: dict[str, Dataset] = field(default_factory=dict, init=False, repr=False)
    _subjects: dict[str, Subject] = field(default_factory=dict, init=False, repr=False)

    def subject(self, network: RunNetwork) -> Subject:
        """Return a network of the run; trained on first use, unless weights are given.

        Raises
        ------
        AccelsimError
            If it cannot be had, its weights are of another width, or it does not fit its multiplier.
        """
        if network.name not in self._subjects:
            if network.data not in self._data:
                self._data[network.data] = load_dataset(network.data)
            data = self._data[network.data]
            if network.weights:
                trained = _loaded(network)
            else:
                self.report(f"{network.name}: {network.network}, trained where there are no weights yet")
                trained = trained_network(
                    network.network, data, seed=network.seed, epochs=network.epochs,
                    weight_bits=network.bits, activation_bits=network.bits, progress=False,
                )  # fmt: skip
            self._subjects[network.name] = Subject(network.name, trained, data, network.multiplier)
        return self._subjects[network.name]

    def provenance(self) -> Mapping[str, Mapping[str, Any]]:
        """Return the hashes and accuracy of each network that was used, by its name."""
        return {
            name: {
                "dataset": subject.dataset.name,
                "dataset_sha256": subject.dataset.sha256,
                "weights_sha256": subject.trained.sha256,
                "accuracy_percent": subject.trained.accuracy_percent,
                "multiplier": subject.multiplier or None,
            }
            for name, subject in self._subjects.items()
        }


def _loaded(network: RunNetwork) -> TrainedNetwork:
    """Return the network of a checkpoint, which must be of the width asked for."""
    if network.bits is not None:
        return load_checkpoint(network.weights, network.network, bits=(network.bits, network.bits))
    found = load_checkpoint(network.weights, network.network)
    if found.recipe.weight_bits is not None:
        raise AccelsimError(
            f"{network.weights} holds {network.network} with weights of {found.recipe.weight_bits} bits; "
            f"network {network.name} has no bits"
        )
    return found


def train(study: RunStudy) -> list[Row]:
    """Train the networks, and measure their accuracy on the test images on their hardware."""
    rows = Rows(None, "train", "clean")
    for network in study.run.train:
        subject = study.subject(network)
        data = subject.dataset
        right = int((study.answers(subject) == data.test_labels).sum())
        rows.add_rate(network.name, network.data, "accuracy_percent", Rate(right, len(data.test_labels)))
    return rows.rows


def direct(study: RunStudy) -> list[Row]:
    """Attack the networks."""
    rows, run = Rows(None, "attack", "direct"), study.run
    for attack in run.attack:
        for network in run.named(attack.on, attack.name):
            subject = study.subject(network)
            data = subject.dataset
            least = resemblance_of_others(*data.test_subset(min(_TYPICAL, len(data.test_images))))
            crafted = [study.crafted(subject, attack.built, each, run.images) for each in range(run.runs)]
            add_direct(rows, attack.name, network.name, crafted, least)
    return rows.rows


def transfer(study: RunStudy) -> list[Row]:
    """Show the examples of the first run to other networks, and draw the heat maps."""
    rows, run = Rows(None, "transfer", "direct"), study.run
    if not run.transfer or not run.attack:
        return rows.rows
    attacks = {attack.name: attack for attack in run.attack}

    def crafted(attack: str, subject: Subject) -> Crafted | None:
        chosen = attacks[attack]
        if chosen.on and subject.name not in chosen.on:
            return None
        return study.crafted(subject, chosen.built, 0, run.images)

    sources = {network.name: study.subject(network) for network in run.train}
    targets = {network.name: study.subject(network) for network in run.named(run.transfer, "transfer")}
    title = f"{run.train[0].data}, {run.images} images"
    study.picture(
        "transfer", add_matrices(rows, study.cells, sources, targets, list(attacks), crafted, title)
    )
    return rows.rows
