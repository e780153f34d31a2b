import copy
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from accelsim.accumulator import Accumulator
from accelsim.conversion import approximate, swap_lut
from accelsim.errors import AccelsimError
from accelsim.layers import ApproxConv2d, ApproxLinear
from accelsim.lut import Lut, operand_values
from accelsim.network_report import LayerReport, layer_report
from accelsim.smoothed_difference import SmoothedDifference


def make_lut(
    name: str = "exact", a_width: int = 8, b_width: int = 8, *, signed: bool = False, drop: int = 0
) -> Lut:
    table = np.multiply.outer(operand_values(a_width, signed), operand_values(b_width, signed))
    return Lut(name, table >> drop << drop, signed)


EXACT = make_lut()


@pytest.mark.parametrize("lut", [EXACT, make_lut(signed=True)], ids=["unsigned", "signed"])
@pytest.mark.parametrize("weights", ["per-tensor", "per-channel"])
@pytest.mark.parametrize("calibrator", ["min-max", "percentile"])
def test_exact_multiplier_stays_close_to_the_float_net(
    net: Any, images: torch.Tensor, lut: Lut, weights: Any, calibrator: Any
) -> None:
    converted = approximate(net, lut, calibration=images, weights=weights, calibrator=calibrator)
    expected = net.eval()(images)
    assert (converted(images) - expected).abs().max() < 0.02 * expected.abs().max()


def test_more_bits_less_error(net: Any, images: torch.Tensor) -> None:
    expected = net.eval()(images)
    errors = []
    for bits in (2, 4, 6, 8):
        converted = approximate(net, make_lut("m", bits, bits), calibration=images)
        errors.append((converted(images) - expected).abs().mean().item())
    assert errors == sorted(errors, reverse=True)


def test_original_is_untouched(net: Any, images: torch.Tensor) -> None:
    net.train()
    before = copy.deepcopy(net.state_dict())
    converted = approximate(net, EXACT, calibration=images)
    assert net.training
    assert not any(module.training for module in converted.modules())
    assert isinstance(net.c1, nn.Conv2d)
    assert not net.c1._forward_pre_hooks
    with torch.no_grad():
        for parameter in converted.parameters():
            parameter.zero_()
    assert all(torch.equal(value, before[key]) for key, value in net.state_dict().items())


@pytest.mark.parametrize(
    ("layers", "replaced"),
    [
        ("all", ["c1", "features.2", "fc"]),
        ("conv", ["c1", "features.2"]),
        ("linear", ["fc"]),
        (["fc", "c1"], ["c1", "fc"]),
        (("features.2",), ["features.2"]),
    ],
)
def test_choice_of_layers(net: Any, images: torch.Tensor, layers: Any, replaced: list[str]) -> None:
    converted = approximate(net, EXACT, calibration=images, layers=layers)
    assert [row.name for row in layer_report(converted)] == replaced
    for name, module in converted.named_modules():
        assert isinstance(module, ApproxConv2d | ApproxLinear) == (name in replaced)


def test_report(net: Any, images: torch.Tensor) -> None:
    lut = make_lut("m8x6", 8, 6)
    converted = approximate(net, lut, calibration=images, activation_operand="b", weights="per-channel")
    conv, strided, linear = layer_report(converted)
    assert isinstance(conv, LayerReport)
    assert (conv.kind, conv.input_shape, conv.output_shape) == ("conv", (1, 16, 16), (4, 16, 16))
    assert conv.macs_per_image == 4 * 16 * 16 * 9
    assert (strided.input_shape, strided.output_shape) == ((4, 8, 8), (6, 3, 3))
    assert strided.macs_per_image == 6 * 3 * 3 * 4 * 9
    assert (linear.kind, linear.input_shape, linear.output_shape) == ("linear", (54,), (10,))
    assert linear.macs_per_image == 540
    assert conv.activation_scale == pytest.approx(float(images.max()) / 63)  # 6 bits at operand b
    assert conv.activation_zero_point == 0
    weight = net.c1.weight.detach().flatten(1)
    extent = weight.max(1).values.clamp(min=0) - weight.min(1).values.clamp(max=0)
    assert conv.weight_scales == pytest.approx((extent / 255).tolist())  # 8 bits at operand a
    assert len(conv.weight_zero_points) == 4
    assert {(row.multiplier, row.activation_operand) for row in (conv, strided, linear)} == {("m8x6", "b")}


