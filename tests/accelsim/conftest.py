"""A small net and images for it."""

import pytest
import torch
from torch import nn


class SmallNet(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.c1 = nn.Conv2d(1, 4, 3, padding=1)
        self.features = nn.Sequential(nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(4, 6, 3, stride=2))
        self.dropout = nn.Dropout(0.5)
        self.fc = nn.Linear(54, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.fc(self.dropout(self.features(self.c1(x)).flatten(1)))


@pytest.fixture
def net() -> SmallNet:
    torch.manual_seed(0)
    return SmallNet()


@pytest.fixture
def images() -> torch.Tensor:
    return torch.rand(70, 1, 16, 16, generator=torch.Generator().manual_seed(1))
