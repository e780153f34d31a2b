"""Nets, layers and arguments that cannot be converted, and what the message says."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from accelsim.conversion import approximate
from accelsim.errors import AccelsimError
from accelsim.lut import Lut

EXACT = Lut("exact", np.multiply.outer(np.arange(256), np.arange(256)), signed=False)


def test_bypassed_layer_is_found(images: torch.Tensor) -> None:
    class Bypass(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(1, 2, 3)
            self.used = [self.conv]

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.used[0](x)

    with pytest.raises(AccelsimError, match="layer conv is bypassed"):
        approximate(Bypass(), EXACT, calibration=images)


def test_fused_path_of_the_transformer_is_found() -> None:
    net = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)
    with pytest.raises(AccelsimError, match="layer linear1 is bypassed"):
        approximate(net, EXACT, calibration=torch.rand(4, 5, 8))


def test_net_that_cannot_be_copied(net: Any, images: torch.Tensor) -> None:
    net.scale = 2 * torch.ones(1, requires_grad=True)
    with pytest.raises(AccelsimError, match="the net cannot be copied: RuntimeError: Only Tensors"):
        approximate(net, EXACT, calibration=images)


def test_hooked_layer_is_refused(net: Any, images: torch.Tensor) -> None:
    net.c1.register_forward_hook(lambda *_: None)
    with pytest.raises(AccelsimError, match="layer c1 has forward hooks"):
        approximate(net, EXACT, calibration=images)
    approximate(net, EXACT, calibration=images, layers="linear")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"layers": ["features.1x"]}, "no layer 'features.1x'; did you mean features.2"),
        ({"layers": ["nothing"]}, "no layer 'nothing'; it has c1, features.2, fc"),
        ({"layers": ["dropout"]}, "layer dropout is a Dropout; only Conv1d, Conv2d and Linear"),
        ({"layers": []}, "layers is empty; choose from c1, features.2, fc"),
        (
            {"layers": "convs"},
            'layers is "convs"; expected "all", "conv", "linear" or a list.*did you mean conv',
        ),
        ({"layers": "fc"}, r'for one layer write layers=\["fc"\]'),
        ({"lut": "mul8u_exact"}, r'the multiplier is given by name; load_lut\("mul8u_exact"\) makes a LUT'),
        ({"lut": 3}, "the multiplier is a int; expected a Lut"),
        ({"lut": {"c1": "mul8u_exact"}, "layers": ["c1"]}, "load_lut"),
        ({"lut": {"c1": EXACT}}, "no multiplier is given for layer features.2, fc;"),
        ({"lut": {"c2": EXACT}}, "given for 'c2', which is not among the layers chosen; it has c1, features"),
        ({"lut": {"fc": EXACT}, "layers": "conv"}, "given for 'fc', which is not among the layers chosen"),
        (
            {"lut": Lut("wide", np.zeros((512, 256), int), signed=False)},
            "layer c1: multiplier wide takes 9 x 8 bits",
        ),
        ({"lut": [EXACT]}, "1 multipliers are given for 3 layers: c1, features.2, fc"),
        ({"lut": [None, None, "x"]}, "load_lut"),
        ({"lut": lambda name, layer: None}, "every layer is left without a multiplier: c1, features.2, fc"),
        ({"lut": lambda name, layer: 3}, "the multiplier is a int; expected a Lut"),
        ({"gradient": "smooth"}, "gradient is 'smooth'; expected \"straight-through\" or SmoothedDifference"),
        ({"activation_operand": "A"}, "activation_operand is 'A'; expected a or b"),
        ({"weights": "per-chanel"}, "weights is 'per-chanel'.*did you mean per-channel"),
        ({"calibrator": "entropy"}, "calibrator is 'entropy'; expected min-max or percentile"),
        ({"layers": [0]}, "layers holds 0; expected names; it has c1, features.2, fc"),
        ({"layers": None}, 'layers is None; expected "all", "conv", "linear" or a list of names'),
        ({"lut": {0: EXACT}}, "given for 0, which is not among the layers chosen; it has c1, features.2, fc"),
        ({"net": nn.Linear(16, 2), "lut": {"c": EXACT}}, "given for 'c', .*; it has ''$"),
        (
            {"net": nn.Conv2d(1, 1, 3, padding=1, padding_mode="circular")},
            "^layer Conv2d has padding mode 'circular'",
        ),
        ({"calibration": torch.rand(1, 1, 16, 16, device="meta")}, "calibration data is on meta"),
        ({"percentile": "99"}, "percentile is '99'; expected above 50, up to 100"),
        ({"percentile": 0.999}, "percentile is 0.999; expected above 50, up to 100"),
        ({"percentile": float("nan")}, "percentile is nan"),
        ({"calibration": torch.rand(4, 3, 16, 16)}, "does not fit the net: .*3 channels"),
        ({"calibration": torch.rand(4, 1, 20, 20)}, "does not fit the net: RuntimeError: mat1 and mat2"),
        ({"calibration": torch.zeros(4, 1, 16, 16, dtype=torch.uint8)}, "torch.uint8 does not fit the net"),
        ({"calibration": torch.rand(0, 1, 16, 16)}, r"calibration data of shape \(0, 1, 16, 16\) is empty"),
        ({"calibration": torch.full((1, 1, 16, 16), torch.nan)}, "calibration data holds NaN or infinity"),
        ({"calibration": torch.full((1, 1, 16, 16), torch.inf)}, "calibration data holds NaN or infinity"),
        ({"calibration": np.zeros((1, 1, 16, 16))}, "calibration data is a ndarray; expected a torch.Tensor"),
        ({"net": "lenet5"}, "the net is a str; expected a torch.nn.Module"),
        ({"net": nn.Sequential(nn.ReLU())}, "Sequential has no Conv1d, Conv2d or Linear layer to replace"),
        ({"net": nn.Linear(16, 2), "layers": "conv"}, "Linear has no conv layer to replace"),
    ],
)
def test_errors(net: Any, images: torch.Tensor, arguments: Mapping[str, Any], message: str) -> None:
    given = {"net": net, "lut": EXACT, "calibration": images, **arguments}
    with pytest.raises(AccelsimError, match=message) as error:
        approximate(given.pop("net"), given.pop("lut"), **given)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("change", "layers", "message"),
    [
        (nn.Module.bfloat16, "all", "^layer c1 has weights of torch.bfloat16; expected float32 or"),
        (nn.Module.half, "linear", "^layer fc has weights of torch.float16"),
        (lambda net: net.to("meta"), "all", "^layer c1 is on meta; approximate layers run on the CPU"),
    ],
)
def test_weights_of_other_kinds(
    net: Any, images: torch.Tensor, change: Any, layers: Any, message: str
) -> None:
    with pytest.raises(AccelsimError, match=message):
        approximate(change(net), EXACT, calibration=images, layers=layers)


class TwoInputs(nn.Linear):
    def forward(self, input: torch.Tensor, other: torch.Tensor) -> torch.Tensor:  # type: ignore[override]
        return super().forward(input + other)


class Odd(nn.Module):
    """Runs a layer, then fails in its own way."""

    def __init__(self, error: BaseException) -> None:
        super().__init__()
        self.fc, self.error = nn.Linear(16, 2), error

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.fc(x)
        raise self.error


def test_errors_of_the_net_itself(images: torch.Tensor) -> None:
    for net, message in (
        (nn.Sequential(nn.Linear(16, 16), TwoInputs(16, 2)), "TypeError: .* missing 1 required .* 'other'"),
        (Odd(KeyError("x")), "KeyError: 'x'"),
        (Odd(AttributeError("no\nsuch")), "AttributeError: no such"),
    ):
        with pytest.raises(AccelsimError, match=f"does not fit the net: {message}") as error:
            approximate(net, EXACT, calibration=images)
        assert "\n" not in str(error.value)


def test_errors_on_approximate_layers_only(net: Any, images: torch.Tensor) -> None:
    class Peeks(type(net)):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            assert isinstance(self.c1, nn.Conv2d), "no convolution"
            return super().forward(x)

    with pytest.raises(
        AccelsimError, match="the net does not run on approximate layers: AssertionError: no convolution"
    ):
        approximate(Peeks(), EXACT, calibration=images)
