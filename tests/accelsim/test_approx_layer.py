"""What a layer keeps, copies, follows and refuses."""

import copy
import io
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from accelsim import approx_layer, columns, gemm
from accelsim.accumulator import Accumulator
from accelsim.errors import AccelsimError
from accelsim.gemm_engines import ENGINES
from accelsim.im2col import im2col
from accelsim.layers import ApproxConv2d, ApproxLayer, ApproxLinear, approximate_layer
from accelsim.lut import Lut, operand_values
from accelsim.quantization import quant_params, weight_params
from accelsim.smoothed_difference import SmoothedDifference


def exact_lut(a_width: int = 8, b_width: int = 8, *, signed: bool = False) -> Lut:
    table = np.multiply.outer(operand_values(a_width, signed), operand_values(b_width, signed))
    return Lut("exact", table, signed)


def quantized(layer: nn.Conv2d | nn.Linear, lut: Lut, inputs: torch.Tensor) -> ApproxLayer:
    activation = quant_params(float(inputs.min()), float(inputs.max()), lut.a_width, lut.signed)
    weight = weight_params(layer.weight.detach().numpy(), lut.b_width, lut.signed, per_channel=False)
    return approximate_layer(layer, lut, activation, weight, name="c1")


def small_convolution() -> tuple[nn.Conv2d, torch.Tensor, ApproxLayer]:
    torch.manual_seed(0)
    conv, inputs = nn.Conv2d(4, 6, 3, padding=1, groups=2), torch.rand(7, 4, 9, 8) - 0.3
    lut = Lut("random", np.random.default_rng(0).integers(0, 65536, (256, 256)), signed=False)
    return conv, inputs, quantized(conv, lut, inputs)


