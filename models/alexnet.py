"""AlexNet for ImageNet's images, and for small ones."""

from collections import OrderedDict

from torch import nn

__all__ = ["alexnet", "alexnet_cifar", "alexnet_siddique", "alexnet_siddique_mnist"]


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


def alexnet_cifar() -> nn.Sequential:
    """Return AlexNet for images of 32x32: 395,082 parameters, 14,696,704 MACs an image.

    Five convolutions, three maximum poolings of 3x3 by steps of 2 after the first, second and fifth, three
    fully connected layers and ReLU, as in `alexnet`; 3x3 kernels and fewer channels, for images with 49
    times fewer pixels. Guesmi et al. (ASPLOS 2021, section 5.1) count these layers and give no widths.
    """
    return nn.Sequential(
        _small_convolutions(nn.Conv2d(3, 32, 3, padding=1), nn.MaxPool2d)
        | OrderedDict(
            fc6=nn.Linear(64 * 3 * 3, 256),
            relu6=nn.ReLU(),
            dropout=nn.Dropout(0.25),
            fc7=nn.Linear(256, 128),
            relu7=nn.ReLU(),
            fc8=nn.Linear(128, 10),
        )
    )


def alexnet_siddique() -> nn.Sequential:
    """Return AlexNet as Siddique and Hoque (DATE 2022, section IV.A) describe it: 363,466 parameters.

    Five convolutions, three average poolings and two fully connected layers, for images of 32x32. They give
    neither widths nor kernels: these are those of `alexnet_cifar`, less one fully connected layer.
    """
    return _alexnet_siddique(nn.Conv2d(3, 32, 3, padding=1))


def alexnet_siddique_mnist() -> nn.Sequential:
    """Return `alexnet_siddique` for one channel of 28x28, which the first convolution pads to 32x32.

    Table II of Siddique and Hoque (DATE 2022) has an AlexNet on MNIST and says nothing of its input.
    """
    return _alexnet_siddique(nn.Conv2d(1, 32, 3, padding=3))


def _alexnet_siddique(first: nn.Conv2d) -> nn.Sequential:
    return nn.Sequential(
        _small_convolutions(first, nn.AvgPool2d)
        | OrderedDict(fc6=nn.Linear(64 * 3 * 3, 256), relu6=nn.ReLU(), fc7=nn.Linear(256, 10))
    )


def _small_convolutions(
    first: nn.Conv2d, pool: type[nn.MaxPool2d] | type[nn.AvgPool2d]
) -> OrderedDict[str, nn.Module]:
    return OrderedDict(
        conv1=first,  # 32 x 32 x 32
        relu1=nn.ReLU(),
        pool1=pool(3, stride=2),  # 32 x 15 x 15
        conv2=nn.Conv2d(32, 64, 3, padding=1),
        relu2=nn.ReLU(),
        pool2=pool(3, stride=2),  # 64 x 7 x 7
        conv3=nn.Conv2d(64, 96, 3, padding=1),
        relu3=nn.ReLU(),
        conv4=nn.Conv2d(96, 96, 3, padding=1),
        relu4=nn.ReLU(),
        conv5=nn.Conv2d(96, 64, 3, padding=1),
        relu5=nn.ReLU(),
        pool5=pool(3, stride=2),  # 64 x 3 x 3
        flatten=nn.Flatten(),
    )
