"""What an integer-only network cannot be made of, and what it does not take."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from accelsim.accumulator import Accumulator
from accelsim.errors import AccelsimError
from accelsim.integer_inference import integer_network
from accelsim.lut import Lut

EXACT = Lut("exact", np.multiply.outer(np.arange(256), np.arange(256)), signed=False)
IMAGES = torch.rand(40, 3, 12, 12, generator=torch.Generator().manual_seed(1)) * 2 - 0.7


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {"net": nn.Sequential(nn.Conv2d(3, 4, 3), nn.Sigmoid())},
            "^layer 1 is of type Sigmoid, which an integer-on",
        ),
        ({"net": nn.Sequential(nn.ReLU())}, "no Conv1d, Conv2d or Linear layer"),
        ({"net": "lenet5"}, "the net is a str; expected a torch.nn.Module"),
        (
            {
                "net": nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 2)),
                "calibration": torch.rand(2, 4),
                "lut": [EXACT, None],
            },
            "layer 1 gets no multiplier; in an integer-only network each layer has one",
        ),
        ({"lut": "mul8u_exact"}, r'load_lut\("mul8u_exact"\) makes a LUT'),
        ({"lut": {"0": EXACT, "1": EXACT}}, "given for '1', which is not among the layers"),
        (
            {"lut": Lut("wide", np.zeros((512, 256), int), signed=False)},
            "layer 0: multiplier wide takes 9 x 8",
        ),
        (
            {"accumulator": Accumulator(16)},
            "layer 0: an accumulator of 16 bits is narrower than the products",
        ),
        ({"calibration": IMAGES[:0]}, "is empty"),
        ({"calibration": torch.rand(2, 1, 8, 8)}, "does not fit the net: RuntimeError: Given groups=1"),
        ({"activation_operand": "c"}, "activation_operand is 'c'; expected a or b"),
        ({"weights": "per-chanel"}, "did you mean per-channel"),
        ({"calibrator": "entropy"}, "calibrator is 'entropy'"),
        ({"percentile": 0.9}, "percentile is 0.9; expected above 50"),
    ],
)
def test_errors(arguments: Mapping[str, Any], message: str) -> None:
    net = nn.Sequential(nn.Conv2d(3, 4, 3))
    given = {"net": net, "lut": EXACT, "calibration": IMAGES, **arguments}
    with pytest.raises(AccelsimError, match=message) as error:
        integer_network(given.pop("net"), given.pop("lut"), **given)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (IMAGES[0], r"images of shape \(3, 12, 12\); expected \(images, 3, 12, 12\)"),
        (IMAGES[:, :1], r"images of shape \(40, 1, 12, 12\)"),
        (IMAGES.half(), "images of float16; expected float32 or float64"),
        (IMAGES * torch.nan, "a pixel is NaN"),
    ],
)
def test_bad_images(images: Tensor, message: str) -> None:
    converted = integer_network(nn.Sequential(nn.Conv2d(3, 4, 3)), EXACT, calibration=IMAGES)
    with pytest.raises(AccelsimError, match=message):
        converted(images)


def test_layer_that_cannot_be_requantized() -> None:
    """Its outputs are so near zero that no scale below 2^30 leads there."""
    net = nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2))
    with torch.no_grad():
        net[0].weight.copy_(torch.tensor([[1.0, -1, 0, 0]] * 3))
        net[0].bias.fill_(1e-30)
    with pytest.raises(
        AccelsimError, match=r"layer 0: requantization by .*; expected positive numbers below"
    ):
        integer_network(net, EXACT, calibration=torch.ones(2, 4))
