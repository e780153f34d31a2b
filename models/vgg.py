"""A small VGG for 32x32 images."""

from collections import OrderedDict

from torch import nn

__all__ = ["vgg8"]

#: Output channels of the two convolutions of each stage.
_STAGES = (32, 64, 128)


def vgg8() -> nn.Sequential:
    """Return six convolutions in three stages and two linear layers: 814,122 parameters.

    3x3 convolutions in pairs, each pair before a maximum over 2x2 pixels, as in the first stages of
    configuration B of Simonyan and Zisserman, "Very Deep Convolutional Networks for Large-Scale Image
    Recognition", ICLR 2015, table 1; widths start at 32 instead of 64, and one hidden linear layer of
    256 takes the place of two of 4096.
    """
    layers = OrderedDict[str, nn.Module]()
    inputs = 3
    for stage, outputs in enumerate(_STAGES, 1):
        for place in (1, 2):
            layers[f"conv{stage}_{place}"] = nn.Conv2d(inputs, outputs, 3, padding=1)
            layers[f"relu{stage}_{place}"] = nn.ReLU()
            inputs = outputs
        layers[f"pool{stage}"] = nn.MaxPool2d(2)
    return nn.Sequential(
        layers
        | OrderedDict(
            flatten=nn.Flatten(),
            fc1=nn.Linear(128 * 4 * 4, 256),
            relu4=nn.ReLU(),
            fc2=nn.Linear(256, 10),
        )
    )
