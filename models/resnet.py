"""Residual networks for 32x32 images."""

from collections import OrderedDict

import torch.nn.functional as F
from torch import Tensor, nn

__all__ = ["resnet20", "resnet32", "resnet44"]


class _Block(nn.Module):
    """Two 3x3 convolutions, each after batch normalisation and ReLU, beside a shortcut without weights.

    Where the size halves and the channels grow, the shortcut is averaged over 2x2 pixels and padded with
    channels of zeros, half of them on either side. That of the network's first block comes after batch
    normalisation and ReLU, those of the others before.
    """

    def __init__(self, inputs: int, outputs: int, *, first: bool = False) -> None:
        super().__init__()
        self.bn1 = nn.BatchNorm2d(inputs)
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride=outputs // inputs, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1, bias=False)
        self.added, self.first = (outputs - inputs) // 2, first

    def forward(self, input: Tensor) -> Tensor:
        activated = F.relu(self.bn1(input))
        output: Tensor = self.conv2(F.relu(self.bn2(self.conv1(activated))))
        shortcut = activated if self.first else input
        if self.added:
            shortcut = F.pad(F.avg_pool2d(shortcut, 2), (0, 0, 0, 0, self.added, self.added))
        return output + shortcut


def resnet20() -> nn.Sequential:
    """Return ResNet-20 with pre-activation: 16, 32 and 64 channels, three blocks each; 269,722 parameters.

    Depth, widths and shortcuts without weights are those of He et al., "Deep Residual Learning for Image
    Recognition", CVPR 2016, section 4.2; the order of batch normalisation, ReLU and convolution, and where
    the first shortcut begins, those of He et al., "Identity Mappings in Deep Residual Networks", ECCV 2016.
    """
    return _resnet(3)


def resnet32() -> nn.Sequential:
    """Return `resnet20` with five blocks of each width: 464,154 parameters."""
    return _resnet(5)


def resnet44() -> nn.Sequential:
    """Return `resnet20` with seven blocks of each width: 658,586 parameters."""
    return _resnet(7)


def _resnet(blocks_of_a_width: int) -> nn.Sequential:
    widths = (16, 16, 32, 64)
    blocks = OrderedDict[str, nn.Module](conv1=nn.Conv2d(3, 16, 3, padding=1, bias=False))
    for stage in (1, 2, 3):
        for place in range(1, blocks_of_a_width + 1):
            inputs = widths[stage - (place == 1)]
            blocks[f"block{stage}_{place}"] = _Block(inputs, widths[stage], first=stage == place == 1)
    return nn.Sequential(
        blocks
        | OrderedDict(
            bn=nn.BatchNorm2d(64),
            relu=nn.ReLU(),
            pool=nn.AdaptiveAvgPool2d(1),
            flatten=nn.Flatten(),
            fc=nn.Linear(64, 10),
        )
    )
