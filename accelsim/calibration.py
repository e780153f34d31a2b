"""Calibration: the range of each layer's input, observed while data runs through the float network."""

import math
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor, nn

from accelsim.errors import AccelsimError, own_errors

__all__ = [
    "MinMaxObserver",
    "Observer",
    "PercentileObserver",
    "input_ranges",
    "observed_ranges",
    "run_batches",
]

#: Images per forward pass.
_BATCH = 64


class Observer(Protocol):
    """What sees the input of one layer, batch by batch."""

    def update(self, values: Tensor) -> None:
        """See the input of one call."""

    def range(self) -> tuple[float, float]:
        """Return the lower and upper end of the range to be quantized."""


class MinMaxObserver:
    """The range from the smallest to the largest value."""

    def __init__(self) -> None:
        self.count = 0
        self._low, self._high = math.inf, -math.inf

    def update(self, values: Tensor) -> None:
        """See the input of one call."""
        low, high = (float(end) for end in torch.aminmax(values))
        self.count += values.numel()
        # Of these and `min`, NumPy's alone keep a NaN that comes late.
        self._low, self._high = float(np.minimum(self._low, low)), float(np.maximum(self._high, high))

    def range(self) -> tuple[float, float]:
        """Return smallest and largest value."""
        return self._low, self._high


class PercentileObserver:
    """The range that cuts off at most ``100 - percentile`` percent of the values at either end.

    Exact and independent of the batch size: both tails are kept, nothing else.

    Parameters
    ----------
    percentile : float
        Above 50, up to 100, which is the range from the smallest to the largest value.
    count : int
        How many values will be seen in all.
    """

    def __init__(self, percentile: float, count: int) -> None:
        # The millionth keeps 0.1 % of 1,000 values at 1 in spite of binary fractions.
        self._kept = int((100 - percentile) / 100 * count + 1e-6) + 1
        self._lowest = self._highest = torch.empty(0)

    def update(self, values: Tensor) -> None:
        """See the input of one call."""
        flat = values.flatten()
        self._lowest = self._tail(self._lowest, flat, largest=False)
        self._highest = self._tail(self._highest, flat, largest=True)

    def range(self) -> tuple[float, float]:
        """Return the inner ends of both tails."""
        return float(self._lowest.max()), float(self._highest.min())

    def _tail(self, tail: Tensor, values: Tensor, *, largest: bool) -> Tensor:
        candidates = torch.cat([tail.to(values.dtype), values])
        return candidates.topk(min(self._kept, candidates.numel()), largest=largest, sorted=False).values


def input_ranges(
    net: nn.Module, layers: Mapping[str, nn.Module], calibration: Tensor, percentile: float | None
) -> dict[str, tuple[float, float]]:
    """Return the range of each layer's input over the calibration data.

    Parameters
    ----------
    net : nn.Module
        The float network, in the mode in which it will be used.
    layers : mapping of str to nn.Module
        The layers of the network to observe.
    calibration : float tensor of shape (images, ...)
        Inputs of the network.
    percentile : float, optional
        Cut the range as `PercentileObserver` does; default: from the smallest to the largest value.

    Raises
    ------
    AccelsimError
        If the calibration data does not fit the network, does not reach one of the layers, or a layer's
        input is not finite.
    """
    return observed_ranges(
        layers, lambda observers: _observe(net, layers, observers, calibration), percentile
    )


def observed_ranges(
    names: Iterable[str], observe: Callable[[Mapping[str, Observer]], None], percentile: float | None
) -> dict[str, tuple[float, float]]:
    """Return the range of each of several streams of values; `input_ranges` says which, and when it raises.

    Parameters
    ----------
    names : iterable of str
        What the streams are called.
    observe : callable
        Shows all values to observers, one by name; called once, or twice for a percentile.
    percentile : float, optional
        As for `input_ranges`.
    """
    extremes = {name: MinMaxObserver() for name in names}
    observe(extremes)
    for name, observer in extremes.items():
        if not observer.count:
            raise AccelsimError(
                f"layer {name} does not run when the calibration data passes through the net; "
                "name the layers to replace with layers=[...]"
            )
        if not all(map(math.isfinite, observer.range())):
            raise AccelsimError(f"layer {name} sees NaN or infinity when the calibration data passes through")
    if percentile is None:
        return {name: observer.range() for name, observer in extremes.items()}
    tails = {name: PercentileObserver(percentile, observer.count) for name, observer in extremes.items()}
    observe(tails)
    return {name: observer.range() for name, observer in tails.items()}


def _observe(
    net: nn.Module, layers: Mapping[str, nn.Module], observers: Mapping[str, Observer], calibration: Tensor
) -> None:
    def watch(observer: Observer) -> Any:
        def see(layer: nn.Module, inputs: tuple[Tensor, ...], named: dict[str, Tensor]) -> None:
            values = inputs[0] if inputs else named["input"]
            if values.numel():
                observer.update(values.detach())

        return see

    with ExitStack() as hooks:
        for name, layer in layers.items():
            hooks.enter_context(layer.register_forward_pre_hook(watch(observers[name]), with_kwargs=True))
        run_batches(net, calibration)


def run_batches(net: Callable[[Tensor], object], calibration: Tensor) -> None:
    """Run calibration data through a network, batch by batch.

    Raises
    ------
    AccelsimError
        If it does not fit the network.
    """
    shown = f"calibration data of shape {tuple(calibration.shape)} and type {calibration.dtype}"
    with torch.no_grad(), own_errors(f"{shown} does not fit the net"):
        for batch in torch.split(calibration, _BATCH):
            net(batch)
