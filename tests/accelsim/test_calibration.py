import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from torch import nn

from accelsim.calibration import MinMaxObserver, PercentileObserver, input_ranges
from accelsim.errors import AccelsimError

values = arrays(np.float32, st.integers(1, 300), elements=st.floats(-1e6, 1e6, width=32))


def in_batches(data: np.ndarray, size: int) -> tuple[torch.Tensor, ...]:
    return torch.from_numpy(data).split(size)


@given(values, st.integers(1, 50))
def test_min_max(data: np.ndarray, size: int) -> None:
    observer = MinMaxObserver()
    for batch in in_batches(data, size):
        observer.update(batch)
    assert observer.range() == (data.min(), data.max())
    assert observer.count == data.size


@given(values, st.integers(1, 50), st.floats(51, 100))
def test_percentile_is_an_order_statistic_whatever_the_batches(
    data: np.ndarray, size: int, percentile: float
) -> None:
    observer = PercentileObserver(percentile, data.size)
    for batch in in_batches(data, size):
        observer.update(batch)
    low, high = observer.range()
    share = (100 - percentile) / 100 * data.size + 1e-6
    assert (data < low).sum() <= share
    assert (data > high).sum() <= share
    ordered = np.sort(data)
    cut = int(share)
    assert (low, high) == (ordered[cut], ordered[-1 - cut])


def test_percentile_on_decimal_boundaries() -> None:
    data = torch.randperm(1000).float()
    for percentile, cut in ((99.9, 1), (99, 10), (99.95, 0), (100, 0), (90, 100)):
        observer = PercentileObserver(percentile, 1000)
        observer.update(data)
        assert observer.range() == (cut, 999 - cut)


def test_ranges_of_a_net() -> None:
    torch.manual_seed(0)
    first, second = nn.Linear(3, 4), nn.Linear(4, 2)
    net, data = nn.Sequential(first, nn.ReLU(), second), torch.randn(150, 3)
    hidden = first(data).relu().detach()
    layers = {"0": first, "2": second}
    ranges = input_ranges(net, layers, data, None)
    assert ranges["0"] == (data.min(), data.max())
    assert ranges["2"] == pytest.approx((0, float(hidden.max())))
    # 1 % of 450 and of 600 values
    cut = input_ranges(net, layers, data, 99)
    assert cut["0"] == (data.flatten().sort().values[4], data.flatten().sort().values[-5])
    assert cut["2"] == pytest.approx((0, float(hidden.flatten().sort().values[-7])))


def test_shared_layer_sees_all_its_inputs() -> None:
    layer = nn.Linear(1, 1, bias=False)
    nn.init.constant_(layer.weight, -3)
    net = nn.Sequential(layer, layer)
    ranges = input_ranges(net, {"0": layer}, torch.tensor([[0.0], [1.0]]), None)
    assert ranges["0"] == (-3, 1)
    assert input_ranges(net, {"0": layer}, torch.tensor([[0.0], [1.0]]), 75)["0"] == (0, 0)


def test_hooks_are_gone_afterwards() -> None:
    net = nn.Linear(2, 2)
    with pytest.raises(AccelsimError):
        input_ranges(net, {"": net}, torch.rand(2, 3), None)
    assert not net._forward_pre_hooks


def test_data_that_does_not_fit() -> None:
    net = nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU())
    with pytest.raises(
        AccelsimError, match=r"^calibration data of shape \(5, 3, 8, 8\).* does not fit the net: "
    ) as error:
        input_ranges(net, {"0": net[0]}, torch.rand(5, 3, 8, 8), None)
    assert "3 channels" in str(error.value)
    assert "\n" not in str(error.value)


def test_layer_that_never_runs() -> None:
    net, unused = nn.Linear(2, 2), nn.Linear(2, 2)
    with pytest.raises(AccelsimError, match="layer aux does not run"):
        input_ranges(net, {"aux": unused}, torch.rand(1, 2), None)


def test_one_input_that_is_no_number_in_a_later_batch() -> None:
    """The first 64 images are a batch."""
    data = torch.rand(150, 2)
    data[100, 1] = -1
    log = type("Log", (nn.Module,), {"forward": lambda self, x: x.log()})()
    net = nn.Sequential(log, nn.Linear(2, 2))
    with pytest.raises(AccelsimError, match="layer 1 sees NaN or infinity"):
        input_ranges(net, {"1": net[1]}, data, None)


def test_infinity_inside_the_net() -> None:
    net = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    nn.init.constant_(net[0].weight, 3e38)
    with pytest.raises(AccelsimError, match="layer 1 sees NaN or infinity"):
        input_ranges(net, {"1": net[1]}, torch.full((1, 2), 9.0), None)
