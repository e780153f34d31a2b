"""A small MobileNet for 32x32 images."""

from collections import OrderedDict

from torch import nn

__all__ = ["mobilenet"]

#: Output channels and stride of each depthwise-separable block.
_BLOCKS = ((32, 1), (64, 2), (64, 1), (128, 2), (128, 1))


def mobilenet() -> nn.Sequential:
    """Return a convolution and five depthwise-separable blocks: 37,162 parameters.

    16 channels on 32x32 pixels become 128 on 8x8.

    The block is that of Howard et al., "MobileNets: Efficient Convolutional Neural Networks for Mobile Vision
    Applications", arXiv:1704.04861, 2017, figure 3: a depthwise 3x3 convolution and one of 1x1, each with
    batch normalisation and ReLU. Depth and widths are scaled down from its table 1 to these images.
    """
    layers = OrderedDict[str, nn.Module](
        conv=nn.Conv2d(3, 16, 3, padding=1, bias=False), bn=nn.BatchNorm2d(16), relu=nn.ReLU()
    )
    inputs = 16
    for block, (outputs, stride) in enumerate(_BLOCKS, 1):
        layers |= OrderedDict(
            {
                f"depthwise{block}": nn.Conv2d(
                    inputs, inputs, 3, stride=stride, padding=1, groups=inputs, bias=False
                ),
                f"depthwise{block}_bn": nn.BatchNorm2d(inputs),
                f"depthwise{block}_relu": nn.ReLU(),
                f"pointwise{block}": nn.Conv2d(inputs, outputs, 1, bias=False),
                f"pointwise{block}_bn": nn.BatchNorm2d(outputs),
                f"pointwise{block}_relu": nn.ReLU(),
            }
        )
        inputs = outputs
    layers |= OrderedDict(pool=nn.AdaptiveAvgPool2d(1), flatten=nn.Flatten(), fc=nn.Linear(inputs, 10))
    return nn.Sequential(layers)