@pytest.mark.parametrize("block_bytes", [1, 5_000, 60_000])
@pytest.mark.parametrize("threads", [1, 2, 5])
def test_blocks_and_threads_change_nothing(
    block_bytes: int, threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, inputs, layer = small_convolution()
    expected = layer(inputs)
    monkeypatch.setattr(approx_layer, "BLOCK_MACS", 1)
    monkeypatch.setattr(approx_layer, "BLOCK_BYTES", block_bytes)
    monkeypatch.setattr(torch, "get_num_threads", lambda: threads)
    assert torch.equal(layer(inputs), expected)
    assert torch.equal(layer(inputs[:1]), expected[:1])


@pytest.mark.parametrize("shape", [(300, 4, 16, 16), (1, 4, 300, 300)])
def test_memory_is_bounded(shape: tuple[int, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither many images nor a large one make a large im2col matrix, where the engine lays it out."""
    sizes = []

    def measured(*arguments: Any) -> Any:
        found = im2col(*arguments)
        sizes.append(found.nbytes)
        return found

    monkeypatch.setattr(columns, "im2col", measured)
    monkeypatch.setattr(gemm, "fastest_engine", lambda *sizes: ENGINES["rows"])
    monkeypatch.setattr(approx_layer, "BLOCK_BYTES", 1 << 20)
    small_convolution()[2](torch.rand(shape))
    assert sum(sizes) == 36 * shape[0] * shape[2] * shape[3]
    assert max(sizes) <= 1 << 20 < sum(sizes)


@pytest.mark.parametrize("shape", [(64, 4, 40, 40), (256, 4, 40, 40), (2, 4, 320, 320)])
def test_memory_beside_the_output(shape: tuple[int, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the batch, a call needs its output and one block per thread: no copy of input or output."""
    monkeypatch.setattr(torch, "get_num_threads", lambda: 2)
    monkeypatch.setattr(approx_layer, "BLOCK_BYTES", 1 << 19)
    layer, inputs = small_convolution()[2], torch.rand(shape)
    with torch.no_grad():
        layer(inputs[:1])
        tracemalloc.start()
        try:
            output = layer(inputs)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    one_image = 4 * inputs[0].numel() + 8 * output[0].numel()  # as floats, and its sums as int64
    assert peak - output.nbytes < 2 * (3 * (1 << 19) + 3 * one_image)


def test_calls_from_several_threads() -> None:
    _, inputs, layer = small_convolution()
    expected = layer(inputs)
    with ThreadPoolExecutor(4) as pool:
        assert all(torch.equal(out, expected) for out in pool.map(lambda _: layer(inputs), range(8)))


def test_layouts_and_batches() -> None:
    _, inputs, layer = small_convolution()
    expected = layer(inputs)
    assert torch.equal(layer(inputs.to(memory_format=torch.channels_last)), expected)
    assert torch.equal(layer(inputs[2]), expected[2])
    assert torch.equal(layer(inputs[::2]), expected[::2])
    assert layer(inputs[:0]).shape == (0, 6, 9, 8)
    linear = quantized(nn.Linear(8, 3), exact_lut(), inputs)
    assert torch.equal(linear(inputs)[1, 2, 3], linear(inputs[1, 2, 3]))
    assert linear(inputs[:0]).shape == (0, 4, 9, 3)


def test_channels_last_weight() -> None:
    conv, inputs, layer = small_convolution()
    last = quantized(copy.deepcopy(conv).to(memory_format=torch.channels_last), layer.lut, inputs)  # type: ignore[call-overload]
    assert torch.equal(last(inputs), layer(inputs))


def test_weight_codes_follow_the_weight() -> None:
    conv, inputs, layer = small_convolution()
    before = layer(inputs)
    with torch.no_grad():
        conv.weight.mul_(-1)
    assert torch.equal(layer(inputs), quantized_like(layer, conv)(inputs))
    conv.weight.data.mul_(-1)
    assert torch.equal(layer(inputs), before)
    layer.weight_scale.mul_(2)
    assert not torch.equal(layer(inputs), before)


def quantized_like(layer: ApproxLayer, conv: nn.Conv2d) -> ApproxConv2d:
    return ApproxConv2d(conv, layer.lut, layer.activation_params, layer.weight_params)


def test_state_dict_round_trip() -> None:
    conv, inputs, layer = small_convolution()
    other = quantized(nn.Conv2d(4, 6, 3, padding=1, groups=2), layer.lut, inputs * 3)
    assert set(layer.state_dict()) == {
        "weight", "bias", "activation_scale", "activation_zero_point", "weight_scale", "weight_zero_point",
        "quantization",
    }  # fmt: skip
    other.load_state_dict(layer.state_dict())
    assert torch.equal(other(inputs), layer(inputs))
    assert [name for name, _ in layer.named_parameters()] == ["weight", "bias"]
    assert layer.weight is conv.weight


def test_copies() -> None:
    _, inputs, layer = small_convolution()
    expected = layer(inputs)
    twin = copy.deepcopy(layer)
    assert twin.lut is layer.lut
    with torch.no_grad():
        layer.weight.zero_()
    assert torch.equal(twin(inputs), expected)
    file = io.BytesIO()
    torch.save(twin, file)
    file.seek(0)
    assert torch.equal(torch.load(file, weights_only=False)(inputs), expected)


@pytest.mark.parametrize("gradient", ["straight-through", SmoothedDifference(3)])
def test_vmap_over_the_input(gradient: Any) -> None:
    _, inputs, layer = small_convolution()
    layer.gradient = gradient
    expected = layer(inputs)
    assert torch.equal(torch.func.vmap(layer)(inputs), expected)
    moved = torch.func.vmap(layer, in_dims=2, out_dims=1)(inputs.reshape(1, 7, 4, 9, 8).movedim(0, 2))
    assert torch.equal(moved, expected[:, None])
    linear = quantized(nn.Linear(8, 3), exact_lut(), inputs)
    assert torch.equal(torch.func.vmap(linear, in_dims=1, out_dims=1)(inputs), linear(inputs))
    x = inputs.clone().requires_grad_()
    (mapped,) = torch.autograd.grad(torch.func.vmap(layer)(x).square().sum(), x)
    (plain,) = torch.autograd.grad(layer(x).square().sum(), x)
    torch.testing.assert_close(mapped, plain)


@pytest.mark.parametrize("gradient", ["straight-through", SmoothedDifference(3)])
def test_transforms_that_are_refused(gradient: Any) -> None:
    _, inputs, layer = small_convolution()
    layer.gradient = gradient
    weights = {"weight": layer.weight.detach()}

    def loss(weights: dict[str, torch.Tensor]) -> torch.Tensor:
        return torch.func.functional_call(layer, weights, (inputs,)).sum()

    with pytest.raises(AccelsimError, match=r"vmap over the weights .*; map over its input alone"):
        torch.func.vmap(loss)({"weight": torch.stack([layer.weight.detach()] * 2)})
    for transform in (torch.func.grad(loss), torch.func.jacrev(loss)):
        with pytest.raises(AccelsimError, match="torch.func cannot differentiate an approximate layer"):
            transform(weights)


def test_data_parallel() -> None:
    _, inputs, layer = small_convolution()
    assert torch.equal(nn.DataParallel(layer)(inputs), layer(inputs))


def test_double_has_the_same_levels() -> None:
    _, inputs, layer = small_convolution()
    single = layer.quantized_weight().codes
    assert layer.double()(inputs.double()).dtype == torch.float64
    np.testing.assert_array_equal(layer.quantized_weight().codes, single)
    assert torch.equal(layer.float()(inputs), small_convolution()[2](inputs))


@pytest.mark.parametrize("there", [torch.float16, torch.bfloat16, torch.float64])
def test_casts_spare_the_scales(there: torch.dtype) -> None:
    _, _, layer = small_convolution()
    before = {name: buffer.clone() for name, buffer in layer.named_buffers()}
    layer.to(there)
    assert layer.weight.dtype == there
    layer.float()
    for name, buffer in layer.named_buffers():
        assert buffer.dtype == before[name].dtype
        assert torch.equal(buffer, before[name])


def test_scales_are_moved() -> None:
    layer = small_convolution()[2].to("meta")
    assert {buffer.device.type for buffer in layer.buffers()} == {"meta"}


def test_set_multiplier() -> None:
    conv, inputs, layer = small_convolution()
    layer.set_multiplier(exact_lut())
    assert torch.equal(layer(inputs), quantized(conv, exact_lut(), inputs)(inputs))
    for lut in (exact_lut(7, 8), exact_lut(8, 7), exact_lut(signed=True)):
        with pytest.raises(AccelsimError, match=r"layer c1 is quantized for unsigned 8 x 8 bits; exact is "):
            layer.set_multiplier(lut)


@pytest.mark.parametrize("accumulator", [Accumulator(17, "saturate"), Accumulator(18), Accumulator()])
def test_products_are_summed_in_the_accumulator(accumulator: Accumulator) -> None:
    """Only the sum of products overflows; the corrections and the bias are exact."""
    torch.manual_seed(0)
    linear, inputs = nn.Linear(40, 3), torch.rand(5, 40) - 0.3
    plain = quantized(linear, exact_lut(), inputs)
    layer = ApproxLinear(
        linear, plain.lut, plain.activation_params, plain.weight_params, accumulator=accumulator
    )
    x = layer.activation_params.quantize(inputs.numpy()).astype(int)
    w = layer.quantized_weight().codes[0].astype(int)
    zx, zw = int(layer.activation_zero_point), int(layer.weight_zero_point)
    sums = accumulator.sum(np.moveaxis(x[:, None] * w, 2, 0))
    sums += 40 * zx * zw - zw * x.sum(1, keepdims=True) - zx * w.sum(1)
    np.testing.assert_array_equal(layer.accumulate(x.astype(np.uint8)), sums)
    assert torch.equal(layer(inputs), plain(inputs)) == (accumulator.bits == 32)


def test_repr_names_the_multiplier() -> None:
    assert "weight 6x2x3x3, multiplier random, activation is operand a" in repr(small_convolution()[2])


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        (
            torch.rand(2, 3, 9, 8),
            r"layer c1 was given an input of shape \(2, 3, 9, 8\); expected \(images, 4, rows",
        ),
        (torch.rand(4, 9), r"shape \(4, 9\); expected \(images, 4"),
        (torch.rand(4), "expected"),
        (torch.rand(2, 4, 0, 8), "smaller than its 3 x 3 kernel"),
        (torch.rand(2, 4, 9, 8).double(), "weights of torch.float32 and was given torch.float64"),
        (torch.rand(2, 4, 9, 8).half(), "torch.float16"),
        (torch.zeros(2, 4, 9, 8, dtype=torch.uint8), "torch.uint8"),
        (torch.full((2, 4, 9, 8), torch.nan), "an input of layer c1 is NaN"),
        (torch.rand(2, 4, 9, 8, device="meta"), "tensors on meta; it runs on the CPU only"),
    ],
)
def test_bad_inputs(inputs: torch.Tensor, message: str) -> None:
    with pytest.raises(AccelsimError, match=message):
        small_convolution()[2](inputs)


@pytest.mark.parametrize("inputs", [torch.rand(2, 9), torch.tensor(1.0)])
def test_bad_inputs_of_linear(inputs: torch.Tensor) -> None:
    layer = quantized(nn.Linear(8, 3), exact_lut(), torch.rand(2, 8))
    with pytest.raises(
        AccelsimError, match=r"layer c1 was given an input of shape .*; expected \(\.\.\., 8\)"
    ):
        layer(inputs)


def test_bad_weights() -> None:
    _, inputs, layer = small_convolution()
    layer.weight.data[0, 0, 0, 0] = torch.nan
    with pytest.raises(AccelsimError, match="a weight of layer c1 is NaN"):
        layer(inputs)
    with pytest.raises(AccelsimError, match="tensors on meta"):
        layer.to("meta")(inputs)


def test_layers_that_cannot_be_built() -> None:
    inputs = torch.rand(1, 2, 8, 8)
    reflecting = nn.Conv2d(2, 2, 3, padding=1, padding_mode="reflect")
    with pytest.raises(
        AccelsimError, match="layer c1 has padding mode 'reflect'; the engine pads with zeros only"
    ):
        quantized(reflecting, exact_lut(), inputs)
    with pytest.raises(AccelsimError, match="layer c1 sums 33026 products of up to 65025"):
        quantized(nn.Linear(33026, 1), exact_lut(), inputs)
    params, elsewhere = quant_params(0, 1, 8, signed=False), nn.Linear(2, 2, device="meta")
    with pytest.raises(AccelsimError, match="layer c1 is on meta"):
        ApproxLinear(elsewhere, exact_lut(), params, params, name="c1")
    with pytest.raises(
        AccelsimError, match="activation of 8 and weight of 8 bits do not fit exact, which is unsigned 8 x 4"
    ):
        ApproxLinear(nn.Linear(2, 2), exact_lut(8, 4), params, params)
    with pytest.raises(AccelsimError, match="weights one or 2; got 1 and 3"):
        ApproxLinear(
            nn.Linear(2, 2), exact_lut(), params, quant_params(np.zeros(3), np.ones(3), 8, signed=False)
        )
