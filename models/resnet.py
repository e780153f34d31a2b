"""ResNet-20 for 32x32 images."""

from collections import OrderedDict

import torch.nn.functional as F
from torch import Tensor, nn

__all__ = ["resnet20"]


class _Block(nn.Module):
    """Two 3x3 convolutions, each after batch normalisation and ReLU, beside a shortcut without weights.

    Where the size halves and the channels grow, the shortcut is averaged over 2x2 pixels and padded with
    channels of zeros, half of them on either side.
    """

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.bn1 = nn.BatchNorm2d(inputs)
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride=outputs // inputs, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1, bias=False)
        self.added = (outputs - inputs) // 2

    def forward(self, input: Tensor) -> Tensor:
        output: Tensor = self.conv1(F.relu(self.bn1(input)))
        output = self.conv2(F.relu(self.bn2(output)))
        if self.added:
            input = F.pad(F.avg_pool2d(input, 2), (0, 0, 0, 0, self.added, self.added))
        return output + input


def resnet20() -> nn.Sequential:
    """Return ResNet-20 with pre-activation: 16, 32 and 64 channels, three blocks each; 269,722 parameters.

    Depth, widths and shortcuts without weights are those of He et al., "Deep Residual Learning for Image
    Recognition", CVPR 2016, section 4.2; the order of batch normalisation, ReLU and convolution that of
    He et al., "Identity Mappings in Deep Residual Networks", ECCV 2016.
    """
    widths = (16, 16, 32, 64)
    blocks = OrderedDict[str, nn.Module](conv1=nn.Conv2d(3, 16, 3, padding=1, bias=False))
    for stage in (1, 2, 3):
        for block in (1, 2, 3):
            blocks[f"block{stage}_{block}"] = _Block(widths[stage - (block == 1)], widths[stage])
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
