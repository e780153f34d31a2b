"""The runs that ``accelsim simulate`` asks for."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from accelsim.cli.chosen_multipliers import ChosenMultiplier
from accelsim.cli.output import Output
from accelsim.errors import AccelsimError

if TYPE_CHECKING:
    from torch import Tensor, nn

    from accelsim.accelerator import Accelerator
    from accelsim.energy_file import EnergyFile
    from accelsim.layer_result import NetworkResult
    from accelsim.models import Dataset
    from accelsim.rtl.pe_energy import PeEnergyEstimator

__all__ = ["NetworkChoice", "PeChoice", "network_run", "topology_run"]

_RANDOM = "random"
#: Images that quantization is calibrated on, at most.
_CALIBRATION_IMAGES, _RANDOM_CALIBRATION_IMAGES = 256, 1
_TEST_IMAGES = 100


@dataclass(frozen=True)
class PeChoice:
    """What the PEs are, and what their energy is estimated from.

    Parameters
    ----------
    multiplier : str
        Name or path.
    activation_operand : {"a", "b"}
        Its operand that the activation goes to.
    energy_file, liberty : Path, optional
        Energies as TOML; cells.
    seed : int
        Of everything random.
    """

    multiplier: str
    activation_operand: Literal["a", "b"]
    energy_file: Path | None
    liberty: Path | None
    seed: int

    def prepare(self, accelerator: "Accelerator") -> "tuple[ChosenMultiplier, PeEnergyEstimator, EnergyFile]":
        """Load the multiplier, map the PE onto cells, and read the energies."""
        from accelsim.energy_file import BUILT_IN_ENERGIES, read_energies
        from accelsim.rtl.array_design import ArrayDesign
        from accelsim.rtl.catalogue import find_circuit
        from accelsim.rtl.pe_energy import PeEnergyEstimator

        energies = read_energies(self.energy_file) if self.energy_file else BUILT_IN_ENERGIES
        circuit = find_circuit(self.multiplier)
        design = ArrayDesign(accelerator.array, circuit, self.activation_operand)
        multiplier = ChosenMultiplier(circuit.lut(), circuit.source)
        return multiplier, PeEnergyEstimator(design, self.liberty), energies


@dataclass(frozen=True)
class NetworkChoice:
    """Which network runs on which images.

    Parameters
    ----------
    network : str, optional
        Its name; default: that of the checkpoint, or lenet5.
    checkpoint : Path, optional
        Its weights.
    data : str, optional
        Data set, or ``"random"``.
    images : int, optional
        How many; default: 100, or a random one.
    weights : {"per-tensor", "per-channel"}
        Granularity of the weights' scales.
    """

    network: str | None
    checkpoint: Path | None
    data: str | None
    images: int | None
    weights: Literal["per-tensor", "per-channel"]

    def prepare(self, output: Output, seed: int) -> "_Prepared":
        """Load images and the network; train it where it is not in the cache."""
        from accelsim.models import load_checkpoint, load_dataset
        from accelsim.models.networks import architecture

        trained = load_checkpoint(self.checkpoint, self.network) if self.checkpoint else None
        wanted = architecture(trained.network if trained else self.network or "lenet5")
        default = "digits" if wanted.image_shape == (1, 28, 28) else _RANDOM
        name = self.data or default
        about: dict[str, Any] = {"network": wanted.name, "dataset": name}
        if name == _RANDOM:
            return self._random(
                wanted.name, wanted.image_shape, trained.net if trained else None, about, seed
            )
        dataset = load_dataset(name, progress=output.shows_progress)
        if dataset.image_shape != wanted.image_shape:
            shapes = ("x".join(map(str, shape)) for shape in (wanted.image_shape, dataset.image_shape))
            raise AccelsimError(
                f"{wanted.name} takes images of {next(shapes)}, those of {name} are {next(shapes)}; "
                "--data random makes random ones"
            )
        return self._of_dataset(wanted.name, dataset, trained, about, output, seed)

    def _random(
        self, name: str, shape: tuple[int, ...], net: "nn.Module | None", about: dict[str, Any], seed: int
    ) -> "_Prepared":
        import torch

        from accelsim.models import build_network

        generator = torch.Generator().manual_seed(seed)
        images = torch.rand(self.images or 1, *shape, generator=generator)
        calibration = torch.rand(_RANDOM_CALIBRATION_IMAGES, *shape, generator=generator)
        about |= {"dataset_sha256": None, "trained_on": None, "weights_sha256": None}
        return _Prepared(net or build_network(name, seed=seed), images, None, calibration, about)

    def _of_dataset(
        self,
        name: str,
        dataset: "Dataset",
        trained: Any,
        about: dict[str, Any],
        output: Output,
        seed: int,
    ) -> "_Prepared":
        from accelsim.models import calibration_images, trained_network

        images, labels = dataset.test_subset(self.images or _TEST_IMAGES)
        trained = trained or trained_network(name, dataset, seed=seed, progress=output.shows_progress)
        count = min(_CALIBRATION_IMAGES, len(dataset.train_images))
        calibration = calibration_images(dataset, count, seed=seed)
        about |= {
            "dataset_sha256": dataset.sha256,
            "trained_on": trained.dataset,
            "weights_sha256": trained.sha256,
        }
        return _Prepared(trained.net, images, labels, calibration, about)


@dataclass(frozen=True, eq=False)
class _Prepared:
    """A float network, its images, and what is known of them."""

    net: "nn.Module"
    images: "Tensor"
    labels: "Tensor | None"
    calibration: "Tensor"
    about: Mapping[str, Any]


def topology_run(
    output: Output, accelerator: "Accelerator", pes: PeChoice, topology: Path
) -> "tuple[dict[str, Any], NetworkResult]":
    """Return what was run, and what the accelerator does for the layers of a topology file."""
    from accelsim.rtl.network_run import run_layers
    from accelsim.scalesim_topology import read_topology

    layers = read_topology(topology)
    with output.working("estimating the PEs' energy"):
        multiplier, estimator, energies = pes.prepare(accelerator)
    result = run_layers(layers, accelerator, estimator, energies)
    about = _about(multiplier, pes, "uniform", estimator, energies)
    return {"network": topology.name, **about}, result


def network_run(
    output: Output,
    accelerator: "Accelerator",
    pes: PeChoice,
    choice: NetworkChoice,
    engine: Literal["fast", "cycles"],
    operands: Literal["real", "uniform"],
    export: Path | None,
) -> "tuple[dict[str, Any], NetworkResult]":
    """Return what was run and answered, and what the accelerator does for the layers of a network.

    Raises
    ------
    AccelsimError
        If anything chosen does not exist or fit.
    """
    with output.working("estimating the PEs' energy"):
        multiplier, estimator, energies = pes.prepare(accelerator)
    with output.working("loading network and images"):
        from accelsim.integer_inference import integer_network
        from accelsim.network_mapping import array_layers
        from accelsim.rtl.network_run import run_network
        from accelsim.scalesim_topology import write_topology
    prepared = choice.prepare(output, pes.seed)
    with output.working("quantizing"):
        network = integer_network(
            prepared.net,
            multiplier.lut,
            calibration=prepared.calibration,
            activation_operand=pes.activation_operand,
            weights=choice.weights,
            accumulator=accelerator.array.accumulator,
        )
    if export:
        write_topology(export, array_layers(network))
    with output.working("simulating"):
        run = run_network(
            network,
            prepared.images,
            accelerator,
            estimator,
            engine=engine,
            operands=operands,
            energies=energies,
            seed=pes.seed,
        )
    labels = prepared.labels
    correct = None if labels is None else float((run.predictions == labels.numpy()).mean())
    about = {
        **prepared.about,
        "weights": choice.weights,
        "images": len(prepared.images),
        "engine": engine,
        "predictions": run.predictions.tolist(),
        "accuracy_percent": None if correct is None else 100 * correct,
    }
    return about | _about(multiplier, pes, operands, estimator, energies), run.result


def _about(
    multiplier: ChosenMultiplier,
    pes: PeChoice,
    operands: str,
    estimator: "PeEnergyEstimator",
    energies: "EnergyFile",
) -> dict[str, Any]:
    return {
        **multiplier.provenance(),
        "activation_operand": pes.activation_operand,
        "operands": operands,
        "cells_from": estimator.cells_from,
        "memory_energy_from": energies.memory.source,
        "pe_energy_from": {**energies.pe, "source": energies.source} if energies.pe else None,
        "seed": pes.seed,
    }
