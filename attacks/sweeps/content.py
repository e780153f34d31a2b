"""What descriptions name, loaded once and checked against the hashes that they carry."""

import hashlib
from dataclasses import replace

import torch
from torch import Tensor, nn

from accelsim.attacks.sweeps.cells import Calibration, Images, Network, Victim
from accelsim.conversion import approximate, swap_lut
from accelsim.errors import AccelsimError
from accelsim.float_products import FloatProducts
from accelsim.lut import Lut
from accelsim.models import (
    Dataset,
    TrainedNetwork,
    calibration_images,
    load_dataset,
    named_network,
    trained_network,
)
from accelsim.rtl.catalogue import load_float_multiplier, load_lut
from accelsim.rtl.float_names import is_float_name

__all__ = ["Content"]

#: Networks on hardware that are kept at a time.
_KEPT_VICTIMS = 64


class Content:
    """Loads networks, images and multipliers, each once; makes networks on hardware of them.

    Parameters
    ----------
    progress : bool
        Whether downloads and training show a progress bar.

    Raises
    ------
    AccelsimError
        From every method: if a name is unknown, a file cannot be read, or what is loaded has another hash
        than its description.
    """

    def __init__(self, progress: bool = False) -> None:
        self._progress = progress
        self._datasets: dict[str, Dataset] = {}
        self._networks: dict[Network, TrainedNetwork] = {}
        self._multipliers: dict[str, Lut | FloatProducts] = {}
        self._images: dict[Images, tuple[Tensor, Tensor]] = {}
        self._calibrated: dict[Victim, nn.Module] = {}
        self._victims: dict[Victim, nn.Module] = {}

    def dataset(self, name: str) -> Dataset:
        """Return a data set."""
        if name not in self._datasets:
            self._datasets[name] = load_dataset(name, progress=self._progress)
        return self._datasets[name]

    def network(self, wanted: Network) -> TrainedNetwork:
        """Return a trained network; one of the registry is trained on first use."""
        if wanted not in self._networks:
            self._networks[wanted] = self._trained(wanted)
        return self._networks[wanted]

    def _trained(self, wanted: Network) -> TrainedNetwork:
        dataset = self.dataset(wanted.dataset)
        if wanted.epochs is None:
            trained = named_network(wanted.name, dataset, seed=wanted.seed, progress=self._progress)
        else:
            trained = trained_network(
                wanted.name, dataset, seed=wanted.seed, epochs=wanted.epochs, progress=self._progress
            )
        _check(f"the weights of {wanted.name}", trained.sha256, wanted.sha256)
        return trained

    def images(self, wanted: Images) -> tuple[Tensor, Tensor]:
        """Return test images (N, ...) and their labels (N,)."""
        if wanted not in self._images:
            dataset = self.dataset(wanted.dataset)
            images, labels = dataset.test_subset(
                len(dataset.test_images) if wanted.count is None else wanted.count
            )
            if wanted.sha256:
                _check(f"the images of {wanted.dataset}", tensors_sha256(images, labels), wanted.sha256)
            self._images[wanted] = images, labels
        return self._images[wanted]

    def calibration(self, wanted: Calibration) -> Tensor:
        """Return the training images that a victim is quantized with."""
        dataset = self.dataset(wanted.dataset)
        count = min(wanted.count, len(dataset.train_images))
        images = calibration_images(dataset, count, seed=wanted.seed)
        _check(f"the training images of {wanted.dataset}", tensors_sha256(images), wanted.sha256)
        return images

    def multiplier(self, name: str) -> Lut | FloatProducts:
        """Return a multiplier by name or path."""
        if name not in self._multipliers:
            load = load_float_multiplier if is_float_name(name) else load_lut
            self._multipliers[name] = load(name)
        return self._multipliers[name]

    def victim(self, wanted: Victim) -> nn.Module:
        """Return a network on its hardware."""
        if wanted not in self._victims:
            while len(self._victims) >= _KEPT_VICTIMS:
                self._victims.pop(next(iter(self._victims)))
            self._victims[wanted] = self._on_hardware(wanted)
        return self._victims[wanted]

    def _on_hardware(self, wanted: Victim) -> nn.Module:
        net = self.network(wanted.network).net
        if not wanted.multiplier:
            return net
        multiplier, arithmetic = self.multiplier(wanted.multiplier), wanted.arithmetic
        _check(f"multiplier {wanted.multiplier}", multiplier_sha256(multiplier), wanted.multiplier_sha256)
        if isinstance(multiplier, FloatProducts):
            operand = arithmetic.activation_operand
            return approximate(net, multiplier, layers=arithmetic.layers, activation_operand=operand)
        if wanted.calibration is None:
            raise AccelsimError(
                f"victim {wanted.label} has no calibration images; resolved([cell]) fills them in"
            )
        own = arithmetic.multiplier(multiplier)
        # Ranges and scales are those of the arithmetic, whatever the products: calibrated once for all.
        kind = replace(
            wanted,
            multiplier=f"{own.a_width}x{own.b_width}{'s' * own.signed}",
            label="",
            multiplier_sha256=None,
            netlist_sha256=None,
        )
        if kind not in self._calibrated:
            self._calibrated[kind] = arithmetic.network(net, multiplier, self.calibration(wanted.calibration))
        return swap_lut(self._calibrated[kind], own)


def tensors_sha256(*tensors: Tensor) -> str:
    """Return the SHA-256 (hexadecimal) of the types, shapes and values of tensors."""
    content = hashlib.sha256()
    for tensor in tensors:
        array = tensor.contiguous().numpy()
        content.update(f"{array.dtype.name} {array.shape}\n".encode())
        content.update(array.astype(array.dtype.newbyteorder("<"), copy=False).data)
    return content.hexdigest()


def multiplier_sha256(multiplier: Lut | FloatProducts) -> str:
    """Return the SHA-256 (hexadecimal) of a multiplier: its products, or the name that settles them."""
    if isinstance(multiplier, FloatProducts):
        return hashlib.sha256(multiplier.name.encode()).hexdigest()
    table = torch.from_numpy(multiplier.table.astype("<i4"))
    return hashlib.sha256(f"{multiplier.signed} {tensors_sha256(table)}".encode()).hexdigest()


def _check(what: str, found: str, expected: str | None) -> None:
    if expected is not None and found != expected:
        raise AccelsimError(
            f"{what} changed since the sweep was planned (SHA-256 {found[:12]}, planned {expected[:12]}); "
            "plan it anew, with the sweep's file"
        )
