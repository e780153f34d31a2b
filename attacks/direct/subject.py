"""The network that is attacked, float or quantized, maybe on a multiplier."""

from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from accelsim.attacks.sweeps.content import multiplier_sha256
from accelsim.conversion import approximate
from accelsim.dorefa_layers import DorefaLayer
from accelsim.models.dataset import Dataset
from accelsim.models.training import TrainedNetwork
from accelsim.rtl.catalogue import is_built_in, load_lut

__all__ = ["Subject", "quantized_layers"]

#: Images classified together.
_BATCH = 250


@dataclass(frozen=True, eq=False)
class Subject:
    """A trained network, maybe on a multiplier.

    Parameters
    ----------
    name : str
        What tables call it.
    trained : TrainedNetwork
        The network, float or quantized.
    dataset : Dataset
        Its data set.
    multiplier : str
        The multiplier that its quantized layers run on; none: exact.
    """

    name: str
    trained: TrainedNetwork
    dataset: Dataset
    multiplier: str = ""
    _made: dict[str, nn.Module] = field(default_factory=dict, repr=False)

    @property
    def net(self) -> nn.Module:
        """The network in evaluation mode, on its hardware."""
        if "net" not in self._made:
            net = self.trained.net.eval()
            if self.multiplier:
                net = approximate(net, load_lut(self.multiplier), layers=quantized_layers(net))
            self._made["net"] = net
        return self._made["net"]

    @property
    def identity(self) -> str:
        """Hash of the weights and name of the multiplier; with its products' hash if it is no built-in."""
        known = f"{self.trained.sha256} {self.multiplier}"
        if not self.multiplier or is_built_in(self.multiplier):
            return known
        return f"{known} {multiplier_sha256(load_lut(self.multiplier))}"

    @torch.no_grad()
    def answers(self, images: Tensor) -> Tensor:
        """Return the class of each image."""
        return torch.cat([self.net(part).argmax(dim=1) for part in torch.split(images, _BATCH)])

    @torch.no_grad()
    def logits(self, images: Tensor) -> Tensor:
        """Return the logits of images."""
        return torch.cat([self.net(part) for part in torch.split(images, _BATCH)])


def quantized_layers(net: nn.Module) -> list[str]:
    """Return the names of a network's quantized layers."""
    return [name for name, module in net.named_modules() if isinstance(module, DorefaLayer)]
