"""A small convolutional classifier, its images, and victims that differ from it a little."""

import copy

import pytest
import torch
from torch import nn


def seeded(network: nn.Module, seed: int) -> nn.Module:
    """Draw the parameters anew and set evaluation mode."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator) * 0.4)
    return network.eval()


@pytest.fixture(autouse=True, scope="session")
def single_thread():
    """Networks this small gain nothing from a second thread, and lose much where cores are busy."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def source():
    return seeded(nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(64, 3)), seed=1)


@pytest.fixture
def images():
    return torch.rand((40, 1, 6, 6), generator=torch.Generator().manual_seed(2))


@pytest.fixture
def labels(source, images):
    """The source's answers, but for every eighth image."""
    with torch.no_grad():
        answers = source(images).argmax(dim=1)
    answers[::8] = (answers[::8] + 1) % 3
    return answers


@pytest.fixture
def victims(source):
    generator = torch.Generator().manual_seed(3)

    def disturbed(size):
        victim = copy.deepcopy(source)
        with torch.no_grad():
            for parameter in victim.parameters():
                parameter.add_(torch.randn(parameter.shape, generator=generator) * size)
        return victim

    return {"same": source, "near": disturbed(0.05), "far": disturbed(0.2)}
