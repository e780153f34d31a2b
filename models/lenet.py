"""Networks for 28x28 images of digits, and LeNet-5 for colour images of 32x32."""

from collections import OrderedDict

from torch import nn

__all__ = ["ffnn", "lenet5", "lenet5_cifar", "lenet5_guesmi", "lenet5_guesmi_code", "mnist_a"]


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
    return _lenet5(nn.Conv2d(1, 6, 5, padding=2))


def lenet5_cifar() -> nn.Sequential:
    """Return `lenet5` for three channels of 32x32: 62,006 parameters.

    Table II of Siddique and Hoque (DATE 2022) has a LeNet-5 on CIFAR-10. Its first convolution pads nothing:
    32x32 is the size that LeCun et al. (1998) gave the network.
    """
    return _lenet5(nn.Conv2d(3, 6, 5))


def _lenet5(first: nn.Conv2d) -> nn.Sequential:
    return nn.Sequential(
        OrderedDict(
            conv1=first,  # 6 x 28 x 28
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


def lenet5_guesmi() -> nn.Sequential:
    """LeNet-5 as the text of Guesmi et al. (ASPLOS 2021, section 5.1) describes it: 51,902 parameters.

    Two convolutions, two maximum poolings, two fully connected layers, ReLU, a dropout layer; the softmax is
    left to the loss. The paper gives no widths: they are those of LeCun et al. (1998), whose third
    convolution leaves 1x1 and so is the first fully connected layer here.
    """
    return nn.Sequential(
        OrderedDict(
            conv1=nn.Conv2d(1, 6, 5, padding=2),  # 6 x 28 x 28
            relu1=nn.ReLU(),
            pool1=nn.MaxPool2d(2),  # 6 x 14 x 14
            conv2=nn.Conv2d(6, 16, 5),  # 16 x 10 x 10
            relu2=nn.ReLU(),
            pool2=nn.MaxPool2d(2),  # 16 x 5 x 5
            flatten=nn.Flatten(),
            fc1=nn.Linear(16 * 5 * 5, 120),
            relu3=nn.ReLU(),
            dropout=nn.Dropout(0.25),
            fc2=nn.Linear(120, 10),
        )
    )


def lenet5_guesmi_code() -> nn.Sequential:
    """LeNet-5 with the layers of the code that Guesmi et al. (ASPLOS 2021) published: 648,226 parameters.

    The text of their paper describes the same kinds of layers and no widths: `lenet5_guesmi`.
    """
    return nn.Sequential(
        OrderedDict(
            conv1=nn.Conv2d(1, 32, 3, padding=1),  # 32 x 28 x 28
            relu1=nn.ReLU(),
            pool1=nn.MaxPool2d(2),  # 32 x 14 x 14
            conv2=nn.Conv2d(32, 64, 3, padding=1),  # 64 x 14 x 14
            relu2=nn.ReLU(),
            pool2=nn.MaxPool2d(2),  # 64 x 7 x 7
            flatten=nn.Flatten(),
            fc1=nn.Linear(64 * 7 * 7, 200),
            relu3=nn.ReLU(),
            fc2=nn.Linear(200, 10),
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


def mnist_a() -> nn.Sequential:
    """Return Mnist A of Shrestha and Großmann (ASTESJ 9(6), 2024, table 2): 414,170 parameters.

    The paper names it after an example of Tensorpack and gives the number of parameters, 414 k: that of four
    3x3 convolutions of 16 filters that keep the size, two maximum poolings, and 512 hidden units.
    """
    return nn.Sequential(
        OrderedDict(
            conv1=nn.Conv2d(1, 16, 3, padding=1),  # 16 x 28 x 28
            relu1=nn.ReLU(),
            pool1=nn.MaxPool2d(2),  # 16 x 14 x 14
            conv2=nn.Conv2d(16, 16, 3, padding=1),
            relu2=nn.ReLU(),
            conv3=nn.Conv2d(16, 16, 3, padding=1),
            relu3=nn.ReLU(),
            pool2=nn.MaxPool2d(2),  # 16 x 7 x 7
            conv4=nn.Conv2d(16, 16, 3, padding=1),
            relu4=nn.ReLU(),
            flatten=nn.Flatten(),
            fc1=nn.Linear(16 * 7 * 7, 512),
            relu5=nn.ReLU(),
            dropout=nn.Dropout(0.5),
            fc2=nn.Linear(512, 10),
        )
    )