def test_weights_have_no_codes_before_they_are_multiplied(net: Any, images: torch.Tensor) -> None:
    """Conversion is when the float network takes memory too."""
    converted = approximate(net, EXACT, calibration=images)
    assert converted.c1._quantized is None
    converted(images)
    assert converted.c1._quantized is not None


def test_report_of_a_sequence() -> None:
    converted = approximate(nn.Linear(6, 2), EXACT, calibration=torch.rand(4, 5, 6))
    (row,) = layer_report(converted)
    assert (row.input_shape, row.output_shape, row.macs_per_image) == ((5, 6), (5, 2), 60)
    converted(torch.rand(3, 5, 6))
    assert layer_report(converted) == [row]


def test_operand_order_is_honoured(net: Any, images: torch.Tensor) -> None:
    rng = np.random.default_rng(0)
    table = np.multiply.outer(np.arange(256), np.arange(256)) + rng.integers(0, 500, (256, 256))
    lut, transposed = Lut("m", table, signed=False), Lut("t", table.T, signed=False)
    first = approximate(net, lut, calibration=images)(images)
    assert not torch.equal(first, approximate(net, lut, calibration=images, activation_operand="b")(images))
    assert torch.equal(
        first, approximate(net, transposed, calibration=images, activation_operand="b")(images)
    )


def test_accumulator(net: Any, images: torch.Tensor) -> None:
    plain = approximate(net, EXACT, calibration=images)(images)
    wide = approximate(net, EXACT, calibration=images, accumulator=Accumulator(32, "saturate"))
    assert torch.equal(wide(images), plain)
    narrow = approximate(net, EXACT, calibration=images, accumulator=Accumulator(17, "saturate"))
    assert not torch.equal(narrow(images), plain)
    assert torch.equal(swap_lut(narrow, make_lut("same"))(images), narrow(images))
    with pytest.raises(AccelsimError, match="layer c1: an accumulator of 16 bits is narrower than"):
        approximate(net, EXACT, calibration=images, accumulator=Accumulator(16))


def test_accumulator_allows_what_could_overflow() -> None:
    net, images = nn.Linear(33026, 1), torch.rand(2, 33026)
    with pytest.raises(AccelsimError, match="at most 33025 products fit, or give an accumulator"):
        approximate(net, EXACT, calibration=images)
    converted = approximate(net, EXACT, calibration=images, accumulator=Accumulator())
    assert (converted(images) - net(images)).abs().max() < 0.05


def test_multiplier_per_layer(net: Any, images: torch.Tensor) -> None:
    luts = {"c1": make_lut("first"), "features.2": make_lut("second", 4, 4), "fc": make_lut("s", signed=True)}
    converted = approximate(net, luts, calibration=images)
    assert [row.multiplier for row in layer_report(converted)] == ["first", "second", "s"]
    swapped = swap_lut(converted, {**luts, "features.2": make_lut("third", 4, 4)})
    assert [row.multiplier for row in layer_report(swapped)] == ["first", "third", "s"]


def test_multipliers_in_order_and_by_rule(net: Any, images: torch.Tensor) -> None:
    def report(converted: nn.Module) -> dict[str, str]:
        return {row.name: row.multiplier for row in layer_report(converted)}

    first, second = make_lut("first"), make_lut("second", 4, 4)
    listed = approximate(net, [first, second, first], calibration=images)
    assert report(listed) == {"c1": "first", "features.2": "second", "fc": "first"}
    assert isinstance(approximate(net, [None, first, None], calibration=images).c1, nn.Conv2d)
    assert report(approximate(net, (first, second), calibration=images, layers="conv")) == {
        "c1": "first", "features.2": "second",
    }  # fmt: skip

    def rule(name: str, layer: nn.Module) -> Lut | None:
        if name == "c1":
            return None
        return first if isinstance(layer, nn.Linear) else second

    ruled = approximate(net, rule, calibration=images)
    assert report(ruled) == {"features.2": "second", "fc": "first"}
    assert isinstance(ruled.c1, nn.Conv2d)
    swapped = swap_lut(ruled, lambda name, layer: make_lut("third") if name == "fc" else None)
    assert report(swapped) == {"features.2": "second", "fc": "third"}
    named = approximate(net, {"c1": first, "features.2": None, "fc": None}, calibration=images)
    assert report(named) == {"c1": "first"}


