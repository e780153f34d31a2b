"""What of a network is found to multiply exactly, how often, and why."""

from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from accelsim.conversion import approximate
from accelsim.errors import AccelsimError
from accelsim.lut import Lut
from accelsim.network_report import ExactOperation, exact_operations

EXACT = Lut("exact", np.multiply.outer(np.arange(256), np.arange(256)), signed=False)


class Function(nn.Module):
    def __init__(self, function: Any) -> None:
        super().__init__()
        self.function, self.scale = function, nn.Parameter(torch.ones(6))

    def forward(self, x: Tensor) -> Tensor:
        return self.function(self, x)


def counted(net: nn.Module, images: Tensor) -> dict[str, int]:
    return {row.name: row.multiplications for row in exact_operations(net.eval(), images)}


def test_counts() -> None:
    assert counted(nn.Conv2d(4, 6, 3, groups=2), torch.rand(2, 4, 8, 8)) == {
        "Conv2d": 2 * 6 * 36 * 2 * 9
    }  # fmt: skip
    transposed = nn.ConvTranspose2d(4, 6, 3, stride=2)
    assert counted(transposed, torch.rand(1, 4, 5, 5)) == {"ConvTranspose2d": 4 * 25 * 6 * 9}
    assert counted(nn.Conv3d(1, 2, 2), torch.rand(1, 1, 3, 3, 3)) == {"Conv3d": 2 * 8 * 8}
    sequence = torch.rand(3, 5, 6)
    assert counted(nn.Linear(6, 4), sequence) == {"Linear": 3 * 5 * 6 * 4}
    assert counted(nn.LayerNorm(6), sequence) == {"LayerNorm": sequence.numel()}
    assert counted(nn.GroupNorm(5, 5), sequence) == {"GroupNorm": sequence.numel()}
    assert counted(nn.LSTM(6, 4, batch_first=True), sequence) == {"LSTM": 3 * 5 * (6 * 16 + 4 * 16)}
    # Projections of queries, keys and values, scaled queries, scores, sums of values, projection.
    alone = nn.MultiheadAttention(6, 2, batch_first=True)
    attention = Function(lambda net, x: net.inner(x, x, x)[0])
    attention.inner = alone
    products = 3 * (5 * 6 * 18 + 2 * 5 * 5 * 3 * 2 + 5 * 6 * 6) + 3 * 5 * 6
    assert counted(attention, sequence) == {"inner": products}


def test_functions() -> None:
    x = torch.rand(2, 5, 6)
    for function, expected in (
        (lambda net, x: x * net.scale, {"mul": 60}),
        (lambda net, x: 2 * x + x.square(), {"mul": 60, "square": 60}),
        (lambda net, x: x @ x.mT, {"matmul": 2 * 25 * 6}),
        (lambda net, x: torch.einsum("bij,bkj->bik", x, x), {"einsum": 2 * 25 * 6}),
        (lambda net, x: F.batch_norm(x, torch.zeros(5), torch.ones(5)), {"batch_norm": 60}),
        (lambda net, x: x**3 + x**0.5, {"pow": 120}),
        (lambda net, x: F.softmax(x + 1, -1) / 2, {}),
        (lambda net, x: x.mean(1), {}),
    ):
        assert counted(Function(function), x) == expected
    # Its scaling is a multiplication apart, or not, as PyTorch chooses.
    attention = counted(Function(lambda net, x: F.scaled_dot_product_attention(x, x, x)), x)
    assert attention["scaled_dot_product_attention"] in {2 * 25 * 12, 2 * 25 * 12 + 2 * 60}
    nested = nn.Sequential(nn.Identity(), Function(lambda net, x: x * x))
    assert counted(nested, x) == {"1.mul": 60}


def test_layers_that_stay() -> None:
    images = torch.rand(2, 3, 8, 8)
    net = nn.Sequential(
        nn.Conv2d(3, 4, 3), nn.ReLU(), nn.BatchNorm2d(4), nn.ConvTranspose2d(4, 2, 2), nn.Conv2d(2, 2, 3)
    ).eval()
    converted = approximate(net, EXACT, calibration=images, layers=["0"])
    assert exact_operations(converted, images[:1]) == [
        ExactOperation(
            "2", "BatchNorm2d", 4 * 36, "not folded into a convolution or linear layer that alone passes it "
            "its input",
        ),
        ExactOperation(
            "3", "ConvTranspose2d", 4 * 36 * 2 * 4, "ConvTranspose2d has no approximate counterpart",
        ),
        ExactOperation("4", "Conv2d", 2 * 25 * 18, "not among the layers chosen"),
    ]  # fmt: skip


def test_calls_are_summed() -> None:
    shared = nn.Linear(6, 6)
    assert counted(nn.Sequential(shared, nn.ReLU(), shared), torch.rand(2, 6)) == {"0": 2 * 2 * 36}


def test_images_that_do_not_fit() -> None:
    with pytest.raises(AccelsimError, match="does not fit the net"):
        exact_operations(nn.Linear(6, 6), torch.rand(2, 5))
