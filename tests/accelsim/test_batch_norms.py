"""Batch normalisation that is folded, and that is not; networks that are traced in parts."""

import copy
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from accelsim.batch_norms import fold_batch_norms
from accelsim.conversion import approximate
from accelsim.errors import AccelsimError
from accelsim.lut import Lut
from accelsim.network_report import exact_operations
from accelsim.tracing import trace, traced_parts

EXACT = Lut("exact", np.multiply.outer(np.arange(256), np.arange(256)), signed=False)


def settled(net: nn.Module) -> nn.Module:
    """Give batch normalisation statistics and parameters of its own."""
    for module in net.modules():
        if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
            nn.init.uniform_(module.running_mean, -1, 1)
            nn.init.uniform_(module.running_var, 0.5, 2)
            nn.init.uniform_(module.weight, -2, 2)
            nn.init.uniform_(module.bias, -1, 1)
    return net.eval()


def folded(net: nn.Module, images: Tensor, layers: list[nn.Module] | None = None) -> list[str]:
    """Return the names of what was folded; the network computes what it did."""
    settled(net)
    expected = net(images)
    before = {name for name, module in net.named_modules() if "BatchNorm" in type(module).__name__}
    fold_batch_norms(net, list(net.modules()) if layers is None else layers, images[:1])
    torch.testing.assert_close(net(images), expected, rtol=1e-4, atol=1e-4)
    after = {name for name, module in net.named_modules() if "BatchNorm" in type(module).__name__}
    assert all(isinstance(net.get_submodule(name), nn.Identity) for name in before - after)
    return sorted(before - after)


class Block(nn.Module):
    def __init__(self, branches: bool = True) -> None:
        super().__init__()
        self.bn1, self.conv1 = nn.BatchNorm2d(2), nn.Conv2d(2, 2, 3, padding=1, bias=False)
        self.bn2, self.conv2 = nn.BatchNorm2d(2), nn.Conv2d(2, 2, 3, padding=1)
        self.bn3 = nn.BatchNorm2d(2)

    def forward(self, x: Tensor) -> Tensor:
        y = self.conv2(self.bn2(self.conv1(self.bn1(x).relu())).relu())
        return self.bn3(y) + y + x


class Doubtful(nn.Module):
    """Has a branch that depends on data."""

    def __init__(self) -> None:
        super().__init__()
        self.block, self.conv, self.bn = Block(), nn.Conv2d(2, 2, 1), nn.BatchNorm2d(2)

    def forward(self, x: Tensor) -> Tensor:
        x = self.bn(self.conv(self.block(x)))
        if x.sum() > 1e9:
            return -x
        return x


IMAGES = torch.rand(4, 2, 6, 6, generator=torch.Generator().manual_seed(0))


def test_kinds_of_layers() -> None:
    assert folded(nn.Sequential(nn.Conv2d(2, 3, 3, groups=1, bias=False), nn.BatchNorm2d(3)), IMAGES) == ["1"]
    assert folded(nn.Sequential(nn.Conv1d(6, 3, 3), nn.BatchNorm1d(3)), IMAGES[:, 0]) == ["1"]
    assert folded(nn.Sequential(nn.Flatten(), nn.Linear(72, 3), nn.BatchNorm1d(3)), IMAGES) == ["2"]
    assert folded(nn.Sequential(nn.Linear(6, 6), nn.BatchNorm1d(6)), IMAGES[:, 0]) == []


def test_branches() -> None:
    assert folded(nn.Sequential(Block(), Block()), IMAGES) == ["0.bn2", "1.bn2"]


def test_only_into_the_layers_given() -> None:
    net: Any = nn.Sequential(Block(), Block())
    assert folded(net, IMAGES, [net[1].conv1]) == ["1.bn2"]


def test_what_is_shared_or_hooked_stays() -> None:
    conv, norm = nn.Conv2d(2, 2, 1), nn.BatchNorm2d(2)
    assert folded(nn.Sequential(conv, norm, nn.ReLU(), conv), IMAGES) == []
    assert folded(nn.Sequential(conv, norm, nn.Conv2d(2, 2, 1), norm), IMAGES) == []
    tied = nn.Sequential(nn.Conv2d(2, 2, 1), nn.BatchNorm2d(2), nn.Conv2d(2, 2, 1))
    tied[0].weight = tied[2].weight
    assert folded(tied, IMAGES) == []
    hooked = nn.Sequential(nn.Conv2d(2, 2, 1), nn.BatchNorm2d(2))
    hooked[1].register_forward_hook(lambda *_: None)
    assert folded(hooked, IMAGES) == []
    without = nn.Sequential(nn.Conv2d(2, 2, 1), nn.BatchNorm2d(2, track_running_stats=False)).eval()
    fold_batch_norms(without, [without[0]], IMAGES)
    assert isinstance(without[1], nn.BatchNorm2d)


def test_parts_of_a_net_that_cannot_be_traced() -> None:
    net = nn.Sequential(
        nn.Conv2d(2, 2, 1), nn.BatchNorm2d(2), Doubtful(), nn.Conv2d(2, 2, 1), nn.BatchNorm2d(2)
    )
    parts = traced_parts(net)
    assert list(parts.reasons) == [net[2]]
    assert folded(net, IMAGES) == ["1", "2.block.bn2", "4"]
    assert folded(Doubtful(), IMAGES) == ["block.bn2"]


def test_line_that_cannot_be_traced() -> None:
    with pytest.raises(
        AccelsimError,
        match=r"^the net cannot be traced by torch.fx: test_batch_norms.py, line \d+, 'if x.sum\(\) > 1e9:': "
        r"TraceError: .*control flow$",
    ):
        trace(nn.Sequential(Doubtful()))


def test_report_says_so() -> None:
    net = settled(nn.Sequential(Doubtful()))
    converted = approximate(net, EXACT, calibration=IMAGES)
    expected = net(IMAGES)
    assert (converted(IMAGES) - expected).abs().max() < 0.05 * expected.abs().max()
    reasons = {row.name: row.reason for row in exact_operations(converted, IMAGES)}
    assert set(reasons) == {"0.bn", "0.block.bn1", "0.block.bn3"}
    assert "not folded, as Doubtful cannot be traced: test_batch_norms.py, line" in reasons["0.bn"]


def test_a_module_that_is_bypassed() -> None:
    """The layer runs elsewhere too, without being called: folding would change that."""

    class Bypassing(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv, self.bn = nn.Conv2d(2, 2, 1), nn.BatchNorm2d(2)
            self.calls = 0

        def forward(self, x: Tensor) -> Tensor:
            first = self.bn(self.conv(x))
            return first + nn.functional.conv2d(x, self.conv.weight, self.conv.bias)

    net = settled(Bypassing())
    expected = net(IMAGES)
    converted = approximate(copy.deepcopy(net), EXACT, calibration=IMAGES)
    assert (converted(IMAGES) - expected).abs().max() < 0.05 * expected.abs().max()


def test_keeping_them(net: Any, images: Tensor) -> None:
    batched = settled(nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2)))
    kept = approximate(batched, EXACT, calibration=images, fold_batch_norm=False)
    assert isinstance(kept.get_submodule("1"), nn.BatchNorm2d)
    assert isinstance(approximate(batched, EXACT, calibration=images).get_submodule("1"), nn.Identity)
    assert isinstance(batched.get_submodule("1"), nn.BatchNorm2d)
