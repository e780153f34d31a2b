"""Networks for 28x28 images of digits."""

from collections import OrderedDict

from torch import nn

__all__ = ["ffnn", "lenet5"]


def lenet5() -> nn.Sequential:
    """LeNet-5 as Siddique and Hoque (DATE 2022, section IV.A) describe it: 61,706 parameters.

    Two pairs of convolution and average pooling, a convolution that leaves 1x1 (the "flattening" one), two
    fully connected layers; the softmax is left to the loss. Channels and kernels are those of LeCun et al.,
    "Gradient-based learning applied to document recognition" (1998), with full connections between the
    first two convolutions; padding 2 turns 28x28 into the 32x32 of that paper. Neither the widths nor the
    activation function are given by Siddique and Hoque. It is ReLU here, not the tanh of 1998: its outputs
    are non-negative, which is what the unsigned multipliers under study take with zero point 0, it costs a
    comparator in hardware, and Guesmi et al. (ASPLOS 2021), whose claim their paper tests, use it.
    """
    return nn.Sequential(
        OrderedDict(
            conv1=nn.Conv2d(1, 6, 5, padding=2),  # 6 x 28 x 28
            relu1=nn.ReLU(),
            pool1=nn.AvgPool2d(2),  # 6 x 14 x 14
            conv2=nn.Conv2d(6, 16, 5),  # 16 x 10 x 10
            relu2=nn.ReLU(),
            pool2=nn.AvgPool2d(2),  # 16 x 5 x 5
            conv3=nn.Conv2d(16, 120, 5),  # 120 x 1 x 1
            relu3=nn.ReLU(),
            flatten=nn.Flatten(),
            fc1=nn.Linear(120, 84),
            relu4=nn.ReLU(),
            fc2=nn.Linear(84, 10),
        )
    )


def ffnn() -> nn.Sequential:
    """Feed-forward network of layers 784-300-100-10 with ReLU: 266,610 parameters.

    Siddique and Hoque (figure 1) name an FFNN without its layers. These are the widths of a network with
    two hidden layers that LeCun et al. (1998) report for MNIST.
    """
    return nn.Sequential(
        OrderedDict(
            flatten=nn.Flatten(),
            fc1=nn.Linear(28 * 28, 300),
            relu1=nn.ReLU(),
            fc2=nn.Linear(300, 100),
            relu2=nn.ReLU(),
            fc3=nn.Linear(100, 10),
        )
    )