def test_smoothed_difference_changes_gradients_alone(net: Any, images: torch.Tensor) -> None:
    coarse = make_lut("coarse", drop=8)
    plain, smooth = (
        approximate(net, coarse, calibration=images, gradient=gradient)
        for gradient in ("straight-through", SmoothedDifference(2))  # type: ignore[arg-type]
    )
    assert torch.equal(plain(images), smooth(images))
    gradients = [
        torch.autograd.grad(each(images).square().sum(), each.c1.weight)[0] for each in (plain, smooth)
    ]
    assert not torch.allclose(*gradients)
    assert torch.nn.functional.cosine_similarity(*(each.flatten() for each in gradients), dim=0) > 0.5
    assert swap_lut(smooth, EXACT).c1.gradient == SmoothedDifference(2)


def test_swap(net: Any, images: torch.Tensor) -> None:
    converted = approximate(net, EXACT, calibration=images)
    before = converted(images)
    coarse = make_lut("coarse", drop=9)
    swapped = swap_lut(converted, coarse)
    assert torch.equal(swapped(images), approximate(net, coarse, calibration=images)(images))
    assert not torch.equal(swapped(images), before)
    assert torch.equal(converted(images), before)
    assert all(a is b for a, b in zip(swapped.parameters(), converted.parameters(), strict=True))
    assert {row.multiplier for row in layer_report(converted)} == {"exact"}


