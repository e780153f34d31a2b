"""AlexNet for ImageNet's images."""

from collections import OrderedDict

from torch import nn

__all__ = ["alexnet"]


def alexnet() -> nn.Sequential:
    """Return AlexNet on one tower: 61,100,840 parameters, 714,188,480 MACs an image of 224x224.

    Widths and kernels are those of A. Krizhevsky, "One weird trick for parallelizing convolutional neural
    networks", arXiv:1404.5997, 2014, figure 1 and section 5: the network of Krizhevsky, Sutskever and Hinton
    (NIPS 2012) without its split over two devices and without local response normalisation.
    """
    return nn.Sequential(
        OrderedDict(
            conv1=nn.Conv2d(3, 64, 11, stride=4, padding=2),  # 64 x 55 x 55
            relu1=nn.ReLU(),
            pool1=nn.MaxPool2d(3, stride=2),  # 64 x 27 x 27
            conv2=nn.Conv2d(64, 192, 5, padding=2),
            relu2=nn.ReLU(),
            pool2=nn.MaxPool2d(3, stride=2),  # 192 x 13 x 13
            conv3=nn.Conv2d(192, 384, 3, padding=1),
            relu3=nn.ReLU(),
            conv4=nn.Conv2d(384, 256, 3, padding=1),
            relu4=nn.ReLU(),
            conv5=nn.Conv2d(256, 256, 3, padding=1),
            relu5=nn.ReLU(),
            pool5=nn.MaxPool2d(3, stride=2),  # 256 x 6 x 6
            flatten=nn.Flatten(),
            dropout1=nn.Dropout(),
            fc6=nn.Linear(256 * 6 * 6, 4096),
            relu6=nn.ReLU(),
            dropout2=nn.Dropout(),
            fc7=nn.Linear(4096, 4096),
            relu7=nn.ReLU(),
            fc8=nn.Linear(4096, 1000),
        )
    )
