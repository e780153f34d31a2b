"""A network on an accelerator: what it answers, how long that takes and what it costs."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from accelsim.accelerator import Accelerator
from accelsim.array_layer import ArrayLayer
from accelsim.energy_file import BUILT_IN_ENERGIES, EnergyFile
from accelsim.errors import AccelsimError
from accelsim.layer_result import NetworkResult, network_result
from accelsim.pe_stream import sampled_pe_stream
from accelsim.rtl.pe_energy import PeEnergyEstimator
from accelsim.systolic_array import SystolicArray

if TYPE_CHECKING:
    from torch import Tensor

    from accelsim.integer_inference import IntegerNetwork
    from accelsim.integer_mac_layer import IntegerMacLayer, MacEngine

__all__ = ["Engine", "NetworkRun", "Operands", "network_engine", "run_layers", "run_network"]

Engine = Literal["fast", "cycles"]
Operands = Literal["real", "uniform"]

#: Images whose operands are sampled.
_SAMPLED_IMAGES = 8


@dataclass(frozen=True, eq=False)
class NetworkRun:
    """A network that ran on an accelerator.

    Attributes
    ----------
    logits : int64 array of shape (images, classes)
        What it answered.
    result : NetworkResult
        Cycles, traffic and energy of one image.
    """

    logits: NDArray[np.int64]
    result: NetworkResult

    @property
    def predictions(self) -> NDArray[np.int64]:
        """The class of each image."""
        return np.asarray(self.logits.argmax(axis=1))


def run_network(
    network: "IntegerNetwork",
    images: "Tensor",
    accelerator: Accelerator,
    estimator: PeEnergyEstimator,
    *,
    engine: Engine = "fast",
    operands: Operands = "real",
    energies: EnergyFile = BUILT_IN_ENERGIES,
    seed: int = 0,
) -> NetworkRun:
    """Run an integer-only network on an accelerator.

    Parameters
    ----------
    network : IntegerNetwork
        The network, on the design's multiplier and accumulator.
    images : float tensor of shape (images, channels, height, width)
        Its input.
    accelerator : Accelerator
        What it runs on.
    estimator : PeEnergyEstimator
        Of its PEs' energy.
    engine : {"fast", "cycles"}
        Whether products are summed by the fast engine, or every layer of every image runs in the cycle-level
        simulator; the logits are the same.
    operands : {"real", "uniform"}
        What the PEs' energy is estimated with: the operands of up to 8 of the images as sampled PEs have them
        in each cycle, or uniform random ones.
    energies : EnergyFile
        Of memories, and of PEs where it gives them.
    seed : int
        Of the sample.

    Raises
    ------
    AccelsimError
        If a scratchpad is too small for one tile of a layer, or the images do not suit the network.
    """
    from accelsim.network_mapping import array_layers

    layers, array = array_layers(network), accelerator.array
    known = run_layers(layers, accelerator, estimator, energies)  # what cannot run is said at once
    sums = network_engine(array, engine)
    if operands == "uniform":
        return NetworkRun(network.run(images, engine=sums), known)
    seen: dict[str, list[NDArray[np.uint8]]] = {layer.name: [] for layer in network.mac_layers}

    def remembering(layer: "IntegerMacLayer", x: NDArray[np.uint8]) -> NDArray[np.int32]:
        seen[layer.name].append(x)
        return sums(layer, x)

    logits = [network.run(images[:_SAMPLED_IMAGES], engine=remembering)]
    pes = []
    for layer in network.mac_layers:
        x = np.concatenate(seen.pop(layer.name), axis=2)
        codes, count = layer.weight.codes, x.shape[2] // layer.pixels
        stream = sampled_pe_stream(array, layer.table, x, codes, images=count, seed=seed)
        pes.append(energies.of_pe(estimator.of_stream(stream)))
    if len(images) > _SAMPLED_IMAGES:
        logits.append(network.run(images[_SAMPLED_IMAGES:], engine=sums))
    return NetworkRun(np.concatenate(logits), network_result(layers, accelerator, pes, energies.memory))


def run_layers(
    layers: Sequence[ArrayLayer],
    accelerator: Accelerator,
    estimator: PeEnergyEstimator,
    energies: EnergyFile = BUILT_IN_ENERGIES,
) -> NetworkResult:
    """Return what an accelerator does for layers of which only the shapes are known.

    Parameters
    ----------
    layers : sequence of ArrayLayer
        The layers.
    accelerator : Accelerator
        What they run on.
    estimator : PeEnergyEstimator
        Of its PEs' energy, with uniform random operands.
    energies : EnergyFile
        Of memories, and of PEs where it gives them.

    Raises
    ------
    AccelsimError
        If a scratchpad is too small for one tile of a layer.
    """
    uniform = energies.of_pe(estimator.uniform())
    return network_result(layers, accelerator, [uniform] * len(layers), energies.memory)


def network_engine(array: SystolicArray, engine: Engine) -> "MacEngine":
    """Return what sums the products of an integer-only network's layers.

    Parameters
    ----------
    array : SystolicArray
        The array.
    engine : {"fast", "cycles"}
        As for `run_network`. The cycle-level simulator checks that its cycles are those of the closed form;
        here its sums are compared with those of the fast engine, too.

    Raises
    ------
    AccelsimError
        If there is no such engine.
    """
    from accelsim.cycle_simulation import simulate_layer
    from accelsim.integer_mac_layer import fast_engine

    def on_array(layer: "IntegerMacLayer", x: NDArray[np.uint8]) -> NDArray[np.int32]:
        images = x.shape[2] // layer.pixels
        sums, _ = simulate_layer(array, layer.table, x, layer.weight.codes, images=images)
        if not np.array_equal(sums, fast_engine(layer, x)):
            raise AssertionError(f"layer {layer.name} has other sums cycle by cycle than in the fast engine")
        return sums

    engines: dict[str, MacEngine] = {"fast": fast_engine, "cycles": on_array}
    if engine not in engines:
        raise AccelsimError(f"unknown engine {engine!r}; expected {' or '.join(engines)}")
    return engines[engine]