def test_shared_module_stays_one(images: torch.Tensor) -> None:
    class Twice(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first = nn.Conv2d(1, 1, 3, padding=1)
            self.again = self.first

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.again(self.first(x)[..., ::2, ::2])

    for layers in ("all", ["again"]):
        converted = approximate(Twice(), EXACT, calibration=images, layers=layers)
        assert isinstance(converted.first, ApproxConv2d)
        assert converted.first is converted.again
        (row,) = layer_report(converted)
        assert (row.name, row.input_shape) == ("first", (1, 16, 16))
        assert row.macs_per_image == 9 * (16 * 16 + 8 * 8)


def test_tied_weights_stay_tied(images: torch.Tensor) -> None:
    net = nn.Sequential(nn.Conv2d(1, 1, 3), nn.Conv2d(1, 1, 3))
    net[1].weight = net[0].weight
    converted: Any = approximate(net, EXACT, calibration=images)
    assert converted[0].weight is converted[1].weight


def test_a_layer_alone(images: torch.Tensor) -> None:
    assert isinstance(approximate(nn.Conv2d(1, 2, 3), EXACT, calibration=images), ApproxConv2d)


def test_float64_net(net: Any, images: torch.Tensor) -> None:
    converted = approximate(net.double(), EXACT, calibration=images.double())
    assert converted(images.double()).dtype == torch.float64


def test_state_dict_of_a_net(net: Any, images: torch.Tensor) -> None:
    converted = approximate(net, EXACT, calibration=images)
    other = approximate(type(net)(), EXACT, calibration=images * 3)
    other.load_state_dict(converted.state_dict())
    assert torch.equal(other(images), converted(images))


def test_training_through_the_surrogate(net: Any, images: torch.Tensor) -> None:
    """A few steps of descent lower the loss of the approximate net itself."""
    converted = approximate(net, make_lut("coarse", drop=8), calibration=images)
    labels = (images.mean((1, 2, 3)) * 50).long() % 10
    optimizer = torch.optim.SGD(converted.parameters(), lr=0.05)
    losses = []
    for _ in range(8):
        loss = nn.functional.cross_entropy(converted(images), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0]


def test_attributes_of_the_float_layers() -> None:
    conv = nn.Conv2d(4, 6, (3, 2), stride=(2, 1), padding=(1, 0), dilation=(1, 2), groups=2)
    same, linear = nn.Conv2d(6, 2, 3, padding="same"), nn.Linear(7, 3)
    converted: Any = approximate(
        nn.Sequential(conv, same, linear), EXACT, calibration=torch.rand(2, 4, 8, 9), layers="all"
    )
    for approx, layer, names in (
        *((approx, layer, "in_channels out_channels kernel_size stride padding dilation groups padding_mode")
          for approx, layer in zip(converted, (conv, same), strict=False)),
        (converted[2], linear, "in_features out_features"),
    ):  # fmt: skip
        for name in names.split():
            assert getattr(approx, name) == getattr(layer, name)


def test_layer_that_is_called_by_keyword(net: Any, images: torch.Tensor) -> None:
    class ByName(type(net)):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.fc(input=self.features(self.c1(input=x)).flatten(1))

    by_name = ByName()
    by_name.load_state_dict(net.state_dict())
    for calibrator in ("min-max", "percentile"):
        first, second = (
            approximate(net, EXACT, calibration=images, calibrator=calibrator)  # type: ignore[arg-type]
            for net in (by_name, net)
        )
        assert torch.equal(first(images), second(images))


def test_generator_of_layers(net: Any, images: torch.Tensor) -> None:
    converted = approximate(net, EXACT, calibration=images, layers=(name for name in ("fc", "c1")))
    assert [row.name for row in layer_report(converted)] == ["c1", "fc"]


def test_mixed_types_are_fine_in_layers_that_stay_float() -> None:
    class Mixed(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.second = nn.Linear(4, 4), nn.Linear(4, 2).bfloat16()

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.second(self.first(x).bfloat16())

    assert approximate(Mixed(), EXACT, calibration=torch.rand(2, 4), layers=["first"])
    with pytest.raises(AccelsimError, match="layer second has weights of torch.bfloat16"):
        approximate(Mixed(), EXACT, calibration=torch.rand(2, 4))


def test_state_of_another_quantization(net: Any, images: torch.Tensor) -> None:
    state = approximate(net, EXACT, calibration=images).state_dict()
    for lut, own in (
        (make_lut("m", 4, 4), "unsigned activations of 4 and weights of 4 bits"),
        (make_lut("m", 8, 6), "unsigned activations of 8 and weights of 6 bits"),
        (make_lut("m", signed=True), "signed activations of 8 and weights of 8 bits"),
    ):
        other = approximate(type(net)(), lut, calibration=images)
        before = other(images)
        with pytest.raises(
            AccelsimError,
            match=f"layer c1 has {own}; the state given has unsigned activations of 8 and weights of 8 bits",
        ):
            other.load_state_dict(state)
        assert torch.equal(other(images), before)


def test_approximate_net_is_not_approximated_again(net: Any, images: torch.Tensor) -> None:
    converted = approximate(net, EXACT, calibration=images, layers=["c1"])
    with pytest.raises(AccelsimError, match="approximate already; .* swap_lut"):
        approximate(converted, EXACT, calibration=images)


@pytest.mark.parametrize("lut", [make_lut("m", 8, 7), make_lut("m", 4, 4), make_lut("m", signed=True)])
def test_swap_of_another_kind(net: Any, images: torch.Tensor, lut: Lut) -> None:
    converted = approximate(net, EXACT, calibration=images)
    with pytest.raises(AccelsimError, match="layer c1 is quantized for unsigned 8 x 8 bits; m is"):
        swap_lut(converted, lut)
    with pytest.raises(AccelsimError, match="load_lut"):
        swap_lut(converted, "mul8u_exact")  # type: ignore[arg-type]


def test_float_net_has_no_report(net: Any) -> None:
    for use in (layer_report, lambda net: swap_lut(net, EXACT)):
        with pytest.raises(
            AccelsimError, match=r"SmallNet has no approximate layer; approximate\(\) makes them"
        ):
            use(net)
