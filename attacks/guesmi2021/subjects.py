"""The networks of the paper on their hardware, and the images that they are shown."""

from dataclasses import dataclass, field

from torch import Tensor, nn

from accelsim.errors import AccelsimError
from accelsim.models.dataset import Dataset, calibration_images
from accelsim.models.datasets import load_dataset
from accelsim.models.hardware import hardware_version
from accelsim.models.pretrained import trained_network
from accelsim.models.training import TrainedNetwork

__all__ = ["HARDWARE", "READINGS", "Subject", "load_subject"]

#: The paper's networks as `accelsim.models.hardware` names their hardware; Ax-FPM in the reading of its code.
HARDWARE = {
    "exact": "float32",
    "axfpm": "axfpm_authors",
    "heap": "heap_like24",
    "bf16": "bfloat16",
    "dq_full": "dorefa_w4a4",
    "dq_weight_only": "dorefa_w4",
}

#: The readings of Ax-FPM.
READINGS = ("axfpm_authors", "axfpm_blocks4", "axfpm_array24")


@dataclass(frozen=True, eq=False)
class Subject:
    """A trained float network, its versions on hardware, and test images.

    Parameters
    ----------
    trained : TrainedNetwork
        The float network.
    dataset : Dataset
        Its data set.
    images : float32 tensor of shape (N, channels, height, width)
        The first test images.
    labels : int64 tensor of shape (N,)
    """

    trained: TrainedNetwork
    dataset: Dataset
    images: Tensor
    labels: Tensor
    _victims: dict[str, nn.Module] = field(default_factory=dict, repr=False)

    @property
    def net(self) -> nn.Module:
        """The exact network."""
        return self.victim("exact")

    def victim(self, name: str) -> nn.Module:
        """Return the network on some hardware; nothing is trained anew.

        Parameters
        ----------
        name : str
            One of `HARDWARE`, or what `accelsim.models.hardware.hardware_version` takes, with ``@b`` where
            activations go to operand b, and ``@all`` where fully connected layers run on it too.

        Raises
        ------
        AccelsimError
            If there is none of that name.
        """
        if name not in self._victims:
            self._victims[name] = self._version(name)
        return self._victims[name]

    def _version(self, name: str) -> nn.Module:
        hardware, *choices = name.split("@")
        if unknown := set(choices) - {"b", "all"}:
            raise AccelsimError(f"no network {name}: {', '.join(unknown)} after @; expected b or all")
        return hardware_version(
            self.trained,
            HARDWARE.get(hardware, hardware),
            layers="all" if "all" in choices else None,
            activation_operand="b" if "b" in choices else "a",
            calibration=calibration_images(self.dataset, min(256, len(self.dataset.train_images))),
        )


def load_subject(network: str, dataset: str, images: int) -> Subject:
    """Return a network of the registry with so many test images of its data set."""
    data = load_dataset(dataset)
    return Subject(trained_network(network, data), data, *data.test_subset(images))
