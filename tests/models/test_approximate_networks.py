"""The networks of the registry on an exact 8-bit multiplier: near the float network."""

import numpy as np
import pytest
import torch
from torch import nn

from accelsim.conversion import approximate
from accelsim.lut import Lut
from accelsim.models import build_network
from accelsim.models.networks import architecture
from accelsim.network_report import exact_operations, layer_report

EXACT = Lut("exact", np.multiply.outer(np.arange(256), np.arange(256)), signed=False)

#: Name; images; normalisations that stay, as they stand before the convolutions.
NETWORKS = [("lenet5", 16, 0), ("vgg8", 4, 0), ("resnet20", 4, 9), ("mobilenet", 4, 0), ("alexnet", 2, 0)]


@pytest.mark.parametrize(("name", "n", "normalisations"), NETWORKS)
def test_near_the_float_network(name: str, n: int, normalisations: int) -> None:
    net, of = build_network(name, seed=1), architecture(name)
    images = torch.rand(n, *of.image_shape, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        for module in net.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.momentum = None  # statistics of these images, so that outputs differ by image
            if isinstance(module, nn.Conv2d | nn.Linear):
                nn.init.kaiming_normal_(module.weight)
            if isinstance(module, nn.Dropout):
                module.p = 0.0
        net(images)
        net.eval()
        expected = net(images)
        converted = approximate(net, EXACT, calibration=images, weights="per-channel")
        error = converted(images) - expected
    assert error.square().mean() < 0.01 * expected.var()
    chosen = [name for name, module in net.named_modules() if isinstance(module, nn.Conv2d | nn.Linear)]
    assert [row.name for row in layer_report(converted)] == chosen
    exact = exact_operations(converted, images[:1])
    assert [row.kind for row in exact] == ["BatchNorm2d"] * normalisations
